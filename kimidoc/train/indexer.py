"""The indexer's training: contrastive on labelled evidence, distilled on unlabelled questions.

A step takes a few windows. Every labelled question of theirs is scored against blocks: those of
its own document where other documents may answer it too, else those of all the step's windows; the
loss is the negative log of what the answering blocks get. Questions drawn from everywhere are
scored on each window as well, and pulled towards the teacher's soft labels. A category is asked
for in a wording drawn anew each time.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kimidoc.indexer.model import Indexer, Shape
from kimidoc.indexer.score import best_matches, smooth
from kimidoc.train.corpus import Asked, Questions, Read, Teacher
from kimidoc.train.questions import wordings
from kimidoc.train.states import BLOCK


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the weights, beside the data. ``distil``: weight of the teacher's part."""

    shape: Shape = field(default_factory=Shape)
    steps: int = 600
    windows: int = 2
    labelled: int = 28
    unlabelled: int = 14
    distil: float = 1.0
    rate: float = 2e-3
    decay: float = 0.01
    warm_steps: int = 20
    seed: int = 0
    save_every: int = 100


def wording(asked: Asked, rng: Random) -> str:
    """The question as it stands, or its category in one of many ways."""
    return asked.question if asked.category is None else rng.choice(wordings(asked.category))


def pool(corpus: Sequence[Read]) -> tuple[str, ...]:
    """Every question that may be asked of any window, labels left out."""
    found: dict[str, None] = {}
    for window in corpus:
        for asked in window.asked:
            ways = [asked.question] if asked.category is None else wordings(asked.category)
            found.update(dict.fromkeys(ways))
    return tuple(found)


class Training:
    """One run: its state is the indexer, the optimiser, the step and the random numbers."""

    def __init__(
        self,
        recipe: Recipe,
        corpus: Sequence[Read],
        questions: Questions,
        teacher: Teacher | None,
        taps: Sequence[int] | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.questions = recipe, questions
        self.corpus = [window for window in corpus if window.asked]
        self.teacher = teacher if recipe.distil else None
        self.indexer = Indexer(recipe.shape)
        self.optimiser = torch.optim.AdamW(
            self.indexer.parameters(), lr=recipe.rate, weight_decay=recipe.decay
        )
        self.step, self.rng = 0, Random(recipe.seed)
        self._unlabelled = pool(corpus)
        self._taps = list(taps) if taps is not None else None  # which of the kept states to use
        self._order: list[int] = []

    def _states(self, states: Tensor) -> Tensor:
        return states if self._taps is None else states[:, self._taps]

    def run(self, log: Callable[[dict[str, Any]], None], work: Path | None = None) -> Indexer:
        """Go on until the last step; with ``work`` from where an earlier run stopped."""
        self._resume(work)
        begun = time.monotonic()
        while self.step < self.recipe.steps:
            losses = self._one()
            self.step += 1
            if self.step % 10 == 0:
                log({"step": self.step, **losses, "seconds": round(time.monotonic() - begun, 1)})
            if work is not None and self.step % self.recipe.save_every == 0:
                self._save(work)
        return self.indexer.eval()

    def _one(self) -> dict[str, float]:
        recipe = self.recipe
        for group in self.optimiser.param_groups:
            warm = min(1.0, (self.step + 1) / recipe.warm_steps)
            group["lr"] = (
                recipe.rate * warm * 0.5 * (1 + math.cos(math.pi * self.step / recipe.steps))
            )
        windows = [self.corpus[n] for n in self._next(recipe.windows)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            keys = [self.indexer.keys(self._states(w.states)) for w in windows]
        gold = self._labelled(windows, keys)
        soft = self._distilled(windows, keys) if self.teacher is not None else torch.zeros(())
        self.optimiser.zero_grad()
        (gold + recipe.distil * soft).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.indexer.parameters(), 1.0)
        self.optimiser.step()
        return {"gold": round(gold.item(), 4), "soft": round(soft.item(), 4)}

    def _next(self, count: int) -> list[int]:
        while len(self._order) < count:
            more = list(range(len(self.corpus)))
            self.rng.shuffle(more)
            self._order += more
        taken, self._order = self._order[:count], self._order[count:]
        return taken

    def _ask(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, list[int]]:
        """Queries of many questions in one: [sum Q, D], weights, lengths"""
        states = [self._states(self.questions[t]) for t in texts]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            q, w = self.indexer.queries(torch.cat(states))
        return q, w, [len(s) for s in states]

    def _score(self, asked: tuple[Tensor, Tensor, list[int]], keys: Tensor) -> Tensor:
        """Every question's score of every block: [M, N]"""
        q, w, lengths = asked
        with torch.autocast("cpu", dtype=torch.bfloat16):
            best = best_matches(q, keys, BLOCK)
        weighed = best.float() * w[:, None]
        return smooth(
            torch.stack([part.sum(0) for part in torch.split(weighed, lengths)]),
            self.indexer.beside,
        )

    def _labelled(self, windows: Sequence[Read], keys: Sequence[Tensor]) -> Tensor:
        losses = []
        for at, window in enumerate(windows):
            own = self.rng.sample(window.asked, min(self.recipe.labelled, len(window.asked)))
            if not own:
                continue
            asked = self._ask([wording(a, self.rng) for a in own])
            scores = self._score(asked, keys[at])
            far = [n for n, a in enumerate(own) if not a.alone]
            others = self._others(asked, far, [k for n, k in enumerate(keys) if n != at])
            for number, a in enumerate(own):
                row = scores[number]
                good = torch.logsumexp(row[list(a.blocks)], 0)
                if a.alone:
                    losses.append(torch.logsumexp(row[a.first : a.end], 0) - good)
                else:
                    every = torch.logsumexp(row, 0)
                    if number in others:
                        every = torch.logaddexp(every, others[number])
                    losses.append(every - good)
        return torch.stack(losses).mean() if losses else torch.zeros(())

    def _others(
        self, asked: tuple[Tensor, Tensor, list[int]], far: Sequence[int], keys: Sequence[Tensor]
    ) -> dict[int, Tensor]:
        """log-sum-exp of the other windows' blocks, for the questions that only one can answer."""
        if not far or not keys:
            return {}
        q, w, lengths = asked
        qs, ws = torch.split(q, lengths), torch.split(w, lengths)
        some = (
            torch.cat([qs[n] for n in far]), torch.cat([ws[n] for n in far]),
            [lengths[n] for n in far],
        )  # fmt: skip
        scores = torch.cat([self._score(some, k) for k in keys], -1)
        return dict(zip(far, torch.logsumexp(scores, -1), strict=True))

    def _distilled(self, windows: Sequence[Read], keys: Sequence[Tensor]) -> Tensor:
        assert self.teacher is not None
        losses = []
        for window, own in zip(windows, keys, strict=True):
            texts = self.rng.sample(self._unlabelled, self.recipe.unlabelled)
            labels = self.teacher.labels(window, texts)
            scores = F.log_softmax(self._score(self._ask(texts), own), -1)
            losses.append(-(labels * scores).sum(-1).mean())
        return torch.stack(losses).mean()

    def _save(self, work: Path) -> None:
        state = {
            "indexer": self.indexer.state_dict(), "optimiser": self.optimiser.state_dict(),
            "step": self.step, "rng": self.rng.getstate(), "order": self._order,
        }  # fmt: skip
        torch.save(state, work / "resume.pt.new")
        (work / "resume.pt.new").replace(work / "resume.pt")
        (work / "recipe.json").write_text(json.dumps(asdict(self.recipe)), encoding="utf-8")

    def _resume(self, work: Path | None) -> None:
        if work is None or not (work / "resume.pt").exists():
            return
        state = torch.load(work / "resume.pt", weights_only=True)
        self.indexer.load_state_dict(state["indexer"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self._order = state["step"], list(state["order"])
        version, numbers, gauss = state["rng"]
        self.rng.setstate((version, tuple(numbers), gauss))

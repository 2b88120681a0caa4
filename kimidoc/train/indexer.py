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
from kimidoc.train import resume
from kimidoc.train.corpus import Asked, Questions, Read, Teacher
from kimidoc.train.questions import wordings
from kimidoc.train.states import BLOCK, CPU


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the weights, beside the data. ``distil``: weight of the teacher's part."""

    shape: Shape = field(default_factory=Shape)
    steps: int = 600
    windows: int = 4
    labelled: int = 28
    unlabelled: int = 14
    distil: float = 1.0
    rate: float = 2e-3
    decay: float = 0.01
    warm_steps: int = 20
    seed: int = 0
    save_every: int = 100


Asking = tuple[Tensor, Tensor, list[int]]  # queries [sum Q, D], weights, lengths


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


def _masks(asked: Sequence[Asked], scores: Tensor) -> tuple[Tensor, Tensor]:
    """What to add to scores [M, N] so that only blocks that answer are left, or only those that
    compete: the document's own where other documents may answer too, else all."""
    good = torch.full(scores.shape, -math.inf)
    rivals = good.clone()
    for number, a in enumerate(asked):
        good[number, list(a.blocks)] = 0.0
        rivals[number, slice(a.first, a.end) if a.alone else slice(None)] = 0.0
    return good.to(scores), rivals.to(scores)


class Training:
    """One run: its state is the indexer, the optimiser, the step and the random numbers."""

    def __init__(
        self,
        recipe: Recipe,
        corpus: Sequence[Read],
        questions: Questions,
        teacher: Teacher | None,
        taps: Sequence[int] | None = None,
        device: str = CPU,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.questions = recipe, questions
        self.corpus = [window for window in corpus if window.asked]
        self.teacher = teacher if recipe.distil else None
        self.device = device
        self.indexer = Indexer(recipe.shape).to(device)
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
        with self._half():
            keys = [self.indexer.keys(self._states(w.states)) for w in windows]
        gold = self._labelled(windows, keys)
        soft = self._distilled(windows, keys)
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

    def _half(self) -> Any:
        return torch.autocast(self.device, dtype=torch.bfloat16)

    def _ask(self, texts: Sequence[str]) -> Asking:
        """Queries of many questions in one: [sum Q, D], weights, lengths"""
        states = [self._states(self.questions[t]) for t in texts]
        with self._half():
            q, w = self.indexer.queries(torch.cat(states))
        return q, w, [len(s) for s in states]

    def _score(self, asked: Asking, keys: Tensor) -> Tensor:
        """Every question's score of every block: [M, N]"""
        q, w, lengths = asked
        with self._half():
            best = best_matches(q, keys, BLOCK)
        weighed = best.float() * w[:, None]
        owner = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
        total = weighed.new_zeros(len(lengths), weighed.shape[1])
        return smooth(total.index_add(0, owner.to(q.device), weighed), self.indexer.beside)

    def _labelled(self, windows: Sequence[Read], keys: Sequence[Tensor]) -> Tensor:
        losses = []
        for at, window in enumerate(windows):
            own = self._drawn(window)
            if not own:
                continue
            asked = self._ask([wording(a, self.rng) for a in own])
            scores = self._score(asked, keys[at])
            good, rivals = _masks(own, scores)
            every = torch.logsumexp(scores + rivals, -1)
            far = [n for n, a in enumerate(own) if not a.alone]
            others = self._others(asked, far, [k for n, k in enumerate(keys) if n != at])
            if others is not None:
                where = torch.tensor(far, device=every.device)
                every = every.index_copy(0, where, torch.logaddexp(every[where], others))
            losses.append(every - torch.logsumexp(scores + good, -1))
        return torch.cat(losses).mean() if losses else torch.zeros((), device=self.device)

    def _drawn(self, window: Read) -> list[Asked]:
        """Some of a window's questions, half of them of categories if there are so many."""
        named = [a for a in window.asked if a.category is not None]
        rest = [a for a in window.asked if a.category is None]
        first = self.rng.sample(named, min(len(named), self.recipe.labelled // 2))
        return first + self.rng.sample(rest, min(len(rest), self.recipe.labelled - len(first)))

    def _others(self, asked: Asking, far: Sequence[int], keys: Sequence[Tensor]) -> Tensor | None:
        """log-sum-exp of the other windows' blocks, for the questions that only one can answer."""
        if not far or not keys:
            return None
        q, w, lengths = asked
        qs, ws = torch.split(q, lengths), torch.split(w, lengths)
        some = (
            torch.cat([qs[n] for n in far]), torch.cat([ws[n] for n in far]),
            [lengths[n] for n in far],
        )  # fmt: skip
        return torch.logsumexp(torch.cat([self._score(some, k) for k in keys], -1), -1)

    def _distilled(self, windows: Sequence[Read], keys: Sequence[Tensor]) -> Tensor:
        """What the teacher was asked about; a window without vectors of its own has no lesson."""
        losses = []
        for window, own in zip(windows, keys, strict=True):
            if self.teacher is None or window.vectors is None:
                continue
            texts = self.rng.sample(self._unlabelled, self.recipe.unlabelled)
            labels = self.teacher.labels(window, texts)
            scores = F.log_softmax(self._score(self._ask(texts), own), -1)
            losses.append(-(labels * scores).sum(-1).mean())
        return torch.stack(losses).mean() if losses else torch.zeros((), device=self.device)

    def _save(self, work: Path) -> None:
        state = {
            "indexer": self.indexer.state_dict(), "optimiser": self.optimiser.state_dict(),
            "step": self.step, "rng": self.rng.getstate(), "order": self._order,
        }  # fmt: skip
        resume.save(work, state)
        (work / "recipe.json").write_text(json.dumps(asdict(self.recipe)), encoding="utf-8")

    def _resume(self, work: Path | None) -> None:
        state = resume.saved(work, self.device)
        if state is None:
            return
        self.indexer.load_state_dict(state["indexer"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self._order = state["step"], list(state["order"])
        version, numbers, gauss = state["rng"]
        self.rng.setstate((version, tuple(numbers), gauss))

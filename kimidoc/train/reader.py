"""The reader's supervised training: passages and a question in, quotes and an answer out.

A step takes examples of like length. The loss of one is the pointer's, plus the mean over the
tokens that are to be said behind its quote, and a little of what the base model was trained on,
the next token at some places of the passages, so that it still reads.

The pointer has a unit, or none, to choose, and a unit that it chooses is worth r: the loss is
-log of the worth it can expect, so its gradient is the policy gradient of that worth, exact, since
every choice is summed and none is sampled.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kimidoc.models.nano.reader import Pointer, ReaderShape
from kimidoc.train import balance, resume
from kimidoc.train.examples import Example
from kimidoc.train.muonclip import MuonClip
from kimidoc.train.states import CPU
from kimidoc.train.upcycle import Upcycling, watch

SHARPNESS = 2.0  # power of a unit's worth, as a share of the best one's, that counts
Log = Callable[[dict[str, Any]], None]
Weights = list[float]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the weights, beside the data.

    ``tokens``: of a step at most, padding included; ``at_once``: of these in one pass, as memory
    allows: what a step's passes give is added up. ``reading``: weight of the next token of the
    passages, at ``reading_places`` places of each; ``alike``: of the balancing loss.
    ``residual``: layers of a block, where layers attend to depth (``attnres``); 0: none do.
    """

    shape: ReaderShape = field(default_factory=ReaderShape)
    steps: int = 471
    tokens: int = 65_536
    at_once: int = 65_536
    rate: float = 2e-3
    decay: float = 0.01
    warm_steps: int = 30
    reading: float = 0.1
    reading_places: int = 48
    alike: float = 1e-3
    clip_every: int = 10
    seed: int = 0
    save_every: int = 50
    residual: int = 0


class Training:
    """One run: its state is what is trained, the optimisers, the step and the order.

    ``start``: what an earlier run made of it; ``only``: the one part that is trained.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: Any,
        examples: Sequence[Example],
        device: str = CPU,
        start: Mapping[str, Tensor] | None = None,
        only: str | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.examples = recipe, examples
        self.device = device
        self.upcycling = Upcycling(model.to(device), recipe.shape, recipe.residual).to(device)
        if start is not None:
            self.upcycling.take(start)
        if only is not None:
            self.upcycling.train_only(only)
        self._speed = balance.SPEED if only is None else 0.0
        self.optimiser = MuonClip(self.upcycling.trained(), recipe.rate, recipe.decay)
        self.step, self.rng = 0, Random(recipe.seed)
        self._batches: list[list[int]] = []
        self._weights = torch.tensor([1.0, 1.0, recipe.reading, recipe.alike], device=device)
        self.upcycling.train()

    def run(self, log: Log, work: Path | None = None) -> dict[str, Tensor]:
        """Go on until the last step; with ``work`` from where an earlier run stopped."""
        self._resume(work)
        begun = time.monotonic()
        while self.step < self.recipe.steps:
            said = self._one()
            self.step += 1
            log({"step": self.step, **said, "seconds": round(time.monotonic() - begun, 1)})
            if work is not None and self.step % self.recipe.save_every == 0:
                self._save(work)
        return {name: value.cpu() for name, value in self.upcycling.state().items()}

    def _one(self) -> dict[str, float]:
        recipe, step = self.recipe, self.step
        batch = [self.examples[n] for n in self._next()]
        watch.on = bool(recipe.shape.rank) and step % recipe.clip_every == 0
        total = torch.zeros(4, device=self.device)
        for part in self._parts(batch):
            losses = torch.stack(self._losses(part)) * (len(part) / len(batch))
            total += losses.detach()
            (losses @ self._weights).backward()  # type: ignore[no-untyped-call]
            watch.on = False
        pointing, saying, reading, alike = total.tolist()
        every = list(self.upcycling.trained().values())
        size = float(torch.nn.utils.clip_grad_norm_(every, 1.0))
        warm = min(1.0, (step + 1) / recipe.warm_steps)
        self.optimiser.step(
            recipe.rate * warm * (0.1 + 0.45 * (1 + math.cos(math.pi * step / recipe.steps)))
        )
        said = {"pointing": pointing, "saying": saying, "reading": reading, "alike": alike}
        said["size"] = size
        said["worst_load"] = balance.shift(
            (routed for _, routed in self.upcycling.routed()), self._speed
        )
        if watch.most:
            gains = {n: self.upcycling.gain(n) for n in watch.most if n >= recipe.shape.first}
            said["most_logit"] = max(float(m.max()) for m in watch.most.values())
            said["clipped"] = self.optimiser.clip(watch.most, gains)
            watch.most.clear()
        return {name: round(value, 4) for name, value in said.items()}

    def _parts(self, batch: Sequence[Example]) -> list[list[Example]]:
        """The examples of a step in passes of at most ``at_once`` tokens."""
        longest = max(len(e.context) + len(e.target) for e in batch)
        count = max(1, self.recipe.at_once // longest)
        return [list(batch[at : at + count]) for at in range(0, len(batch), count)]

    def _losses(self, batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        runs = [[*e.context, *e.target] for e in batch]
        width = max(map(len, runs))
        ids = torch.zeros(len(runs), width, dtype=torch.long)
        for row, run in enumerate(runs):
            ids[row, : len(run)] = torch.tensor(run)
        ids = ids.to(self.device)
        hidden = self.upcycling.hidden(ids)
        rows, at, task, reading = (torch.tensor(part) for part in self._places(batch))
        rows, at = rows.to(self.device), at.to(self.device)
        logits = self.upcycling.head(hidden[rows, at])
        loss = F.cross_entropy(logits, ids[rows, at + 1], reduction="none")
        real = (torch.arange(width) < torch.tensor([len(run) for run in runs])[:, None]).float()
        alike = self._alike(real.to(self.device))
        pointing = pointed(self.upcycling.pointer, hidden, batch).mean()
        return pointing, (loss * task.to(loss)).sum(), (loss * reading.to(loss)).sum(), alike

    def _places(self, batch: Sequence[Example]) -> tuple[list[int], list[int], Weights, Weights]:
        """Where losses of tokens are taken: rows, places, and what each weighs in the two means."""
        rows, at, task, reading = list[int](), list[int](), Weights(), Weights()
        for row, example in enumerate(batch):
            first, said = len(example.context), len(example.target) - example.given
            begin = first + example.given - 1
            count = min(first - 1, self.recipe.reading_places)
            at += range(begin, begin + said)
            at += sorted(self.rng.sample(range(first - 1), count))
            rows += [row] * (said + count)
            own = [1 / max(1, said)] * said
            task += [x / len(batch) for x in (*own, *[0.0] * count)]
            reading += [x / len(batch) for x in (*[0.0] * said, *[1 / max(1, count)] * count)]
        return rows, at, task, reading

    def _alike(self, real: Tensor) -> Tensor:
        """The balancing loss over every layer and sequence, padding left out; real [B, S]."""
        losses = []
        for _, routed in self.upcycling.routed():
            assert routed.scores is not None
            scores = routed.scores.view(*real.shape, -1)
            losses.append(balance.sequence_loss(scores, real, routed.shape.chosen))
            routed.scores = None
        return torch.stack(losses).mean()

    def _next(self) -> list[int]:
        """The numbers of the next step's examples: of like length, in an order drawn anew."""
        if not self._batches:
            order = list(range(len(self.examples)))
            self.rng.shuffle(order)
            order.sort(key=lambda n: self._length(n) // 64)
            batch: list[int] = []
            for n in order:
                if (
                    batch
                    and (len(batch) + 1) * max(map(self._length, [*batch, n])) > self.recipe.tokens
                ):
                    self._batches.append(batch)
                    batch = []
                batch.append(n)
            self._batches.append(batch)
            self.rng.shuffle(self._batches)
        return self._batches.pop()

    def _length(self, number: int) -> int:
        example = self.examples[number]
        return len(example.context) + len(example.target)

    def _save(self, work: Path) -> None:
        state = {
            "trained": self.upcycling.state(), "optimiser": self.optimiser.state_dict(),
            "step": self.step, "rng": self.rng.getstate(), "batches": self._batches,
        }  # fmt: skip
        resume.save(work, state)

    def _resume(self, work: Path | None) -> None:
        state = resume.saved(work, self.device)
        if state is None:
            return
        self.upcycling.take(state["trained"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self._batches = state["step"], [list(b) for b in state["batches"]]
        version, numbers, gauss = state["rng"]
        self.rng.setstate((version, tuple(numbers), gauss))


def pointed(pointer: Pointer, hidden: Tensor, batch: Sequence[Example]) -> Tensor:
    """-log of the worth that the pointer can expect, of every example: hidden [B, S, C] -> [B]"""
    rows = torch.arange(len(batch))
    most = max(len(e.ends) for e in batch)
    ends = torch.tensor([[*e.ends, *[0] * (most - len(e.ends))] for e in batch])
    real = torch.tensor([[n < len(e.ends) for n in range(most)] + [True] for e in batch])
    last = torch.tensor([len(e.context) - 1 for e in batch])
    worth = torch.tensor([[*_shares(e.worth), *[0.0] * (most - len(e.ends))] for e in batch])
    worth = torch.cat([worth, torch.tensor([[float(not e.present)] for e in batch])], 1)
    at = [x.to(hidden.device) for x in (rows, last, ends, real, worth)]
    rows, last, ends, real, worth = at
    logits = pointer(hidden[rows, last], hidden[rows[:, None], ends]).masked_fill(~real, -1e9)
    chosen = torch.log_softmax(logits, -1)
    return -torch.logsumexp(chosen + worth.clamp_min(1e-12).log(), -1)


def _shares(worth: Sequence[float]) -> list[float]:
    """What counts of each unit: its share of the best one's worth, sharpened."""
    best = max(worth, default=0.0) or 1.0
    return [(one / best) ** SHARPNESS for one in worth]

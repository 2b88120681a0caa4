"""``kimidoc train spans``: the head that says which sentence and which words of passages answer.

1. draw cases: passages, a question before them, and what answers (``span_data``)
2. read them with the product's own reader, frozen, its upper layers once more looking both ways
   (``models.nano.both_ways``); train the head and the changes that these layers need, together:
   -log of the share given to everything that answers, or to "nothing", half of it for the very
   words and half for the sentence (``Training``)
3. the last steps go on with what answers are worth (``rewards``)

What was kept from training says how often it is right (``right``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from kimidoc.engine import fresh
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.errors import UsageError
from kimidoc.models import folder, int8, nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.nano.both_ways import BothWays
from kimidoc.models.nano.spans import NEVER, Inputs, Spans, SpanShape, Told, padded
from kimidoc.train import resume, span_data
from kimidoc.train.rewards import Reinforced
from kimidoc.train.span_cases import SpanCase
from kimidoc.train.span_data import Cases
from kimidoc.train.stage import logged
from kimidoc.train.states import CPU, DTYPE, trained_in

EVALUATED, AT_ONCE = 100, 4  # kept cases of a source that are asked, and how many together
ALIKE = 64  # cases of a source among which those of like length share a step

Log = Callable[[dict[str, Any]], None]
Loss = Callable[[Spans, Sequence[SpanCase], Inputs], Tensor]
SHARES = {"sets": 0.5, "paragraphs": 0.2, "whole": 0.15}  # of the steps; the rest is the folders'


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the weights, beside the data.

    ``tokens``: of a step, padding included. ``rate``: of the changes of the reader's layers;
    ``head_rate``: of the head. Both rise for ``warm_steps`` and fall in the last ``falling`` share
    of the steps. ``rewarded``: so many of these go by rewards.
    """

    shape: SpanShape = field(default_factory=lambda: SpanShape(both_from=18))
    rank: int = 32
    steps: int = 700
    rewarded: int = 0
    tokens: int = 3_000
    rate: float = 1.2e-3
    head_rate: float = 6e-4
    decay: float = 0.01
    warm_steps: int = 40
    falling: float = 0.35
    seed: int = 0
    save_every: int = 25


def shape_of(checkpoint: Checkpoint) -> SpanShape:
    """The head's shape for a checkpoint: two fifths, three and four of its way up are looked at,
    and from where its reader begins both ways.

    Raises ModelError where it says nothing of itself, UsageError where it has no reader.
    """
    if checkpoint.reader is None:
        raise UsageError(f"{checkpoint.id} has no trained reader.", hint="Use --model nano.")
    config = folder.config(checkpoint.folder)
    layers = int(config["num_hidden_layers"])
    taps = tuple(sorted({layers * n // 5 for n in (2, 3, 4)}))
    first = int(json.loads(nano.said(checkpoint.reader)["shape"])["first"])
    return SpanShape(hidden=int(config["hidden_size"]), taps=taps, both_from=first)


class Sight:
    """The reader, frozen, as the head is trained on it: upper layers in the training's dtype."""

    def __init__(self, model: Any, shape: SpanShape) -> None:
        self.model, self.shape = model, shape
        decoder, self._dtype = model.get_decoder(), trained_in(model.device.type)
        for part in (*decoder.layers[shape.both_from :], decoder.norm):
            part.to(self._dtype)
        on_cpu = model.device.type == CPU
        if on_cpu and model.dtype == torch.bfloat16 and int8.supported():
            int8.apply(model, until=shape.both_from)

    def see(self, net: Spans, cases: Sequence[SpanCase]) -> Inputs:
        """What the head takes of each case."""
        assert net.both is not None
        first, taps = self.shape.both_from, self.shape.taps
        under = [tap for tap in taps if tap < first]
        contexts = [case.context for case in cases]
        entered, real = fresh.below(self.model, contexts, [*under, first])
        with fresh.dense(self.model):
            above = [tap for tap in taps if tap >= first]
            again = net.both(self.model, entered[-1].to(self._dtype), real, above)
        states = torch.stack([*(one.to(self._dtype) for one in entered[:-1]), *again], 2)
        return padded([(states[n][c.layout[0]], *c.layout) for n, c in enumerate(cases)])


def golds(shape: SpanShape, some: Sequence[SpanCase], inputs: Inputs, units: int) -> Tensor:
    """What answers each of them, as ``Scored.flat`` has it: [B, S * longest + units + 1] bool

    A span that is longer than the head can say is its whole unit.
    """
    rows, size = inputs.units.shape
    spans = torch.zeros(rows, size, shape.longest, dtype=torch.bool)
    rest = torch.zeros(rows, units + 1, dtype=torch.bool)
    for row, case in enumerate(some):
        at = {place: n for n, place in enumerate(case.layout[0])}
        for a, b in case.spans:
            if b - a <= shape.longest:
                spans[row, at[a], b - a - 1] = True
            else:
                rest[row, int(inputs.units[row, at[a]])] = True
        rest[row, list(case.whole)] = True
        rest[row, units] = not case.answered
    return torch.cat([spans.flatten(1), rest], 1)


def golds_of_units(
    shape: SpanShape, some: Sequence[SpanCase], inputs: Inputs, units: int
) -> Tensor:
    """The same, everything in a unit that answers counted as right."""
    rest = torch.zeros(len(some), units + 1, dtype=torch.bool)
    for row, case in enumerate(some):
        rest[row, list(case.answers())] = True
        rest[row, units] = not case.answered
    of = inputs.units.cpu()
    inside = rest.gather(1, of.clamp_min(0)) & (of >= 0)
    return torch.cat([inside[..., None].expand(-1, -1, shape.longest).flatten(1), rest], 1)


def loss(net: Spans, some: Sequence[SpanCase], inputs: Inputs) -> Tensor:
    """-log of the share of what answers, half by words and half by sentences, of every case: [B]"""
    scored = net(inputs)
    every, units = scored.flat(), scored.whole.shape[1]
    found = torch.logsumexp(every, 1)
    for right in (golds, golds_of_units):
        among = right(net.shape, some, inputs, units).to(every.device)
        found = found - 0.5 * torch.logsumexp(every.masked_fill(~among, 2 * NEVER), 1)
    return found


def plan(cases: Cases, recipe: Recipe) -> list[list[SpanCase]]:
    """The cases of every step: of one source, drawn by its share, and of like length."""
    rng, weights = Random(recipe.seed), dict[str, float]()
    rest = [name for name in cases if name not in SHARES]
    for name, own in cases.items():
        share = SHARES.get(name, (1 - sum(SHARES.values())) / max(1, len(rest)))
        weights[name] = share if own else 0.0
    waiting: dict[str, list[list[SpanCase]]] = {name: [] for name in cases}
    found = []
    for name in rng.choices(list(weights), list(weights.values()), k=recipe.steps):
        if not waiting[name]:
            waiting[name] = _once(cases[name], recipe.tokens, rng)
        found.append(waiting[name].pop())
    return found


def _once(cases: Sequence[SpanCase], tokens: int, rng: Random) -> list[list[SpanCase]]:
    """Every case once, those of a step drawn together and of like length."""
    order, found = rng.sample(cases, len(cases)), list[list[SpanCase]]()
    for first in range(0, len(order), ALIKE):
        batch: list[SpanCase] = []
        for case in sorted(order[first : first + ALIKE], key=lambda c: len(c.context)):
            if batch and (len(batch) + 1) * len(case.context) > tokens:
                found.append(batch)
                batch = []
            batch.append(case)
        found.append(batch)
    rng.shuffle(found)
    return found


class Training:
    """One run: its state is the head, the optimiser and the step.

    ``start``: a head that it goes on from.
    """

    def __init__(
        self, recipe: Recipe, sight: Sight, cases: Cases, start: Spans | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.sight = recipe, sight
        if start is None:
            both = BothWays.beginning(sight.model, recipe.shape.both_from, recipe.rank)
            start = Spans(recipe.shape, both=both)
        assert start.shape == recipe.shape and start.both is not None
        self.net = start.to(sight.model.device).train().requires_grad_(True)
        self.plan = plan(cases, recipe)
        changes = list(start.both.parameters())
        those = {id(value) for value in changes}
        head = [value for value in self.net.parameters() if id(value) not in those]
        self.optimiser = torch.optim.AdamW(
            [{"params": changes, "most": recipe.rate}, {"params": head, "most": recipe.head_rate}],
            weight_decay=recipe.decay, betas=(0.9, 0.98),
        )  # fmt: skip
        self.step = 0

    def run(self, log: Log, work: Path | None = None) -> Spans:
        """Go on until the last step; with ``work`` from where an earlier run stopped."""
        self._resume(work)
        begun, recipe = time.monotonic(), self.recipe
        lost: Loss = loss
        last = recipe.steps - recipe.rewarded  # from here on by rewards, all in one go
        for some in self.plan[self.step :]:
            if self.step == last:
                lost = Reinforced(self.net, self.sight.see)
            torch.manual_seed(recipe.seed + self.step)
            value = lost(self.net, some, self.sight.see(self.net, some)).mean()
            self._move(value)
            self.step += 1
            seconds = round(time.monotonic() - begun, 1)
            log({"step": self.step, "loss": round(float(value.detach()), 4), "seconds": seconds})
            due = self.step % recipe.save_every == 0 and self.step < last
            if work is not None and (due or self.step == last):
                self._save(work)
        return self.net.eval().requires_grad_(False)

    def _move(self, value: Tensor) -> None:
        recipe = self.recipe
        left = (recipe.steps - self.step) / max(1.0, recipe.steps * recipe.falling)
        share = min(1.0, (self.step + 1) / recipe.warm_steps, left)
        for group in self.optimiser.param_groups:
            group["lr"] = group["most"] * share
        self.optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()

    def _save(self, work: Path) -> None:
        state = {
            "net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(),
            "step": self.step, "recipe": str(self.recipe),
        }  # fmt: skip
        resume.save(work, state)

    def _resume(self, work: Path | None) -> None:
        state = resume.saved(work, self.sight.model.device)
        if state is None:
            return
        if state["recipe"] != str(self.recipe):
            raise UsageError(
                f"{work} holds a run that was begun otherwise.", hint="Give another --work."
            )
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


@torch.no_grad()
def right(net: Spans, sight: Sight, held: Cases, most: int = EVALUATED) -> dict[str, float]:
    """Of what was kept from training, ``most`` cases of a source: how often the likeliest unit is
    one that answers, the mean F1 of the likeliest words in it, how often "nothing" is said where
    nothing answers, and where something does. By source."""
    found: dict[str, list[float]] = {}
    for source, cases in held.items():
        some = Random(source).sample(cases, min(most, len(cases)))
        some.sort(key=lambda case: len(case.context))
        for first in range(0, len(some), AT_ONCE):
            part = some[first : first + AT_ONCE]
            for case, told in zip(part, net.read(sight.see(net, part)), strict=True):
                for name, value in _judged(case, told).items():
                    found.setdefault(f"{source}_{name}", []).append(value)
    return {name: sum(values) / len(values) for name, values in sorted(found.items())}


def _judged(case: SpanCase, told: Told) -> dict[str, float]:
    nothing = float(told.none > torch.logsumexp(told.units, 0))
    if not case.answered:
        return {"nothing_when_absent": nothing}
    best = int(told.units.argmax())
    found = {"unit": float(best in case.answers()), "nothing_when_present": nothing}
    if case.spans:
        places, _ = case.layout
        a, b = told.spans[best]
        said = places[a], places[b - 1] + 1
        found["words_f1"] = max(_f1(said, span) for span in case.spans)
    return found


def _f1(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return 2 * shared / (one[1] - one[0] + other[1] - other[0])


def run(
    data: Path, checkpoint: Checkpoint, recipe: Recipe, work: Path, output: Path,
    threads: int | None = None, start: Path | None = None, device: str = CPU,
    progress: Progress = silent,
) -> dict[str, float]:  # fmt: skip
    """The whole stage; returns what was right on what was kept from training.

    ``start``: the weights it goes on from. Raises UsageError where they are of another shape, or
    more steps go by rewards than there are.
    """
    assert checkpoint.reader is not None
    begin = None if start is None else Spans.load(start)
    if begin is not None and begin.shape != recipe.shape:
        raise UsageError(
            f"{start} is a head of another shape.", hint="Go on from one that this stage made."
        )
    if recipe.rewarded > recipe.steps:
        raise UsageError(
            f"{recipe.rewarded} of {recipe.steps} steps cannot go by rewards.",
            hint="--rewarded is a part of --steps.",
        )
    reader = Reader(checkpoint, threads, ReadPlan(weights="bf16"), DTYPE)
    train, held = span_data.apart(span_data.drawn(data, reader.loaded, recipe.seed))
    model: Any = reader.loaded.model
    sight = Sight(model.to(device), recipe.shape)
    before = "" if begin is None else f"{begin.about.get('steps', 'another head')}, then "
    with logged(work, recipe.steps, progress) as log:
        net = Training(recipe, sight, train, begin).run(log, work)
    net.about = {
        "reader": nano.tensors_digest(checkpoint.reader),
        "data": ", ".join(f"{name} {len(cases)}" for name, cases in sorted(train.items())),
        "steps": f"{before}{recipe.steps}, {recipe.rewarded} of rewards",
        "seed": str(recipe.seed),
    }
    net.save(output)
    return right(net, sight, held)

"""``kimidoc train spans``: the head that takes a short answer out of the passages.

1. draw questions with short answers: texts written for it (``sources.paragraphs``), experts'
   questions on articles, on tables and paragraphs of annual reports, clauses of contracts, trials
2. cut passages for them (``span_cases``) and read these with the product's own reader, frozen; what
   it sees of each set is kept in --work (``span_states``), so that an interrupted run goes on
3. train the head: -log of the share that it gives to everything that answers, or to "nothing"
4. go on, in rounds, with what its answers are worth (``rewards``)

One document in ten is kept from training and says how often it is right (``right``).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from kimidoc.engine.base import Progress, silent
from kimidoc.errors import UsageError
from kimidoc.models import folder, nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.nano.spans import NEVER, Inputs, Spans, SpanShape, padded
from kimidoc.train import span_states
from kimidoc.train.rewards import Reinforced
from kimidoc.train.span_states import Seen, kept_from_training
from kimidoc.train.stage import logged

EVALUATED_AT_ONCE = 8

Log = Callable[[dict[str, Any]], None]
Loss = Callable[[Spans, Sequence[Seen]], Tensor]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the weights, beside the data.

    ``rounds``: epochs of rewards behind the ``epochs``, at a fifth of their ``rate``. ``tokens``:
    of a step, padding included.
    """

    shape: SpanShape = field(default_factory=SpanShape)
    epochs: int = 8
    rounds: int = 2
    tokens: int = 6_000
    rate: float = 1e-3
    decay: float = 0.01
    warm_steps: int = 50
    seed: int = 0


def shape_of(checkpoint: Checkpoint) -> SpanShape:
    """The head's shape for a checkpoint: two fifths, three and four of its way up are looked at.

    Raises ModelError where it says nothing of itself.
    """
    config = folder.config(checkpoint.folder)
    layers = int(config["num_hidden_layers"])
    taps = tuple(sorted({layers * n // 5 for n in (2, 3, 4)}))
    return SpanShape(hidden=int(config["hidden_size"]), taps=taps)


def golds(shape: SpanShape, some: Sequence[Seen], inputs: Inputs, units: int) -> Tensor:
    """What answers each of them, as ``Scored.flat`` has it: [B, S * longest + units + 1] bool

    A span that is longer than the head can say is its whole unit.
    """
    rows, size = inputs.units.shape
    spans = torch.zeros(rows, size, shape.longest, dtype=torch.bool)
    rest = torch.zeros(rows, units + 1, dtype=torch.bool)
    for row, seen in enumerate(some):
        at = {place: n for n, place in enumerate(seen.places)}
        for a, b in seen.case.spans:
            if b - a <= shape.longest:
                spans[row, at[a], b - a - 1] = True
            else:
                rest[row, int(inputs.units[row, at[a]])] = True
        rest[row, list(seen.case.whole)] = True
        rest[row, units] = not seen.case.spans and not seen.case.whole
    return torch.cat([spans.flatten(1), rest], 1)


def loss(net: Spans, some: Sequence[Seen]) -> Tensor:
    """-log of the share of what answers, of every case: [B]"""
    inputs = padded([(seen.states(), *seen.layout) for seen in some])
    scored = net(inputs)
    every = scored.flat()
    right = golds(net.shape, some, inputs, scored.whole.shape[1])
    return torch.logsumexp(every, 1) - torch.logsumexp(every.masked_fill(~right, 2 * NEVER), 1)


def _batches(train: Sequence[Seen], tokens: int, rng: Random) -> list[list[Seen]]:
    """Of like length, in a drawn order."""
    order = rng.sample(train, len(train))
    order.sort(key=lambda seen: len(seen.places) // 32)
    found, batch = list[list[Seen]](), list[Seen]()
    for seen in order:
        if batch and (len(batch) + 1) * max(len(s.places) for s in (*batch, seen)) > tokens:
            found.append(batch)
            batch = []
        batch.append(seen)
    found.append(batch)
    rng.shuffle(found)
    return found


def fit(recipe: Recipe, train: Sequence[Seen], log: Log) -> Spans:
    """The head, trained on all of them; not yet on rewards."""
    torch.manual_seed(recipe.seed)
    net = Spans(recipe.shape)
    _train(net, recipe, train, recipe.epochs, recipe.rate, loss, log)
    return net


def reinforce(net: Spans, recipe: Recipe, train: Sequence[Seen], log: Log) -> None:
    """The rounds of rewards."""
    torch.manual_seed(recipe.seed)
    for number in range(recipe.rounds):
        rate = recipe.rate / 5 / (number + 1)
        _train(net, recipe, train, 1, rate, Reinforced(net), log, recipe.epochs + number)


def _train(
    net: Spans, recipe: Recipe, train: Sequence[Seen], epochs: int, most: float, lost: Loss,
    log: Log, done: int = 0,
) -> None:  # fmt: skip
    """``most``: the highest learning rate; it falls to a twentieth."""
    rng = Random(recipe.seed + done)
    optimiser = torch.optim.AdamW(net.parameters(), lr=most, weight_decay=recipe.decay)
    order = [_batches(train, recipe.tokens, rng) for _ in range(epochs)]
    steps, step, begun = sum(map(len, order)), 0, time.monotonic()
    net.train().requires_grad_(True)
    for number, batches in enumerate(order, 1):
        total = 0.0
        for batch in batches:
            warm = min(1.0, (step + 1) / recipe.warm_steps)
            for group in optimiser.param_groups:
                share = 0.05 + 0.475 * (1 + math.cos(math.pi * step / steps))
                group["lr"] = most * warm * share
            value = lost(net, batch).mean()
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            total, step = total + float(value.detach()), step + 1
        seconds = round(time.monotonic() - begun, 1)
        log({"step": done + number, "loss": round(total / len(batches), 4), "seconds": seconds})
    net.eval().requires_grad_(False)


@torch.no_grad()
def right(net: Spans, held: Sequence[Seen]) -> dict[str, float]:
    """Of documents that were kept from training: how often the likeliest unit is one that answers,
    the mean F1 of the likeliest words in it, how often "nothing" is said where nothing answers, and
    where something does. By set of data, and of all."""
    found: dict[str, list[float]] = {}
    order = sorted(held, key=lambda seen: len(seen.places))
    for first in range(0, len(order), EVALUATED_AT_ONCE):
        some = order[first : first + EVALUATED_AT_ONCE]
        read = net.read(padded([(seen.states(), *seen.layout) for seen in some]))
        for seen, one in zip(some, read, strict=True):
            case, best = seen.case, int(one.units.argmax())
            nothing = float(one.none > torch.logsumexp(one.units, 0))
            if not case.spans and not case.whole:
                values = {"nothing_when_absent": nothing}
            else:
                answers = {*case.whole, *(seen.unit_of(a) for a, _ in case.spans)}
                values = {"unit": float(best in answers), "nothing_when_present": nothing}
            if case.spans:
                a, b = one.spans[best]
                said = seen.places[a], seen.places[b - 1] + 1
                values["words_f1"] = max(_f1(said, span) for span in case.spans)
            for name, value in values.items():
                found.setdefault(name, []).append(value)
                found.setdefault(f"{case.kind}_{name}", []).append(value)
    return {name: sum(values) / len(values) for name, values in sorted(found.items())}


def _f1(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return 2 * shared / (one[1] - one[0] + other[1] - other[0])


def run(
    data: Path, checkpoint: Checkpoint, recipe: Recipe, work: Path, output: Path,
    threads: int | None = None, progress: Progress = silent,
) -> dict[str, float]:  # fmt: skip
    """The whole stage; returns what was right on documents that were kept from training.

    Raises UsageError for a checkpoint without a trained reader.
    """
    if checkpoint.reader is None:
        raise UsageError(f"{checkpoint.id} has no trained reader.", hint="Use --model nano.")
    seen = span_states.read(data, checkpoint, recipe.shape, recipe.seed, work, threads, progress)
    held = [one for one in seen if kept_from_training(one.case.path)]
    train = [one for one in seen if not kept_from_training(one.case.path)]
    with logged(work, recipe.epochs + recipe.rounds, progress) as log:
        net = fit(recipe, train, log)
        before = right(net, held)
        reinforce(net, recipe, train, log)
    kinds = Counter(one.case.kind for one in train)
    net.about = {
        "reader": nano.tensors_digest(checkpoint.reader),
        "data": ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())),
        "epochs": f"{recipe.epochs} and {recipe.rounds} of rewards",
        "seed": str(recipe.seed),
    }
    net.save(output)
    known = {f"{name}_without_rewards": before[name] for name in ("unit", "words_f1")}
    return known | right(net, held)

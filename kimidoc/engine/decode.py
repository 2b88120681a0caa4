"""The decode loop: many rows in lockstep, each a small program of its own.

A row is a generator: it yields the tokens to feed (one, or a run it already knows) and gets back
the log-probabilities after the last of them; what it returns is its result. Rows that feed one
token go first, and rows with a run wait until all that are left have one: runs of different rows
then share one wide pass, instead of widening everybody's narrow ones. Padding is marked in
``Batch`` and never attended to. Rows do not see each other: who else is in the batch changes a
row's numbers by floating-point noise only.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from kimidoc.attention import register
from kimidoc.engine.answering import Batch, states
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import Profile
from kimidoc.kvcache.cache import BlockCache
from kimidoc.kvcache.snapshot import Layer

Result = TypeVar("Result")
Row = Generator[Sequence[int], Tensor, Result]  # yields tokens, receives log-probabilities [V]


@torch.no_grad()
def lockstep(
    runner: Runner,
    profile: Profile,
    layers: Sequence[Layer],
    batch: Batch,
    rows: Sequence[Row[Result]],
    asked: Sequence[tuple[int, int]],
) -> list[Result]:
    """Run every row to its end. ``asked``: the question's own words within each first feed."""
    cache = BlockCache([None] * len(layers))
    results: dict[int, Result] = {}
    feeds: dict[int, Sequence[int]] = {i: next(row) for i, row in enumerate(rows)}
    with register.using(states(layers, profile, batch)):
        first = True
        while feeds:
            narrow = [] if first else [i for i, feed in feeds.items() if len(feed) == 1]
            live = narrow or sorted(feeds)
            ids, valid = _padded(feeds, live, len(rows))
            own = torch.zeros_like(valid)
            if first:
                for i, (start, end) in enumerate(asked):
                    own[i, start:end] = True
            batch.step(valid, own)
            hidden = runner.forward(ids.to(runner.device), cache)
            last = torch.stack([hidden[i, len(feeds[i]) - 1] for i in live])
            after = torch.log_softmax(runner.head(last[:, None])[:, 0], -1)
            for i, logits in zip(live, after, strict=True):
                try:
                    feeds[i] = rows[i].send(logits)
                except StopIteration as stop:
                    results[i] = stop.value
                    del feeds[i]
            first = False
    return [results[i] for i in range(len(rows))]


def _padded(
    feeds: dict[int, Sequence[int]], live: Sequence[int], rows: int
) -> tuple[Tensor, Tensor]:
    """The tokens of the live rows, left-aligned, and which are real: [B, S] each."""
    width = max(len(feeds[i]) for i in live)
    ids = torch.zeros(rows, width, dtype=torch.long)
    valid = torch.zeros(rows, width, dtype=torch.bool)
    for i in live:
        ids[i, : len(feeds[i])] = torch.tensor(feeds[i])
        valid[i, : len(feeds[i])] = True
    return ids, valid


def best(log_probabilities: Tensor, allowed: Tensor | None = None) -> int:
    """The most likely token, of those allowed (sorted ids); ties go to the lowest id."""
    if allowed is None:
        return int((log_probabilities == log_probabilities.max()).nonzero()[0])
    within = log_probabilities[allowed]
    return int(allowed[(within == within.max()).nonzero()[0]])

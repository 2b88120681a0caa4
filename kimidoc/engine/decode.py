"""The decode loop: many rows in lockstep, each a small program of its own.

A row is a generator: it yields the tokens to feed (one, or a run it already knows) and gets back
the log-probabilities after the last of them; what it returns is its result. Rows that feed one
token go first, and rows with a run wait until all that are left have one: runs of different rows
then share one wide pass. A pass is the rows' tokens one after another, without padding. Rows do not
see each other: who else is in the batch changes a row's numbers by floating-point noise only.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from kimidoc.attention import register
from kimidoc.attention.working_set import Choice
from kimidoc.engine.answering import Batch, Lead, states
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
    cache = _no_cache(layers)
    results: dict[int, Result] = {}
    feeds: dict[int, Sequence[int]] = {i: next(row) for i, row in enumerate(rows)}
    batch.asked = asked
    with register.using(states(layers, profile, batch)):
        first = True
        while feeds:
            narrow = [] if first else [i for i, feed in feeds.items() if len(feed) == 1]
            live = narrow or sorted(feeds)
            batch.step({i: len(feeds[i]) for i in live})
            ids = torch.tensor([[token for i in live for token in feeds[i]]])
            hidden = runner.forward(ids.to(runner.device), cache)[0]
            last = hidden[[one.end - 1 for one in batch.fed]]
            after = torch.log_softmax(runner.head(last[:, None])[:, 0], -1)
            for i, logits in zip(live, after, strict=True):
                try:
                    feeds[i] = rows[i].send(logits)
                except StopIteration as stop:
                    results[i] = stop.value
                    del feeds[i]
            first = False
    return [results[i] for i in range(len(rows))]


@torch.no_grad()
def read_lead(
    runner: Runner,
    profile: Profile,
    layers: Sequence[Layer],
    ids: Sequence[int],
    choice: Choice,
    blocks: int,
    block_tokens: int,
) -> Lead:
    """What many rows begin with, read once; ``choice``: the history that it sees."""
    batch = Batch([choice], blocks, block_tokens)
    batch.heard, batch.asked = {}, [(0, len(ids))]
    batch.step({0: len(ids)})
    with register.using(states(layers, profile, batch)):
        runner.forward(torch.tensor([list(ids)]).to(runner.device), _no_cache(layers))
    return batch.heard


def _no_cache(layers: Sequence[Layer]) -> BlockCache:
    """States keep what they need themselves."""
    return BlockCache([None] * len(layers))


def best(log_probabilities: Tensor, allowed: Tensor | None = None) -> int:
    """The most likely token, of those allowed (sorted ids); ties go to the lowest id."""
    if allowed is None:
        return int((log_probabilities == log_probabilities.max()).nonzero()[0])
    within = log_probabilities[allowed]
    return int(allowed[(within == within.max()).nonzero()[0]])

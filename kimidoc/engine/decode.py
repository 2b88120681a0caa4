"""The decode loop: many rows in lockstep, each a small program of its own.

A row is a generator: it yields the tokens to feed (one, or a run it already knows) and gets back
the logits after the last of them; what it returns is its result. Rows feed runs of different
length in one forward pass; padding is marked in ``Batch``. Greedy: ties go to the lowest id, so
the same prefix and question give the same text.
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
from kimidoc.kvcache.layer import Kept, Recent

Result = TypeVar("Result")
Row = Generator[list[int], Tensor, Result]  # yields tokens, receives log-probabilities [V]


@torch.no_grad()
def lockstep(
    runner: Runner,
    profile: Profile,
    layers: list[Kept | Recent],
    batch: Batch,
    rows: Sequence[Row[Result]],
    asked: Sequence[tuple[int, int]],
) -> list[Result]:
    """Run every row to its end. ``asked``: the question's own words within each first feed."""
    cache = BlockCache([None] * len(layers))
    results: dict[int, Result] = {}
    feeds: dict[int, list[int]] = {i: next(row) for i, row in enumerate(rows)}
    with register.using(states(layers, profile, batch)):
        first = True
        while feeds:
            width = max(len(f) for f in feeds.values())
            ids = torch.zeros(len(rows), width, dtype=torch.long)
            valid = torch.zeros(len(rows), width, dtype=torch.bool)
            own = torch.zeros(len(rows), width, dtype=torch.bool)
            for i, feed in feeds.items():
                ids[i, : len(feed)] = torch.tensor(feed)
                valid[i, : len(feed)] = True
                if first:
                    own[i, asked[i][0] : asked[i][1]] = True
            batch.step(valid, own)
            hidden = runner.forward(ids.to(runner.device), cache)
            live = sorted(feeds)
            last = torch.stack([hidden[i, len(feeds[i]) - 1] for i in live])
            logits = torch.log_softmax(runner.head(last[:, None])[:, 0], -1)
            feeds = {}
            for i, after in zip(live, logits, strict=True):
                try:
                    feeds[i] = rows[i].send(after)
                except StopIteration as stop:
                    results[i] = stop.value
            first = False
    return [results[i] for i in range(len(rows))]

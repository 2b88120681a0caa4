"""Rows in lockstep, each on a short context of its own, dense: no window, no session.

The same rows as in ``decode`` (a generator yields tokens, gets the log-probabilities after them),
and the model's stock attention (SDPA) over a stock cache. Rows of a batch are padded on the left;
padding is masked, and positions count real tokens only.

Instead of tokens a row may yield ``Ways``: then all its ways to go on are read in one pass, each
seeing the row's context and itself, and none of them stays in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from kimidoc.engine.decode import Result, Row


@dataclass(frozen=True, slots=True)
class Ways:
    """Some ways to go on, of which none is taken.

    The row gets back how likely each is: [W], the summed log-probabilities of its tokens but for
    the first ``given``, of which there is at least one.
    """

    every: Sequence[Sequence[int]]
    given: int


@contextmanager
def dense(model: Any) -> Iterator[None]:
    """Within the block the model attends as transformers' own SDPA does."""
    before = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


@torch.no_grad()
def lockstep(model: Any, rows: Sequence[Row[Result]]) -> list[Result]:
    """Run every row to its end; a row's first tokens are its whole context."""
    results: dict[int, Result] = {}
    feeds: dict[int, Sequence[int] | Ways] = {i: next(row) for i, row in enumerate(rows)}
    cache = DynamicCache(config=model.config)
    seen = torch.zeros(len(rows), 0, dtype=torch.long)
    with dense(model):
        while feeds:
            forks = {i: feed for i, feed in feeds.items() if isinstance(feed, Ways)}
            after: Sequence[Tensor] | dict[int, Tensor] | Tensor
            if forks:
                after = _each_way(model, cache, forks, seen)
            else:
                runs = {i: feed for i, feed in feeds.items() if not isinstance(feed, Ways)}
                ids, real = _padded(runs, len(rows))
                seen = torch.cat([seen, real], 1)
                after = _forward(model, cache, ids.to(model.device), real, seen.to(model.device))
            for i in sorted(forks or feeds):
                try:
                    feeds[i] = rows[i].send(after[i])
                except StopIteration as stop:
                    results[i] = stop.value
                    del feeds[i]
    return [results[i] for i in range(len(rows))]


def _forward(model: Any, cache: Any, ids: Tensor, real: Tensor, seen: Tensor) -> Tensor:
    """Log-probabilities after the last token of every row: [B, V] fp32"""
    positions = (seen.cumsum(1) - 1).clamp_min(0)[:, -real.shape[1] :]
    out = model(
        input_ids=ids,
        attention_mask=seen,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return torch.log_softmax(out.logits[:, -1].float().cpu(), -1)


def _each_way(model: Any, cache: Any, forks: Mapping[int, Ways], seen: Tensor) -> dict[int, Tensor]:
    """How likely each way of every row is; the cache is left as it was. seen [B, P]"""
    B, P = seen.shape
    S = max(sum(map(len, ways.every)) for ways in forks.values())
    ids, places = torch.zeros(2, B, S, dtype=torch.long)
    mask = torch.zeros(B, 1, S, P + S, dtype=torch.bool)
    mask[:, 0, :, P:] = torch.eye(S, dtype=torch.bool)  # padding sees itself, which no one sees
    for row, ways in forks.items():
        before, at = int(seen[row].sum()), 0
        for way in ways.every:
            own = slice(at, at + len(way))
            ids[row, own] = torch.tensor(list(way))
            places[row, own] = torch.arange(before, before + len(way))
            mask[row, 0, own, :P] = seen[row].bool()
            mask[row, 0, own, P + at : P + at + len(way)] = torch.ones(
                len(way), len(way), dtype=torch.bool
            ).tril()
            at += len(way)
    out = model(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        position_ids=places.to(model.device),
        past_key_values=cache,
        use_cache=True,
    )
    cache.crop(-S)
    return {row: _likely(out.logits[row], ids[row], ways) for row, ways in forks.items()}


def _likely(logits: Tensor, ids: Tensor, ways: Ways) -> Tensor:
    """logits [S, V] of all ways one after the other -> [W]"""
    after = torch.log_softmax(logits.float().cpu(), -1)
    found, at = [], 0
    for way in ways.every:
        said = torch.arange(at + ways.given, at + len(way))
        found.append(after[said - 1, ids[said]].sum())
        at += len(way)
    return torch.stack(found)


def _padded(feeds: dict[int, Sequence[int]], rows: int) -> tuple[Tensor, Tensor]:
    """The next tokens of every row, right-aligned [B, S], and which are real (1) or not (0)."""
    width = max(len(feed) for feed in feeds.values())
    ids = torch.zeros(rows, width, dtype=torch.long)
    real = torch.zeros(rows, width, dtype=torch.long)
    for i, feed in feeds.items():
        ids[i, width - len(feed) :] = torch.tensor(list(feed))
        real[i, width - len(feed) :] = 1
    return ids, real

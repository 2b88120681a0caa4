"""Rows in lockstep, each on a short context of its own, dense: no window, no session.

The same rows as in ``decode`` (a generator yields tokens, gets the log-probabilities after them),
and the model's stock attention (SDPA) over a stock cache. Rows of a batch are padded on the left;
padding is masked, and positions count real tokens only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from kimidoc.engine.decode import Result, Row


@contextmanager
def dense(model: Any) -> Iterator[None]:
    """Within the block the model attends as transformers' own SDPA does."""
    before = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


Seen = Callable[[int, Tensor], None]


@torch.no_grad()
def lockstep(
    model: Any, rows: Sequence[Row[Result]], seen_as: Seen = lambda row, hidden: None
) -> list[Result]:
    """Run every row to its end; a row's first tokens are its whole context.

    ``seen_as`` is told how the model sees each context, a row's last hidden states [S, C], before
    the row goes on.
    """
    results: dict[int, Result] = {}
    feeds: dict[int, Sequence[int]] = {i: next(row) for i, row in enumerate(rows)}
    cache = DynamicCache(config=model.config)
    seen = torch.zeros(len(rows), 0, dtype=torch.long)
    with dense(model):
        while feeds:
            ids, real = _padded(feeds, len(rows))
            first, seen = not seen.numel(), torch.cat([seen, real], 1)
            hidden, after = _forward(
                model, cache, ids.to(model.device), real, seen.to(model.device)
            )
            for i in sorted(feeds) if first else ():
                seen_as(i, hidden[i, -len(feeds[i]) :])
            for i in sorted(feeds):
                try:
                    feeds[i] = rows[i].send(after[i])
                except StopIteration as stop:
                    results[i] = stop.value
                    del feeds[i]
    return [results[i] for i in range(len(rows))]


def _forward(
    model: Any, cache: Any, ids: Tensor, real: Tensor, seen: Tensor
) -> tuple[Tensor, Tensor]:
    """What the head takes [B, S, C], and log-probabilities after the last tokens [B, V] fp32"""
    positions = (seen.cumsum(1) - 1).clamp_min(0)[:, -real.shape[1] :]
    kept: list[Tensor] = []
    hook = model.get_decoder().register_forward_hook(
        lambda module, given, out: kept.append(out.last_hidden_state)
    )
    try:
        out = model(
            input_ids=ids,
            attention_mask=seen,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
    finally:
        hook.remove()
    return kept[0], torch.log_softmax(out.logits[:, -1].float().cpu(), -1)


def _padded(feeds: dict[int, Sequence[int]], rows: int) -> tuple[Tensor, Tensor]:
    """The next tokens of every row, right-aligned [B, S], and which are real (1) or not (0)."""
    width = max(len(feed) for feed in feeds.values())
    ids = torch.zeros(rows, width, dtype=torch.long)
    real = torch.zeros(rows, width, dtype=torch.long)
    for i, feed in feeds.items():
        ids[i, width - len(feed) :] = torch.tensor(list(feed))
        real[i, width - len(feed) :] = 1
    return ids, real

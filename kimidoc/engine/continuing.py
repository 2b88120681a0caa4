"""What a model writes behind short contexts of their own, rows in lockstep, dense.

The same rows as in ``decode`` (a generator yields tokens, gets the log-probabilities after them),
and the model's stock attention (SDPA) over a stock cache. Rows of a batch are padded on the left;
padding is masked, and positions count real tokens only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from kimidoc.attention.products import in_fp32
from kimidoc.engine.decode import Result, Row
from kimidoc.engine.fresh import dense


@in_fp32
@torch.no_grad()
def lockstep(model: Any, rows: Sequence[Row[Result]]) -> list[Result]:
    """Run every row to its end; a row's first tokens are its whole context."""
    results: dict[int, Result] = {}
    feeds: dict[int, Sequence[int]] = {i: next(row) for i, row in enumerate(rows)}
    cache = DynamicCache(config=model.config)
    seen = torch.zeros(len(rows), 0, dtype=torch.long)
    with dense(model):
        while feeds:
            ids, real = _padded(feeds, len(rows))
            seen = torch.cat([seen, real], 1)
            after = _forward(model, cache, ids.to(model.device), real, seen.to(model.device))
            for i in sorted(feeds):
                try:
                    feeds[i] = rows[i].send(after[i])
                except StopIteration as stop:
                    results[i] = stop.value
                    del feeds[i]
    return [results[i] for i in range(len(rows))]


def _forward(model: Any, cache: Any, ids: Tensor, real: Tensor, seen: Tensor) -> Tensor:
    """Log-probabilities after the last tokens [B, V] fp32"""
    out = model(
        input_ids=ids,
        attention_mask=seen,
        position_ids=(seen.cumsum(1) - 1).clamp_min(0)[:, -real.shape[1] :],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return torch.log_softmax(out.logits[:, -1].float().cpu(), -1)


def _padded(feeds: dict[int, Sequence[int]], rows: int) -> tuple[Tensor, Tensor]:
    """The next tokens of every row, right-aligned [B, S], and which are real (1) or not (0)."""
    width = max(len(feed) for feed in feeds.values())
    ids = torch.zeros(rows, width, dtype=torch.long)
    real = torch.zeros(rows, width, dtype=torch.long)
    for i, feed in feeds.items():
        ids[i, width - len(feed) :] = torch.tensor(list(feed))
        real[i, width - len(feed) :] = 1
    return ids, real

"""A model's own sliding-window layers (Mistral, arXiv:2310.06825), exact.

Queries see the last ``window`` keys, themselves included. Positions are virtual here too: only
differences matter to rotary embeddings, and no difference exceeds the window plus the chunk.
"""

from __future__ import annotations

import torch
from torch import Tensor

from kimidoc.attention import dense
from kimidoc.attention.positions import Rotary

TILE_TOKENS = 128


def read(
    query: Tensor,
    k: Tensor,
    v: Tensor,
    window: int,
    rotary: Rotary | None,
    *,
    scaling: float,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """query [B, H, S, D]; k, v [B, K, T, D]: the last T tokens, the S queries' own last of all.

    Returns [B, S, H, Dv].
    """
    S, T = query.shape[2], k.shape[2]
    if rotary:
        query, k = rotary.rotate(query, T - S), rotary.rotate(k, 0)
    grouped = dense.group(query, k.shape[1])
    out = query.new_empty(query.shape[0], S, query.shape[1], v.shape[-1])
    for a in range(0, S, TILE_TOKENS):
        b = min(S, a + TILE_TOKENS)
        first, last = max(0, T - S + a - window + 1), T - S + b  # what this tile's queries can see
        s = dense.scores(
            grouped[:, :, :, a:b], k[:, :, first:last], scaling=scaling, softcap=softcap
        )
        at = torch.arange(first, last, device=k.device)
        ahead = at[None] - at[last - first - (b - a) :, None]
        s.masked_fill_((ahead > 0) | (ahead <= -window), float("-inf"))
        out[:, a:b] = dense.ungroup(dense.mix(dense.weights(s, s_aux), v[:, :, first:last]))
    return out

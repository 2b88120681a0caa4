"""A model's own sliding-window layers (Mistral, arXiv:2310.06825), exact.

Queries see the last ``window`` keys, themselves included. Positions are virtual here too: only
differences matter to rotary embeddings, and no difference exceeds the window plus the chunk.
"""

from __future__ import annotations

import torch
from torch import Tensor

from kimidoc.attention import dense
from kimidoc.attention.positions import Rotary


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
    s = dense.scores(dense.group(query, k.shape[1]), k, scaling=scaling, softcap=softcap)
    ahead = (
        torch.arange(T, device=k.device)[None] - torch.arange(T - S, T, device=k.device)[:, None]
    )
    s = s.masked_fill((ahead > 0) | (ahead <= -window), float("-inf"))
    return dense.ungroup(dense.mix(dense.weights(s, s_aux), v))

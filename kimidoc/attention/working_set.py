"""The keys one question is given: chosen once from the history, then attended to densely.

Sinks, the blocks a prior insists on, and the blocks whose mean key the question's own queries
promise most (MoBA's gate again), per key/value head, at consecutive virtual positions. Many
questions are rows of one batch, each with a set of its own and none padded; history that all rows
share is never repeated. Departs from Quest (arXiv:2406.10774) in choosing once per question, not
per token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kimidoc.attention import dense
from kimidoc.attention.block_sparse import History, affinity, gate
from kimidoc.attention.positions import Rotary


@dataclass(frozen=True, slots=True)
class Choice:
    """What one row may and must look at, in block ids, and which tokens count.

    ``must`` is sorted and part of ``allowed``; ``ranges`` are the token ranges that may be seen
    (None: everything), so that a block at a document's edge shows that document only.
    """

    allowed: Tensor  # [A] int64, sorted
    must: Tensor  # [M] int64, sorted
    top_k: int
    ranges: tuple[tuple[int, int], ...] | None = None


@dataclass(slots=True)
class WorkingSet:
    """One layer's keys for one row: k [K, T, D] rotated, v [K, T, Dv], seen [K, T] bool.

    ``length``: where the row's own tokens begin. ``blocks`` [K, C]: the block of every run of L
    keys; behind them may stand others (``followed``).
    """

    k: Tensor
    v: Tensor
    seen: Tensor
    length: int
    blocks: Tensor


def choose(mean_query: Tensor, past: History, choice: Choice) -> Tensor:
    """The blocks of one row in window order, per head: mean_query [K, D] -> [K, C]"""
    K = mean_query.shape[0]
    room = choice.top_k + choice.must.numel()
    if choice.allowed.numel() <= room:
        return choice.allowed.expand(K, -1)
    promise = affinity(
        mean_query, past.means(0, int(choice.allowed[-1]) + 1), shared=past.shared_choice
    )[:, choice.allowed]
    promise[:, torch.isin(choice.allowed, choice.must)] = float("inf")
    return choice.allowed[gate(promise, room)]


def tokens_seen(blocks: Tensor, past_length: int, block_tokens: int, choice: Choice) -> Tensor:
    """Which keys of the chosen blocks count: [K, C] -> bool [K, C * L]"""
    inner = torch.arange(block_tokens, device=blocks.device)
    at = (blocks[..., None] * block_tokens + inner).flatten(1)
    seen = at < past_length
    if choice.ranges is None:
        return seen
    inside = torch.zeros_like(seen)
    for start, end in choice.ranges:
        inside |= (at >= start) & (at < end)
    return seen & inside


def build(
    query: Tensor,
    past: History,
    choice: Choice,
    rotary: Rotary | None,
    *,
    kv_heads: int,
    block_tokens: int,
) -> WorkingSet:
    """What a question is given whose own words are query [H, S, D], un-rotated."""
    mean = query.float().reshape(kv_heads, -1, query.shape[-1]).mean(1)  # [K, D]
    chosen = choose(mean, past, choice)
    k, v = past.blocks(chosen)
    return WorkingSet(
        rotary.rotate(k, 0) if rotary else k,
        v,
        tokens_seen(chosen, past.length, block_tokens, choice),
        _own_start(chosen, past.length, block_tokens),
        chosen,
    )


def followed(work: WorkingSet, lead: tuple[Tensor, Tensor], rotary: Rotary | None) -> WorkingSet:
    """A working set and then what all rows begin with: un-rotated k [K, U, D], v [K, U, Dv]."""
    k, v = lead
    turned = rotary.rotate(k, work.length) if rotary else k
    all_of_it = work.seen.new_ones(work.seen.shape[0], k.shape[1])
    return WorkingSet(
        torch.cat([work.k, turned], 1),
        torch.cat([work.v, v], 1),
        torch.cat([work.seen, all_of_it], 1),
        work.length + k.shape[1],
        work.blocks,
    )


def _own_start(blocks: Tensor, past_length: int, block_tokens: int) -> int:
    """Virtual position of the row's first own token: right after its last real key."""
    open_block, filled = divmod(past_length, block_tokens)
    padding = block_tokens - filled if filled and bool((blocks[:, -1] == open_block).all()) else 0
    return blocks.shape[1] * block_tokens - padding


def attend(
    query: Tensor,
    prefix: tuple[Tensor, Tensor],
    prefix_seen: Tensor | None,
    own: tuple[Tensor, Tensor],
    own_seen: Tensor,
    *,
    scaling: float,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
) -> tuple[Tensor, Tensor]:
    """One row over what it was given and over its own tokens; keys and queries rotated.

    query [H, S, D]; prefix k, v [K, T, D]; own k, v [K, U, D]; prefix_seen [K or 1, S or 1, T]
    bool (None: all of it), own_seen [S, U]. Returns [S, H, Dv] and the prefix's share of the
    attention, [K, G, S, T].
    """
    T = prefix[0].shape[1]
    k, v = (torch.cat(pair, 1)[None] for pair in zip(prefix, own, strict=True))
    q = dense.group(query[None], k.shape[1])
    a = dense.scores(q, k, scaling=scaling, softcap=softcap)  # [1, K, G, S, T + U]
    if prefix_seen is not None:
        a[..., :T].masked_fill_(~prefix_seen[None, :, None], float("-inf"))
    a[..., T:].masked_fill_(~own_seen, float("-inf"))
    p = dense.weights(a, s_aux)
    return dense.ungroup(dense.mix(p, v))[0], p[0, ..., :T]


def attend_each(
    query: Tensor,
    prefix: tuple[Tensor, Tensor],
    prefix_seen: Tensor | None,
    own: tuple[Tensor, Tensor],
    own_seen: Tensor,
    *,
    scaling: float,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """R rows with one token each over a prefix that they share, and over their own tokens.

    query [H, R, D]; prefix k, v [K, T, D]; own k, v [R, K, U, D]; prefix_seen [R, T] bool (None:
    all of it), own_seen [R, U]. The prefix is not repeated: all rows' queries are one product's (as
    in Hydragen, arXiv:2402.05099). Returns [R, H, Dv].
    """
    T = prefix[0].shape[1]
    q = dense.group(query[None], prefix[0].shape[0])  # [1, K, G, R, D]
    far = dense.scores(q, prefix[0][None], scaling=scaling, softcap=softcap)
    if prefix_seen is not None:
        far.masked_fill_(~prefix_seen, float("-inf"))
    row = q[0].permute(2, 0, 1, 3)[:, :, :, None]  # [R, K, G, 1, D]
    near = dense.scores(row, own[0], scaling=scaling, softcap=softcap)
    near.masked_fill_(~own_seen[:, None, None, None], float("-inf"))
    near = near[:, :, :, 0].permute(1, 2, 0, 3)[None]  # [1, K, G, R, U]
    p = dense.weights(torch.cat([far, near], -1), s_aux)
    out = dense.mix(p[..., :T], prefix[1][None])[0]  # [K, G, R, Dv]
    by_row = p[0, ..., T:].permute(2, 0, 1, 3)[:, :, :, None]  # [R, K, G, 1, U]
    out = out.permute(2, 0, 1, 3) + dense.mix(by_row, own[1])[:, :, :, 0]  # [R, K, G, Dv]
    return out.flatten(1, 2)

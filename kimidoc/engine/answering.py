"""Layers while answering: many rows on one shared, read-only prefix.

A ``Batch`` is one lockstep group of rows. Every layer keeps its rows' own tokens (the suffix) and
the working set chosen when the questions went through; padding is marked, never attended to. A
question's attention to history is summed per block over layers and heads: that is the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kimidoc.attention import working_set
from kimidoc.attention.working_set import Choice, WorkingSet
from kimidoc.engine.states import Profile, history
from kimidoc.kvcache.layer import Kept, Recent
from kimidoc.kvcache.local import Tail
from kimidoc.kvcache.snapshot import Layer


class Batch:
    """What the layers of one lockstep group share.

    ``valid`` [B, S]: which of the tokens now going through are real. ``asked`` [B, S]: which of
    them are the question's own words; they choose the blocks and are the ones whose attention
    counts as evidence. ``mass`` [B, N]: attention received per block so far.
    """

    def __init__(self, choices: list[Choice], blocks: int, block_tokens: int) -> None:
        self.choices = choices
        self.block_tokens = block_tokens
        self.mass = torch.zeros(len(choices), blocks)
        self.valid = torch.empty(0)
        self.asked = torch.empty(0)
        self.all_valid = torch.empty(len(choices), 0, dtype=torch.bool)
        self.offsets = torch.empty(0)  # [B, U]: each suffix token's index within its own row
        self.own_seen = torch.empty(0)  # [B, S, U]: which own tokens each of the newest S may see

    def step(self, valid: Tensor, asked: Tensor) -> None:
        """Announce the tokens of the next forward pass."""
        self.valid, self.asked = valid, asked
        self.all_valid = torch.cat([self.all_valid, valid], 1)
        self.offsets = (self.all_valid.long().cumsum(1) - 1).clamp_min(0)
        self.own_seen = self._seen()

    def _seen(self) -> Tensor:
        """A token sees what is real up to itself: bool [B, S, U]."""
        S, U = self.valid.shape[1], self.all_valid.shape[1]
        past = torch.ones(S, U, dtype=torch.bool).tril(U - S)
        seen = past[None] & self.all_valid[:, None]
        # a padding query sees itself, so that its softmax is not empty
        return seen | (torch.eye(U, dtype=torch.bool)[U - S :][None])


class _Suffix:
    """The rows' own keys (rotated) and values of one layer."""

    def __init__(self) -> None:
        self.k = self.v = torch.empty(0)

    def append(self, k: Tensor, v: Tensor) -> None:
        self.k = k if not self.k.numel() else torch.cat([self.k, k], 2)
        self.v = v if not self.v.numel() else torch.cat([self.v, v], 2)


class AnswerFull:
    """A full-attention layer while answering."""

    def __init__(self, kept: Kept, profile: Profile, batch: Batch) -> None:
        self.kept, self.profile, self.batch = kept, profile, batch
        self.work: WorkingSet | None = None
        self.own = _Suffix()

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        scaling: float,
        s_aux: Tensor | None,
        softcap: float | None,
    ) -> Tensor:
        """See ``attention.register.LayerState``."""
        rotary, S, first = self.profile.rotary, query.shape[2], self.work is None
        if self.work is None:
            self.work = working_set.build(
                query,
                self.batch.asked,
                history(self.kept, module, self.profile.mla),
                self.batch.choices,
                rotary,
                kv_heads=key.shape[1],
                block_tokens=self.batch.block_tokens,
            )
            self.kept.unload()
        at = self.work.lengths[:, None] + self.batch.offsets[:, -S:]
        if rotary:
            query, key = rotary.rotate_at(query, at), rotary.rotate_at(key, at)
        self.own.append(key, value)
        out, share = working_set.attend(
            query,
            self.work.k,
            self.work.v,
            self.work.seen[:, :, None],
            self.own.k,
            self.own.v,
            self.batch.own_seen,
            scaling=scaling,
            s_aux=s_aux,
            softcap=softcap,
        )
        if first:
            self._count(share)
        return out

    def _count(self, share: Tensor) -> None:
        """Add the question's attention to each block: share [B, K, G, S, T]."""
        assert self.work is not None
        asked = self.batch.asked.to(share.dtype)[:, None, None, :, None]
        per_key = (share * asked).sum((2, 3)).float()  # [B, K, T]
        L = self.batch.block_tokens
        for row, blocks in enumerate(self.work.blocks):
            mass = (
                per_key[row, :, : blocks.shape[1] * L].reshape(*blocks.shape, L).sum(-1)
            )  # [K, C]
            self.batch.mass[row].index_add_(0, blocks.flatten(), mass.flatten())


class AnswerNear:
    """A layer that keeps no history while answering: what is near, then the row's own tokens.

    Of a local layer that is the sinks and the window's end, seen by every token; a model's own
    sliding layer sees the last ``window`` tokens, itself included.
    """

    def __init__(self, near: Recent | Tail, profile: Profile, batch: Batch) -> None:
        self.near, self.profile, self.batch = near, profile, batch
        self.window = near.window if isinstance(near, Recent) else None
        self.k = self.v = torch.empty(0)  # [1, K, P, D]
        self.own = _Suffix()

    def _prefix(self, module: Any) -> None:
        if isinstance(self.near, Recent):
            k, self.v = self.near.last()
        else:
            k, self.v = (x[None] for x in self.near.visible())
            self.near.unload()
            if self.profile.mla:
                k, self.v = module.expand_kv(k, self.v)
        self.k = self.profile.rotary.rotate(k, 0) if self.profile.rotary else k

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        scaling: float,
        s_aux: Tensor | None,
        softcap: float | None,
    ) -> Tensor:
        """See ``attention.register.LayerState``."""
        if not self.own.k.numel():
            self._prefix(module)
        S, P = query.shape[2], self.k.shape[2]
        at = self.batch.offsets + P  # [B, U]
        now, rotary = at[:, -S:], self.profile.rotary
        if rotary:
            query, key = rotary.rotate_at(query, now), rotary.rotate_at(key, now)
        self.own.append(key, value)
        near, own_seen = None, self.batch.own_seen
        if self.window is not None:
            near = (now[:, :, None] - torch.arange(P)[None, None] < self.window)[:, None]
            own_seen = own_seen & (now[:, :, None] - at[:, None] < self.window)  # [B, S, U]
        out, _ = working_set.attend(
            query,
            self.k,
            self.v,
            near,
            self.own.k,
            self.own.v,
            own_seen,
            scaling=scaling,
            s_aux=s_aux,
            softcap=softcap,
        )
        return out


def states(layers: Sequence[Layer], profile: Profile, batch: Batch) -> dict[int, Any]:
    """One answering state per layer of the prefix."""
    return {
        i: AnswerFull(layer, profile.at(i), batch)
        if isinstance(layer, Kept)
        else AnswerNear(layer, profile.at(i), batch)
        for i, layer in enumerate(layers)
    }

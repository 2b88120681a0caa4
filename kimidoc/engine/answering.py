"""Layers while answering: many rows on one shared, read-only prefix.

A ``Batch`` is one lockstep group of rows. What they feed in one pass is packed into one sequence,
row after row and without padding: linear layers see real tokens only, and who belongs to whom is
attention's business. Every layer keeps its rows' own tokens (the suffix) and the working set chosen
when the questions went through. What all rows begin with (the instruction) may have been read
before them, once (``lead``). A question's attention to history is summed per block over layers
and heads: that is the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kimidoc.attention import working_set
from kimidoc.attention.working_set import Choice, WorkingSet
from kimidoc.engine.states import Profile, history
from kimidoc.kvcache.layer import Kept, Recent
from kimidoc.kvcache.local import Tail
from kimidoc.kvcache.snapshot import Layer

Lead = Mapping[int, tuple[Tensor, Tensor]]
"""What all rows begin with, by layer: un-rotated keys [K, U, D] and values [K, U, Dv]."""


@dataclass(frozen=True, slots=True)
class Fed:
    """One row's part of a pass: packed tokens [start, end), own tokens from ``first`` on."""

    row: int
    start: int
    end: int
    first: int


class Batch:
    """What the layers of one lockstep group share.

    ``fed``: who feeds in this pass. ``rows``, ``places`` [N]: whose every packed token is, and its
    index among that row's own. ``asked``: the question's own words within each row's first feed;
    they choose the blocks and are the ones whose attention counts as evidence. ``mass`` [B,
    blocks]: attention received per block so far. ``lead``: what the rows begin with, if it was read
    before them. ``heard``: where the keys and values of a pass are kept by whoever reads a lead.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        blocks: int,
        block_tokens: int,
        lead: Lead | None = None,
    ) -> None:
        self.choices, self.lead = choices, lead
        self.heard: dict[int, tuple[Tensor, Tensor]] | None = None
        self.block_tokens = block_tokens
        self.mass = torch.zeros(len(choices), blocks)
        self.asked: Sequence[tuple[int, int]] = ()
        self.fed: Sequence[Fed] = ()
        self.rows = self.places = torch.empty(0, dtype=torch.long)
        self._lengths = [0] * len(choices)

    def step(self, counts: Mapping[int, int]) -> None:
        """Announce the next pass: how many tokens each row feeds, in packed order."""
        at, fed, rows, places = 0, [], list[int](), list[int]()
        for row, count in counts.items():
            first = self._lengths[row]
            fed.append(Fed(row, at, at + count, first))
            rows += [row] * count
            places += range(first, first + count)
            self._lengths[row] += count
            at += count
        self.fed, self.rows, self.places = fed, torch.tensor(rows), torch.tensor(places)

    def hear(self, layer: int, key: Tensor, value: Tensor) -> None:
        """key [1, K, N, D], un-rotated, and value [1, K, N, Dv] of a layer in this pass."""
        if self.heard is not None:
            self.heard[layer] = key[0], value[0]

    @property
    def single(self) -> bool:
        """Whether every row feeds one token."""
        return all(one.end - one.start == 1 for one in self.fed)

    @property
    def longest(self) -> int:
        """The most own tokens of any row in this pass."""
        return max(self._lengths[one.row] for one in self.fed)


class _Suffix:
    """The rows' own keys (rotated) and values of one layer: [B, K, room, D]."""

    def __init__(self, rows: int) -> None:
        self._rows, self.k, self.v = rows, torch.empty(0), torch.empty(0)

    def append(self, batch: Batch, k: Tensor, v: Tensor) -> None:
        """k [1, K, N, D], v [1, K, N, Dv]: what the pass feeds."""
        self.k, self.v = (
            self._with_room(*pair, batch.longest) for pair in ((self.k, k), (self.v, v))
        )
        for mine, fresh in ((self.k, k), (self.v, v)):
            mine[batch.rows, :, batch.places] = fresh[0].transpose(0, 1)

    def _with_room(self, old: Tensor, like: Tensor, tokens: int) -> Tensor:
        if old.dim() == 4 and old.shape[2] >= tokens:
            return old
        new = like.new_zeros(self._rows, like.shape[1], tokens + 32, like.shape[3])
        if old.dim() == 4:
            new[:, :, : old.shape[2]] = old
        return new

    def of(self, one: Fed) -> tuple[Tensor, Tensor]:
        """One row's, up to the newest: k [K, U, D], v [K, U, Dv]."""
        length = one.first + one.end - one.start
        return self.k[one.row, :, :length], self.v[one.row, :, :length]

    def of_all(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Those of the rows that feed: k [R, K, U, D], v, and which are theirs [R, U] bool."""
        rows, U = batch.rows, batch.longest
        seen = torch.arange(U, device=self.k.device) <= batch.places[:, None].to(self.k.device)
        return self.k[rows, :, :U], self.v[rows, :, :U], seen


def _causal(one: Fed, device: torch.device) -> Tensor:
    """A token sees the row's own up to itself: bool [S, U]"""
    U = one.first + one.end - one.start
    return torch.ones(one.end - one.start, U, dtype=torch.bool, device=device).tril(one.first)


class AnswerFull:
    """A full-attention layer while answering."""

    def __init__(self, layer: int, kept: Kept, profile: Profile, batch: Batch) -> None:
        self.layer, self.kept, self.profile, self.batch = layer, kept, profile, batch
        self.work: list[WorkingSet] = []
        self.own = _Suffix(len(batch.choices))

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
        """See ``attention.register.LayerState``; the batch is packed: [1, H, N, D]."""
        rotary, batch, first = self.profile.rotary, self.batch, not self.work
        batch.hear(self.layer, key, value)
        if first:
            self._choose(module, query, key.shape[1])
        if rotary:
            starts = torch.tensor([work.length for work in self.work])
            at = (starts[batch.rows] + batch.places)[None].to(query.device)
            query, key = rotary.rotate_at(query, at), rotary.rotate_at(key, at)
        self.own.append(batch, key, value)
        out = []
        for one in batch.fed:
            work = self.work[one.row]
            said, share = working_set.attend(
                query[0, :, one.start : one.end],
                (work.k, work.v),
                work.seen[:, None],
                self.own.of(one),
                _causal(one, query.device),
                scaling=scaling,
                s_aux=s_aux,
                softcap=softcap,
            )
            out.append(said)
            if first:
                self._count(one.row, share)
        return torch.cat(out)[None]

    def _choose(self, module: nn.Module, query: Tensor, kv_heads: int) -> None:
        """Each row's working set, by its question's own words; all rows are in the first pass."""
        past = history(self.kept, module, self.profile.mla)
        for one in self.batch.fed:
            a, b = self.batch.asked[one.row]
            own = query[0, :, one.start + a : one.start + b]
            work = working_set.build(
                own,
                past,
                self.batch.choices[one.row],
                self.profile.rotary,
                kv_heads=kv_heads,
                block_tokens=self.batch.block_tokens,
            )
            if self.batch.lead is not None:
                work = working_set.followed(work, self.batch.lead[self.layer], self.profile.rotary)
            self.work.append(work)
        self.kept.unload()

    def _count(self, row: int, share: Tensor) -> None:
        """Add the question's attention to each block: share [K, G, S, T]."""
        a, b = self.batch.asked[row]
        blocks = self.work[row].blocks
        kept = blocks.shape[1] * self.batch.block_tokens  # and then the lead
        per_key = share[:, :, a:b, :kept].sum((1, 2)).float()  # [K, T]
        mass = per_key.reshape(*blocks.shape, self.batch.block_tokens).sum(-1)  # [K, C]
        self.batch.mass[row].index_add_(0, blocks.flatten().cpu(), mass.flatten().cpu())


class AnswerNear:
    """A layer that keeps no history while answering: what is near, then the row's own tokens.

    Of a local layer that is the sinks and the window's end, seen by every token; a model's own
    sliding layer sees the last ``window`` tokens, itself included.
    """

    def __init__(self, layer: int, near: Recent | Tail, profile: Profile, batch: Batch) -> None:
        self.layer, self.near, self.profile, self.batch = layer, near, profile, batch
        self.window = near.window if isinstance(near, Recent) else None
        self.k = self.v = torch.empty(0)  # [K, P, D]
        self.own = _Suffix(len(batch.choices))

    def _prefix(self, module: Any) -> None:
        if isinstance(self.near, Recent):
            k, v = self.near.last()
        else:
            k, v = (x[None] for x in self.near.visible())
            self.near.unload()
            if self.profile.mla:
                k, v = module.expand_kv(k, v)
        k, v = k[0], v[0]
        if self.batch.lead is not None:
            after = self.batch.lead[self.layer]
            k, v = (torch.cat(pair, 1) for pair in zip((k, v), after, strict=True))
        self.k, self.v = self.profile.rotary.rotate(k, 0) if self.profile.rotary else k, v

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
        """See ``attention.register.LayerState``; the batch is packed: [1, H, N, D]."""
        self.batch.hear(self.layer, key, value)
        if not self.k.numel():
            self._prefix(module)
        batch, rotary, P = self.batch, self.profile.rotary, self.k.shape[1]
        if rotary:
            at = (batch.places + P)[None].to(query.device)
            query, key = rotary.rotate_at(query, at), rotary.rotate_at(key, at)
        self.own.append(batch, key, value)
        more: dict[str, Any] = {"scaling": scaling, "s_aux": s_aux, "softcap": softcap}
        prefix = (self.k, self.v)
        if batch.single:
            k, v, own = self.own.of_all(batch)
            near, own = self._within(batch.places, own, P)
            return working_set.attend_each(query[0], prefix, near, (k, v), own, **more)[None]
        out = []
        for one in batch.fed:
            places, asking = batch.places[one.start : one.end], query[0, :, one.start : one.end]
            near, own = self._within(places, _causal(one, query.device), P)
            near = None if near is None else near[None]
            out.append(working_set.attend(asking, prefix, near, self.own.of(one), own, **more)[0])
        return torch.cat(out)[None]

    def _within(self, places: Tensor, own: Tensor, P: int) -> tuple[Tensor | None, Tensor]:
        """What tokens at ``places`` [S] of their rows see: of the prefix [S, P], None for all of
        it, and of ``own`` [S, U]."""
        if self.window is None:
            return None, own
        at = places.to(own.device)[:, None]
        near = at + P - torch.arange(P, device=own.device) < self.window
        return near, own & (at - torch.arange(own.shape[1], device=own.device) < self.window)


def states(layers: Sequence[Layer], profile: Profile, batch: Batch) -> dict[int, Any]:
    """One answering state per layer of the prefix."""
    return {
        i: AnswerFull(i, layer, profile.at(i), batch)
        if isinstance(layer, Kept)
        else AnswerNear(i, layer, profile.at(i), batch)
        for i, layer in enumerate(layers)
    }

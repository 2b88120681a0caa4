"""A local layer: one that looks at the sinks and its window, and keeps no more than that.

``Local`` is such a layer while it is read, a few thousand tokens whatever the window's length;
``Tail`` is what is kept of it: what the next token could see, and the same at every anchor, so
that another reading whose tokens agree up to an anchor can go on from there.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kimidoc.kvcache.storage import unload


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a local layer looks back: everything in tokens.

    ``tile_tokens``: queries are read in tiles that start at its multiples, and the window is
    counted from a tile's start. ``anchor_tokens``: every so many tokens a tail is kept.
    """

    sink_tokens: int
    window_tokens: int
    tile_tokens: int
    anchor_tokens: int

    def first(self, token: int) -> int:
        """The first token that a query at ``token`` sees, after the sinks; 0: it sees all."""
        first = token // self.tile_tokens * self.tile_tokens - self.window_tokens
        return first if first > self.sink_tokens else 0


@dataclass(slots=True)
class Tail:
    """A local layer as kept, un-rotated: the sinks, what comes last, and the anchors' windows.

    ``sinks`` are the window's first tokens, ``last`` tokens [first, length); ``anchors[p]`` are
    what a query at token p would see, tokens [reach.first(p), p). All are (k [K, T, D], v [K, T,
    Dv]).
    """

    reach: Reach
    length: int
    first: int
    sinks: tuple[Tensor, Tensor]
    last: tuple[Tensor, Tensor]
    anchors: dict[int, tuple[Tensor, Tensor]]
    maps: tuple[mmap.mmap, ...] = field(default=(), repr=False)

    def goes_on_from(self, common: int) -> int:
        """The last token, of the first ``common``, from which reading can go on; 0: none."""
        tile = self.reach.tile_tokens
        end = self.length // tile * tile
        possible = [p for p in (*self.anchors, end) if p <= common]
        return max(possible, default=0)

    def window_at(self, token: int) -> tuple[int, Tensor, Tensor]:
        """What a query at ``token`` sees: its first token, and keys and values up to ``token``."""
        first = self.reach.first(token)
        if token in self.anchors:
            return first, *self.anchors[token]
        assert self.first <= first and token <= self.length, (token, self.length)
        k, v = (x[:, first - self.first : token - self.first] for x in self.last)
        return first, k, v

    def visible(self) -> tuple[Tensor, Tensor]:
        """What a token after the last one sees, in order: k [K, T, D], v [K, T, Dv]; copies."""
        if self.first == 0:
            return self.last[0].clone(), self.last[1].clone()
        k, v = (torch.cat(pair, 1) for pair in zip(self.sinks, self.last, strict=True))
        return k, v

    def unload(self) -> None:
        """Let go of mapped pages."""
        unload(self.maps)


class Local:
    """A local layer while it is read. Satisfies ``attention.block_sparse.History`` for what a
    budget without retrieval asks of it: the sinks, and spans within the window."""

    shared_choice = False

    def __init__(self, reach: Reach) -> None:
        self.reach, self.length = reach, 0
        self._from = 0  # the token at index 0 of the buffer
        self._k = self._v = torch.empty(0)  # [K, room, D]
        self._sinks: list[tuple[Tensor, Tensor]] = []
        self._anchors: dict[int, tuple[Tensor, Tensor]] = {}

    def append(self, k: Tensor, v: Tensor) -> None:
        """k [1, K, S, D], v [1, K, S, Dv]: the next S tokens, un-rotated."""
        S = k.shape[2]
        self._make_room(k[0], v[0])
        at = self.length - self._from
        self._k[:, at : at + S], self._v[:, at : at + S] = k[0], v[0]
        begun, self.length = self.length, self.length + S
        if begun < self.reach.sink_tokens:
            k, v = self._cut(0, min(self.length, self.reach.sink_tokens))
            self._sinks = [(k.clone(), v.clone())]
        every = self.reach.anchor_tokens
        for p in range((begun // every + 1) * every, self.length + 1, every) if every else ():
            k, v = self._cut(self.reach.first(p), p)
            self._anchors[p] = (k.clone(), v.clone())

    def _make_room(self, k: Tensor, v: Tensor) -> None:
        """Drop what no query will look at any more, when there is no room for k [K, S, D]."""
        S, used = k.shape[1], self.length - self._from
        if self._k.dim() == 3 and used + S <= self._k.shape[1]:
            return
        first = self.reach.first(self.length)
        room = self.length - first + S + self.reach.tile_tokens
        for name, x in (("_k", k), ("_v", v)):
            old: Tensor = getattr(self, name)
            new = old if old.dim() == 3 and old.shape[1] >= room else x.new_empty(
                x.shape[0], room, x.shape[2]
            )  # fmt: skip
            if used:
                kept = old[:, first - self._from : used]
                new[:, : kept.shape[1]] = kept.clone()
            setattr(self, name, new)
        self._from = first

    def _cut(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        a, b = start - self._from, end - self._from
        assert 0 <= a <= b <= self.length - self._from, (start, end, self._from, self.length)
        return self._k[:, a:b], self._v[:, a:b]

    def span(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Tokens [start, end), of the sinks or the window: k [K, T, D], v [K, T, Dv]; views."""
        if end <= self.reach.sink_tokens and start < self._from:
            (k, v), = self._sinks  # fmt: skip
            return k[:, start:end], v[:, start:end]
        return self._cut(start, end)

    def blocks(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """A local layer has no blocks to choose from."""
        raise AssertionError("a local layer keeps no history")

    def means(self, first: int, end: int) -> Tensor:
        """A local layer has no blocks to choose from."""
        raise AssertionError("a local layer keeps no history")

    mean_values = means

    def seal(self) -> Tail:
        """The layer as it is kept."""
        first = self.reach.first(self.length)
        k, v = self._cut(first, self.length)
        (sinks,) = self._sinks or [(k[:, :0].clone(), v[:, :0].clone())]
        return Tail(
            self.reach, self.length, first, sinks, (k.clone(), v.clone()), dict(self._anchors)
        )

    def go_on(self, tail: Tail, token: int) -> None:
        """Stand where ``tail``'s reading stood at ``token``, with its anchors up to there."""
        assert not self.length and tail.reach == self.reach
        self._from, k, v = tail.window_at(token)
        self._k, self._v, self.length = k.clone(), v.clone(), token
        self._sinks = [(tail.sinks[0].clone(), tail.sinks[1].clone())]
        self._anchors = {
            p: (k.clone(), v.clone()) for p, (k, v) in tail.anchors.items() if p <= token
        }

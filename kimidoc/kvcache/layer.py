"""One layer's history, as attention sees it.

``Reading`` grows while the window is read and satisfies ``attention.block_sparse.History``;
``Kept`` is the same layer sealed, from memory or from a session's files. ``Recent`` is what a
model's own sliding layers keep: the last tokens only.
"""

from __future__ import annotations

import mmap

import torch
from torch import Tensor

from kimidoc.kvcache.storage import HotBlocks, SealedBlocks, unload


class Reading:
    """A layer while it is read, in the model's dtype."""

    shared_choice = False

    def __init__(self, tokens: int, block_tokens: int) -> None:
        self.hot = HotBlocks(tokens, block_tokens)
        self._means = torch.empty(0)  # [K, N, D] fp32
        self._value_means = torch.empty(0)  # [K, N, Dv] fp32; MLA keeps the rotary key there
        self._done = 0  # blocks whose means are final

    @property
    def length(self) -> int:
        return self.hot.length

    def append(self, k: Tensor, v: Tensor) -> None:
        """k [1, K, S, D], v [1, K, S, Dv]: the next S tokens, un-rotated."""
        self.hot.append(k[0], v[0])
        L, blocks = self.hot.block_tokens, self.hot.capacity // self.hot.block_tokens
        if self._means.shape != (k.shape[1], blocks, k.shape[3]):
            self._means = k.new_zeros(k.shape[1], blocks, k.shape[3], dtype=torch.float32)
            self._value_means = v.new_zeros(v.shape[1], blocks, v.shape[3], dtype=torch.float32)
        first, done = self._done, self.hot.length // L
        if done > first:
            for means, x in ((self._means, self.hot.k), (self._value_means, self.hot.v)):
                fresh = x[:, first * L : done * L].float()
                means[:, first:done] = fresh.reshape(x.shape[0], done - first, L, -1).mean(2)
            self._done = done

    def span(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Tokens [start, end): k [K, T, D], v [K, T, Dv]; views."""
        return self.hot.k[:, start:end], self.hot.v[:, start:end]

    def blocks(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Whole blocks, ``chosen`` [K, C] per head: k [K, C * L, D], v [K, C * L, Dv]."""
        K, L = chosen.shape[0], self.hot.block_tokens
        heads = torch.arange(K, device=chosen.device)[:, None]
        rows = (heads * (self.hot.capacity // L) + chosen).flatten()  # whole blocks: one run each
        k, v = (x.view(-1, L, x.shape[2]).index_select(0, rows) for x in (self.hot.k, self.hot.v))
        return k.view(K, -1, k.shape[2]), v.view(K, -1, v.shape[2])

    def means(self, first: int, end: int) -> Tensor:
        """Mean keys of whole blocks [first, end), fp32: [K, N, D]."""
        assert end <= self._done
        return self._means[:, first:end]

    def mean_values(self, first: int, end: int) -> Tensor:
        """Mean values of whole blocks [first, end), fp32: [K, N, Dv]."""
        assert end <= self._done
        return self._value_means[:, first:end]

    def seal(self, storage: str) -> Kept:
        """The layer as it is kept; the last, open block's mean is over its tokens alone."""
        L, length = self.hot.block_tokens, self.hot.length
        kept = []
        for means, x in ((self._means, self.hot.k), (self._value_means, self.hot.v)):
            mean = means[:, : -(-length // L)].clone()
            if length % L:
                mean[:, -1] = x[:, length - length % L : length].float().mean(1)
            kept.append(mean)
        return Kept(SealedBlocks.of(self.hot, storage), kept[0], kept[1])

    def clear(self) -> None:
        """Ready for the next layer, with the same memory."""
        self.hot.clear()
        self._done = 0


class Kept:
    """A layer that has been read to its end, read-only and shared by every question."""

    shared_choice = False

    def __init__(
        self,
        sealed: SealedBlocks,
        means: Tensor,
        value_means: Tensor,
        maps: tuple[mmap.mmap, ...] = (),
    ) -> None:
        self.sealed = sealed
        self._maps = maps  # what the arrays lie in, where they are a session's
        self.all_means = means  # [K, N, D] fp32
        self.all_value_means = value_means  # [K, N, Dv] fp32
        self.length = sealed.length
        self.heads = means.shape[0]

    def means(self, first: int, end: int) -> Tensor:
        """Mean keys of blocks [first, end), fp32: [K, N, D]; the last block may be open."""
        return self.all_means[:, first:end]

    def mean_values(self, first: int, end: int) -> Tensor:
        """Mean values of blocks [first, end), fp32: [K, N, Dv]."""
        return self.all_value_means[:, first:end]

    def span(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Tokens [start, end), whole blocks: k [K, T, D], v [K, T, Dv]; copies."""
        L = self.sealed.block_tokens
        assert start % L == 0 and end % L == 0 and end <= self.length
        N = torch.arange(start // L, end // L)
        return self.blocks(N.expand(self.heads, -1))

    def blocks(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Whole blocks, ``chosen`` [K, C] per head: k [K, C * L, D], v [K, C * L, Dv]."""
        head = torch.arange(self.heads, device=chosen.device)[:, None].expand_as(chosen)
        k, v = self.sealed.read(chosen, head)
        return k.flatten(1, 2), v.flatten(1, 2)

    def unload(self) -> None:
        """Let go of mapped pages: a question looks at a layer once, then has what it chose."""
        unload(self._maps)


class Recent:
    """The last ``window`` tokens of a sliding layer. Values may be longer-lived than the chunk."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.k: Tensor | None = None  # [1, K, T, D]
        self.v: Tensor | None = None

    def append(self, k: Tensor, v: Tensor) -> None:
        """k [1, K, S, D], v [1, K, S, Dv]: the next S tokens; what is out of reach is let go."""
        if self.k is None or self.v is None:
            self.k, self.v = k, v
            return
        keep = self.window - 1
        self.k = torch.cat([self.k[:, :, max(0, self.k.shape[2] - keep) :], k], 2)
        self.v = torch.cat([self.v[:, :, max(0, self.v.shape[2] - keep) :], v], 2)

    def last(self) -> tuple[Tensor, Tensor]:
        """What the next token can still see of the past: at most window - 1 tokens, copied."""
        assert self.k is not None and self.v is not None
        keep = max(0, self.k.shape[2] - (self.window - 1))
        return self.k[:, :, keep:].clone(), self.v[:, :, keep:].clone()

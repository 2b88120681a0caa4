"""A history made of plain tensors, and seeded noise."""

from __future__ import annotations

import torch
from torch import Tensor

from kimidoc.attention.positions import Rotary


class Plain:
    """``block_sparse.History`` over k [K, T, D] and v [K, T, Dv] that somebody else made."""

    def __init__(self, k: Tensor, v: Tensor, block_tokens: int, *, shared: bool = False) -> None:
        self.k, self.v, self.L = k, v, block_tokens
        self.length, self.shared_choice = k.shape[1], shared

    def span(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        return self.k[:, start:end], self.v[:, start:end]

    def blocks(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        def pick(x: Tensor) -> Tensor:
            short = -x.shape[1] % self.L
            padded = torch.cat([x, x.new_zeros(x.shape[0], short, x.shape[2])], 1)
            rows = [
                torch.cat([padded[h, n * self.L : (n + 1) * self.L] for n in row.tolist()])
                for h, row in enumerate(chosen)
            ]
            return torch.stack(rows)

        return pick(self.k), pick(self.v)

    def means(self, first: int, end: int) -> Tensor:
        L = self.L
        return torch.stack(
            [self.k[:, n * L : (n + 1) * L].float().mean(1) for n in range(first, end)], 1
        )


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal fp32."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def inv_freq(width: int, base: float = 100.0) -> Tensor:
    """RoPE frequencies of ``width`` dims; a small base, so that places matter in short texts."""
    return base ** -(torch.arange(0, width, 2).double() / width)


def rotary(width: int, *, first: int = 0) -> Rotary:
    """Rotates ``width`` dims from ``first`` on."""
    return Rotary(inv_freq(width), first=first)

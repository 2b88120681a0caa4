"""A window in one pass is the window tile by tile."""

from __future__ import annotations

import pytest
import torch

from kimidoc.attention import whole
from kimidoc.attention.block_sparse import ReadBudget, read
from kimidoc.attention.positions import Rotary


class _Kept:
    """A history as plain tensors."""

    shared_choice = False

    def __init__(self, k: torch.Tensor, v: torch.Tensor, block: int) -> None:
        self.k, self.v, self.block, self.length = k, v, block, k.shape[1]

    def span(self, start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.k[:, start:end], self.v[:, start:end]

    def blocks(self, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        at = (chosen[..., None] * self.block + torch.arange(self.block)).flatten(1)
        head = torch.arange(len(self.k))[:, None]
        return self.k[head, at], self.v[head, at]

    def means(self, first: int, end: int) -> torch.Tensor:
        run = self.k[:, first * self.block : end * self.block]
        return run.view(len(self.k), -1, self.block, run.shape[-1]).float().mean(2)


@pytest.mark.parametrize("tokens", [5, 16, 17, 130, 256])
@pytest.mark.parametrize("top_k", [0, 1, 3])
def test_it_is_the_reading_tile_by_tile(tokens: int, top_k: int) -> None:
    torch.manual_seed(tokens)
    budget = ReadBudget(16, sink_blocks=1, window_blocks=2, top_k=top_k, group_tokens=16)
    query = torch.randn(1, 6, tokens, 8)
    key, value = torch.randn(2, 1, 2, tokens, 8)
    rotary = Rotary(1.0 / 100.0 ** (torch.arange(4) / 4))
    slow = read(query, _Kept(key[0], value[0], 16), budget, rotary, scaling=0.3)
    fast = whole.read(query, key, value, budget, rotary, scaling=0.3)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-4)

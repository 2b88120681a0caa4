"""Reading, tile by tile, against the naive twin that goes query by query."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kimidoc.attention import block_sparse, dense, reference, sliding
from kimidoc.attention.block_sparse import ReadBudget
from tests.attention.conftest import Plain, inv_freq, noise, rotary

L = 4
BUDGET = ReadBudget(block_tokens=L, sink_blocks=1, window_blocks=2, top_k=2, group_tokens=4)


def _case(T: int, S: int, K: int = 2, G: int = 2, D: int = 8, Dv: int = 6) -> Any:
    k, v = noise(K, T, D, seed=1), noise(K, T, Dv, seed=2)
    return noise(1, K * G, S, D, seed=3), k, v


@pytest.mark.parametrize(
    "budget",
    [
        BUDGET,
        ReadBudget(L, sink_blocks=1, window_blocks=2, top_k=0, group_tokens=4),
        ReadBudget(L, sink_blocks=0, window_blocks=1, top_k=1, group_tokens=8),
        ReadBudget(L, sink_blocks=2, window_blocks=3, top_k=3, group_tokens=12),
        ReadBudget(L, sink_blocks=1, window_blocks=100, top_k=2, group_tokens=4),
    ],
)
@pytest.mark.parametrize(("T", "S"), [(50, 50), (50, 18), (51, 7), (48, 1), (5, 5)])
def test_read_is_its_twin(budget: ReadBudget, T: int, S: int) -> None:
    query, k, v = _case(T, S)
    fast = block_sparse.read(query, Plain(k, v, L), budget, rotary(8), scaling=0.4)
    slow = reference.read(query, k, v, budget, inv_freq(8), scaling=0.4)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "how",
    [
        {"s_aux": torch.tensor([0.5, -1.0, 2.0, 0.0])},
        {"softcap": 1.5},
        {"s_aux": torch.tensor([3.0, 0.0, 0.0, 1.0]), "softcap": 2.0},
    ],
)
def test_read_with_sinks_and_softcap_is_its_twin(how: dict[str, Any]) -> None:
    query, k, v = _case(50, 18)
    fast = block_sparse.read(query, Plain(k, v, L), BUDGET, rotary(8), scaling=1.0, **how)
    slow = reference.read(query, k, v, BUDGET, inv_freq(8), scaling=1.0, **how)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("width", "first"), [(4, 0), (4, 4)])
def test_read_with_partial_rotary_is_its_twin(width: int, first: int) -> None:
    query, k, v = _case(50, 18)
    turn = rotary(width, first=first)
    fast = block_sparse.read(query, Plain(k, v, L), BUDGET, turn, scaling=0.4)
    slow = reference.read(query, k, v, BUDGET, inv_freq(width), scaling=0.4, first=first)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)


def test_read_without_rotary_is_its_twin() -> None:
    query, k, v = _case(50, 18)
    fast = block_sparse.read(query, Plain(k, v, L), BUDGET, None, scaling=0.4)
    slow = reference.read(query, k, v, BUDGET, None, scaling=0.4)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)


def test_one_latent_for_all_heads_means_one_choice() -> None:
    query, k, v = _case(50, 4)
    asked: list[torch.Tensor] = []

    class Watched(Plain):
        def blocks(self, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            asked.append(chosen)
            return super().blocks(chosen)

    block_sparse.read(query, Watched(k, v, L, shared=True), BUDGET, rotary(8), scaling=0.4)
    block_sparse.read(query, Watched(k, v, L), BUDGET, rotary(8), scaling=0.4)
    together, apart = asked[0], asked[-1]
    assert torch.equal(together[0], together[1])
    assert not torch.equal(apart[0], apart[1])


def test_the_gate_finds_a_planted_key() -> None:
    query, k, v = _case(200, 4)
    k = k * 0.1
    target = query[0, :2].mean((0, 1))  # what head 0 looks for, in block 17
    k[0, 17 * L : 18 * L] = target * 4
    far = noise(8)
    k[1, 17 * L : 18 * L] = far
    promise = block_sparse.affinity(
        torch.stack([target, far]), Plain(k, v, L).means(1, 40), shared=False
    )
    assert block_sparse.gate(promise, 3)[0].tolist().count(16) == 1


def test_scores_with_a_planted_sink_lose_its_share() -> None:
    a = torch.zeros(1, 1, 1, 1, 3)
    p = dense.weights(a, torch.tensor([0.0]))
    torch.testing.assert_close(p, torch.full((1, 1, 1, 1, 3), 0.25))


@pytest.mark.parametrize("window", [1, 3, 8, 130, 1000])
@pytest.mark.parametrize("s_aux", [None, torch.tensor([0.5, -1.0, 2.0, 0.0])])
def test_sliding_is_its_twin(window: int, s_aux: torch.Tensor | None) -> None:
    query, k, v = noise(1, 4, 9, 8), noise(1, 2, 20, 8, seed=1), noise(1, 2, 20, 6, seed=2)
    fast = sliding.read(query, k, v, window, rotary(8), scaling=0.4, s_aux=s_aux)
    slow = reference.sliding(query, k, v, window, inv_freq(8), scaling=0.4, s_aux=s_aux)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)


def test_sliding_over_several_tiles_is_its_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sliding, "TILE_TOKENS", 4)
    query, k, v = noise(1, 4, 15, 8), noise(1, 2, 22, 8, seed=1), noise(1, 2, 22, 6, seed=2)
    fast = sliding.read(query, k, v, 6, rotary(8), scaling=0.4)
    slow = reference.sliding(query, k, v, 6, inv_freq(8), scaling=0.4)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)

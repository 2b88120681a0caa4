"""Routed experts against a loop over tokens, and their int8 form against what it came from."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from kimidoc.experts.routed import ExpertShape, RoutedExperts, Upcycled
from kimidoc.experts.stored import packed, unpacked

SHAPE = ExpertShape(hidden=16, experts=4, chosen=2, inner=8, capacity=0)


def experts(shape: ExpertShape = SHAPE, seed: int = 0) -> RoutedExperts:
    torch.manual_seed(seed)
    made = RoutedExperts(shape).eval().requires_grad_(False)
    with torch.no_grad():
        for down in made.down:
            down.normal_(0, 0.3)
        made.bias.normal_(0, 0.1)
    return made


def one_token(routed: RoutedExperts, x: Tensor) -> tuple[Tensor, list[int]]:
    """The formula of the docstring for one token, and who was chosen."""
    scores = [float(torch.sigmoid(row @ x)) for row in routed.router]
    order = sorted(range(len(scores)), key=lambda e: -(scores[e] + float(routed.bias[e])))
    chosen = order[: routed.shape.chosen]
    total = sum(scores[e] for e in chosen)
    out = torch.zeros_like(x)
    for e in chosen:
        inner = F.silu(routed.gate[e] @ x) * (routed.up[e] @ x)
        out += scores[e] / total * (routed.down[e] @ inner)
    return out, chosen


@pytest.mark.parametrize("tokens", [1, 7, 60])
def test_every_token_gets_what_the_formula_says(tokens: int) -> None:
    routed = experts()
    x = torch.randn(tokens, 16)
    out = routed(x)
    for row, said in zip(x, out, strict=True):
        assert torch.allclose(said, one_token(routed, row)[0], atol=1e-5)


def test_the_bias_decides_who_is_chosen_and_not_what_is_given() -> None:
    routed, x = experts(), torch.randn(5, 16)
    before = routed(x)
    routed.bias += 3.0  # of all alike: nobody else is chosen
    assert torch.equal(routed(x), before)
    routed.bias[:] = torch.tensor([9.0, 9.0, 0.0, 0.0])
    _, chosen, gates = routed.choose(x)
    assert set(chosen.flatten().tolist()) == {0, 1}
    scores = torch.sigmoid(x @ routed.router.T)[:, :2]
    assert torch.allclose(gates.sort().values, (scores / scores.sum(1, True)).sort().values)


def test_over_capacity_the_highest_scores_stay() -> None:
    x = torch.randn(400, 16)
    free = experts()
    capped = experts(ExpertShape(hidden=16, experts=4, chosen=2, inner=8, capacity=0.5))
    most = 100  # 400 tokens * 2 chosen / 4 experts * 0.5
    scores, chosen, gates = free.choose(x)
    expected = torch.zeros_like(x)
    for e in range(4):
        rows = [n for n in range(400) if e in chosen[n].tolist()]
        rows = sorted(rows, key=lambda n, e=e: -float(scores[n, e]))[:most]
        for n in rows:
            gate = gates[n, chosen[n].tolist().index(e)]
            expected[n] += gate * free.expert(e, x[n : n + 1])[0]
    assert torch.allclose(capped(x), expected, atol=1e-5)
    assert torch.equal(capped(x[:200]), free(x[:200]))  # few tokens: nobody is turned away


def test_load_counts_who_was_chosen() -> None:
    routed, x = experts(), torch.randn(50, 16)
    routed(x)
    _, chosen, _ = experts().choose(x)
    assert routed.load.tolist() == [float((chosen == e).sum()) for e in range(4)]


def test_an_upcycled_network_begins_as_it_was() -> None:
    shared = nn.Sequential(nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, 16))
    x = torch.randn(2, 9, 16)
    assert torch.equal(Upcycled(shared, RoutedExperts(SHAPE))(x), shared(x))
    near = Upcycled(shared, experts())(x)
    assert near.shape == x.shape and not torch.allclose(near, shared(x))


@given(rows=st.integers(1, 90), columns=st.integers(1, 90), size=st.floats(1e-3, 50))
def test_codes_are_at_most_half_a_step_off(rows: int, columns: int, size: float) -> None:
    value = torch.randn(rows, columns) * size
    kept = packed({"w": value, "b": value[0]})
    back = unpacked(kept)
    assert set(back) == {"w", "b"}
    step = value.abs().amax(1, keepdim=True) / 127
    assert ((back["w"] - value).abs() <= step * 0.51 + value.abs() * 1e-3 + 1e-6).all()
    if rows * columns >= 4096:
        assert kept["w.codes"].dtype == torch.int8

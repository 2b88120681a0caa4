"""Rotation at virtual places against the formula, and its invariants."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.attention import reference
from kimidoc.attention.positions import Rotary
from tests.attention.conftest import inv_freq, noise, rotary


@pytest.mark.parametrize(("width", "first"), [(8, 0), (4, 0), (4, 4), (4, 2)])
def test_rotate_is_the_formula(width: int, first: int) -> None:
    x = noise(2, 5, 8)
    turned = rotary(width, first=first).rotate(x, 11)
    for h in range(2):
        for s in range(5):
            expected = reference.rotate(x[h, s], 11 + s, inv_freq(width), first)
            torch.testing.assert_close(turned[h, s], expected, atol=1e-6, rtol=0)


def test_dims_outside_pass_through_bit_for_bit() -> None:
    x = noise(1, 6, 8)
    turned = rotary(4, first=2).rotate(x, 1)
    assert torch.equal(turned[..., :2], x[..., :2])
    assert torch.equal(turned[..., 6:], x[..., 6:])
    assert not torch.equal(turned[..., 2:6], x[..., 2:6])


@given(a=st.integers(0, 3000), b=st.integers(0, 3000))
def test_turning_twice_is_turning_once(a: int, b: int) -> None:
    x, turn = noise(1, 1, 8), rotary(8)
    torch.testing.assert_close(turn.rotate(turn.rotate(x, a), b), turn.rotate(x, a + b))


@given(shift=st.integers(0, 5000), distance=st.integers(0, 500))
def test_only_distance_matters_to_a_score(shift: int, distance: int) -> None:
    q, k, turn = noise(1, 1, 8, seed=1), noise(1, 1, 8, seed=2), rotary(8)
    here = (turn.rotate(q, distance) * turn.rotate(k, 0)).sum()
    there = (turn.rotate(q, distance + shift) * turn.rotate(k, shift)).sum()
    torch.testing.assert_close(here, there, atol=2e-5, rtol=0)


def test_rotate_at_takes_any_places() -> None:
    x, turn = noise(2, 3, 4, 8), rotary(8)
    places = torch.tensor([[0, 1, 2, 3], [7, 7, 0, 9000]])
    turned = turn.rotate_at(x, places)
    for b in range(2):
        for s in range(4):
            alone = turn.rotate(x[b, :, s : s + 1], int(places[b, s]))
            assert torch.equal(turned[b, :, s : s + 1], alone)


def test_the_table_grows_and_follows_the_dtype() -> None:
    x, turn = noise(1, 2, 8), rotary(8)
    early = turn.rotate(x, 5)
    turn.rotate(x, 50_000)
    assert torch.equal(turn.rotate(x, 5), early)
    assert turn.rotate(x.bfloat16(), 5).dtype == torch.bfloat16
    assert torch.equal(turn.rotate(x, 5), early)


def test_angles_keep_their_phase_at_a_million() -> None:
    turn = Rotary(inv_freq(8, base=10_000.0))
    x = noise(1, 1, 8)
    torch.testing.assert_close(
        turn.rotate(x, 1_000_000)[0, 0],
        reference.rotate(x[0, 0], 1_000_000, inv_freq(8, base=10_000.0)),
        atol=1e-6,
        rtol=0,
    )

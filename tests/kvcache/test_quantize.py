"""int8: every value comes back within its step, whatever it was."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kimidoc.kvcache import quantize

VALUES = st.floats(-1e4, 1e4, width=32) | st.floats(
    -(2.0**-20), 2.0**-20, width=32, allow_subnormal=False
)
BLOCKS = st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=4, max_size=4).map(
    lambda rows: torch.tensor(rows, dtype=torch.float32)
)


@pytest.mark.parametrize("dim", [-1, -2])
@given(x=BLOCKS)
def test_the_error_is_below_one_step(x: Tensor, dim: int) -> None:
    codes, scale = quantize.encode(x, dim)
    assert codes.dtype == torch.int8 and codes.shape == x.shape
    assert scale.shape == x.amax(dim, keepdim=True).shape
    back = quantize.decode(codes, scale, torch.float32)
    # half a step by rounding, and up to half a step where the bf16 scale came out too small
    bound = x.abs().amax(dim, keepdim=True) / 127 * 1.01 + 1e-37
    assert bool(((back - x).abs() <= bound).all())
    assert bool((back.sign() * x.sign() >= 0).all())


@pytest.mark.parametrize("dim", [-1, -2])
@given(x=BLOCKS)
def test_what_was_decoded_encodes_to_itself(x: Tensor, dim: int) -> None:
    """Reusing a session does not wear its keys down."""
    codes, scale = quantize.encode(x, dim)
    once = quantize.decode(codes, scale, torch.float32)
    twice = quantize.decode(*quantize.encode(once, dim), torch.float32)
    assert bool(((once - twice).abs() <= once.abs().amax(dim, keepdim=True) / 127 * 0.51).all())


def test_a_scale_is_never_subnormal() -> None:
    """Found by the property test: codes for one step, decoded with another."""
    smallest = torch.finfo(torch.float32).tiny
    x = torch.zeros(4, 3)
    x[3, 2] = smallest
    codes, scale = quantize.encode(x, -1)
    assert float(scale.min()) >= smallest
    assert torch.equal(quantize.decode(codes, scale, torch.float32), x)


def test_zeros_stay_zeros_and_quiet_channels_keep_their_detail() -> None:
    x = torch.zeros(4, 3)
    assert torch.equal(quantize.decode(*quantize.encode(x, -2), torch.float32), x)
    x[:, 0], x[:, 1] = 1000.0, torch.tensor([0.01, -0.02, 0.03, 0.04])
    back = quantize.decode(*quantize.encode(x, -2), torch.float32)
    assert float((back - x)[:, 1].abs().max()) < 0.04 / 127


@given(
    st.lists(st.lists(VALUES, min_size=12, max_size=12), min_size=1, max_size=4).map(
        lambda rows: torch.tensor(rows, dtype=torch.float32)
    )
)
def test_int4_errs_by_less_than_a_step_of_what_was_turned(x: Tensor) -> None:
    codes, scale = quantize.encode4(x)
    assert codes.dtype == torch.uint8 and codes.shape == (*x.shape[:-1], 6)
    back = quantize.decode4(codes, scale, torch.float32)
    # turning keeps lengths: 12 values, each off by half a step and what rounding the scale adds
    step = x.norm(dim=-1, keepdim=True) / 7
    assert bool(((back - x).norm(dim=-1, keepdim=True) <= step * 12**0.5 * 0.51 + 1e-36).all())


def test_turning_spreads_an_outlier_that_plain_int4_would_drown_in() -> None:
    x = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    x[:, 3] *= 60
    back = quantize.decode4(*quantize.encode4(x), torch.float32)
    plain = (x / (x.abs().amax(-1, keepdim=True) / 7)).round() * (
        x.abs().amax(-1, keepdim=True) / 7
    )
    rest = [c for c in range(64) if c != 3]
    assert float((plain - x)[:, rest].norm()) > 0.8 * float(x[:, rest].norm())
    assert float((back - x)[:, rest].norm()) < 0.7 * float((plain - x)[:, rest].norm())


def test_a_hadamard_matrix_is_its_own_inverse() -> None:
    for size in (2, 12, 64, 80):
        h = quantize._hadamard(size)
        torch.testing.assert_close(h @ h, torch.eye(size), atol=1e-5, rtol=0)

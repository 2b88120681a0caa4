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

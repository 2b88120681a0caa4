"""Matrix products of bf16 and fp16 on processors that have none: made in fp32, rounded once.

A processor without AVX-512 multiplies bf16 matrices seven times slower than fp32 ones (two Zen 3
cores: 17 against 125 GFLOP/s), while widening its operands costs next to nothing. Weights, caches
and hidden states stay as narrow as they are; within ``in_fp32`` whatever is multiplied is widened,
in the model's own classes too, by torch's mode for functions. Elsewhere nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

LEAST_ROWS = 8  # fewer are bound by the weights' way from memory, which bf16 makes half as long
_NARROW = (torch.bfloat16, torch.float16)
_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


@cache
def native() -> bool:
    """Whether this processor's bf16 products are fast, as oneDNN says; True where it is not asked.

    Apple's are made by Accelerate, which has fp32 only, and oneDNN says no there as well.
    """
    probe = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return probe is None or bool(probe())


def dtype_of(x: Tensor) -> torch.dtype:
    """What to multiply ``x`` in: its own dtype, or fp32."""
    wide = x.device.type == "cpu" and x.dtype in _NARROW and not native()
    return torch.float32 if wide else x.dtype


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if _few(x) or dtype_of(x) is x.dtype:
        return F.linear(x, weight, bias)
    wide = F.linear(x.float(), weight.float(), None if bias is None else bias.float())
    return wide.to(x.dtype)


def _matmul(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor:
    if a.dim() < 2 or b.dim() < 2 or _few(a) or dtype_of(a) is a.dtype:
        return torch.matmul(a, b, out=out)
    made = torch.matmul(a.float(), b.float())
    return made.to(a.dtype) if out is None else out.copy_(made)


def _few(x: Tensor) -> bool:
    return x.numel() < LEAST_ROWS * x.shape[-1]


_WIDE: dict[Any, Any] = {
    F.linear: _linear,
    **dict.fromkeys(
        (
            torch.matmul,
            Tensor.matmul,
            Tensor.__matmul__,
            torch.bmm,
            Tensor.bmm,
            torch.mm,
            Tensor.mm,
        ),
        _matmul,
    ),
}


class InFp32(TorchFunctionMode):
    """Within it products of narrow matrices on the CPU are made in fp32."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Torch's protocol."""
        return _WIDE.get(func, func)(*args, **(kwargs or {}))


def in_fp32(compute: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Have what a function multiplies be widened where the processor asks for it."""

    @wraps(compute)
    def inner(*args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        if native():
            return compute(*args, **kwargs)
        with InFp32():
            return compute(*args, **kwargs)

    return inner

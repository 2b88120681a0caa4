"""Linear layers in int8 on a CPU: weights per output channel, inputs per token.

``apply`` puts ``Int8Linear`` in the place of a model's linear layers, as the quantisers of
transformers do; the model's own classes stay as they are. Codes are symmetric and rounded to the
nearest. The product is oneDNN's u8 x s8 kernel (AVX512-VNNI), twice as fast as its bf16 one here
and the weights take half the memory. Outlier channels are not evened out; what is lost is measured
by ``kimidoc bench audit``.

Not every processor with such a kernel is served by it. Without VNNI two neighbouring products are
added in 16 bits and what is more is cut off, and where bf16 has no products of its own, results in
bf16 are made a thousand times slower: there weights stay as they are (``supported``).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from kimidoc.attention.products import native

LEAST_INPUTS = 64  # narrower layers cost nothing worth saving
PARTS = frozenset(
    {"q_proj", "k_proj", "v_proj", "qkv_proj", "o_proj"}
    | {"gate_proj", "up_proj", "gate_up_proj", "down_proj"}
)  # never a router: its choices are not made twice


class Codes:
    """The input of linear layers, quantised: u8 codes around 128, one scale a token.

    The last input's codes are kept, so that layers that share an input one after another (query,
    key and value; gate and up) share its codes; and so is the fp32 memory for each width.
    """

    def __init__(self) -> None:
        self._of: Tensor | None = None
        self._version = -1
        self._codes = self._scale = torch.empty(0)
        self._scratch: dict[int, tuple[Tensor, Tensor]] = {}

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [..., K] -> codes [M, K], scale [M, 1] fp32"""
        if self._of is not x or self._version != x._version:
            flat = x.reshape(-1, x.shape[-1])
            wide, size = self._room(*flat.shape)
            torch.abs(wide.copy_(flat), out=size)
            self._scale = size.amax(-1, keepdim=True).div_(127).clamp_min_(1e-20)
            # by way of int8: torch turns fp32 into it ten times as fast as into uint8
            signed = wide.mul_(1 / self._scale).round_().to(torch.int8)
            self._codes = signed.view(torch.uint8).add_(128)
            self._of, self._version = x, x._version
        return self._codes, self._scale

    def _room(self, rows: int, width: int) -> tuple[Tensor, Tensor]:
        """Two fp32 tensors [rows, width], whatever they hold."""
        pair = self._scratch.get(width)
        if pair is None or pair[0].shape[0] < rows:
            pair = self._scratch[width] = (torch.empty(rows, width), torch.empty(rows, width))
        return pair[0][:rows], pair[1][:rows]


class Int8Linear(nn.Module):
    """``nn.Linear`` with int8 weights; the same shapes, the model's dtype in and out."""

    def __init__(self, linear: nn.Linear, codes: Codes) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        self.out_features, self.in_features = weight.shape
        scale = (weight.abs().amax(1) / 127).clamp_min(1e-20)
        rounded = (weight / scale[:, None]).round_().to(torch.int8)
        self._codes = codes
        self._bias = None if linear.bias is None else linear.bias.detach()
        self._scale = scale
        self._zero = torch.zeros(self.out_features, dtype=torch.int64)
        self._packed: Any = torch.ops.onednn.qlinear_prepack(rounded, None)

    def forward(self, x: Tensor) -> Tensor:
        """x [..., K] -> [..., N]"""
        codes, scale = self._codes(x)
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            codes, 1.0, 128, self._packed, self._scale, self._zero, None,
            1.0, 0, x.dtype, "none", [], "",
        )  # fmt: skip
        out.mul_(scale.to(x.dtype))
        if self._bias is not None:
            out.add_(self._bias)
        return out.view(*x.shape[:-1], self.out_features)


@cache
def supported() -> bool:
    """Whether this processor has the kernel, and it says what a plain product says: also of the
    largest codes there are."""
    if not native():
        return False
    linear = nn.Linear(64, 32, bias=False).to(torch.bfloat16).requires_grad_(False)
    x = torch.randn(4, 64, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    x[0] = linear.weight[0] = 1.0
    try:
        near = Int8Linear(linear, Codes())(x).float()
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    true = linear(x).float()
    return bool((near - true).norm() < 0.05 * true.norm() and near[0, 0] > 0.99 * true[0, 0])


def apply(model: Any, parts: Collection[str] = PARTS, until: int | None = None) -> int:
    """Replace the linear layers of the decoder's layers named in ``parts``; returns how many.

    ``until``: only in the layers before that one.
    """
    codes, done = Codes(), 0  # one for all: layers run one after another
    for layer in model.get_decoder().layers[:until]:
        for path, module in list(layer.named_modules()):
            if not isinstance(module, nn.Linear) or module.in_features < LEAST_INPUTS:
                continue
            parent, _, name = path.rpartition(".")
            if name in parts:
                setattr(layer.get_submodule(parent), name, Int8Linear(module, codes))
                done += 1
    return done

"""int8 linear layers against their slow twin, and what is put in whose place."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kimidoc.models import int8
from tests.engine.conftest import tiny, tokens

pytestmark = pytest.mark.skipif(not int8.supported(), reason="no int8 kernel on this processor")


def _twin(linear: nn.Linear, x: Tensor) -> Tensor:
    """Weights and inputs rounded one by one, the product in fp32."""
    weight, wide = linear.weight.float(), x.reshape(-1, x.shape[-1]).float()
    rows = []
    for w in weight:
        scale = w.abs().max() / 127
        rows.append((w / scale).round() * scale)
    out = []
    for token in wide:
        scale = token.abs().max() / 127
        out.append(torch.stack(rows) @ ((token / scale).round() * scale))
    result = torch.stack(out)
    if linear.bias is not None:
        result = result + linear.bias.float()
    return result.view(*x.shape[:-1], -1)


def _linear(inputs: int, outputs: int, *, bias: bool) -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(inputs, outputs, bias=bias).to(torch.bfloat16).requires_grad_(False)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 96), (2, 3, 96), (1, 200, 96), (5, 96)])
def test_the_kernel_says_what_its_twin_says(shape: tuple[int, ...], bias: bool) -> None:
    linear = _linear(96, 80, bias=bias)
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    x[..., 5] *= 30  # an outlier channel
    out, twin = int8.Int8Linear(linear, int8.Codes())(x), _twin(linear, x)
    assert out.shape == twin.shape and out.dtype == torch.bfloat16
    assert float((out.float() - twin).norm() / twin.norm()) < 0.005  # bf16 steps
    assert float((twin - linear(x).float()).norm() / twin.norm()) < 0.05  # what int8 costs


def test_an_input_changed_in_place_is_not_taken_for_the_old_one() -> None:
    linear = _linear(64, 64, bias=False)
    fast, x = int8.Int8Linear(linear, int8.Codes()), torch.ones(2, 64, dtype=torch.bfloat16)
    before = fast(x)
    x.mul_(-1)
    torch.testing.assert_close(fast(x), -before)
    torch.testing.assert_close(fast(x.clone().mul_(2)), -2 * before)
    assert torch.isfinite(fast(torch.zeros(1, 64, dtype=torch.bfloat16))).all()


@pytest.mark.parametrize("name", ["llama", "qwen2_moe", "deepseek_v3"])
def test_a_model_keeps_its_classes_and_its_routers(name: str) -> None:
    model: Any = tiny(name).to(torch.bfloat16)
    ids = tokens(40)[None]
    with torch.no_grad():
        before = model(ids, use_cache=False).logits.float()
        kinds = {path: type(module) for path, module in model.named_modules()}
        assert int8.apply(model) > 0
        after = model(ids, use_cache=False).logits.float()
    changed = {p for p, m in model.named_modules() if kinds.get(p) not in (None, type(m))}
    assert changed and all(p.rpartition(".")[2] in int8.PARTS for p in changed)
    # where a router chooses another expert, a token of a random model is another token
    assert 0 < float((after - before).norm() / before.norm()) < (0.1 if name == "llama" else 0.3)

"""Products of narrow matrices made in fp32, against the plain product of the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kimidoc.attention import products
from kimidoc.attention.dense import Tile
from kimidoc.attention.products import LEAST_ROWS, InFp32, dtype_of, in_fp32
from tests.engine.conftest import tiny, tokens

ROWS = 3 * LEAST_ROWS


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that has no products of bf16, whatever this one has."""
    monkeypatch.setattr(products, "native", lambda: False)


def narrow(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).bfloat16()


CASES: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    # what is computed, and the same of fp32 numbers
    "linear": lambda: (
        F.linear(narrow(ROWS, 40), narrow(7, 40), narrow(7)),
        F.linear(narrow(ROWS, 40).float(), narrow(7, 40).float(), narrow(7).float()),
    ),
    "matmul": lambda: (
        narrow(ROWS, 40) @ narrow(40, 7),
        narrow(ROWS, 40).float() @ narrow(40, 7).float(),
    ),
    "batched": lambda: (
        torch.matmul(narrow(2, 3, ROWS, 40), narrow(2, 3, 40, 7)),
        torch.matmul(narrow(2, 3, ROWS, 40).float(), narrow(2, 3, 40, 7).float()),
    ),
    "into": lambda: (
        torch.bmm(narrow(3, ROWS, 40), narrow(3, 40, 7), out=torch.empty(3, ROWS, 7).bfloat16()),
        torch.bmm(narrow(3, ROWS, 40).float(), narrow(3, 40, 7).float()),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_multiplied_within_is_rounded_once(name: str) -> None:
    with InFp32():
        made, true = CASES[name]()
    assert made.dtype is torch.bfloat16
    assert torch.equal(made, true.bfloat16())


def test_few_rows_and_wide_numbers_are_as_they_were() -> None:
    seen: list[torch.dtype] = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func in (F.linear, torch.matmul):
                seen.append(args[0].dtype)
            return func(*args, **(kwargs or {}))

    with Watch(), InFp32():
        F.linear(narrow(LEAST_ROWS - 1, 40), narrow(7, 40))
        F.linear(narrow(LEAST_ROWS, 40), narrow(7, 40))
        F.linear(narrow(ROWS, 40).double(), narrow(7, 40).double())
        torch.matmul(narrow(40), narrow(40, 7))
    assert seen == [torch.bfloat16, torch.float32, torch.float64, torch.bfloat16]


def test_a_tile_mixes_in_fp32_and_answers_in_what_was_asked() -> None:
    q, k, v = narrow(2, 3, 16, 8), narrow(2, 8, 48), narrow(2, 48, 8)
    out = Tile().attend(q, k, v, 16)
    assert out.dtype is torch.bfloat16 and dtype_of(q) is torch.float32
    true = Tile().attend(q.float(), k.float(), v.float(), 16)
    torch.testing.assert_close(out, true.bfloat16(), rtol=0, atol=0)


def test_a_model_within_is_as_near_to_fp32_as_without() -> None:
    model: Any = tiny("llama")
    ids = tokens(60)[None]
    with torch.no_grad():
        true = model(ids, use_cache=False).logits
        model = model.to(torch.bfloat16)
        plain = model(ids, use_cache=False).logits.float()
        wide = in_fp32(lambda: model(ids, use_cache=False).logits)().float()
    assert 0 < float((wide - true).norm()) < 1.2 * float((plain - true).norm())


def test_where_the_processor_has_them_nothing_stands_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(products, "native", lambda: True)
    assert dtype_of(narrow(2, 2)) is torch.bfloat16
    modes = in_fp32(lambda: torch.overrides._get_current_function_mode_stack())()
    assert not any(isinstance(mode, InFp32) for mode in modes)

"""Families outside the tested list: used where they prove equal, refused where they do not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as t

from kimidoc.engine import unknown_family
from kimidoc.errors import EngineError
from tests.engine.conftest import tiny

BASE: dict[str, Any] = {
    "vocab_size": 512, "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 96, "max_position_embeddings": 512,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


def model(kind: Any, **more: Any) -> Any:
    torch.manual_seed(0)
    return t.AutoModelForCausalLM.from_config(kind(**{**BASE, **more})).float().eval()


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (t.StableLmConfig, {}),
        (t.Starcoder2Config, {}),
        (t.GemmaConfig, {"head_dim": 16}),
        (t.Gemma2Config, {"head_dim": 16}),
        (t.NemotronConfig, {}),
    ],
)
def test_families_that_prove_equal(kind: Any, more: dict[str, Any]) -> None:
    of = model(kind, **more)
    assert unknown_family.needs_proof(of)
    unknown_family.prove(of)


@pytest.mark.parametrize(
    ("kind", "more", "why"),
    [
        (t.CohereConfig, {}, "logits differ"),  # pairs of neighbours turn, not halves
        (t.GPT2Config, {"n_positions": 512}, "does not run"),  # learned positions
        (t.Gemma3TextConfig, {"head_dim": 16}, "does not run"),  # two rotations
    ],
)
def test_families_that_do_not(kind: Any, more: dict[str, Any], why: str) -> None:
    with pytest.raises(EngineError, match=why) as e:
        unknown_family.prove(model(kind, **more))
    assert "llama" in e.value.hint


def test_tested_families_need_no_proof() -> None:
    assert not unknown_family.needs_proof(tiny("qwen3_moe"))


def test_a_model_that_computes_something_else_is_refused() -> None:
    of = model(t.StableLmConfig)
    rotary = of.get_decoder().rotary_emb

    def disturb(*_: Any) -> None:
        rotary.inv_freq = rotary.inv_freq * 1.5

    of.register_forward_hook(disturb)  # after stock has run, before ours is made
    with pytest.raises(EngineError, match="logits differ"):
        unknown_family.prove(of)


def test_difference_is_none_for_the_same_and_nan_is_not_equal() -> None:
    x = torch.randn(5, 9)
    assert unknown_family.difference(x, x + 3) < 1e-6  # a shift of all logits changes nothing
    assert not unknown_family.difference(x * float("nan"), x) <= 1

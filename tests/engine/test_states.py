"""What is read off a configuration, and what is refused with a next step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers as t

from kimidoc.engine.states import Expanded, profile
from kimidoc.errors import EngineError
from kimidoc.kvcache.layer import Reading
from tests.engine.conftest import tiny


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("llama", (None,) * 4),
        ("mistral, window 16", (16,) * 4),
        ("mistral, no window", (None,) * 4),
        ("qwen2", (None,) * 4),
        ("qwen2, sliding", (None, None, 24, 24)),
        ("qwen2_moe", (None,) * 4),
        ("gpt_oss", (16, None, 16, None)),
        ("phi3, sliding", (30,) * 4),
    ],
)
def test_windows(name: str, windows: tuple[int | None, ...]) -> None:
    shape = profile(tiny(name))
    assert shape.windows == windows
    assert shape.all_full == (windows == (None,) * 4)


def test_layers_without_rotary() -> None:
    shape = profile(tiny("smollm3"))
    assert shape.unrotated == {1, 3}
    assert shape.at(0).rotary is shape.rotary is not None
    assert shape.at(1).rotary is None


def test_how_much_of_a_head_turns() -> None:
    half, mla = profile(tiny("phi3, partial")), profile(tiny("deepseek_v3"))
    assert half.rotary is not None and (half.rotary.first, half.rotary.width) == (0, 8)
    assert mla.rotary is not None and (mla.rotary.first, mla.rotary.width) == (16, 16)
    assert mla.mla and not half.mla


@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
def test_rotations_that_depend_on_length_are_refused(kind: str) -> None:
    rope: dict[str, Any] = {"rope_type": kind, "rope_theta": 10000.0, "factor": 4.0}
    if kind == "longrope":
        rope |= {"short_factor": [1.0] * 8, "long_factor": [2.0] * 8,
                 "original_max_position_embeddings": 64}  # fmt: skip
    with pytest.raises(EngineError, match=kind) as e:
        profile(tiny("llama", rope_parameters=rope))
    assert "llama3" in e.value.hint


def test_other_kinds_of_layers_are_refused() -> None:
    config = t.LlamaConfig(num_hidden_layers=2)
    config.layer_types = ["full_attention", "chunked_attention"]
    with pytest.raises(EngineError, match="chunked_attention"):
        profile(SimpleNamespace(config=config, get_decoder=lambda: tiny("llama").model))


def test_a_mean_latent_expands_to_the_mean_key() -> None:
    module = tiny("deepseek_v3").model.layers[1].self_attn
    layer = Reading(12, 4)
    generator = torch.Generator().manual_seed(0)
    layer.append(
        torch.randn(1, 1, 12, 32, generator=generator),
        torch.randn(1, 1, 12, 16, generator=generator),
    )
    past = Expanded(layer, module)
    with torch.no_grad():
        k, _ = past.span(0, 12)
        torch.testing.assert_close(past.means(0, 3), k.unflatten(1, (3, 4)).mean(2))
        empty = past.span(4, 4)
    assert empty[0].shape == (4, 0, 32) and empty[1].shape == (4, 0, 24)

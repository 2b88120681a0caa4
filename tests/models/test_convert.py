"""GGUF -> Hugging Face folder, against transformers' own reading of the same file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from kimidoc.errors import ModelError
from kimidoc.models.convert import STAGE, convert
from tests.models.conftest import WORDS, byte_level, write_gguf


def test_weights_are_those_transformers_reads(tiny_gguf: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int, str]] = []
    convert(tiny_gguf, tmp_path, lambda *step: steps.append(step))
    twin = AutoModelForCausalLM.from_pretrained(
        tiny_gguf.parent, gguf_file=tiny_gguf.name, dtype=torch.bfloat16
    )
    ours = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.bfloat16)
    theirs = twin.state_dict()
    assert theirs.keys() == ours.state_dict().keys()
    for name, weight in ours.state_dict().items():
        assert torch.equal(weight, theirs[name]), name
    stored = load_file(tmp_path / "model.safetensors")
    assert "lm_head.weight" not in stored  # tied
    assert {w.dtype for w in stored.values()} == {torch.bfloat16}
    for key in ("hidden_size", "num_key_value_heads", "rms_norm_eps", "max_position_embeddings"):
        assert getattr(ours.config, key) == pytest.approx(getattr(twin.config, key)), key
    assert ours.config.rope_parameters == twin.config.rope_parameters
    ids = torch.tensor([[1, 20, 30, 40, 50]])
    with torch.no_grad():
        assert torch.equal(ours(ids).logits, twin(ids).logits)
    assert steps[0] == (STAGE, 0, 0, "tensors") and steps[-1] == (STAGE, 20, 20, "tensors")


def test_tokenizer_splits_as_the_file_says(tiny_gguf: Path, tmp_path: Path) -> None:
    convert(tiny_gguf, tmp_path)
    ours = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    original = byte_level()
    for text in (*WORDS, "  31,500 items, 2024", "a<|im_end|>b"):
        assert ours.encode(text).tokens == original.encode(text).tokens
    assert ours.pre_tokenizer is not None
    split = ours.pre_tokenizer.pre_tokenize_str("a  31")
    assert [part for part, _ in split] == ["a", "ĠĠ", "3", "1"]
    assert ours.decode(ours.encode(WORDS[1]).ids) == WORDS[1]
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert settings["eos_token"] == "<|im_end|>" and settings["bos_token"] == "<|im_start|>"


def test_other_splitting_is_kept_apart(tmp_path: Path) -> None:
    write_gguf(tmp_path / "other.gguf", pre="gpt-2")
    (tmp_path / "out").mkdir()
    convert(tmp_path / "other.gguf", tmp_path / "out")
    ours = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    assert "Digits" not in ours.to_str()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"family": "qwen2"}, "family 'qwen2'"),
        ({"bias": True}, "attn_q.bias"),
        ({"pre": "llama-bpe"}, "'llama-bpe'"),
        ({"tokens": "llama"}, "tokenizer 'llama'"),
    ],
)
def test_what_it_does_not_know_is_refused(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    write_gguf(tmp_path / "odd.gguf", **changes)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=says) as caught:
        convert(tmp_path / "odd.gguf", tmp_path)
    assert "safetensors" in caught.value.hint
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all, but long enough to look"])
def test_what_is_no_gguf(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.gguf is not a GGUF file"):
        convert(tmp_path / "x.gguf", tmp_path)

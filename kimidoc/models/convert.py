"""A llama-family GGUF file -> a folder that transformers loads, in bf16, tensor by tensor.

Written by hand rather than through transformers' own GGUF loading because that one loses what the
file says about the tokenizer: SmolLM2 splits every digit (``tokenizer.ggml.pre`` is ``smollm``),
and a model fed numbers split otherwise misreads them. The weights are the same bit for bit; the
tests hold this against transformers. Peak memory is the bf16 model plus one tensor in fp32.

GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Names and the permutation of query
and key rows as in llama.cpp's ``convert_hf_to_gguf.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from kimidoc.errors import ModelError
from kimidoc.models import Progress, silent

STAGE = "converting the model"
_ELSE = "Convert it to a Hugging Face folder with safetensors, and give that folder."

_TENSORS = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_BLOCK_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL_TOKEN = 3  # gguf.TokenType.CONTROL, as in ``tokenizer.ggml.token_type``


def convert(file: Path, folder: Path, progress: Progress = silent) -> None:
    """Write ``file`` as config, tokenizer, chat template and safetensors into ``folder``.

    Raises ModelError where the file is not GGUF, or of a family or a tokenizer not known here.
    """
    progress(STAGE, 0, 0, "tensors")
    try:
        reader = gguf.GGUFReader(file)
    except (ValueError, IndexError, OSError) as reason:
        raise ModelError(
            f"{file.name} is not a GGUF file that can be read ({reason}).", hint=_ELSE
        ) from None
    facts = {name: field.contents() for name, field in reader.fields.items() if field.types}
    config = _config(facts, {tensor.name for tensor in reader.tensors})
    tokenizer = _tokenizer(facts)
    weights = _weights(reader, config, progress)
    _write_json(folder / "config.json", config)
    ids = {key: config[key] for key in config if key.endswith("_token_id")}
    _write_json(folder / "generation_config.json", ids)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = facts["tokenizer.ggml.tokens"]
    names = {key.removesuffix("_id"): tokens[at] for key, at in ids.items()}
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
        | names,
    )
    if template := facts.get("tokenizer.chat_template"):
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _write_json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _config(facts: Mapping[str, Any], tensors: set[str]) -> dict[str, Any]:
    """The ``config.json`` of transformers' LlamaConfig."""
    family = facts.get("general.architecture")
    odd = [k for k in facts if k.startswith("llama.rope.scaling.")] + [
        name for name in tensors if name.endswith(".bias") or "_exps" in name
    ]
    if family != "llama" or odd:
        what = f"of the family {family!r}" + (f" with {odd[0]}" if odd else "")
        raise ModelError(f"A GGUF file {what} cannot be converted.", hint=_ELSE)

    heads = facts["llama.attention.head_count"]
    hidden = facts["llama.embedding_length"]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": len(facts["tokenizer.ggml.tokens"]),
        "hidden_size": hidden,
        "intermediate_size": facts["llama.feed_forward_length"],
        "num_hidden_layers": facts["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": facts.get("llama.attention.head_count_kv", heads),
        "head_dim": facts.get("llama.attention.key_length", hidden // heads),
        "hidden_act": "silu",
        "max_position_embeddings": facts["llama.context_length"],
        "rope_theta": _short(facts.get("llama.rope.freq_base", 10000.0)),
        "rms_norm_eps": _short(facts["llama.attention.layer_norm_rms_epsilon"]),
        "tie_word_embeddings": "output.weight" not in tensors,
    }
    for ours, theirs in (("bos", "bos"), ("eos", "eos"), ("pad", "padding")):
        if (at := facts.get(f"tokenizer.ggml.{theirs}_token_id")) is not None:
            config[f"{ours}_token_id"] = at
    return config


def _short(value: float) -> float:
    """1e-05 from the fp32 that stands for it."""
    return float(str(np.float32(value)))


def _tokenizer(facts: Mapping[str, Any]) -> Tokenizer:
    kind, split = facts.get("tokenizer.ggml.model"), facts.get("tokenizer.ggml.pre", "gpt-2")
    if kind != "gpt2" or split not in ("smollm", "gpt-2"):
        raise ModelError(
            f"A GGUF file with the tokenizer {kind!r}, {split!r}, cannot be converted.", hint=_ELSE
        )
    tokens: list[str] = facts["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in facts["tokenizer.ggml.merges"]]
    vocabulary = {token: at for at, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])
        if split == "smollm"
        else words
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = facts["tokenizer.ggml.token_type"]
    special = [t for t, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    return tokenizer


def _weights(
    reader: gguf.GGUFReader, config: Mapping[str, Any], progress: Progress
) -> dict[str, torch.Tensor]:
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    weights = {}
    for done, tensor in enumerate(reader.tensors, start=1):
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if ".attn_q." in tensor.name:
            values = _unpermuted(values, heads)
        elif ".attn_k." in tensor.name:
            values = _unpermuted(values, groups)
        if (name := _name(tensor.name)) is not None:
            dense = np.array(values, dtype=np.float32)
            weights[name] = torch.from_numpy(dense).to(torch.bfloat16)
        progress(STAGE, done, len(reader.tensors), "tensors")
    return weights


def _unpermuted(rows: NDArray[Any], heads: int) -> NDArray[Any]:
    """[heads * dim, hidden]: rotary pairs from neighbours (GGUF) to halves (transformers)."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _name(name: str) -> str | None:
    """A tensor's name in transformers; None for what the config already says."""
    if name == "rope_freqs.weight":
        return None
    stem = name.removesuffix(".weight")
    if stem in _TENSORS:
        return f"{_TENSORS[stem]}.weight"
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)", stem)
    if match and match[2] in _BLOCK_TENSORS:
        return f"model.layers.{match[1]}.{_BLOCK_TENSORS[match[2]]}.weight"
    raise ModelError(f"A GGUF file with a tensor {name!r} cannot be converted.", hint=_ELSE)

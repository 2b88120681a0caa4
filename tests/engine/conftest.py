"""Tiny random models of every family that can be read, and small helpers around reading them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as t
from torch import Tensor

from kimidoc.attention.block_sparse import ReadBudget
from kimidoc.engine.read_plan import ReadPlan

VOCABULARY = 128
TOKENS = 150
UNEVEN = [(0, 37), (37, 38), (38, 90), (90, 101), (101, 150)]

_BASE: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 64, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
    "max_position_embeddings": 4096, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
_YARN = {
    "rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0,
    "original_max_position_embeddings": 64, "beta_fast": 32.0, "beta_slow": 1.0,
}  # fmt: skip
_LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}  # fmt: skip
_LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
_PARTIAL = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
_MOE = {"num_experts": 4, "num_experts_per_tok": 2}
_LOCAL_MOE = {"num_local_experts": 4, "num_experts_per_tok": 2}
_QWEN_MOE = {**_MOE, "moe_intermediate_size": 32}
_QWEN2_MOE = {**_QWEN_MOE, "shared_expert_intermediate_size": 32}
_GPT_OSS = {**_LOCAL_MOE, "head_dim": 32}
_GRANITE = {
    "attention_multiplier": 0.2, "embedding_multiplier": 3.0, "residual_multiplier": 0.5,
    "logits_scaling": 2.0,
}  # fmt: skip
_MLA = {
    "num_key_value_heads": 4, "kv_lora_rank": 32, "q_lora_rank": None, "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 16, "v_head_dim": 24, "moe_intermediate_size": 32,
    "num_experts_per_tok": 2, "n_routed_experts": 4, "n_group": 1, "topk_group": 1,
    "first_k_dense_replace": 1,
}  # fmt: skip
_SLIDE = {"use_sliding_window": True, "max_window_layers": 2}

# name: (configuration class, what differs from _BASE)
CONFIGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "llama": (t.LlamaConfig, {}),
    "llama, grouped 4": (t.LlamaConfig, {"num_key_value_heads": 1}),
    "llama, yarn": (t.LlamaConfig, {"rope_parameters": _YARN}),
    "llama, llama3": (t.LlamaConfig, {"rope_parameters": _LLAMA3}),
    "llama, linear": (t.LlamaConfig, {"rope_parameters": _LINEAR}),
    "mistral, window 16": (t.MistralConfig, {"sliding_window": 16}),
    "mistral, window 100": (t.MistralConfig, {"sliding_window": 100}),
    "mistral, no window": (t.MistralConfig, {"sliding_window": None}),
    "qwen2": (t.Qwen2Config, {}),
    "qwen2, sliding": (t.Qwen2Config, {**_SLIDE, "sliding_window": 24}),
    "qwen3": (t.Qwen3Config, {"head_dim": 16}),
    "qwen3, sliding": (t.Qwen3Config, {"head_dim": 16, **_SLIDE, "sliding_window": 48}),
    "qwen2_moe": (t.Qwen2MoeConfig, _QWEN2_MOE),
    "qwen3_moe": (t.Qwen3MoeConfig, {**_QWEN_MOE, "head_dim": 32}),
    "mixtral": (t.MixtralConfig, _LOCAL_MOE),
    "mixtral, sliding": (t.MixtralConfig, {**_LOCAL_MOE, "sliding_window": 20}),
    "olmoe": (t.OlmoeConfig, _MOE),
    "olmo2": (t.Olmo2Config, {}),
    "gpt_oss": (t.GptOssConfig, {**_GPT_OSS, "sliding_window": 16}),
    "gpt_oss, wide": (t.GptOssConfig, {**_GPT_OSS, "sliding_window": 64}),
    "deepseek_v3": (t.DeepseekV3Config, _MLA),
    "deepseek_v3, yarn": (
        t.DeepseekV3Config,
        {**_MLA, "rope_parameters": {**_YARN, "mscale": 1.0, "mscale_all_dim": 1.0}},
    ),
    "deepseek_v3, halves": (
        t.DeepseekV3Config,
        {**_MLA, "q_lora_rank": 24, "rope_interleave": False},
    ),
    "granite": (t.GraniteConfig, _GRANITE),
    "granitemoe": (t.GraniteMoeConfig, {**_GRANITE, **_LOCAL_MOE}),
    "phi3, partial": (t.Phi3Config, {"rope_parameters": _PARTIAL}),
    "phi3, sliding": (t.Phi3Config, {"sliding_window": 30}),
    "smollm3": (t.SmolLM3Config, {"no_rope_layers": [1, 0, 1, 0]}),
}  # fmt: skip


def tiny(name: str, **changes: Any) -> Any:
    """A tiny fp32 model with weights large enough that attention is far from uniform."""
    kind, differs = CONFIGS[name]
    config = kind(**{**_BASE, **differs, **changes})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = t.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        for name, p in model.named_parameters():
            if p.dim() > 1 or "sinks" in name or "bias" in name:
                p.data.normal_(0, 0.15)
    return model


def tokens(count: int = TOKENS, seed: int = 0) -> Tensor:
    """``count`` ids that come back now and then, so that retrieval has something to find."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (count,), generator=generator)


@torch.no_grad()
def stock_logits(model: Any, ids: Tensor) -> Tensor:
    """What unmodified transformers says, in one shot: [T, V]"""
    model.set_attn_implementation("eager")
    logits: Tensor = model(ids[None], use_cache=False).logits[0].float()
    return logits


def plan(**changes: Any) -> ReadPlan:
    """Blocks of 8 tokens, a budget that bites, no compression."""
    budget = {"block_tokens": 8, "sink_blocks": 1, "window_blocks": 2, "top_k": 2,
              "group_tokens": 8}  # fmt: skip
    rest = {"chunk_tokens": 32, "global_layers": "all", "storage": "raw"}
    for name, value in changes.items():
        (budget if name in budget else rest)[name] = value
    return ReadPlan(budget=ReadBudget(**budget), **rest)


def everything(**changes: Any) -> ReadPlan:
    """A budget that covers the whole window."""
    return plan(window_blocks=1000, **changes)


@pytest.fixture(scope="session")
def llama() -> Any:
    """One tiny llama for tests that do not change it."""
    return tiny("llama")

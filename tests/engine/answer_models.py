"""Tiny random checkpoints as Hugging Face folders: a trained BPE tokenizer, a ChatML template.

Nothing is downloaded; a folder is what ``kimidoc.models`` loads for a user with ``--model DIR``.
"""

from __future__ import annotations

import atexit
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import torch
from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend
from transformers import (
    AutoModelForCausalLM,
    DeepseekV3Config,
    GptOssConfig,
    LlamaConfig,
    Qwen3MoeConfig,
)

from kimidoc import pack
from kimidoc.attention.block_sparse import ReadBudget
from kimidoc.engine.prefill import layer_major
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import Profile, profile
from kimidoc.kvcache.layer import Kept, Recent
from kimidoc.models.checkpoint import Checkpoint, at
from kimidoc.models.load import load
from kimidoc.models.tokenizer import FileTokenizer
from kimidoc.types import Document, Tokenizer, Window

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LEASE = (
    "The tenant shall pay the rent on the first day of every month.\n"
    "If the tenant does not pay within 30 days, the landlord may end the lease.\n"
    "The deposit is three months' rent; it bears no interest.\n\n"
    "14.2 Change of control\nA change of control needs the landlord's consent. Notice: 60 days.\n"
)
SUPPLY = (
    "# Supply agreement\nThe supplier delivers 4,500 units in every quarter.\n"
    "- Price: EUR 12.40 per unit\n- Warranty: 24 months from delivery\n\n"
    "This agreement is governed by the laws of Denmark. 第一条　甲方应支付租金。"
)
CODE = "def total(rows):\n    amount = 0\n    for row in rows:\n        amount += row.price\n"

_COMMON: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 4096,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_MOE: dict[str, Any] = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}


def config(family: str, vocabulary: int) -> Any:
    """A tiny configuration of one family."""
    common = dict(_COMMON, vocab_size=vocabulary)
    if family == "llama":
        return LlamaConfig(**common)
    if family == "qwen3_moe":
        return Qwen3MoeConfig(**common, **_MOE, num_experts=4)
    if family == "gpt_oss":
        return GptOssConfig(
            **common,
            num_local_experts=4,
            num_experts_per_tok=2,
            sliding_window=24,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        )
    assert family == "deepseek_v3"
    common.pop("head_dim")
    return DeepseekV3Config(
        **common | {"num_key_value_heads": 4},
        **_MOE,
        n_routed_experts=4,
        n_shared_experts=1,
        first_k_dense_replace=1,
        n_group=2,
        topk_group=1,
        kv_lora_rank=16,
        q_lora_rank=16,
        qk_nope_head_dim=16,
        qk_rope_head_dim=8,
        v_head_dim=16,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )


def _trained() -> Backend:
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=[AddedToken(t, special=True) for t in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([LEASE, SUPPLY, CODE], trainer)
    return backend


def folder(where: Path, family: str = "llama", *, dtype: torch.dtype = torch.float32) -> Path:
    """Write a tiny random checkpoint of ``family`` to ``where``; always the same weights."""
    where.mkdir(parents=True, exist_ok=True)
    backend = _trained()
    backend.save(str(where / "tokenizer.json"))
    names = dict(zip(("pad_token", "bos_token", "eos_token"), SPECIAL, strict=True))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **names}
    (where / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (where / "chat_template.jinja").write_text(CHATML, "utf-8")
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config(family, backend.get_vocab_size()))
    with torch.no_grad():
        for parameter in model.parameters():  # far from uniform, so that a wrong key shows
            if parameter.ndim > 1:
                parameter.mul_(4.0)
    model.to(dtype).save_pretrained(where)
    return where


def checkpoint(where: Path, family: str = "llama") -> Checkpoint:
    """The tiny checkpoint of ``family``, written and resolved."""
    return at(folder(where, family), f"tiny-{family}")


def documents(*texts: str) -> list[Document]:
    """Documents as ingest hands them over, named by their place."""
    return [
        Document(f"{n}.txt", "text", "read", text, sha256=f"{hash_of(text):064x}")
        for n, text in enumerate(texts)
    ]


def hash_of(text: str) -> int:
    """A digest that is the same in every process."""
    from hashlib import sha256

    return int(sha256(text.encode()).hexdigest(), 16)


def window(words: Tokenizer, preamble: Sequence[int], *texts: str) -> Window:
    """The texts packed as one window."""
    return pack.fit(documents(*texts), words, 100_000, preamble=preamble)


@dataclass(frozen=True)
class TinyPrefix:
    """A tiny model that has read something."""

    folder: Path
    runner: Runner
    profile: Profile
    layers: list[Kept | Recent]
    ids: torch.Tensor
    block: int

    @property
    def length(self) -> int:
        """Tokens read."""
        return self.ids.numel()


PLAN = ReadPlan(
    ReadBudget(block_tokens=16, window_blocks=64, top_k=64), chunk_tokens=40, storage="raw"
)


@cache
def tiny_prefix(family: str) -> TinyPrefix:
    """A tiny fp32 model of ``family`` that has read 133 random tokens, everything in reach."""
    where = Path(mkdtemp(prefix="kimidoc-tiny-"))
    atexit.register(rmtree, where, ignore_errors=True)
    loaded = load(checkpoint(where, family), dtype=torch.float32)
    runner, known = Runner(loaded.model), profile(loaded.model)
    ids = torch.randint(3, 400, (133,), generator=torch.Generator().manual_seed(1))
    layers, _ = layer_major(runner, known, ids, PLAN)
    return TinyPrefix(where, runner, known, layers, ids, PLAN.budget.block_tokens)


@cache
def tokenizer() -> FileTokenizer:
    """The tokenizer that every tiny checkpoint has."""
    return FileTokenizer(tiny_prefix("llama").folder / "tokenizer.json")


@cache
def small_window() -> Window:
    """A lease, a supply agreement and some code behind a preamble of three tokens."""
    return window(tokenizer(), [1, 2, 3], LEASE, SUPPLY, CODE)

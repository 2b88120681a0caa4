"""A family nobody has tested here is compared with itself before it reads anything.

Families in ``states.KNOWN`` are held to stock transformers by the tests. Any other checkpoint runs
a short text twice, as transformers runs it and as we do with a budget that covers everything; it is
used only if the logits agree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kimidoc.attention.block_sparse import ReadBudget
from kimidoc.engine.prefill import layer_major
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import KNOWN, profile
from kimidoc.errors import EngineError

TOKENS = 192
MOST_WRONG = {torch.float32: 1e-3}  # median over tokens of |difference| / |logits|, both centred
MOST_WRONG_HALF = 0.03  # bfloat16 and float16: rounding alone gives about 0.01
_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip


def needs_proof(model: Any) -> bool:
    """Whether the model is of a family that the tests do not cover."""
    return bool(model.config.get_text_config(decoder=True).model_type not in KNOWN)


@torch.no_grad()
def prove(model: Any) -> None:
    """Raises EngineError unless we compute what transformers does. Our attention stays set."""
    family = model.config.get_text_config(decoder=True).model_type
    budget = replace(ReadBudget(), window_blocks=TOKENS, top_k=TOKENS)
    plan = ReadPlan(budget=budget, chunk_tokens=80, storage="raw")
    ids = _trial(model)
    try:
        stock = model(ids).logits[0]
        runner = Runner(model)
        _, hidden = layer_major(runner, profile(model), ids[0], plan)
        ours = runner.head(hidden[None])[0]
    except _FAILURES as e:
        raise _refused(family, f"it does not run ({type(e).__name__}: {e})") from e
    wrong = difference(ours, stock)
    most = MOST_WRONG.get(model.dtype, MOST_WRONG_HALF)
    if not wrong <= most:  # also where it is not a number
        raise _refused(family, f"its logits differ by {wrong:.1%} from what they should be")


def difference(ours: Tensor, stock: Tensor) -> float:
    """The median over tokens of the relative distance of two sets of logits, [S, vocabulary]."""
    a, b = (x - x.mean(-1, keepdim=True) for x in (ours.float(), stock.float()))
    return float(((a - b).norm(dim=-1) / b.norm(dim=-1).clamp_min(1e-9)).median())


def _trial(model: Any) -> Tensor:
    """Token ids spread over the vocabulary, some of them repeated: [1, TOKENS]"""
    size = model.get_input_embeddings().num_embeddings
    ids = torch.arange(TOKENS) * 7919 % max(1, size - 16) + min(8, size - 1)
    ids[TOKENS // 2 :: 3] = ids[: len(ids[TOKENS // 2 :: 3])]
    clamped: Tensor = ids.clamp_max(size - 1)
    return clamped[None]


def _refused(family: str, why: str) -> EngineError:
    return EngineError(
        f"models of the family {family!r} cannot be read sparsely: tried on a short text, {why}",
        hint=f"use a checkpoint of one of these families: {', '.join(sorted(KNOWN))}",
    )

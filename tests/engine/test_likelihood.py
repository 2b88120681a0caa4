"""Query likelihood, against the stock model one context at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kimidoc.attention.products import in_fp32
from kimidoc.engine import likelihood
from kimidoc.engine.fresh import dense
from kimidoc.models.load import load
from tests.engine.answer_models import checkpoint as tiny_checkpoint


@torch.no_grad()
@pytest.mark.parametrize("asked", [1, 7, 200])
def test_it_is_the_sum_of_the_stock_models_log_probabilities(tmp_path: Path, asked: int) -> None:
    model = load(tiny_checkpoint(tmp_path / "tiny"), 1, dtype=torch.float32).model
    draw = torch.Generator().manual_seed(asked)
    sizes = [1 + 3 * n % 11 for n in range(19)]
    before = [torch.randint(3, 400, (size,), generator=draw).tolist() for size in sizes]
    question = torch.randint(3, 400, (asked,), generator=draw).tolist()
    found = likelihood.of_question(model, before, question)
    counted = question[: likelihood.QUESTION_TOKENS]
    for own, value in zip(before, found, strict=True):
        with dense(model):
            logits = in_fp32(model)(torch.tensor([[*own, *counted]])).logits[0].float()
        steps = torch.log_softmax(logits, -1)
        truth = sum(float(steps[len(own) - 1 + n, token]) for n, token in enumerate(counted))
        assert value == pytest.approx(truth, abs=1e-2)

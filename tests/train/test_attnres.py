"""Attention to depth: the model as it was at first, then as the paper's formula has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from kimidoc.indexer.model import Indexer, Shape
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.nano import reader as shipped
from kimidoc.train import ablation
from kimidoc.train.ablation import Budget
from kimidoc.train.attnres import BlockResiduals
from kimidoc.train.reader import Training
from kimidoc.train.upcycle import QUERIES, Upcycling
from tests.train.test_reader import RECIPE, SHAPE, model, perturbed, toys

IDS = torch.randint(3, 400, (2, 50), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("block", [1, 2, 3])
def test_it_begins_as_the_base_model(checkpoint: Checkpoint, block: int) -> None:
    truth = model(checkpoint)(IDS).logits.float()
    upcycling = Upcycling(model(checkpoint), SHAPE, block)
    assert torch.allclose(upcycling.head(upcycling.hidden(IDS)), truth, atol=1e-4)


def _naive(changes: list[Tensor], query: Tensor, block: int) -> Tensor:
    """``changes``: the embedding, then what each layer so far added; one token at a time."""
    embedded, *given = changes
    sums = [embedded, *(sum(given[n : n + block]) for n in range(0, len(given), block))]
    out = torch.zeros_like(embedded)
    for place in range(len(embedded)):
        scores = [float(query @ (s[place] / s[place].pow(2).mean().sqrt())) for s in sums]
        shares = torch.tensor(scores).softmax(0) * len(sums)
        out[place] = sum(a * s[place] for a, s in zip(shares, sums, strict=True))
    return out


@torch.no_grad()
@pytest.mark.parametrize("block", [1, 2, 3])
@pytest.mark.parametrize("first", [0, 2, 4, 6])
def test_what_enters_a_layer_is_a_softmax_over_depth(first: int, block: int) -> None:
    torch.manual_seed(block)
    layers, first = 7, first - first % block
    weights = BlockResiduals(16, first, layers, block)
    weights.queries.normal_()
    changes = [torch.randn(5, 16) for _ in range(layers + 1)]
    totals = torch.stack(changes).cumsum(0)
    below = [totals[n] for n in (*weights.bounds(), first)]
    stream = weights.stream([x[None] for x in below])
    for layer in range(first, layers + 1):
        truth = _naive(changes[: layer + 1], weights.queries[layer - first], block)
        assert torch.allclose(stream.entering(layer)[0], truth, atol=1e-4), layer
        if layer < layers:
            stream.left(layer, changes[layer + 1][None])


def test_queries_alone_are_trained_and_lower_the_loss(checkpoint: Checkpoint) -> None:
    start = Upcycling(model(checkpoint), SHAPE)
    perturbed(start)
    before = {name: value.clone() for name, value in start.state().items()}
    log: list[dict[str, Any]] = []
    recipe = replace(RECIPE, steps=30, rate=0.1, residual=1)
    training = Training(recipe, model(checkpoint), toys(), start=before, only=QUERIES)
    after = training.run(log.append)
    same = {name for name in before if torch.equal(after[name], before[name])}
    assert same == set(before) and after.keys() - same == {QUERIES}
    assert after[QUERIES].abs().sum() > 0
    pointing = [row["pointing"] for row in log]
    assert sum(pointing[-5:]) < 0.95 * sum(pointing[:5])


def test_an_ablation_says_what_each_part_brings(
    more: Path, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    indexer = Indexer(Shape.of(3, 32)).eval().requires_grad_(False)
    trained = Upcycling(model(checkpoint), SHAPE)
    perturbed(trained)
    file = tmp_path / "r.safetensors"
    shipped.save(file, SHAPE, trained.state(), {"checkpoint": checkpoint.fingerprint})
    budget = Budget(share=1.0, asked=12, steps=2, scratch=2, tokens=2_000)
    recipe = replace(RECIPE, at_once=2_000)
    found = ablation.run(more, checkpoint, indexer, file, recipe, budget, tmp_path, 1)
    names = (
        "trained", "trained_without_experts", "trained_without_low_rank", "trained_and_attnres",
        "routed", "dense", "attnres",
    )  # fmt: skip
    figures = ("loss", "right", "told")
    assert set(found) == {f"{name}_{figure}" for name in names for figure in figures}
    assert len({found[f"{name}_loss"] for name in names}) == len(names)
    assert len(list(tmp_path.glob(f"*/{ablation.MEASURED}"))) == len(names)
    monkeypatch.setattr(ablation, "_made", None)  # an arm that was measured is not made again
    assert ablation.run(more, checkpoint, indexer, file, recipe, budget, tmp_path, 1) == found
    assert all(0 <= found[f"{name}_right"] <= 1 <= found[f"{name}_told"] <= 2 for name in names)

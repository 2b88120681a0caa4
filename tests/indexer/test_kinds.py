"""Which kind of clause a question asks for: the head against its plain sum, and its file."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from kimidoc.errors import ModelError
from kimidoc.indexer.kinds import Kinds, summary

NAMES = ("audit", "renewal")


def head(seed: int = 0) -> Kinds:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(3, 2 * 2 * 4, generator=generator)
    return Kinds(NAMES, weight, torch.tensor([0.1, -0.2, 0.3]), {"checkpoint": "x", "blocks": "2"})


def test_the_likelihoods_are_those_of_a_plain_sum() -> None:
    states = torch.randn(5, 2, 4, generator=torch.Generator().manual_seed(1)) * 30
    rows = states.double().tolist()
    even = [
        [[x / math.sqrt(sum(y * y for y in tap) / 4) for x in tap] for tap in token]
        for token in rows
    ]
    seen = [sum(even[q][p][c] for q in range(5)) / 5 for p in range(2) for c in range(4)]
    seen += [even[4][p][c] for p in range(2) for c in range(4)]
    assert summary(states).tolist() == pytest.approx(seen, abs=1e-4)
    kinds = head()
    logits = [
        sum(w * x for w, x in zip(row, seen, strict=True)) + b
        for row, b in zip(kinds.weight.tolist(), kinds.bias.tolist(), strict=True)
    ]
    total = sum(math.exp(x) for x in logits)
    wanted = [math.exp(x) / total for x in logits[:2]]
    assert kinds.likely(states).tolist() == pytest.approx(wanted, rel=1e-3)


def test_a_file_holds_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "kinds.safetensors"
    head().save(file)
    again = Kinds.load(file)
    assert again.names == NAMES and again.about == {"checkpoint": "x", "blocks": "2"}
    assert torch.equal(again.weight, head().weight)


@pytest.mark.parametrize("damage", ["gone", "cut", "other", "short"])
def test_anything_else_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "kinds.safetensors"
    if damage == "short":
        Kinds((*NAMES, "insurance"), head().weight, head().bias).save(file)
    elif damage != "gone":
        head().save(file)
        data = file.read_bytes()
        file.write_bytes(data[:-9] if damage == "cut" else data.replace(b"kinds/1", b"kinds/9"))
    with pytest.raises(ModelError, match="no kinds"):
        Kinds.load(file)

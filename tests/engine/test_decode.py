"""Rows in lockstep are what each of them is alone, whatever the others feed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from kimidoc.attention.working_set import Choice
from kimidoc.engine.answering import Batch
from kimidoc.engine.decode import Row, best, lockstep
from tests.engine.answer_models import TinyPrefix, tiny_prefix

FEEDS = (
    ([5, 6, 7, 8], [9], [10]),
    ([11, 12], [13, 14, 15, 16, 17], [18], [19]),
    ([20, 21, 22, 23, 24, 25, 26],),
    ([30], [31], [32], [33, 34], [35]),
)


def program(feeds: Sequence[Sequence[int]]) -> Row[list[Tensor]]:
    """Feed what is given; return the log-probabilities after each."""
    seen = []
    for feed in feeds:
        seen.append((yield feed))
    return seen


def run(prefix: TinyPrefix, rows: Sequence[Sequence[Sequence[int]]]) -> list[list[Tensor]]:
    blocks = torch.arange(-(-prefix.length // prefix.block))
    choices = [Choice(blocks, blocks[:1], 2) for _ in rows]
    batch = Batch(choices, len(blocks), prefix.block)
    asked = [(0, len(row[0])) for row in rows]
    return lockstep(
        prefix.runner, prefix.profile, prefix.layers, batch, [program(r) for r in rows], asked
    )


@pytest.mark.parametrize("family", ["llama", "qwen3_moe", "gpt_oss", "deepseek_v3"])
def test_together_is_alone(family: str) -> None:
    prefix = tiny_prefix(family)
    together = run(prefix, FEEDS)
    for row, feeds in zip(together, FEEDS, strict=True):
        (alone,) = run(prefix, [feeds])
        for a, b in zip(row, alone, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_a_run_is_its_tokens_one_by_one() -> None:
    prefix = tiny_prefix("llama")
    (wide,) = run(prefix, [([5, 6, 7], [8, 9, 10, 11])])
    (narrow,) = run(prefix, [([5, 6, 7], [8], [9], [10], [11])])
    torch.testing.assert_close(wide[-1], narrow[-1], rtol=1e-4, atol=1e-4)


def test_ties_go_to_the_lowest_id() -> None:
    scores = torch.tensor([0.0, 3.0, 1.0, 3.0])
    assert best(scores) == 1
    assert best(scores, torch.tensor([0, 2, 3])) == 3
    assert best(torch.tensor([2.0, 2.0, 2.0]), torch.tensor([1, 2])) == 1

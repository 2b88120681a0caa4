"""Rows on short contexts of their own: the same in a batch, alone, and as transformers says it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import torch
from torch import Tensor

from kimidoc.engine import continuing
from kimidoc.engine.runner import Runner
from tests.engine.conftest import stock_logits, tiny, tokens

Said = Generator[Sequence[int], Tensor, list[Tensor]]


def program(feeds: Sequence[Sequence[int]]) -> Said:
    """Feeds what it was given and returns everything it heard."""
    heard = []
    for feed in feeds:
        heard.append((yield feed))
    return heard


FEEDS = [
    [tokens(40, 1).tolist(), [5], [6, 7, 8], [9]],
    [tokens(13, 2).tolist(), [4, 4]],
    [tokens(27, 3).tolist(), [3, 5, 7, 9, 11], [2], [2], [2, 2]],
]


def expected(model: Any, feeds: Sequence[Sequence[int]]) -> list[Tensor]:
    """The same from one dense pass over everything."""
    run, ends = [], []
    for feed in feeds:
        run += feed
        ends.append(len(run) - 1)
    logits = stock_logits(model, torch.tensor(run))
    return [torch.log_softmax(logits[end], -1) for end in ends]


def test_a_batch_of_unlike_rows_is_what_each_is_alone() -> None:
    model = tiny("llama")
    Runner(model)
    together = continuing.lockstep(model, [program(feeds) for feeds in FEEDS])
    for feeds, heard in zip(FEEDS, together, strict=True):
        (alone,) = continuing.lockstep(model, [program(feeds)])
        for a, b in zip(heard, alone, strict=True):
            assert torch.allclose(a, b, atol=1e-4)


def test_it_is_what_transformers_says() -> None:
    model, stock = tiny("llama"), tiny("llama")
    Runner(model)
    for feeds in FEEDS:
        (heard,) = continuing.lockstep(model, [program(feeds)])
        for a, b in zip(heard, expected(stock, feeds), strict=True):
            assert torch.allclose(a, b, atol=1e-3)


def test_the_model_is_set_back() -> None:
    model = tiny("llama")
    Runner(model)
    before = model.config._attn_implementation
    continuing.lockstep(model, [program(FEEDS[1])])
    assert model.config._attn_implementation == before == "kimidoc"

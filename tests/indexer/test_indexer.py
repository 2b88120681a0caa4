"""Keys, queries and block scores: fast paths against naive twins, and what is on disk."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from kimidoc.errors import ModelError, SessionError
from kimidoc.indexer import score
from kimidoc.indexer.keys import Collector, Keys
from kimidoc.indexer.model import Indexer, Shape

SHAPE = Shape(taps=(0, 2, 3), hidden=24, dim=8, expand=6, query_expand=5)


def small(seed: int = 0) -> Indexer:
    """Random weights everywhere, so that no part of a sum is zero."""
    torch.manual_seed(seed)
    indexer = Indexer(SHAPE)
    with torch.no_grad():
        for weights in indexer.parameters():
            weights.add_(torch.randn_like(weights) * 0.2)
    return indexer.requires_grad_(False)


def states(tokens: int, seed: int = 1) -> Tensor:
    """[T, P, C], tokens of very different size as a real model's are"""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(tokens, len(SHAPE.taps), SHAPE.hidden, generator=generator)
    return x * torch.rand(tokens, 1, 1, generator=generator) * 50


def test_keys_have_norm_one_and_do_not_depend_on_scale() -> None:
    indexer, x = small(), states(30)
    keys = indexer.keys(x)
    assert torch.allclose(keys.norm(dim=-1), torch.ones(30), atol=1e-5)
    assert torch.allclose(keys, indexer.keys(x * 7), atol=1e-4)
    queries, weights = indexer.queries(x[:5])
    assert torch.allclose(queries.norm(dim=-1), torch.ones(5), atol=1e-5) and bool(
        (weights > 0).all()
    )


@given(seed=st.integers(0, 10_000), tokens=st.integers(1, 60))
def test_int8_keys_are_within_half_a_step(seed: int, tokens: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    exact = torch.nn.functional.normalize(torch.randn(tokens, 16, generator=generator), dim=-1)
    keys = Keys.of(exact)
    assert keys.codes.dtype == torch.int8 and len(keys) == tokens
    step = exact.abs().amax(-1, keepdim=True) / 127
    assert bool(((keys.span(0, tokens) - exact).abs() <= 0.5 * step + 1e-3 * exact.abs()).all())


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, 39), max_size=4, unique=True))
def test_collected_while_reading_is_what_all_states_give(cuts: list[int]) -> None:
    indexer, x = small(), states(40)
    collect = Collector(indexer, 40, first=100)
    edges = [0, *sorted(cuts), 40]
    for layer in range(5):  # layers 1 and 4 are not tapped
        tap = SHAPE.taps.index(layer) if layer in SHAPE.taps else 0
        for a, b in pairwise(edges):
            collect(layer, 100 + a, x[a:b, tap])
    found = collect.finish().span(0, 40)
    assert torch.allclose(found, indexer.keys(x), atol=0.02)


def test_a_reading_goes_on_from_what_was_written(tmp_path: Path) -> None:
    indexer, x = small(), states(40)
    first = Collector(indexer, 30, first=10)
    first(0, 10, x[10:, 0])
    (tmp_path / "part.safetensors").write_bytes(first.packed())
    second = Collector(indexer, 30, first=10)
    second.go_on(tmp_path / "part.safetensors")
    for tap in (1, 2):
        second(SHAPE.taps[tap], 10, x[10:, tap])
    earlier = Keys.of(indexer.keys(x[:10]))
    earlier.save(tmp_path / "keys.safetensors")
    whole = Keys.load(tmp_path / "keys.safetensors").followed_by(second.finish())
    assert len(whole) == 40
    assert torch.allclose(whole.span(0, 40), indexer.keys(x), atol=0.02)


def test_what_does_not_belong_to_a_reading_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part.safetensors").write_bytes(Collector(small(), 30).packed())
    with pytest.raises(SessionError, match="does not belong"):
        Collector(small(), 31).go_on(tmp_path / "part.safetensors")
    with pytest.raises(SessionError, match="does not belong"):
        Collector(small(), 31).go_on(tmp_path / "missing.safetensors")
    with pytest.raises(SessionError, match="damaged or missing"):
        Keys.load(tmp_path / "part.safetensors")


def test_a_layer_that_did_not_come_is_noticed() -> None:
    collect = Collector(small(), 4)
    collect(0, 0, states(4)[:, 0])
    with pytest.raises(AssertionError, match="seen by layer"):
        collect.finish()


def _naive(query: score.Query, keys: Tensor, block: int, beside: Tensor) -> list[float]:
    q, w = query
    plain = [
        sum(
            float(w[i]) * max(float(q[i] @ keys[j]) for j in range(a, min(a + block, len(keys))))
            for i in range(len(q))
        )
        for a in range(0, len(keys), block)
    ]
    last = len(plain) - 1
    return [
        s + float(beside[0]) * plain[max(0, n - 1)] + float(beside[1]) * plain[min(last, n + 1)]
        for n, s in enumerate(plain)
    ]


@settings(max_examples=30)
@given(
    tokens=st.integers(1, 50),
    block=st.sampled_from([4, 8]),
    chunk=st.sampled_from([8, 16, 64]),
    at_once=st.sampled_from([1, 4, 10, 99]),
)
def test_block_scores_are_the_naive_ones(tokens: int, block: int, chunk: int, at_once: int) -> None:
    indexer = small()
    keys = Keys.of(indexer.keys(states(tokens)))
    questions = [indexer.queries(states(n, seed=n)) for n in (1, 3, 7)]
    before = score.CHUNK_TOKENS, score.AT_ONCE
    score.CHUNK_TOKENS, score.AT_ONCE = chunk, at_once
    try:
        found = score.block_scores(questions, keys, block, indexer.beside)
    finally:
        score.CHUNK_TOKENS, score.AT_ONCE = before
    exact = keys.span(0, tokens)
    for row, question in zip(found, questions, strict=True):
        expected = torch.tensor(_naive(question, exact, block, indexer.beside))
        assert torch.allclose(row, expected, atol=1e-3)


def test_weights_come_back_from_disk(tmp_path: Path) -> None:
    indexer = small()
    indexer.save(tmp_path / "i.safetensors", {"data": "toys"})
    again = Indexer.load(tmp_path / "i.safetensors")
    assert again.shape == SHAPE and not any(p.requires_grad for p in again.parameters())
    assert torch.allclose(again.keys(states(9)), indexer.keys(states(9)), atol=5e-3)


def test_a_file_that_is_something_else_is_said_to_be(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2)}, str(tmp_path / "other.safetensors"))
    (tmp_path / "noise.safetensors").write_bytes(b"not weights at all")
    for name in ("other", "noise", "missing"):
        with pytest.raises(ModelError, match="no indexer") as caught:
            Indexer.load(tmp_path / f"{name}.safetensors")
        assert "train indexer" in (caught.value.hint or "")


def test_taps_lie_in_the_first_three_fifths() -> None:
    assert Shape.of(30, 576) == Shape()
    assert Shape.of(3, 32).taps == (0, 1) and Shape.of(80, 64).taps == (0, 16, 32, 48)

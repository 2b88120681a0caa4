"""A layer's history while it grows and once it is sealed: the same keys, the same means."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.kvcache import quantize
from kimidoc.kvcache.layer import Recent
from tests.kvcache.conftest import DV, D, K, L, noise, reading


@given(tokens=st.integers(1, 40), cuts=st.lists(st.integers(1, 39), max_size=5, unique=True))
def test_how_the_chunks_fell_does_not_matter(tokens: int, cuts: list[int]) -> None:
    one = reading(tokens)
    many = reading(tokens, *sorted(c for c in cuts if c < tokens), room=60)
    whole = tokens // L
    assert one.length == many.length == tokens
    assert torch.equal(one.span(0, tokens)[0], many.span(0, tokens)[0])
    torch.testing.assert_close(one.means(0, whole), many.means(0, whole))
    torch.testing.assert_close(one.mean_values(0, whole), many.mean_values(0, whole))
    a, b = one.seal("raw"), many.seal("raw")
    assert torch.equal(a.sealed.k, b.sealed.k) and torch.equal(a.sealed.v, b.sealed.v)
    torch.testing.assert_close(a.all_means, b.all_means)


def test_means_are_means() -> None:
    layer = reading(22, 5, 6, 17)
    k, v = layer.span(0, 22)
    for n in range(5):
        torch.testing.assert_close(layer.means(n, n + 1)[:, 0], k[:, n * L : n * L + L].mean(1))
        torch.testing.assert_close(
            layer.mean_values(n, n + 1)[:, 0], v[:, n * L : n * L + L].mean(1)
        )


def test_the_open_blocks_mean_is_over_its_tokens_alone() -> None:
    layer = reading(22)
    sealed = layer.seal("int8")
    torch.testing.assert_close(sealed.means(5, 6)[:, 0], layer.span(20, 22)[0].mean(1))


@pytest.mark.parametrize("storage", quantize.FORMATS)
@pytest.mark.parametrize("tokens", [3, 20, 22])
def test_sealed_blocks_are_the_blocks_read(storage: str, tokens: int) -> None:
    layer = reading(tokens, room=tokens + 9)
    sealed = layer.seal(storage)
    whole = tokens // L
    chosen = torch.stack([torch.randperm(max(whole, 1))[:whole] for _ in range(K)])
    (a, b), (c, d) = layer.blocks(chosen), sealed.blocks(chosen)
    for h in range(K):
        for i, n in enumerate(chosen[h].tolist()):
            k, v = layer.span(n * L, n * L + L)
            assert torch.equal(a[h, i * L : i * L + L], k[h])
            assert torch.equal(b[h, i * L : i * L + L], v[h])
    if storage == "raw":
        assert torch.equal(a, c) and torch.equal(b, d)
    else:
        assert a.shape == c.shape and b.shape == d.shape
        if whole:
            # the loud channel's step is about 60 / 127; int4 spreads it over the quiet ones
            assert float((a - c).abs().max()) < (6 if storage == "int4" else 0.3)
            if storage == "int8":
                assert float((a - c)[..., 1:].abs().max()) < 0.03
    k, v = sealed.span(0, whole * L)
    assert k.shape == (K, whole * L, D) and v.shape == (K, whole * L, DV)
    every = torch.arange(whole).expand(K, -1)
    assert torch.equal(k, sealed.blocks(every)[0])


def test_a_sealed_layer_survives_the_next_one() -> None:
    for storage in quantize.FORMATS:
        layer = reading(20)
        sealed = layer.seal(storage)
        before, mean = sealed.span(0, 20)[0].clone(), sealed.all_means.clone()
        layer.clear()
        layer.append(noise(1, K, 20, D, seed=5), noise(1, K, 20, DV, seed=6))
        assert torch.equal(sealed.span(0, 20)[0], before)
        assert torch.equal(sealed.all_means, mean)


def test_a_cleared_layer_is_as_good_as_new() -> None:
    used = reading(20)
    used.clear()
    k, v = noise(1, K, 9, D, seed=3), noise(1, K, 9, DV, seed=4)
    used.append(k, v)
    fresh = reading(9, room=20, seed=3)
    a, b = used.seal("int8"), fresh.seal("int8")
    assert torch.equal(a.sealed.k, b.sealed.k)
    assert a.sealed.k_scale is not None and b.sealed.k_scale is not None
    assert torch.equal(a.sealed.k_scale, b.sealed.k_scale)
    assert torch.equal(a.all_means, b.all_means)


@given(window=st.integers(1, 9), cuts=st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_recent_holds_what_the_next_token_can_see(window: int, cuts: list[int]) -> None:
    T = sum(cuts)
    k, v = noise(1, K, T, D), noise(1, K, T, DV)
    recent, at = Recent(window), 0
    for size in cuts:
        recent.append(k[:, :, at : at + size], v[:, :, at : at + size])
        at += size
    seen = min(T, window - 1)
    assert torch.equal(recent.last()[0], k[:, :, T - seen :])
    assert torch.equal(recent.last()[1], v[:, :, T - seen :])

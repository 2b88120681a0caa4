"""A local layer's store against a list that keeps everything."""

from __future__ import annotations

from array import array
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kimidoc.kvcache import snapshot
from kimidoc.kvcache.local import Local, Reach, Tail

REACH = Reach(sink_tokens=4, window_tokens=8, tile_tokens=4, anchor_tokens=20)


def _all(tokens: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(1, 2, tokens, 6, generator=generator),
        torch.randn(1, 2, tokens, 3, generator=generator),
    )


def _read(pieces: list[int]) -> tuple[Local, Tensor, Tensor]:
    k, v = _all(sum(pieces))
    store, at = Local(REACH), 0
    for n in pieces:
        first = REACH.first(at)
        store.append(k[:, :, at : at + n], v[:, :, at : at + n])
        at += n
        # what this chunk's queries look at: the sinks, and everything from the first one's window
        for start, end in ((0, min(at, 4)), (first, at)):
            seen = store.span(start, end)
            assert torch.equal(seen[0], k[0, :, start:end])
            assert torch.equal(seen[1], v[0, :, start:end])
    return store, k[0], v[0]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_whatever_the_chunks_everything_in_reach_is_there(pieces: list[int]) -> None:
    store, k, v = _read(pieces)
    tail, end = store.seal(), sum(pieces)
    assert tail.anchors.keys() == set(range(20, end + 1, 20))
    for p in tail.anchors:
        first, anchored_k, anchored_v = tail.window_at(p)
        assert first == REACH.first(p)
        assert torch.equal(anchored_k, k[:, first:p]) and torch.equal(anchored_v, v[:, first:p])
    sees = [*range(4), *range(tail.first, end)] if tail.first else list(range(end))
    assert torch.equal(tail.visible()[0], k[:, sees])
    assert torch.equal(tail.visible()[1], v[:, sees])


@given(st.integers(1, 90), st.integers(0, 90), st.integers(1, 30))
def test_going_on_stands_where_the_other_stood(length: int, common: int, more: int) -> None:
    whole, k, v = _read([length])
    tail = whole.seal()
    token = tail.goes_on_from(min(common, length))
    assert token % REACH.tile_tokens == 0 and token <= common
    if not token:
        return
    store = Local(REACH)
    store.go_on(tail, token)
    new_k, new_v = _all(more)
    store.append(new_k, new_v)
    twin = Local(REACH)
    twin.append(
        torch.cat([k[:, :token], new_k[0]], 1)[None], torch.cat([v[:, :token], new_v[0]], 1)[None]
    )
    a, b = store.seal(), twin.seal()
    assert a.first == b.first and a.anchors.keys() == b.anchors.keys()
    assert all(torch.equal(x, y) for x, y in zip(a.visible(), b.visible(), strict=True))
    for p in a.anchors:
        assert all(torch.equal(x, y) for x, y in zip(a.anchors[p], b.anchors[p], strict=True))


def test_a_tail_comes_back_from_its_files(tmp_path: Path) -> None:
    for name, length in (("short", 3), ("long", 67)):
        tail = _read([length])[0].seal()
        facts = {"model": "m", "fingerprint": "f", "settings": "s", "roots": [], "documents": []}
        with snapshot.Writer(tmp_path, name) as writer:
            writer.add(tail)
            writer.finish(array("i", range(length)), facts)
        (again,) = snapshot.load(tmp_path / name)
        assert isinstance(again, Tail)
        assert (again.reach, again.length, again.first) == (REACH, length, tail.first)
        assert all(torch.equal(a, b) for a, b in zip(again.visible(), tail.visible(), strict=True))
        assert again.anchors.keys() == tail.anchors.keys()
        for p, pair in tail.anchors.items():
            assert all(torch.equal(a, b) for a, b in zip(again.anchors[p], pair, strict=True))
        assert snapshot.verify(tmp_path / name) == ()

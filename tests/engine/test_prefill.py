"""Reading a window: what is reused, reported and kept."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.engine import prefill
from kimidoc.engine.prefill import chunks
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import going_on
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import profile
from kimidoc.kvcache import snapshot
from kimidoc.kvcache.layer import Kept
from kimidoc.kvcache.local import Tail
from tests.engine.conftest import plan, tiny, tokens


@given(start=st.integers(0, 50), count=st.integers(1, 60), size=st.integers(1, 20))
def test_chunks_cover_everything_once(start: int, count: int, size: int) -> None:
    pieces = chunks(start, start + count, size)
    assert [t for a, b in pieces for t in range(a, b)] == list(range(start, start + count))
    assert all(b - a <= size for a, b in pieces)
    assert all(b % size == 0 for _, b in pieces[:-1])


def test_a_plan_describes_everything_that_changes_what_is_kept() -> None:
    plans = [plan(), plan(top_k=3), plan(storage="int8"), plan(global_layers=(1,)), ReadPlan()]
    assert len({p.describe() for p in plans}) == len(plans)


@pytest.mark.parametrize("name", ["llama", "deepseek_v3", "smollm3"])
@pytest.mark.parametrize("known", [8, 64, 144])
def test_going_on_from_a_kept_session_is_exact_when_raw(name: str, known: int) -> None:
    """The second window shares 144 tokens with the first, then differs."""
    model = tiny(name)
    runner, shape, p = Runner(model), profile(model), plan()
    first = tokens(170)
    second = torch.cat([first[:144], tokens(30, seed=1)])
    kept, _ = prefill.layer_major(runner, shape, first, p)
    fresh, hidden = prefill.layer_major(runner, shape, second, p)
    layers = [layer for layer in kept if isinstance(layer, Kept)]
    again, rest = prefill.layer_major(
        runner, shape, second, p, known=layers, known_tokens=known
    )  # fmt: skip
    torch.testing.assert_close(rest, hidden[known:], atol=1e-4, rtol=0)
    for a, b, taken in zip(again, fresh, layers, strict=True):
        assert isinstance(a, Kept) and isinstance(b, Kept)
        torch.testing.assert_close(a.sealed.k, b.sealed.k, atol=1e-4, rtol=0)
        torch.testing.assert_close(a.sealed.v, b.sealed.v, atol=1e-4, rtol=0)
        # what is taken over is taken over bit for bit
        assert torch.equal(a.sealed.k[: known // 8], taken.sealed.k[: known // 8])
        assert torch.equal(a.sealed.v[: known // 8], taken.sealed.v[: known // 8])


@pytest.mark.parametrize("name", ["llama", "deepseek_v3"])
@pytest.mark.parametrize("known", [48, 96, 144, 168])
def test_going_on_with_local_layers_is_exact_from_an_anchor(name: str, known: int) -> None:
    """Anchors at 48, 96 and 144; 168 is where the first window's last block begins."""
    model = tiny(name)
    runner, shape = Runner(model), profile(model)
    p = plan(global_layers=(1, 3), local_blocks=2, anchor_tokens=48)
    first = tokens(170)
    common = known if known < 168 else 170
    second = torch.cat([first[:common], tokens(60, seed=1)])
    kept, _ = prefill.layer_major(runner, shape, first, p)
    assert going_on(kept, common // 8 * 8) == known
    fresh, hidden = prefill.layer_major(runner, shape, second, p)
    again, rest = prefill.layer_major(runner, shape, second, p, known=kept, known_tokens=known)
    torch.testing.assert_close(rest, hidden[known:], atol=1e-4, rtol=0)
    assert isinstance(again[0], Tail) and isinstance(fresh[0], Tail)
    assert again[0].anchors.keys() == fresh[0].anchors.keys()
    for p, (k, v) in fresh[0].anchors.items():
        torch.testing.assert_close(again[0].anchors[p], (k, v), atol=1e-4, rtol=0)
    torch.testing.assert_close(again[0].visible(), fresh[0].visible(), atol=1e-4, rtol=0)


def test_where_going_on_is_possible(llama: Any) -> None:
    runner, shape = Runner(llama), profile(llama)
    p = plan(global_layers=(3,), local_blocks=2, anchor_tokens=48)
    kept, _ = prefill.layer_major(runner, shape, tokens(170), p)
    assert [going_on(kept, n) for n in (0, 40, 48, 88, 160, 168)] == [0, 0, 48, 48, 144, 168]
    everywhere, _ = prefill.layer_major(runner, shape, tokens(170), plan())
    assert going_on(everywhere, 40) == 40 and going_on([], 40) == 0
    model = tiny("gpt_oss")
    sliding, _ = prefill.layer_major(Runner(model), profile(model), tokens(170), plan())
    assert going_on(sliding, 160) == 0


def test_which_layers_are_global() -> None:
    full, mixed = [None] * 12, [4096, None] * 6
    assert ReadPlan().globals_of(full) == {2, 7}
    assert ReadPlan().globals_of(mixed) == {1, 3, 5, 7, 9, 11}
    assert ReadPlan().globals_of([None] * 4) == {0, 1, 2, 3}
    assert ReadPlan(global_layers="all").globals_of(full) == set(range(12))
    assert ReadPlan(global_layers=(0, 1)).globals_of(mixed) == {1}


def test_going_on_from_int8_is_close(llama: Any) -> None:
    runner, shape, p = Runner(llama), profile(llama), plan(storage="int8", window_blocks=100)
    ids = tokens(150)
    kept, _ = prefill.layer_major(runner, shape, ids[:100], p)
    _, hidden = prefill.layer_major(runner, shape, ids, p)
    layers = [layer for layer in kept if isinstance(layer, Kept)]
    _, rest = prefill.layer_major(runner, shape, ids, p, known=layers, known_tokens=96)
    error = float((rest - hidden[96:]).norm() / hidden[96:].norm())
    assert 0 < error < 0.02


def test_going_on_from_files_replaces_the_session(llama: Any, tmp_path: Path) -> None:
    """Known layers are mapped from the very session that is being written anew."""
    runner, shape, p = Runner(llama), profile(llama), plan()
    ids = tokens(150)
    facts = {"model": "m", "fingerprint": "f", "settings": "s", "roots": [], "documents": []}
    with snapshot.Writer(tmp_path, "one") as writer:
        prefill.layer_major(runner, shape, ids[:100], p, writer.add)
        writer.finish(array("i", ids[:100].tolist()), facts)
    known = [layer for layer in snapshot.load(tmp_path / "one") if isinstance(layer, Kept)]
    with snapshot.Writer(tmp_path, "one") as writer:
        prefill.layer_major(runner, shape, ids, p, writer.add, known=known, known_tokens=96)
        writer.finish(array("i", ids.tolist()), facts)
    fresh, _ = prefill.layer_major(runner, shape, ids, p)
    for a, b in zip(snapshot.load(tmp_path / "one"), fresh, strict=True):
        assert isinstance(a, Kept) and isinstance(b, Kept)
        torch.testing.assert_close(a.sealed.k, b.sealed.k, atol=1e-4, rtol=0)


def test_progress_rises_to_the_total(llama: Any) -> None:
    said: list[tuple[str, int, int, str]] = []
    runner, shape = Runner(llama), profile(llama)
    prefill.layer_major(
        runner, shape, tokens(70), plan(), progress=lambda *args: said.append(args)
    )  # fmt: skip
    done = [d for _, d, _, _ in said]
    assert done == sorted(done) and done[-1] == said[0][2] == 4 * 70
    assert {(s, u) for s, _, _, u in said} == {("prefill", "token-layers")}


def test_layers_are_kept_one_by_one(llama: Any) -> None:
    """Nothing of a layer needs the next one: each is handed over as soon as it is through."""
    order: list[str] = []
    runner, shape = Runner(llama), profile(llama)
    prefill.layer_major(
        runner,
        shape,
        tokens(70),
        plan(chunk_tokens=64),
        lambda layer: order.append("kept") or layer,  # type: ignore[func-returns-value]
        progress=lambda *_: order.append("chunk"),
    )
    assert order == ["chunk", "chunk", "kept"] * 4

"""fp32: with a budget that covers everything, logits equal stock transformers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from kimidoc.engine import prefill
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import KNOWN, profile
from kimidoc.kvcache.layer import Kept, Recent
from kimidoc.kvcache.local import Tail
from kimidoc.kvcache.snapshot import Layer
from tests.engine.conftest import CONFIGS, TOKENS, UNEVEN, everything, plan, stock_logits, tiny
from tests.engine.conftest import tokens as make_tokens


def _far(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


def _same_layers(a: Sequence[Layer], b: Sequence[Layer], tolerance: float) -> None:
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        if isinstance(x, Recent):
            assert isinstance(y, Recent)
            assert _far(x.last()[0], y.last()[0]) <= tolerance
            assert _far(x.last()[1], y.last()[1]) <= tolerance
        elif isinstance(x, Tail):
            assert isinstance(y, Tail) and x.anchors.keys() == y.anchors.keys()
            pairs = [(x.last, y.last), (x.sinks, y.sinks)]
            for here, there in [*pairs, *((x.anchors[p], y.anchors[p]) for p in x.anchors)]:
                assert _far(here[0], there[0]) <= tolerance
                assert _far(here[1], there[1]) <= tolerance
        else:
            assert isinstance(y, Kept)
            assert _far(x.sealed.k, y.sealed.k) <= tolerance
            assert _far(x.sealed.v, y.sealed.v) <= tolerance
            assert _far(x.all_means, y.all_means) <= tolerance


def test_every_known_family_is_tested() -> None:
    assert {tiny_name.split(",")[0] for tiny_name in CONFIGS} == KNOWN


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_equal_stock_in_uneven_chunks(name: str) -> None:
    model, ids = tiny(name), make_tokens()
    expected = stock_logits(model, ids)
    runner, shape = Runner(model), profile(model)
    kept, hidden = prefill.layer_major(runner, shape, ids, everything(), pieces=UNEVEN)
    logits = runner.head(hidden[None])[0]
    assert _far(logits, expected) < 1e-4
    assert float(expected.std()) > 0.05  # not a model whose logits agree by saying nothing
    twin, twin_hidden = prefill.chunk_major(runner, shape, ids, everything(), pieces=UNEVEN)
    assert _far(runner.head(twin_hidden[None])[0], expected) < 1e-4
    _same_layers(kept, twin, 1e-4)


@pytest.mark.parametrize("name", ["llama", "gpt_oss", "deepseek_v3", "smollm3", "phi3, sliding"])
def test_sparse_layer_major_is_chunk_major(name: str) -> None:
    model, ids = tiny(name), make_tokens()
    runner, shape = Runner(model), profile(model)
    for some in ("all", (1,), ()):
        p = plan(global_layers=some, local_blocks=1, anchor_tokens=48)
        kept, hidden = prefill.layer_major(runner, shape, ids, p, pieces=UNEVEN)
        twin, twin_hidden = prefill.chunk_major(runner, shape, ids, p, pieces=UNEVEN)
        assert torch.equal(hidden, twin_hidden)
        _same_layers(kept, twin, 0.0)


@pytest.mark.parametrize("name", ["llama", "gpt_oss", "deepseek_v3"])
def test_chunks_do_not_matter_when_they_end_with_tiles(name: str) -> None:
    model, ids = tiny(name), make_tokens()
    runner, shape = Runner(model), profile(model)
    _, one = prefill.layer_major(runner, shape, ids, plan(chunk_tokens=1024))
    _, many = prefill.layer_major(runner, shape, ids, plan(chunk_tokens=16))
    assert _far(one, many) < 1e-4
    assert one.shape[0] == TOKENS


@pytest.mark.parametrize("name", ["llama", "gpt_oss", "deepseek_v3"])
def test_what_is_read_in_part_is_the_beginning_of_the_whole(name: str) -> None:
    model, ids = tiny(name), make_tokens()
    runner, shape = Runner(model), profile(model)
    whole, part = list[tuple[int, int, Tensor]](), list[tuple[int, int, Tensor]]()

    def kept(into: list[tuple[int, int, Tensor]]) -> prefill.Tap:
        return lambda layer, start, x: into.append((layer, start, x.clone()))

    given = runner, shape, ids, plan()
    every, _ = prefill.layer_major(*given, pieces=UNEVEN, tap=kept(whole))
    some, left = prefill.layer_major(*given, pieces=UNEVEN, tap=kept(part), until=1)
    assert len(some) == 1 < len(every)
    _same_layers(some, every[:1], 0.0)
    expected = [(layer, a, x) for layer, a, x in whole if layer <= 1]
    assert [seen[:2] for seen in part] == [seen[:2] for seen in expected]
    assert all(torch.equal(one[2], other[2]) for one, other in zip(part, expected, strict=True))
    assert torch.equal(left, torch.cat([x for layer, _, x in part if layer == 1]))


def test_a_tight_budget_is_not_dense(llama: object) -> None:
    ids = make_tokens()
    runner, shape = Runner(llama), profile(llama)
    _, sparse = prefill.layer_major(runner, shape, ids, plan())
    _, dense = prefill.layer_major(runner, shape, ids, everything())
    assert _far(sparse[:24], dense[:24]) < 1e-4
    assert _far(sparse[64:], dense[64:]) > 1e-2


@pytest.mark.parametrize("name", ["llama", "deepseek_v3", "smollm3"])
def test_a_local_layer_is_a_global_one_that_does_not_retrieve(name: str) -> None:
    """The slow twin keeps everything and chooses nothing."""
    model, ids = tiny(name), make_tokens()
    runner, shape = Runner(model), profile(model)
    _, local = prefill.layer_major(runner, shape, ids, plan(global_layers=(), local_blocks=2))
    _, twin = prefill.layer_major(runner, shape, ids, plan(top_k=0, window_blocks=2))
    assert torch.equal(local, twin)
    _, sees_more = prefill.layer_major(runner, shape, ids, plan())
    assert _far(local, sees_more) > 1e-3

"""One layer at a time through an unmodified model, and the model as it was afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kimidoc.attention import register
from kimidoc.engine.runner import Runner
from kimidoc.kvcache.cache import BlockCache
from tests.engine.conftest import stock_logits, tiny, tokens


@pytest.mark.parametrize("name", ["llama", "granite", "gpt_oss"])
def test_embed_is_what_enters_the_first_layer(name: str) -> None:
    model, ids = tiny(name), tokens(20)
    entered: list[torch.Tensor] = []
    handle = model.model.layers[0].register_forward_pre_hook(
        lambda _, args, kwargs: entered.append(args[0] if args else kwargs["hidden_states"]),
        with_kwargs=True,
    )
    stock_logits(model, ids)
    handle.remove()
    assert torch.equal(Runner(model).embed(ids[None]), entered[0])


@pytest.mark.parametrize("name", ["llama", "granite", "mixtral"])
def test_head_is_what_follows_the_last_layer(name: str) -> None:
    model, ids = tiny(name), tokens(20)
    left: list[Any] = []
    handle = model.model.layers[-1].register_forward_hook(lambda _m, _a, out: left.append(out))
    expected = stock_logits(model, ids)
    handle.remove()
    hidden = left[0][0] if isinstance(left[0], tuple) else left[0]
    torch.testing.assert_close(Runner(model).head(hidden)[0], expected, atol=1e-5, rtol=0)


def test_the_model_is_left_as_it_was() -> None:
    model, ids = tiny("llama"), tokens(20)
    expected, layers = stock_logits(model, ids), model.model.layers
    names = [name for name, _ in model.named_parameters()]
    runner = Runner(model)
    runner.head(runner.embed(ids[None]))
    assert model.model.layers is layers
    assert [name for name, _ in model.named_parameters()] == names
    assert torch.equal(stock_logits(model, ids), expected)


def test_an_error_inside_leaves_the_model_whole() -> None:
    model = tiny("llama")
    runner, layers = Runner(model), model.model.layers
    with pytest.raises(IndexError):
        runner.embed(torch.tensor([[100_000]]))
    assert model.model.layers is layers
    assert not model.model.layers[0]._forward_pre_hooks


def test_outside_of_using_the_model_refuses_to_run() -> None:
    model, ids = tiny("llama"), tokens(20)
    Runner(model)
    with pytest.raises(AssertionError, match=r"outside register\.using"):
        model(ids[None])


def test_the_cache_answers_for_the_layer_being_run() -> None:
    cache = BlockCache([None, None])
    x = torch.zeros(1, 2, 5, 4)
    cache.update(x, x, 1)
    assert (cache.get_seq_length(), cache.get_mask_sizes(3, 0)) == (0, (3, 0))
    cache.current = 1
    assert (cache.get_seq_length(), cache.get_mask_sizes(3, 0)) == (5, (8, 0))


def test_using_nests_and_ends() -> None:
    with register.using({0: object()}):  # type: ignore[dict-item]
        with register.using({}):
            assert register._states.get() == {}
        assert register._states.get() != {}
    assert register._states.get() is None

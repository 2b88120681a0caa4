"""Short contexts of their own: the same in a batch, alone, and as transformers reads them."""

from __future__ import annotations

import pytest
import torch

from kimidoc.engine import fresh
from kimidoc.engine.runner import Runner
from tests.engine.conftest import tiny, tokens

CONTEXTS = [tokens(40, 1).tolist(), tokens(13, 2).tolist(), [7], tokens(27, 3).tolist()]


@pytest.mark.parametrize("taps", [(), (0, 2), (1,)])
def test_it_is_what_transformers_reads(taps: tuple[int, ...]) -> None:
    model, stock = tiny("llama"), tiny("llama")
    Runner(model)
    together = fresh.read(model, CONTEXTS, taps)
    for context, seen in zip(CONTEXTS, together, strict=True):
        with torch.no_grad():
            out = stock(torch.tensor([context]), output_hidden_states=True)
            last = stock.get_decoder()(torch.tensor([context])).last_hidden_state[0]
        truth = [*(out.hidden_states[tap][0] for tap in taps), last]
        assert torch.allclose(seen, torch.stack(truth, 1), atol=1e-4)
        (alone,) = fresh.read(model, [context], taps)
        assert torch.allclose(seen, alone, atol=1e-4)


def test_layers_above_the_highest_tap_do_not_run() -> None:
    model = tiny("llama")
    Runner(model)
    layers, ran = model.get_decoder().layers, list[int]()
    for number, layer in enumerate(layers):
        layer.register_forward_hook(lambda *_, number=number: ran.append(number))
    below = fresh.read(model, CONTEXTS, (0, 2), last=False)
    assert ran == [0, 1] and len(layers) > 2
    for seen, whole in zip(below, fresh.read(model, CONTEXTS, (0, 2)), strict=True):
        assert torch.equal(seen, whole[:, :2])


def test_the_model_is_set_back() -> None:
    model = tiny("llama")
    Runner(model)
    before = model.config._attn_implementation
    fresh.read(model, CONTEXTS, (1,), last=False)
    assert model.config._attn_implementation == before == "kimidoc"
    with pytest.raises(IndexError):
        fresh.read(model, [[10_000]])
    assert model.config._attn_implementation == before

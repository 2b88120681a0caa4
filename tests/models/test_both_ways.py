"""Layers that look both ways: against the obvious pass, alone and in batches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kimidoc.engine import fresh
from kimidoc.experts.routed import ExpertShape, RoutedExperts, Upcycled
from kimidoc.models.nano.both_ways import CHANGED, BothWays
from tests.engine.conftest import tiny, tokens

FIRST, TAPS = 2, (1, 2, 3)
CONTEXTS = [tokens(31, 1).tolist(), tokens(12, 2).tolist(), tokens(19, 3).tolist()]
COUNTS = [25, 12, 7]


@pytest.fixture
def model() -> Any:
    """A tiny model with experts beside the feed-forward networks of its upper layers."""
    made = tiny("llama")
    torch.manual_seed(5)
    for layer in made.get_decoder().layers[FIRST:]:
        routed = RoutedExperts(ExpertShape(hidden=64, inner=16))
        for down in routed.down:
            torch.nn.init.normal_(down, std=0.1)
        layer.mlp = Upcycled(layer.mlp, routed)
    return made.eval().requires_grad_(False)


def changes(model: Any, seed: int = 1) -> BothWays:
    torch.manual_seed(seed)
    both = BothWays.beginning(model, FIRST, 4)
    for b in both.b.values():
        torch.nn.init.normal_(b, std=0.05)
    return both.requires_grad_(False)


@torch.no_grad()
def slowly(model: Any, both: BothWays, context: list[int]) -> Tensor:
    """One context: its weights changed for good, every layer called with no mask at all."""
    entered = fresh.read(model, [context], (1, FIRST), last=False)[0]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    decoder, found = model.get_decoder(), [entered[:, 0]]
    for number in range(FIRST, len(decoder.layers)):
        for path in CHANGED:
            name = f"{number}.{path}".replace(".", "/")
            weight = decoder.layers[number].get_submodule(path).weight
            weight += both.b[name] @ both.a[name]
    x, at = entered[None, :, 1], torch.arange(len(context))[None]
    turns = decoder.rotary_emb(x, at)
    everything = torch.zeros(1, 1, len(context), len(context))  # added to the logits
    with fresh.dense(model):
        for layer in decoder.layers[FIRST:]:
            found.append(x[0])
            out = layer(x, attention_mask=everything, position_ids=at, position_embeddings=turns)
            x = out[0] if isinstance(out, tuple) else out
    model.load_state_dict(before)
    return torch.stack([*found, decoder.norm(x)[0]], 1)


def test_it_is_the_same_layers_with_other_weights_and_no_mask(model: Any) -> None:
    both = changes(model)
    plain = fresh.read(model, CONTEXTS, TAPS)
    read = fresh.read_both_ways(model, CONTEXTS, COUNTS, TAPS, both)
    for context, count, (last, twice), once in zip(CONTEXTS, COUNTS, read, plain, strict=True):
        assert torch.allclose(last, once[:, -1], atol=1e-5)
        assert torch.allclose(twice, slowly(model, both, context[:count]), atol=1e-4)
        ((_, alone),) = fresh.read_both_ways(model, [context], [count], TAPS, both)
        assert torch.allclose(twice, alone, atol=1e-4)
        assert torch.equal(twice[:, :2], once[:count, :2])
        assert not torch.allclose(twice[:, -1], once[:count, -1], atol=1e-2)
    for once, again in zip(plain, fresh.read(model, CONTEXTS, TAPS), strict=True):
        assert torch.equal(once, again)


def test_the_first_token_sees_the_last(model: Any) -> None:
    both, context = changes(model), CONTEXTS[0]
    other = [*context[:-1], (context[-1] + 1) % 100]
    seen = [
        fresh.read_both_ways(model, [c], [len(c)], TAPS, both)[0][1][0] for c in (context, other)
    ]
    assert torch.equal(seen[0][:2], seen[1][:2])  # what enters layer 2 looked back only
    assert not torch.allclose(seen[0][-1], seen[1][-1], atol=1e-3)


def test_changes_begin_as_nothing_and_only_they_are_trained(model: Any) -> None:
    torch.manual_seed(1)
    both = BothWays.beginning(model, FIRST, 4)
    assert len(both.a) == len(CHANGED) * 2 and not any(b.any() for b in both.b.values())
    entered, real = fresh.below(model, CONTEXTS, (FIRST,))
    with fresh.dense(model):
        *_, last = both(model, entered[0], real, ())
        last.square().sum().backward()
    assert all(b.grad is not None and b.grad.any() for b in both.b.values())
    assert all(value.grad is None for value in model.parameters())


def test_it_is_made_again_of_what_it_holds(model: Any) -> None:
    both = changes(model)
    again = BothWays.of(FIRST, both.state_dict())
    assert all(torch.equal(v, again.state_dict()[n]) for n, v in both.state_dict().items())
    with pytest.raises(KeyError):
        BothWays.of(FIRST, {n: v for n, v in both.state_dict().items() if not n.startswith("b.2")})

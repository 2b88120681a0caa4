"""The span head: its fast scores against the obvious ones, its padding, its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from kimidoc.errors import ModelError
from kimidoc.models.nano.spans import NEVER, Inputs, Spans, SpanShape, layout, padded

SHAPE = SpanShape(hidden=16, taps=(1, 2), width=24, layers=2, heads=3, longest=5, compared=8)
QUESTION, UNITS = (2, 6), [(9, 16), (16, 18), (21, 30)]


def head(seed: int = 0) -> Spans:
    torch.manual_seed(seed)
    return Spans(SHAPE).eval()


def states(count: int, seed: int) -> Tensor:
    return torch.randn(count, 3, 16, generator=torch.Generator().manual_seed(seed)) * 40


def one(question: tuple[int, int] = QUESTION, units: list[tuple[int, int]] = UNITS) -> Inputs:
    at, of = layout(question, units)
    return padded([(states(len(at), 3), at, of)])


def slowly(net: Spans, given: Inputs) -> dict[tuple[int, int], float]:
    """Every span inside one unit, scored by itself from the head's own states."""
    kept: list[Tensor] = []
    hook = net.norm.register_forward_hook(lambda module, args, out: kept.append(out))
    net(given)
    hook.remove()
    x, of = kept[0][0], given.units[0].tolist()
    found = {}
    for first in range(len(of)):
        for last in range(first, min(len(of), first + SHAPE.longest)):
            if of[first] >= 0 and set(of[first : last + 1]) == {of[first]}:
                pair = net.first(x[first]) @ net.last(x[last]) / SHAPE.compared**0.5
                ends = net.ends(x[first])[0] + net.ends(x[last])[1]
                found[first, last + 1] = float(pair + ends)
    return found


@torch.no_grad()
def test_spans_are_scored_as_one_by_one() -> None:
    net, given = head(), one()
    scored, slow = net(given), slowly(net, given)
    assert slow
    for first in range(scored.spans.shape[1]):
        for more in range(SHAPE.longest):
            value = float(scored.spans[0, first, more])
            if (first, first + more + 1) in slow:
                assert value == pytest.approx(slow[first, first + more + 1], abs=1e-4)
            else:
                assert value == NEVER


@torch.no_grad()
def test_what_is_told_are_shares_of_everything_that_could_be_said() -> None:
    net, given = head(), one()
    (told,) = net.read(given)
    total = torch.cat([told.units, told.none[None]]).logsumexp(0)
    assert float(total) == pytest.approx(0, abs=1e-4)
    slow = slowly(net, given)
    of = given.units[0].tolist()
    for unit in range(3):
        inside = {span: score for span, score in slow.items() if of[span[0]] == unit}
        assert tuple(told.spans[unit].tolist()) == max(inside, key=inside.__getitem__)
        assert told.words[unit] <= told.units[unit] and told.whole[unit] <= told.units[unit]


@torch.no_grad()
def test_a_context_is_told_the_same_alone_and_in_a_batch() -> None:
    net = head()
    contexts = []
    for seed, (question, units) in enumerate(
        [(QUESTION, UNITS), ((0, 3), [(3, 5)]), ((1, 9), [(20, 31), (31, 33), (40, 47), (50, 58)])]
    ):
        at, of = layout(question, units)
        contexts.append((states(len(at), seed), at, of))
    together = net.read(padded(contexts))
    for context, told in zip(contexts, together, strict=True):
        (alone,) = net.read(padded([context]))
        for name in ("units", "whole", "words", "none"):
            assert torch.allclose(getattr(alone, name), getattr(told, name), atol=1e-4)
        assert alone.spans.tolist() == told.spans.tolist()


@torch.no_grad()
def test_states_of_any_scale_say_the_same_and_distance_counts() -> None:
    net, given = head(), one()
    (told,) = net.read(given)
    louder = Inputs(given.states * 7, given.at, given.units, given.real)
    assert torch.allclose(net.read(louder)[0].units, told.units, atol=1e-2)
    moved = Inputs(given.states, given.at + 100, given.units, given.real)
    assert torch.allclose(net.read(moved)[0].units, told.units, atol=1e-3)
    apart = Inputs(given.states, given.at * 2, given.units, given.real)
    assert not torch.allclose(net.read(apart)[0].units, told.units, atol=1e-3)


def test_a_file_keeps_it_and_another_file_is_refused(tmp_path: Path) -> None:
    net, file = head(), tmp_path / "spans.safetensors"
    net.about = {"reader": "abc", "spans": "1.5"}
    net.save(file)
    again = Spans.load(file)
    assert again.shape == SHAPE and again.about == net.about and not again.training
    for name, value in net.state_dict().items():
        assert torch.allclose(again.state_dict()[name], value, atol=2e-3)
    file.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="no span head"):
        Spans.load(file)

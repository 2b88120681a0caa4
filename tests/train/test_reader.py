"""The reader's training on toy documents: learned, interrupted, clipped, balanced and put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import nn

from kimidoc.experts.routed import ExpertShape
from kimidoc.indexer.model import Indexer, Shape
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load
from kimidoc.models.nano import reader as shipped
from kimidoc.models.nano.reader import ReaderShape
from kimidoc.train import balance, reader_stage, stage
from kimidoc.train.cases import Asking, Pool
from kimidoc.train.examples import Example
from kimidoc.train.muonclip import MuonClip
from kimidoc.train.reader import SHARPNESS, Recipe, Training, pointed
from kimidoc.train.states import windows
from kimidoc.train.upcycle import LowRank, Upcycling, watch

SHAPE = ReaderShape(first=1, rank=4, pointed=16, experts=ExpertShape(hidden=32, experts=4, inner=8))
RECIPE = Recipe(shape=SHAPE, steps=30, tokens=600, rate=2e-2, warm_steps=2, save_every=4)


def model(checkpoint: Checkpoint) -> Any:
    return load(checkpoint, 1, dtype=torch.float32).model


def toys(count: int = 12) -> list[Example]:
    """A number in the context says whether there is an answer, another where it is."""
    rng, made = Random(0), []
    for n in range(count):
        present = n % 2 == 0
        context = [rng.randrange(20, 300) for _ in range(rng.randrange(30, 60))]
        context[-3] = 310 if present else 311
        ends, right = [5, 11, 17, 23], rng.randrange(4)
        context[ends[right]] = 312
        worth = [0.8 * (present and n == right) for n in range(4)]
        target = [7, 12, 9] if present else []
        made.append(Example(context, target, "toy", present, "?", ends, worth, 1 if present else 0))
    return made


def perturbed(upcycling: Upcycling) -> None:
    torch.manual_seed(3)
    with torch.no_grad():
        for name, value in upcycling.state().items():
            noise = torch.randn_like(value) * 0.2
            value += noise.abs() if name.endswith("gain") else noise


def test_it_begins_as_the_base_model(checkpoint: Checkpoint) -> None:
    ids = torch.randint(3, 400, (2, 50), generator=torch.Generator().manual_seed(0))
    base = model(checkpoint)
    truth = base(ids).logits.float()
    upcycling = Upcycling(model(checkpoint), SHAPE)
    said = upcycling.head(upcycling.hidden(ids))
    assert torch.allclose(said, truth, atol=1e-4)


def test_what_was_trained_is_put_back_into_the_base_model(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    upcycling = Upcycling(model(checkpoint), SHAPE)
    upcycling.eval()
    perturbed(upcycling)
    ids = torch.randint(3, 400, (2, 50), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        truth = upcycling.head(upcycling.hidden(ids))
    file = tmp_path / "r.safetensors"
    shipped.save(file, SHAPE, upcycling.state(), {"checkpoint": "x"})
    kept = shipped.load(file)
    assert kept.shape == SHAPE and kept.about["checkpoint"] == "x"
    plain = model(checkpoint)
    before = plain(ids).logits.float()
    shipped.attach(plain, kept)
    after = plain(ids).logits.float()
    assert (before - truth).abs().mean() > 20 * (after - truth).abs().mean()
    assert torch.allclose(after, truth, atol=0.1)  # int8 codes of the larger matrices


def test_the_loss_falls_and_what_answers_is_pointed_at(checkpoint: Checkpoint) -> None:
    log: list[dict[str, Any]] = []
    training = Training(replace(RECIPE, steps=60, rate=0.1), model(checkpoint), toys())
    training.run(log.append)
    assert [row["step"] for row in log] == list(range(1, 61))
    for loss in ("pointing", "saying"):
        assert sum(r[loss] for r in log[-5:]) < 0.7 * sum(r[loss] for r in log[:5]), loss
    right = [_points(training.upcycling, e) for e in toys()]
    wanted = [e.worth.index(max(e.worth)) if e.present else len(e.ends) for e in toys()]
    assert right == wanted


@torch.no_grad()
def _points(upcycling: Upcycling, example: Example) -> int:
    hidden = upcycling.hidden(torch.tensor([example.context]))
    return int(upcycling.pointer(hidden[:, -1], hidden[:, example.ends])[0].argmax())


def test_an_interrupted_run_ends_where_a_whole_one_does(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, steps=7)
    whole = Training(recipe, model(checkpoint), toys()).run(lambda _: None)

    class Stopped(Exception):
        pass

    def stop(row: dict[str, Any]) -> None:
        if row["step"] == 6:
            raise Stopped

    with pytest.raises(Stopped):
        Training(recipe, model(checkpoint), toys()).run(stop, tmp_path)
    rows: list[int] = []
    again = Training(recipe, model(checkpoint), toys()).run(
        lambda row: rows.append(row["step"]), tmp_path
    )
    assert rows == [5, 6, 7]
    for name, value in whole.items():
        assert torch.equal(value, again[name]), name


def test_qk_clip_bounds_the_logits(checkpoint: Checkpoint) -> None:
    upcycling = Upcycling(model(checkpoint), SHAPE)
    ids = torch.randint(3, 400, (1, 60), generator=torch.Generator().manual_seed(0))
    most = _most(upcycling, ids)
    limit = float(most[2].median())
    optimiser = MuonClip(upcycling.trained(), 1e-3, 0.0, limit)
    gains = {n: upcycling.gain(n) for n in (1, 2)}
    assert optimiser.clip(most, gains) >= 1
    after = _most(upcycling, ids)
    assert float(after[1].max()) <= limit * 1.01  # the first changed layer sees what it saw
    assert optimiser.clip({1: after[1]}, {1: gains[1]}) == int((after[1] > limit).sum())


def _most(upcycling: Upcycling, ids: torch.Tensor) -> dict[int, torch.Tensor]:
    watch.most.clear()
    watch.on = True
    try:
        with torch.no_grad():
            upcycling.hidden(ids)
        return dict(watch.most)
    finally:
        watch.on = False
        watch.most.clear()


def test_a_gain_scales_one_head_only() -> None:
    linear = nn.Linear(6, 8, bias=False)
    change = LowRank(linear, 2, heads=4)
    x = torch.randn(3, 6)
    before = change(x)
    change.gain[1] = 0.5
    after = change(x)
    assert torch.allclose(after[:, 2:4], before[:, 2:4] / 2)
    assert torch.equal(after[:, [0, 1, 4, 5, 6, 7]], before[:, [0, 1, 4, 5, 6, 7]])


def test_balancing_brings_the_loads_together() -> None:
    from kimidoc.experts.routed import RoutedExperts

    torch.manual_seed(0)
    routed = RoutedExperts(ExpertShape(hidden=8, experts=4, inner=4)).train()
    x = torch.randn(400, 8) + torch.tensor([1.0] * 8)

    def worst() -> float:
        routed.load.zero_()
        routed(x)
        return float(routed.load.max() / routed.load.mean())

    first = worst()
    for _ in range(200):
        routed(x)
        balance.shift([routed], 0.01)
    assert worst() < 1.2 < first


def test_the_balancing_loss_is_one_where_all_are_used_alike() -> None:
    even = torch.full((1, 8, 4), 0.5)
    even[0, torch.arange(8), torch.arange(8) % 4] += 0.01
    assert balance.sequence_loss(even, torch.ones(1, 8), 1) == pytest.approx(1.0, abs=1e-3)
    odd = torch.full((1, 8, 4), 0.1)
    odd[..., 2] = 0.9
    assert balance.sequence_loss(odd, torch.ones(1, 8), 1) > 2


def test_the_balancing_loss_of_many_is_the_mean_of_each_without_its_padding() -> None:
    torch.manual_seed(0)
    scores, lengths = torch.rand(3, 9, 4), (9, 4, 1)
    naive = []
    for one, length in zip(scores, lengths, strict=True):
        own = one[:length]
        share = torch.bincount(own.topk(2, -1).indices.flatten(), minlength=4) / length
        naive.append(4 / 2 * (share * (own / own.sum(-1, keepdim=True)).mean(0)).sum())
    real = (torch.arange(9) < torch.tensor(lengths)[:, None]).float()
    assert balance.sequence_loss(scores, real, 2) == pytest.approx(float(sum(naive)) / 3)


def test_the_stage_makes_a_reader_from_folders(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    indexer = Indexer(Shape.of(3, 32)).eval().requires_grad_(False)
    file = tmp_path / "r.safetensors"
    recipe = replace(RECIPE, steps=3, tokens=4000)
    reader_stage.run(data, [], checkpoint, indexer, recipe, tmp_path, file, 1)
    kept = shipped.load(file)
    assert kept.about["checkpoint"] == checkpoint.fingerprint
    assert int(kept.about["examples"]) > int(kept.about["present"]) > 0
    shipped.attach(load(checkpoint, 1).model, kept)


def _texts(checkpoint: Checkpoint, made: Sequence[Example]) -> list[tuple[str, str, bool]]:
    decode = load(checkpoint, 1).tokenizer.decode
    return [(decode(e.context), decode(e.target), e.present) for e in made]


def test_examples_say_what_stands_in_their_passages(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    indexer = Indexer(Shape.of(3, 32)).eval().requires_grad_(False)
    drawn = stage.draw(data, [], Random(0))
    made = reader_stage.build(drawn, checkpoint, indexer, tmp_path, 1, 0)
    assert made == reader_stage.build(drawn, checkpoint, indexer, tmp_path, 1, 0)
    for example in made:
        assert any(example.worth) == example.present == bool(example.target)
        assert len(example.ends) == len(example.worth)
        assert all(0 <= worth <= 1 for worth in example.worth)
        assert example.ends == sorted(example.ends)
    seen = _texts(checkpoint, made)
    assert {present for *_, present in seen} == {True, False}
    for context, said, present in seen:
        if present:
            quote, _, rest = said.removeprefix("<quote>").partition("</quote>")
            assert quote.strip() in context
            answer = rest.strip().removeprefix("<answer>").partition("</answer>")[0]
            assert answer in quote or not rest.startswith("\n<answer>")
        assert context.count("Question: ") == 2


def test_categories_are_put_to_all_documents_too(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    indexer = Indexer(Shape.of(3, 32)).eval().requires_grad_(False)
    made = reader_stage.build(stage.draw(data, [], Random(0)), checkpoint, indexer, tmp_path, 1, 0)
    texts = _texts(checkpoint, made)
    several = [context for context, *_ in texts if context.count("Contract ") > 1]
    assert several


def test_of_all_documents_the_labelled_one_answers(checkpoint: Checkpoint, data: Path) -> None:
    documents = [d for d in stage.draw(data, [], Random(0))["cuad"]]
    loaded = load(checkpoint, 1)
    window = next(iter(windows(documents, 1 << 20, loaded)))[0]
    by_path = {d.path: d for d in documents}
    asking = Asking(window, by_path, Pool(documents), Random(0))
    cases = asking.cases()
    across = asking.across(cases, [[n, n + 1000] for n in range(len(cases))])
    assert across
    for case, best in across:
        asked = [c for c in cases if c.gold.category == case.gold.category]
        paths = {c.segment.document.path for c in asked}
        assert case.scope == (0, len(window.tokens)) and len(paths) > 1
        assert len(set(best[: len(paths)])) == len(paths) <= len(best) / 2
        assert {cases[n].segment.document.path for n in best[: len(paths)]} == paths
        assert case.present == any(c.present for c in asked) or not case.every


@torch.no_grad()
def test_the_pointers_loss_is_the_worth_that_it_can_expect(checkpoint: Checkpoint) -> None:
    upcycling = Upcycling(model(checkpoint), SHAPE)
    perturbed(upcycling)
    hidden = torch.randn(3, 40, 32)
    batch = [
        Example([5] * 30, [7], "toy", True, "?", [3, 11, 20], [0.0, 0.4, 0.2]),
        Example([5] * 34, [], "toy", False, "?", [9], [0.0]),
        Example([5] * 25, [], "toy", False, "?", [], []),
    ]
    truth = []
    for row, example in enumerate(batch):
        x, y = hidden[row, len(example.context) - 1], hidden[row, example.ends]
        chances = torch.softmax(upcycling.pointer(x[None], y[None])[0], -1)
        best = max(example.worth, default=0) or 1
        worth = [(w / best) ** SHARPNESS for w in example.worth]
        expected = sum(float(p) * w for p, w in zip(chances, worth, strict=False))
        truth.append(expected + float(chances[-1]) * (not example.present))
    found = pointed(upcycling.pointer, hidden, batch)
    assert torch.allclose(found, -torch.tensor(truth).log(), atol=1e-4)


def test_what_is_given_is_not_learned(checkpoint: Checkpoint) -> None:
    there = Example([5] * 30, [7] * 20, "toy", True, "?", [3], [1.0], 12)
    made = [there, Example([5] * 30, [], "toy", False, "?", [3], [0.0])]
    training = Training(RECIPE, model(checkpoint), made)
    rows, at, task, reading = training._places(made)
    learned = [(row, place) for row, place, w in zip(rows, at, task, strict=True) if w]
    assert learned == [(0, place) for place in range(41, 49)]
    assert sum(task) == pytest.approx(1 / 2) and sum(reading) == pytest.approx(1)

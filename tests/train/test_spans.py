"""The span head's stage: cases against the texts they come from, and a head that learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch

from kimidoc.cli.main import main
from kimidoc.experts.routed import ExpertShape, RoutedExperts
from kimidoc.models import folder
from kimidoc.models.checkpoint import Checkpoint, with_reader
from kimidoc.models.load import load
from kimidoc.models.nano import reader as readers
from kimidoc.models.nano.reader import POINTER, Pointer, ReaderShape
from kimidoc.models.nano.spans import Spans, SpanShape, padded
from kimidoc.train import rewards, sources, spans
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.span_cases import ALONE, Beside, SpanCase, SpanCases
from kimidoc.train.span_data import kept_from_training
from kimidoc.train.states import packed
from tests.train.conftest import NOUNS, PLACES

SHAPE = SpanShape(
    hidden=32, taps=(1, 2), both_from=1, width=24, layers=1, heads=2, longest=6, compared=8
)  # fmt: skip
EXPERTS = ExpertShape(hidden=32, inner=8)


def toy(count: int) -> list[Labelled]:
    """Who went where; some questions have no answer, some a whole line."""
    found = []
    for n in range(count):
        pairs = [(NOUNS[(n + 5 * k) % 24], PLACES[(n + 3 * k) % 8]) for k in range(6)]
        lines = [f"The {noun} went to {place}, as number {n}." for noun, place in pairs]
        text, golds = "\n".join(lines) + "\n", []
        for (noun, place), line in zip(pairs[:4], lines, strict=False):
            where = text.index(line) + line.index(place)
            golds.append(Gold(f"Where did the {noun} go?", ((where, where + len(place)),)))
        golds.append(Gold("Who is the mayor?", ()))
        golds.append(Gold("Quote the first line.", ((0, len(lines[0])),)))
        found.append(Labelled("story", f"story-{n}.txt", text, tuple(golds)))
    return found


def toy_sets() -> list[tuple[Labelled, ...]]:
    """Two sets of two documents, of which one is kept from training."""
    found = []
    for held in (True, False):
        name = next(n for n in map(str, range(99)) if kept_from_training(f"{n}/") == held)
        found.append(tuple(replace(d, path=f"{name}/{d.path}") for d in toy(2)))
    return found


@pytest.fixture(scope="module")
def trained(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The tiny checkpoint with a reader that changes nothing from its second layer on."""
    file = tmp_path_factory.mktemp("reader") / "reader.safetensors"
    shape = ReaderShape(first=1, rank=0, pointed=8, experts=EXPERTS)
    torch.manual_seed(0)
    state = {f"{POINTER}.{n}": v for n, v in Pointer(32, 8).state_dict().items()}
    for number in range(1, int(folder.config(checkpoint.folder)["num_hidden_layers"])):
        own = RoutedExperts(EXPERTS).state_dict()
        state |= {f"layers.{number}.experts.{name}": value for name, value in own.items()}
    readers.save(file, shape, state, {"checkpoint": checkpoint.fingerprint})
    return with_reader(checkpoint, file)


def sight(trained: Checkpoint) -> spans.Sight:
    return spans.Sight(load(trained, 1).model, SHAPE)


def cases_of(trained: Checkpoint, count: int, beside: Beside = ALONE) -> list[SpanCase]:
    loaded, documents = load(trained, 1), toy(count)
    window = packed(documents, loaded)
    return list(SpanCases(window, loaded, documents, 64, Random(0), beside).made())


def test_texts_written_for_training_hold_their_answers() -> None:
    documents = list(sources.paragraphs())
    assert len(documents) > 800 and len({d.text for d in documents}) == len(documents)
    golds = [(d, gold) for d in documents for gold in d.golds]
    assert sum(bool(gold.spans) for _, gold in golds) > 5_000
    assert sum(not gold.spans for _, gold in golds) > 800
    for document, gold in golds:
        said = {document.text[a:b] for a, b in gold.spans}
        assert len(said) <= 1 and all(0 < len(words.split()) <= 20 for words in said)


def test_questions_to_a_whole_set_are_asked_of_the_same_texts() -> None:
    texts = {d.path: d for d in sources.paragraphs()}
    asked = list(sources.asked_of_all())
    assert len(asked) > 800 and len({d.path for d in asked}) == len(asked)
    for document in asked:
        assert document.text == texts[document.path].text and document.golds
        for gold in document.golds:
            said = {document.text[a:b] for a, b in gold.spans}
            assert len(said) == 1 and all(0 < len(words.split()) <= 20 for words in said)
    questions = [gold.question for d in asked for gold in d.golds]
    assert len(set(questions)) == len(questions) > 3_000


def test_sets_hold_their_answers_once_and_ask_what_they_do_not() -> None:
    every = list(sources.sets())
    assert len(every) > 140 and len({one[0].path.split("/")[0] for one in every}) == len(every)
    questions = []
    for documents in every:
        assert 4 <= len(documents) <= 7 and len({d.path.split("/")[0] for d in documents}) == 1
        golds = [(d, gold) for d in documents for gold in d.golds]
        assert sum(bool(g.spans) for _, g in golds) > 13 and sum(not g.spans for _, g in golds) > 4
        for document, gold in golds:
            for a, b in gold.spans:
                said = document.text[a:b]
                digits = [document.text[n : n + 1].isdigit() for n in (a - 1, a, b - 1, b)]
                assert not all(digits[:2]) and not all(digits[2:])  # no part of a number
                assert said.strip() and "\n" not in said and len(said) <= 300
        questions += [gold.question for _, gold in golds]
    assert len(questions) > 3_000
    held = [kept_from_training(documents[0].path) for documents in every]
    assert 5 < sum(held) < 30
    for documents in every:
        assert len({kept_from_training(d.path) for d in documents}) == 1


def test_cases_show_the_words_that_answer(checkpoint: Checkpoint) -> None:
    loaded, documents = load(checkpoint, 1), toy(6)
    window = packed(documents, loaded)
    made = list(SpanCases(window, loaded, documents, 64, Random(0)).made())
    golds = {(d.path, n): gold for d in documents for n, gold in enumerate(d.golds)}
    assert len(made) == len(golds)
    seen: dict[str, int] = {}
    for case in made:
        number = seen[case.path] = seen.get(case.path, -1) + 1
        gold = golds[case.path, number]
        document = next(d for d in documents if d.path == case.path)
        text = loaded.tokenizer.decode
        assert gold.question in text(case.context[slice(*case.question)])
        for a, b in case.spans:
            assert text(case.context[a:b]).strip() in {document.text[x:y] for x, y in gold.spans}
            assert sum(x <= a and b <= y for x, y in case.units) == 1
        for number in case.whole:
            unit = text(case.context[slice(*case.units[number])]).strip()
            assert unit == document.text[slice(*gold.spans[0])]
        assert case.answered == bool(gold.spans)


def test_answers_can_be_left_out_and_others_stand_beside(trained: Checkpoint) -> None:
    whole = Beside(counts=(3,), from_all=1.0, at_random=1, left_out=0.5)
    made, alone = cases_of(trained, 12, whole), cases_of(trained, 12)
    lengths = [sum(len(c.units) for c in some) for some in (made, alone)]
    assert lengths[0] > lengths[1]
    golds = [gold for d in toy(12) for gold in d.golds]
    present = [case for case, gold in zip(made, golds, strict=True) if gold.spans]
    left_out = [case for case in present if not case.answered]
    assert 0.3 < len(left_out) / len(present) < 0.7 and all(case.units for case in left_out)
    of = {(d.path, g.question): d for d in toy(12) for g in d.golds}
    text = load(trained, 1).tokenizer.decode
    for case, gold in zip(made, golds, strict=True):
        if gold.spans and not case.answered:
            a, b = gold.spans[0]
            line = of[case.path, gold.question].text
            line = line[line.rfind("\n", 0, a) + 1 : line.index("\n", b)]
            assert line not in [text(case.context[p:q]).strip() for p, q in case.units]


def test_what_answers_is_where_the_head_says_it() -> None:
    case = SpanCase("a", "k", tuple(range(20)), (0, 3), ((4, 8), (8, 19)), ((5, 7), (9, 18)), (0,))
    at, of = case.layout
    inputs = padded([(torch.zeros(len(at), 3, 32), at, of)])
    right = spans.golds(SHAPE, [case], inputs, 2)[0].nonzero()[:, 0].tolist()
    # the first of two tokens from place 5 (the fifth looked at, 4); a span too long is its unit
    longest = SHAPE.longest
    assert right == [4 * longest + 1, len(at) * longest, len(at) * longest + 1]
    assert case.answers() == {0, 1}
    units = spans.golds_of_units(SHAPE, [case], inputs, 2)[0]
    assert units.tolist() == [n >= 3 * longest for n in range(len(at) * longest + 2)] + [False]
    nothing = SpanCase("a", "k", tuple(range(20)), (0, 3), ((4, 8), (8, 19)), (), ())
    for among in (spans.golds, spans.golds_of_units):
        right = among(SHAPE, [nothing], inputs, 2)[0].nonzero()[:, 0].tolist()
        assert right == [len(at) * longest + 2]


RECIPE = spans.Recipe(
    shape=SHAPE, rank=4, steps=90, tokens=3_000, rate=4e-3, head_rate=4e-3, warm_steps=10
)


def test_every_step_has_cases_of_one_source_by_its_share(trained: Checkpoint) -> None:
    every = cases_of(trained, 12)
    some = {"sets": every[:30], "paragraphs": every[30:40], "whole": [], "cuad": every[40:]}
    steps = spans.plan(some, replace(RECIPE, steps=400, tokens=800))
    assert len(steps) == 400
    of = {id(case): name for name, cases in some.items() for case in cases}
    drawn = [{of[id(case)] for case in step} for step in steps]
    assert all(len(names) == 1 for names in drawn)
    share = {name: sum(name in names for names in drawn) / 400 for name in some}
    assert share["whole"] == 0 and share["sets"] > share["paragraphs"] > 0 < share["cuad"]
    assert {id(case) for step in steps for case in step} == set(of)
    assert all(
        len(step) == 1 or len(step) * max(len(case.context) for case in step) <= 800
        for step in steps
    )


def test_the_head_learns_where_answers_stand(trained: Checkpoint, tmp_path: Path) -> None:
    every = cases_of(trained, 24)
    train, held, see = {"story": every[:-24]}, {"story": every[-24:]}, sight(trained)
    before = {n: v.clone() for n, v in see.model.state_dict().items()}
    losses: list[float] = []
    recipe = replace(RECIPE, steps=120, rate=1e-3)
    untrained = spans.Training(recipe, see, train).net.eval()
    worse = spans.right(untrained, see, held)
    net = spans.Training(recipe, see, train).run(lambda said: losses.append(said["loss"]))
    assert sum(losses[-5:]) < sum(losses[:5]) / 2
    right = spans.right(net, see, held)
    assert right["story_words_f1"] > worse["story_words_f1"] + 0.1
    assert right["story_nothing_when_absent"] > 0.5 and right["story_nothing_when_present"] < 0.2
    assert net.both is not None and any(b.any() for b in net.both.b.values())
    assert all(torch.equal(v, before[n]) for n, v in see.model.state_dict().items())


def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    trained: Checkpoint, tmp_path: Path
) -> None:
    train, see = {"story": cases_of(trained, 8)}, sight(trained)
    recipe = replace(RECIPE, steps=9, rewarded=2, save_every=2)
    whole = spans.Training(recipe, see, train).run(lambda said: None)

    class Stopped(Exception):
        pass

    for at, kept in ((5, 4), (8, 7)):

        def stop(said: dict[str, object], at: int = at) -> None:
            if said["step"] == at:
                raise Stopped

        work, steps = tmp_path / str(at), list[int]()
        work.mkdir()
        with pytest.raises(Stopped):
            spans.Training(recipe, see, train).run(stop, work)
        going_on = spans.Training(recipe, see, train)
        again = going_on.run(lambda said, to=steps: to.append(said["step"]), work)
        assert steps == list(range(kept + 1, 10))
        assert all(torch.equal(v, again.state_dict()[n]) for n, v in whole.state_dict().items())


def test_answers_are_worth_their_f1_and_more_is_expected_after_a_round(
    trained: Checkpoint,
) -> None:
    cases, see = cases_of(trained, 6), sight(trained)
    start = spans.Training(replace(RECIPE, steps=1), see, {"story": cases}).net
    with torch.no_grad():
        inputs = see.see(start, cases)
    units = max(len(case.units) for case in cases)
    worth = rewards.rewards(SHAPE, cases, inputs, units)
    assert float(worth.min()) == 0 and float(worth.max()) == 1
    right = spans.golds(SHAPE, cases, inputs, units)
    for row, case in enumerate(cases):
        said = [set(range(a, b)) for a, b in (*case.spans, *(case.units[n] for n in case.whole))]

        def f1(places: set[int], said: list[set[int]] = said) -> float:
            shares = [2 * len(places & gold) / (len(places) + len(gold)) for gold in said]
            return max(shares, default=0.0)

        for n, (place, unit) in enumerate(zip(*case.layout, strict=True)):
            for m in range(SHAPE.longest):
                if unit >= 0 and place + m < case.units[unit][1]:
                    value = float(worth[row, n * SHAPE.longest + m])
                    assert value == pytest.approx(f1(set(range(place, place + m + 1))))
        flat = inputs.at.shape[1] * SHAPE.longest
        for n, unit in enumerate(case.units):
            assert float(worth[row, flat + n]) == pytest.approx(f1(set(range(*unit))))
        assert float(worth[row, -1]) == (not said)
        assert bool((worth[row][right[row]] == 1).all()) or any(
            b - a > SHAPE.longest for a, b in case.spans
        )

    def expected(net: Spans) -> float:
        with torch.no_grad():
            share = net(see.see(net, cases)).flat().softmax(1)
        return float((share * worth).sum(1).mean())

    before = expected(start.eval())
    recipe = replace(RECIPE, steps=40, rewarded=40, warm_steps=2, rate=2e-2, head_rate=2e-2)
    assert (
        expected(spans.Training(recipe, see, {"story": cases}).run(lambda _: None)) > 1.5 * before
    )


def test_the_stage_writes_a_head_for_one_reader_and_goes_on_from_one(
    data: Path, trained: Checkpoint, tmp_path: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sources, "paragraphs", lambda: iter(toy(11)))
    monkeypatch.setattr(sources, "asked_of_all", lambda: iter(toy(11)))
    monkeypatch.setattr(sources, "sets", lambda: iter(toy_sets()))
    base = replace(trained, reader=None, base="", fingerprint=trained.states)
    monkeypatch.setattr("kimidoc.cli.train._checkpoint", lambda *_: base)
    done = tmp_path / "spans.safetensors"
    line = ["train", "spans", str(data), "--steps", "3", "--reader", str(trained.reader)]
    assert main([*line, "--work", str(tmp_path / "work"), "-o", str(done)]) == 0
    said = capfd.readouterr().out
    assert "paragraphs_unit:" in said and "nothing_when_absent:" in said
    head = Spans.load(done)
    assert head.shape.taps == (1, 2) and head.shape.both_from == 1 and head.both is not None
    assert head.about["steps"] == "3, 0 of rewards"
    assert head.about["data"].startswith("covidqa ") and "cuad " in head.about["data"]
    more = tmp_path / "more.safetensors"
    line += ["--start", str(done), "--rewarded", "1"]
    assert main([*line, "--work", str(tmp_path / "again"), "-o", str(more)]) == 0
    again = Spans.load(more)
    assert again.about["steps"] == "3, 0 of rewards, then 3, 1 of rewards"
    assert main([*line, "--work", str(tmp_path / "again"), "-o", str(more), "--seed", "1"]) == 2
    assert "another --work" in capfd.readouterr().err
    assert main([*line[:-2], "--rewarded", "4", "--work", str(tmp_path), "-o", str(more)]) == 2
    other = Spans(replace(SHAPE, both_from=0)).eval()
    other.save(tmp_path / "other.safetensors")
    line[line.index(str(done))] = str(tmp_path / "other.safetensors")
    assert main([*line, "--work", str(tmp_path), "-o", str(more)]) == 2
    assert "another shape" in capfd.readouterr().err
    moved = {n: (v - again.state_dict()[n]).abs().max() for n, v in head.state_dict().items()}
    assert 0 < max(moved.values()) < 0.1

"""The span head's stage: cases against the texts they come from, and a head that learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch

from kimidoc.cli.main import main
from kimidoc.models.checkpoint import Checkpoint, with_reader
from kimidoc.models.load import load
from kimidoc.models.nano import reader as readers
from kimidoc.models.nano.reader import POINTER, Pointer, ReaderShape
from kimidoc.models.nano.spans import Spans, SpanShape, padded
from kimidoc.train import rewards, sources, span_states, spans
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.span_cases import SpanCase, SpanCases
from kimidoc.train.states import packed
from tests.train.conftest import NOUNS, PLACES

SHAPE = SpanShape(hidden=32, taps=(1, 2), width=24, layers=1, heads=2, longest=6, compared=8)


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


@pytest.fixture(scope="module")
def trained(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The tiny checkpoint with a reader that changes nothing."""
    file = tmp_path_factory.mktemp("reader") / "reader.safetensors"
    shape = ReaderShape(first=3, rank=0, pointed=8)
    pointer = {f"{POINTER}.{n}": v for n, v in Pointer(32, 8).state_dict().items()}
    readers.save(file, shape, pointer, {"checkpoint": checkpoint.fingerprint})
    return with_reader(checkpoint, file)


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
        assert bool(case.spans or case.whole) == bool(gold.spans)


def test_what_answers_is_where_the_head_says_it() -> None:
    case = SpanCase("a", "k", tuple(range(20)), (0, 3), ((4, 8), (8, 19)), ((5, 7), (9, 18)), (0,))
    seen = span_states.Seen(case, Path(), slice(0, 0))
    at, of = seen.layout
    inputs = padded([(torch.zeros(len(at), 3, 32), at, of)])
    right = spans.golds(SHAPE, [seen], inputs, 2)[0].nonzero()[:, 0].tolist()
    # the first of two tokens from place 5 (the fifth looked at, 4); a span too long is its unit
    assert right == [4 * SHAPE.longest + 1, len(at) * SHAPE.longest, len(at) * SHAPE.longest + 1]
    nothing = SpanCase("a", "k", tuple(range(20)), (0, 3), ((4, 8), (8, 19)), (), ())
    seen = span_states.Seen(nothing, Path(), slice(0, 0))
    right = spans.golds(SHAPE, [seen], inputs, 2)[0].nonzero()[:, 0].tolist()
    assert right == [len(at) * SHAPE.longest + 2]


def test_the_head_learns_where_answers_stand(trained: Checkpoint, tmp_path: Path) -> None:
    loaded, documents = load(trained, 1), toy(24)
    cases = list(SpanCases(packed(documents, loaded), loaded, documents, 64, Random(0)).made())
    file = tmp_path / "toy-000.jsonl"
    span_states.keep(cases, loaded.model, SHAPE.taps, file)
    seen = span_states.load(file)
    assert [s.case for s in seen] == cases
    assert all(len(s.states()) == len(s.places) for s in seen)
    train, held = seen[:-24], seen[-24:]
    losses: list[float] = []
    recipe = spans.Recipe(shape=SHAPE, epochs=14, tokens=3_000, rate=4e-3, warm_steps=10)
    net = spans.fit(recipe, train, lambda said: losses.append(said["loss"]))
    assert losses[-1] < losses[0] / 2
    right = spans.right(net, held)
    untrained = spans.right(Spans(SHAPE).eval(), held)
    assert right["words_f1"] > untrained["words_f1"] + 0.2
    assert right["nothing_when_absent"] > 0.5 and right["nothing_when_present"] < 0.2
    assert right["story_unit"] == right["unit"]
    again = spans.fit(recipe, train, lambda said: None)
    assert all(torch.equal(v, again.state_dict()[n]) for n, v in net.state_dict().items())


def test_answers_are_worth_their_f1_and_more_is_expected_after_a_round(
    trained: Checkpoint, tmp_path: Path
) -> None:
    loaded, documents = load(trained, 1), toy(12)
    cases = list(SpanCases(packed(documents, loaded), loaded, documents, 64, Random(0)).made())
    span_states.keep(cases, loaded.model, SHAPE.taps, tmp_path / "toy-000.jsonl")
    seen = span_states.load(tmp_path / "toy-000.jsonl")
    inputs = padded([(s.states(), *s.layout) for s in seen])
    units = max(len(case.units) for case in cases)
    worth = rewards.rewards(SHAPE, seen, inputs, units)
    assert float(worth.min()) == 0 and float(worth.max()) == 1
    right = spans.golds(SHAPE, seen, inputs, units)
    for row, case in enumerate(cases):
        said = [set(range(a, b)) for a, b in (*case.spans, *(case.units[n] for n in case.whole))]

        def f1(places: set[int], said: list[set[int]] = said) -> float:
            shares = [2 * len(places & gold) / (len(places) + len(gold)) for gold in said]
            return max(shares, default=0.0)

        for n, (place, unit) in enumerate(zip(*seen[row].layout, strict=True)):
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
    torch.manual_seed(0)
    net = Spans(SHAPE).eval()
    recipe = spans.Recipe(shape=SHAPE, tokens=3_000, rate=5e-2, warm_steps=2, rounds=6)
    with torch.no_grad():
        before = float((net(inputs).flat().softmax(1) * worth).sum(1).mean())
    spans.reinforce(net, recipe, seen, lambda said: None)
    with torch.no_grad():
        after = float((net(inputs).flat().softmax(1) * worth).sum(1).mean())
    assert after > 1.5 * before


def test_the_stage_reads_once_and_writes_a_head_for_one_reader(
    data: Path, trained: Checkpoint, tmp_path: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sources, "paragraphs", lambda: iter(toy(11)))
    monkeypatch.setattr(span_states, "PART", 40)
    base = replace(trained, reader=None, base="", fingerprint=trained.states)
    monkeypatch.setattr("kimidoc.cli.train._checkpoint", lambda *_: base)
    work, done = tmp_path / "work", tmp_path / "spans.safetensors"
    line = ["train", "spans", str(data), "--work", str(work), "-o", str(done), "--epochs", "1"]
    line += ["--reader", str(trained.reader)]
    assert main(line) == 0
    said = capfd.readouterr().out
    assert "unit:" in said and "nothing_when_absent:" in said
    head = Spans.load(done)
    assert head.shape.taps == (1, 2) and head.about["epochs"] == "1 and 2 of rewards"
    kept = {file: file.stat().st_mtime_ns for file in work.glob("*.safetensors")}
    assert {file.name.rpartition("-")[0] for file in kept} == {
        "paragraphs", "cuad", "covidqa", "evidence_inference", "tatqa",
    }  # fmt: skip
    assert main(line) == 0
    assert {file: file.stat().st_mtime_ns for file in work.glob("*.safetensors")} == kept
    again = Spans.load(done)
    assert all(torch.equal(v, again.state_dict()[n]) for n, v in head.state_dict().items())

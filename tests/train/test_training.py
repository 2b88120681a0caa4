"""From toy documents to weights: what is learned and kept, and what an interruption changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kimidoc.cli.main import main
from kimidoc.engine.finding import question_states
from kimidoc.engine.prefill import layer_major
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.indexer.keys import Collector, Keys
from kimidoc.indexer.model import Indexer, Shape
from kimidoc.indexer.score import block_scores
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import corpus as corpora
from kimidoc.train import stage
from kimidoc.train.corpus import Questions, Read, Teacher
from kimidoc.train.indexer import Recipe, Training, pool
from kimidoc.train.questions import fragments
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.states import BLOCK, DTYPE, Frozen, describe, excerpt, keep, windows
from tests.train.conftest import story

SHAPE = replace(Shape.of(3, 32), dim=16, expand=8, query_expand=8)
RECIPE = Recipe(
    shape=SHAPE, steps=40, windows=2, labelled=10, unlabelled=4, rate=1e-2, save_every=20
)


def toys(first: int, count: int) -> list[Labelled]:
    """Stories with questions made of their own words."""
    found = []
    for n in range(first, first + count):
        text = story(n)
        golds = tuple(fragments(text, Random(n), 20))
        found.append(Labelled("prose", f"{n}.txt", text, golds))
    return found


@pytest.fixture(scope="module")
def frozen(checkpoint: Checkpoint) -> Frozen:
    """The tiny model up to its highest tap."""
    return Frozen(checkpoint, (1,), 1)


@pytest.fixture(scope="module")
def ready(
    checkpoint: Checkpoint, frozen: Frozen, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Read], list[Read], Questions]:
    """Windows to train on, windows held out, and the states of all their questions."""
    work = tmp_path_factory.mktemp("ready")
    for name, documents in (("train", toys(0, 6)), ("held", toys(40, 2))):
        (work / name).mkdir()
        for n, (window, group) in enumerate(windows(documents, 4096, frozen.loaded)):
            keep(window, group, frozen, work / name / f"toys-{n:03}")
    reader = Reader(checkpoint, 1, ReadPlan(), DTYPE)
    table = reader.loaded.model.get_input_embeddings().weight
    decode = reader.loaded.tokenizer.decode
    train, held = (corpora.read_windows(work / n, table, decode) for n in ("train", "held"))
    questions = Questions(work / "q.safetensors")
    questions.add(
        [*pool(train), *pool(held)],
        lambda some: [s.bfloat16() for s in question_states(reader, some, SHAPE.taps)],
    )
    assert len(Questions(work / "q.safetensors")) == len(questions)
    return train, held, questions


def recall(indexer: Indexer, held: Sequence[Read], questions: Questions) -> float:
    """How often the best block is one that answers."""
    hits: list[bool] = []
    for window in held:
        keys = Keys.of(indexer.keys(window.states.float()))
        asked = [indexer.queries(questions[a.question].float()) for a in window.asked]
        best = block_scores(asked, keys, BLOCK, indexer.beside).argmax(-1).tolist()
        hits += [b in a.blocks for b, a in zip(best, window.asked, strict=True)]
    return sum(hits) / len(hits)


def test_the_loss_falls_and_more_evidence_is_found(
    ready: tuple[list[Read], list[Read], Questions],
) -> None:
    train, held, questions = ready
    untrained = recall(Training(RECIPE, train, questions, None).indexer.eval(), train, questions)
    log: list[dict[str, Any]] = []
    trained = Training(RECIPE, train, questions, None).run(log.append)
    assert [row["step"] for row in log] == [10, 20, 30, 40]
    assert log[-1]["gold"] < 0.8 * log[0]["gold"]
    assert recall(trained, train, questions) > untrained
    assert recall(trained, held, questions) > 0


def test_an_interrupted_run_ends_where_a_whole_one_does(
    ready: tuple[list[Read], list[Read], Questions], tmp_path: Path
) -> None:
    train, _, questions = ready
    recipe = replace(RECIPE, steps=8, save_every=4)
    whole = Training(recipe, train, questions, None).run(lambda _: None)

    class Stopped(Exception):
        pass

    first = Training(recipe, train, questions, None)
    one = first._one

    def stop() -> dict[str, float]:
        if first.step == 6:
            raise Stopped
        return one()

    first._one = stop  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        first.run(lambda _: None, tmp_path)
    again = Training(recipe, train, questions, None).run(lambda _: None, tmp_path)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_teacher_pulls_towards_its_labels(
    ready: tuple[list[Read], list[Read], Questions],
) -> None:
    train, _, questions = ready
    texts = pool(train)
    vectors = {t: v for t, v in zip(texts, _embed(texts), strict=True)}
    for window in train:
        window.vectors = _embed(window.texts)
    teacher = Teacher(vectors)
    labels = teacher.labels(train[0], texts[:3])
    assert labels.shape == (3, len(train[0].texts))
    assert torch.allclose(labels.sum(-1), torch.ones(3), atol=1e-5)
    log: list[dict[str, Any]] = []
    Training(RECIPE, train, questions, teacher).run(log.append)
    assert log[-1]["soft"] < log[0]["soft"]


def _embed(texts: Sequence[str]) -> Tensor:
    """Letters counted: close texts have close vectors."""
    rows = [[t.lower().count(c) + 0.1 for c in "abcdefghijklmnopqrstuvwxyz"] for t in texts]
    return torch.nn.functional.normalize(torch.tensor(rows), dim=-1)


def test_states_are_those_that_the_engine_taps(frozen: Frozen, checkpoint: Checkpoint) -> None:
    whole = Frozen(checkpoint, (3,), 1)  # three layers: nothing is cut off
    ids = torch.randint(3, 400, (300,), generator=torch.Generator().manual_seed(0))
    seen: dict[int, list[Tensor]] = {}

    def tap(layer: int, start: int, entered: Tensor) -> None:
        seen.setdefault(layer, []).append(entered.half())

    layer_major(whole.runner, whole.profile, ids, whole.plan, tap=tap)
    assert torch.equal(frozen.window(ids)[:, 0], torch.cat(seen[1]))


def test_a_question_read_alone_is_what_the_engine_makes_of_it(
    frozen: Frozen, checkpoint: Checkpoint
) -> None:
    reader = Reader(checkpoint, 1, ReadPlan(), DTYPE)
    texts = ["Who pays?", "What is the deposit, and when does the tenant pay it back?"]
    for text, states in zip(texts, question_states(reader, texts, (0, 1)), strict=True):
        encoded = reader.loaded.tokenizer.encode(
            [f"Question: {text}\nThe passage that answers it:"]
        )
        own = frozen.window(torch.tensor(list(encoded[0].ids)))
        assert states.shape == (len(own), 2, 32)
        assert torch.allclose(states[:, 1].float(), own[:, 0].float(), rtol=0.05, atol=0.05)


@given(start=st.integers(0, 400), length=st.integers(1, 300))
def test_labelled_blocks_hold_the_labelled_words(start: int, length: int) -> None:
    frozen = _frozen()
    text = story(1, 8)
    start %= len(text) - 1
    end = min(len(text), start + length)
    documents = [
        Labelled("prose", "0.txt", story(2, 3)),
        Labelled("prose", "1.txt", text, (Gold("?", ((start, end),)),)),
    ]
    ((window, group),) = windows(documents, 100_000, frozen.loaded)
    (((_, _, _, blocks),),) = [
        d["golds"] for d in describe(window, group)["documents"] if d["golds"]
    ]
    segment = window.segment_of("1.txt")
    assert segment is not None
    naive = {
        t // BLOCK
        for t in range(segment.body, segment.end)
        if window.starts[t] < end and window.ends[t] > start
    }
    assert set(blocks) == naive


_FROZEN: list[Frozen] = []


def _frozen() -> Frozen:
    return _FROZEN[0]


@pytest.fixture(autouse=True, scope="module")
def _share(frozen: Frozen) -> None:
    _FROZEN[:] = [frozen]  # hypothesis takes no module fixtures


@given(seed=st.integers(0, 200), most=st.integers(400, 3000))
def test_an_excerpt_keeps_the_spans_it_holds(seed: int, most: int) -> None:
    text = story(seed)
    whole = Labelled("prose", "a", text, tuple(fragments(text, Random(seed), 5)))
    part = excerpt(whole, most, Random(seed))
    assert len(part.text) <= max(most, len(text)) and part.text in text
    said = {text[a:b] for g in whole.golds for a, b in g.spans}
    for gold in part.golds:
        assert all(part.text[a:b] in said for a, b in gold.spans)


def test_windows_that_were_read_are_not_read_again(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = stage.draw(data, [], Random(0))
    assert set(drawn) == {"cuad", "evidence_inference", "covidqa", "qmsum", "tatqa", "gutenberg"}
    stage.read(drawn, Frozen(checkpoint, (1,), 1), tmp_path)
    kept = sorted((tmp_path / "windows").glob("*.json"))
    assert len(kept) == 6
    about = json.loads(kept[0].read_text("utf-8"))
    kept[0].unlink()
    read: list[int] = []
    real = Frozen.window

    def counted(self: Frozen, ids: Tensor) -> Tensor:
        read.append(len(ids))
        return real(self, ids)

    monkeypatch.setattr(Frozen, "window", counted)
    stage.read(drawn, Frozen(checkpoint, (1,), 1), tmp_path)
    assert read == [about["tokens"]]


def test_the_command_makes_weights_that_can_be_loaded(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KIMIDOC_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "work").mkdir()
    line = [
        "train", "indexer", str(data), "--work", str(tmp_path / "work"), "-o",
        str(tmp_path / "i.safetensors"), "--teacher", "none", "--steps", "10", "--model",
        str(checkpoint.folder), "--offline", "--threads", "1",
    ]  # fmt: skip
    assert main(line) == 0
    indexer = Indexer.load(tmp_path / "i.safetensors")
    assert indexer.shape == Shape.of(3, 32)
    collect = Collector(indexer, 20)
    for layer in (0, 1):
        collect(layer, 0, torch.randn(20, 32))
    assert len(collect.finish()) == 20
    assert (
        json.loads((tmp_path / "work" / "log.jsonl").read_text("utf-8").splitlines()[-1])["step"]
        == 10
    )


def test_a_folder_without_data_is_said(
    checkpoint: Checkpoint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = ["train", "indexer", str(tmp_path), "--work", str(tmp_path), "-o", str(tmp_path / "i")]
    line += ["--teacher", "none", "--model", str(checkpoint.folder), "--offline"]
    assert main(line) == 2
    assert "holds none of the data sets" in capfd.readouterr().err


def test_a_window_in_one_pass_is_what_the_engine_reads(
    frozen: Frozen, checkpoint: Checkpoint
) -> None:
    ids = torch.randint(3, 400, (3000,), generator=torch.Generator().manual_seed(1))
    once = Frozen(checkpoint, (1,), 1)
    once.whole = True
    seen, truth = once.window(ids).float(), frozen.window(ids).float()
    assert seen.shape == truth.shape
    assert (seen - truth).norm() < 0.02 * truth.norm()

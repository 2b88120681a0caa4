"""Evidence by meaning, on tiny checkpoints: keys in sessions, and looks against slow twins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kimidoc.engine import reading
from kimidoc.engine.base import Prefix
from kimidoc.engine.constrain import runs
from kimidoc.engine.finding import ByMeaning, ByWords, Verdict, question_states, read_keys
from kimidoc.engine.local import Held, LocalEngine
from kimidoc.engine.units import unit_end
from kimidoc.indexer.keys import Keys
from kimidoc.indexer.model import QUESTION, Indexer, Shape
from kimidoc.models import nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load
from tests.engine.answer_models import CODE, LEASE, SUPPLY
from tests.engine.test_local import engine, packed, prompts

SHAPE = Shape(taps=(0, 1, 2), hidden=32, dim=16, expand=8, query_expand=8)
L = 16


@pytest.fixture
def indexer(monkeypatch: pytest.MonkeyPatch) -> Indexer:
    """An untrained indexer, shipped for every checkpoint."""
    torch.manual_seed(0)
    made = Indexer(SHAPE).eval()
    made.requires_grad_(False)
    monkeypatch.setattr(nano, "indexer", lambda _: made)
    monkeypatch.setattr(nano, "indexer_id", lambda _: "0123abcd")
    return made


def held(prefix: Prefix) -> Held:
    assert isinstance(prefix.handle, Held)
    return prefix.handle


def keys(prefix: Prefix) -> Keys:
    found = held(prefix).keys
    assert found is not None and len(found) == len(prefix.window.tokens)
    return found


def same(a: Keys, b: Keys) -> bool:
    return torch.equal(a.codes, b.codes) and torch.equal(a.scales, b.scales)


def test_a_kept_session_has_the_keys_of_its_reading(tmp_path: Path, indexer: Indexer) -> None:
    first = engine(tmp_path, session="deal")
    read = first.prefill(packed(first, LEASE, SUPPLY, CODE))
    assert (tmp_path / "deal" / reading.KEYS).is_file()
    assert read.notices[0].code == "method.places-by-indexer"
    second = engine(tmp_path, session="deal")
    again = second.prefill(packed(second, LEASE, SUPPLY, CODE))
    assert again.session.prefilled_tokens == 0 and same(keys(read), keys(again))
    assert first.answer(read, prompts()) == second.answer(again, prompts())


def test_a_changed_document_changes_only_the_keys_from_it_on(
    tmp_path: Path, indexer: Indexer
) -> None:
    first = engine(tmp_path, session="deal")
    first.prefill(packed(first, LEASE, SUPPLY))
    second, fresh = engine(tmp_path, session="deal"), engine(None)
    texts = (LEASE, SUPPLY.replace("24 months", "36 months"))
    prefix = second.prefill(packed(second, *texts))
    assert prefix.session.reused_tokens > 0
    whole = fresh.prefill(packed(fresh, *texts))
    near = keys(prefix).span(0, len(keys(prefix)))
    assert torch.allclose(near, keys(whole).span(0, len(near)), atol=0.02)


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_without_its_keys_a_session_is_read_again(
    tmp_path: Path, indexer: Indexer, damage: str
) -> None:
    first = engine(tmp_path, session="deal")
    wanted = keys(first.prefill(packed(first, LEASE)))
    file = tmp_path / "deal" / reading.KEYS
    data = file.read_bytes()
    file.unlink()
    if damage == "cut":
        file.write_bytes(data[:-7])
    second = engine(tmp_path, session="deal")
    prefix = second.prefill(packed(second, LEASE))
    assert "session-not-used" in [n.code for n in prefix.notices]
    assert prefix.session.reused_tokens == 0 and same(wanted, keys(prefix))


class Stop:
    """A Progress that presses Ctrl-C at its ``at``-th report."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, *_: object) -> None:
        self.at -= 1
        if self.at == 0:
            raise KeyboardInterrupt


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows go through two of the three layers: the third only says what comes next."""
    monkeypatch.setattr(Checkpoint, "read_layers", property(lambda _: max(SHAPE.taps)))


def test_what_is_read_to_the_highest_tap_has_the_same_keys(
    tmp_path: Path, indexer: Indexer, request: pytest.FixtureRequest
) -> None:
    whole = engine(None)
    wanted = whole.prefill(packed(whole, LEASE, SUPPLY))
    request.getfixturevalue("low")
    first = engine(tmp_path, session="deal")
    read = first.prefill(packed(first, LEASE, SUPPLY))
    assert same(keys(wanted), keys(read))
    assert len(held(wanted).layers) == 3 and len(held(read).layers) == 2
    second = engine(tmp_path, session="deal")
    longer = second.prefill(packed(second, LEASE, SUPPLY, CODE))
    assert longer.session.reused_tokens > 0 and len(held(longer).layers) == 2
    only = engine(None)
    found = read_keys(packed(only, LEASE, SUPPLY), only._reader, indexer)
    assert same(found, keys(wanted))


def test_whoever_hears_reads_to_the_end(tmp_path: Path, indexer: Indexer, low: None) -> None:
    deaf = engine(tmp_path, session="deal")
    deaf.prefill(packed(deaf, LEASE))
    hearing = listening(engine(tmp_path, session="deal"))
    prefix = hearing.prefill(packed(hearing, LEASE))
    assert prefix.session.reused_tokens == 0 and len(held(prefix).layers) == 3
    after = engine(tmp_path, session="deal")
    assert after.prefill(packed(after, LEASE)).session.prefilled_tokens == 0


def listening(of: LocalEngine) -> LocalEngine:
    of.hears = True
    return of


@pytest.mark.parametrize("layers", [None, 2])
def test_an_interrupted_reading_ends_with_the_same_keys(
    tmp_path: Path, indexer: Indexer, monkeypatch: pytest.MonkeyPatch, layers: int | None
) -> None:
    monkeypatch.setattr(reading, "RESUMABLE_TOKENS", 1)
    monkeypatch.setattr(Checkpoint, "read_layers", property(lambda _: layers))
    whole = engine(tmp_path / "whole", session="deal")
    wanted = keys(whole.prefill(packed(whole, LEASE, SUPPLY)))
    for at in range(1, 40):
        root = tmp_path / f"at-{at}"
        one = engine(root, session="deal")
        try:
            one.prefill(packed(one, LEASE, SUPPLY), Stop(at))
        except KeyboardInterrupt:
            two = engine(root, session="deal")
            assert same(wanted, keys(two.prefill(packed(two, LEASE, SUPPLY)))), at
            assert not list((root / "deal").glob("*.sums"))
        else:
            assert at > 8
            return
    pytest.fail("never ran through")


def meaning(of: LocalEngine, prefix: Prefix) -> ByMeaning:
    found = of._finder(prefix.window, held(prefix))
    assert isinstance(found, ByMeaning)
    return found


def test_scores_and_units_are_what_a_slow_twin_finds(indexer: Indexer) -> None:
    of = engine(None)
    prefix = of.prefill(packed(of, LEASE, SUPPLY, CODE))
    everything = ((0, len(prefix.window.tokens)),)  # no document is looked for by its name
    finder, asked = meaning(of, prefix), [replace(p, scope=everything) for p in prompts()]
    for prompt, look in zip(asked, finder.look(asked), strict=True):
        q, w = indexer.queries(question_states(of._reader, [prompt.question], SHAPE.taps)[0])
        every = keys(prefix).span(0, len(keys(prefix)))
        best = [
            float(sum(w[i] * max(q[i] @ k for k in every[a : a + L]) for i in range(len(w))))
            for a in range(0, len(every), L)
        ]
        assert np.argsort(-look.scores)[:3].tolist() == np.argsort(-np.array(best))[:3].tolist()
        source = runs(prefix.window, [(0, len(every))])
        worth = [
            float(
                sum(
                    w[i] * max(q[i] @ k for k in every[p : unit_end(source, p) + 1])
                    for i in range(len(w))
                )
            )
            for p in source.starts.tolist()
        ]
        wanted = np.exp(np.array(worth) - max(worth))
        assert np.allclose(look.worth(source), wanted, atol=1e-3)


def test_a_question_read_alone_is_what_the_whole_model_makes_of_it(indexer: Indexer) -> None:
    of = engine(None)
    loaded = load(of.checkpoint, 1)
    for prompt in prompts():
        ids = loaded.tokenizer.encode([QUESTION.format(prompt.question)])[0].ids
        run = torch.tensor([list(ids)])
        every: Any = loaded.model(input_ids=run, output_hidden_states=True, use_cache=False)
        wanted = torch.stack([every.hidden_states[t][0] for t in SHAPE.taps], 1)
        (found,) = question_states(of._reader, [prompt.question], SHAPE.taps)
        assert len(found) == min(len(wanted), of.plan.chunk_tokens)  # a chunk of it counts
        assert torch.allclose(found, wanted[: len(found)].float(), atol=0.05, rtol=0.05)


def test_the_verdict_of_the_file_decides(indexer: Indexer, monkeypatch: pytest.MonkeyPatch) -> None:
    of = engine(None)
    prefix = of.prefill(packed(of, LEASE, SUPPLY))
    for bias, status in ((50.0, True), (-50.0, False)):
        rule = Verdict((0.0, 0.0, 0.0), bias)
        monkeypatch.setitem(indexer.about, "verdict", rule.packed())
        assert Verdict.of(indexer) == rule
        drafts = of.answer(prefix, prompts())
        assert all((d.text != "NOT FOUND") is status for d in drafts)


def test_checkpoints_without_an_indexer_are_looked_through_by_words() -> None:
    of = engine(None)
    prefix = of.prefill(packed(of, LEASE))
    assert held(prefix).keys is None
    assert isinstance(of._finder(prefix.window, held(prefix)), ByWords)
    assert nano.indexer_id("of another model") is None and nano.key_width("of another") == 0

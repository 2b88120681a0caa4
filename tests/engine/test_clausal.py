"""The vote of the model of clauses on a window's blocks and units, against slow twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from kimidoc.clauses.model import Model
from kimidoc.engine import clausal
from kimidoc.engine.clausal import CLIP, ByClause, Sought
from kimidoc.engine.constrain import units
from kimidoc.engine.finding import ByMeaning
from kimidoc.indexer.kinds import Kinds
from kimidoc.indexer.model import Indexer
from kimidoc.models import nano
from kimidoc.types import Window
from tests.engine.answer_models import CODE, LEASE, SUPPLY
from tests.engine.test_finding import L, held, indexer, meaning
from tests.engine.test_local import engine, packed, prompts

__all__ = ["indexer"]
WORDS = Model(
    {
        "^bias": {"rent": -2.0, "law": -3.0},
        "rent": {"rent": 3.5},
        "tenant": {"rent": 1.0},
        "laws of": {"law": 4.25},
        "denmark": {"law": 20.0},
    }
)
KIND = Sought("rent", 0.75)


@pytest.fixture
def window() -> Window:
    return packed(engine(None), LEASE, SUPPLY, CODE)


def placed(window: Window, kind: str) -> list[tuple[int, int, float]]:
    """Every passage as tokens of the window, character by character, and its clipped score."""
    found, column = [], WORDS.kinds.index(kind)
    for segment in window.segments:
        scored = WORDS.scored(segment.document.text)
        for (a, b), score in zip(scored.spans.tolist(), scored.logits[:, column], strict=True):
            held = [
                t
                for t in range(segment.body, segment.end)
                if window.starts[t] < b and window.ends[t] > a
            ]
            found.append((held[0], held[-1], float(np.clip(score, -CLIP, CLIP))))
    return found


@pytest.mark.parametrize("kind", ["rent", "law"])
def test_blocks_get_their_best_passage(window: Window, kind: str) -> None:
    vote = ByClause(window, WORDS).blocks(Sought(kind, 0.75), L, None)
    wanted = np.full(-(-len(window.tokens) // L), -CLIP)
    for first, last, score in placed(window, kind):
        for block in (first // L, last // L):
            wanted[block] = max(wanted[block], score)
    assert np.allclose(vote, wanted * 0.75) and vote.max() > 0
    assert kind == "rent" or vote.max() == CLIP * 0.75


def test_units_get_the_passages_they_share_half_with(window: Window) -> None:
    every = units(window, 0, len(window.tokens))
    votes = ByClause(window, WORDS).worth(KIND, every)
    for (start, end), vote in zip(every, votes, strict=True):
        near = [
            score
            for first, last, score in placed(window, "rent")
            if len(set(range(start, end)) & set(range(first, last + 1))) * 2
            >= min(end - start, last + 1 - first)
        ]
        assert vote == pytest.approx(max(near, default=-CLIP) * 0.75)
    assert votes.max() > 0 > votes.min()


def test_what_is_outside_the_scope_has_no_vote(window: Window) -> None:
    own = window.segments[1]
    vote = ByClause(window, WORDS).blocks(KIND, L, ((own.start, own.end),))
    inside = range(own.body // L, -(-own.end // L))
    assert all(vote[n] == -CLIP * 0.75 for n in range(len(vote)) if n not in inside)


def test_passages_behind_a_cut_are_not_there(window: Window) -> None:
    last = window.segments[-2]
    short = replace(last, end=last.body + 3)
    cut = replace(window, segments=(*window.segments[:-2], short))
    spans = ByClause(cut, WORDS)._scored(short).spans
    assert len(spans) == 1 and spans.max() < short.end


def test_a_question_that_asks_for_a_kind_brings_the_vote(
    indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finder(bias: float, blocks: str) -> ByMeaning:
        size = 2 * len(indexer.shape.taps) * indexer.shape.hidden
        made = Kinds(
            ("law", "rent"), torch.zeros(3, size), torch.tensor([-9.0, bias, 0.0]),
            {"blocks": blocks},
        )  # fmt: skip
        monkeypatch.setattr(nano, "kinds", lambda _: made)
        of = engine(None)
        prefix = of.prefill(packed(of, LEASE, SUPPLY, CODE))
        assert held(prefix).keys is not None
        return meaning(of, prefix)

    monkeypatch.setattr(clausal, "shipped", lambda: WORDS)
    asked = [replace(p, scope=((0, 10_000),)) for p in prompts()]
    sure, unsure = finder(9.0, "2"), finder(-9.0, "2")
    for with_vote, without in zip(sure.look(asked), unsure.look(asked), strict=True):
        vote = sure.clauses.blocks(Sought("rent", 1.0), L, asked[0].scope)
        gained = with_vote.scores - without.scores - 2 * vote
        assert np.allclose(gained, gained[0], atol=0.02)  # the lowest block of each stands at 0
        every = units(sure.words.window, 0, 60)
        vote_on_units = with_vote.by_clause(every)
        assert without.by_clause(every) is None
        assert vote_on_units is not None and len(vote_on_units) == len(every)

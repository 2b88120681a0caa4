"""Kept documents asked as the product asks: what is right is judged by where it stands."""

from __future__ import annotations

from random import Random

import pytest

from kimidoc.engine.local import LocalEngine
from kimidoc.engine.votes import Rules
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import calibrate, kept
from kimidoc.train.kept import Case, Group, Part
from tests.train.test_spans import toy, toy_sets, trained

__all__ = ["trained"]


def test_a_set_is_asked_with_and_without_an_answer() -> None:
    documents = toy_sets()[0]
    cases = kept.asked_of_set(documents, Random(0))
    assert sum(not case.places for case in cases) == len(documents)
    assert all(case.prompt.scope is None for case in cases)
    golds = [(d, g) for d in documents for g in d.golds]
    asked = {(g.question, tuple((d.path, span) for span in g.spans)) for d, g in golds}
    assert {(case.prompt.question, case.places) for case in cases} <= asked


def test_a_quote_is_right_where_it_holds_the_place(trained: Checkpoint) -> None:
    engine = LocalEngine(trained, sessions_root=None, threads=1)
    documents = toy(3)
    part = kept.read(engine, documents, lambda window: kept.asked_of_each(window, documents))
    own = {name: getattr(part.desk.rules, name) for name in kept.ASKED_WITH}
    assert own == kept.ASKED_WITH != {name: getattr(Rules(), name) for name in own}
    for case, asked in zip(part.cases, part.read, strict=True):
        for unit in part.desk.chosen(asked)[:1]:
            segment = part.desk.window.segment_at(unit[0])
            assert segment is not None
            path = segment.document.path
            first, last = part.desk.window.starts[unit[0]], part.desk.window.ends[unit[1] - 1]
            inside = Case(case.prompt, places=((path, (first, last)),))
            assert part.right(inside, asked)
            far = (last + 1, last + 20)
            for place in ((path, far), ("other.txt", (first, last)), (path, (0, 100_000))):
                assert not part.right(Case(case.prompt, places=(place,)), asked)
            assert part.right(Case(case.prompt, places=((path, (first, last + 3)),)), asked)
            said = segment.document.text[first:last]
            assert part.right(Case(case.prompt, golds=(said,)), asked)
    wrong = Part(part.desk, [Case(c.prompt, golds=("nowhere",)) for c in part.cases], part.read)
    alone, both = Group([part], own=True), Group([part, wrong], own=True)
    count = int(alone.present.sum())
    assert both.present.tolist() == [*alone.present, *[True] * len(part.cases)]
    hits = alone.right(Rules()) * count
    assert both.right(Rules()) == pytest.approx(hits / (count + len(part.cases)))


@pytest.mark.parametrize("own", [True, False])
def test_of_equal_weights_the_first_is_taken(own: bool) -> None:
    class Even:
        def __init__(self) -> None:
            self.own = own

        def right(self, rules: Rules) -> float:
            return 0.2 + 0.04 * rules.worth + 0.3 * (rules.words == 2) + 0.004 * rules.likely

    rules = calibrate.weighed([Even()], Rules(words=0))  # type: ignore[list-item]
    first = {name: weights[0] for name, weights in calibrate.TRIED.items()}
    assert rules.worth == calibrate.WORTHS[-1]
    if own:
        assert rules.words == 2 and rules.pointed == first["pointed"] == 0
        assert rules.likely == first["likely"] == 0
    else:
        assert (rules.words, rules.pointed, rules.likely) == (0, 1, 0)

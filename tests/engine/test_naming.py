"""What a question names, and how much of it stands in what was read for it."""

from __future__ import annotations

import pytest

from kimidoc.engine.naming import lacking, names, words


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Which member does locker 253 belong to?", {"253"}),
        ("What is the access code of depot Holltoft?", {"holltoft"}),
        ("Under which extension can Rhoda Osterman be reached?", {"rhoda", "osterman"}),
        ("NATO pays what? When does Ulm pay?", {"nato", "ulm"}),
        ("Did revenue reach 1,250.5 in Q3?", {"1,250.5", "q3"}),
        ("who pays for the lift?", set()),
        ("Who may end the agreement, and I ask again: When?", set()),
        ("", set()),
    ],
)
def test_names_are_capitals_within_a_sentence_and_numbers(question: str, named: set[str]) -> None:
    assert names(question) == named


def test_the_share_of_names_that_stand_nowhere() -> None:
    asked = names("Which badge does Stellan Dorfman wear on gate 7?")
    assert lacking(asked, words("DORFMAN came. Stellan, at 7, left.")) == 0
    assert lacking(asked, words("Gate 70 is Dorfman's.")) == pytest.approx(2 / 3)  # another gate
    assert lacking(asked, frozenset()) == 1
    assert lacking(frozenset(), frozenset()) == 0

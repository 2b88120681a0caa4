"""What a question names, and how much of it stands in what was read for it."""

from __future__ import annotations

import pytest

from kimidoc.engine.naming import names, shares


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


def test_what_is_lacking_and_what_one_sentence_holds() -> None:
    asked = names("Which badge does Stellan Dorfman wear on gate 7?")
    sentences = [
        "Gate 70 is shut.",
        "Dorfman came.",
        "He wore red.",
        "It rained.",
        "STELLAN, at 7, left.",
    ]
    lacking, held = shares(asked, " ".join(sentences), sentences)
    assert lacking == 0 and held == pytest.approx(2 / 3)  # stellan and 7; gate 70 is another gate
    lacking, held = shares(asked, sentences[1], sentences[1:2])
    assert lacking == pytest.approx(2 / 3) and held == pytest.approx(1 / 3)


def test_a_sentence_and_its_neighbours_count_as_one() -> None:
    asked = names("How old is Ada Nilsen?")
    assert shares(asked, "Ada. She. Nilsen.", ["Ada.", "She.", "Nilsen."]) == (0, 1)
    assert shares(asked, "Ada. She. Is. Nilsen.", ["Ada.", "She.", "Is.", "Nilsen."]) == (0, 0.5)


def test_where_nothing_is_named_or_read_there_is_no_vote_or_no_name() -> None:
    assert shares(frozenset(), "All of it.", ["All of it."]) == (0, 0)
    assert shares(names("Is Oslo in it?"), "", []) == (1, 0)

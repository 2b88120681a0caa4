"""A draft is what was told of it, and what was told stands."""

from __future__ import annotations

import pytest

from kimidoc.engine.base import NOBODY, Attended
from kimidoc.engine.drafting import Drafting, stands
from kimidoc.engine.writing import begins_run
from tests.engine.answer_models import tokenizer


def test_a_draft_is_its_pieces() -> None:
    told: list[str] = []

    class Ear:
        def attended(self, prompt: str, places: object) -> None:
            told.append(f"{prompt} {places}")

        def wrote(self, prompt: str, piece: str) -> None:
            told.append(piece)

    places = (Attended(3, 9, 0.5),)
    draft = Drafting("q", Ear())
    draft.attend(places)
    draft.quote("one")
    draft.quote("two")
    draft.add("")
    draft.add("\n<answer>2</answer>")
    assert told == [f"q {places}", "<quote>one</quote>", "\n<quote>two</quote>", told[-1]]
    done = draft.done()
    assert (done.id, done.text, done.attended) == ("q", "".join(told[1:]), places)
    assert Drafting("q", NOBODY).done().text == ""


@pytest.mark.parametrize(
    "said",
    ["plain words", "  90 days ", "第一条　甲方 → €5", "a\nb", "x </answer>", "\ufffd genuine", ""],
)
def test_what_stands_is_never_taken_back(said: str) -> None:
    words = tokenizer()
    ids = list(words.encode([said])[0].ids)
    whole = words.decode(ids).strip().partition("\n")[0].partition("<")[0].strip()
    grown = ""
    for count in range(len(ids) + 1):
        now = stands(words.decode(ids[:count]))
        assert now.startswith(grown) and whole.startswith(now)
        grown = now


@pytest.mark.parametrize(
    ("said", "can"),
    [
        ("ten", True),
        ("Ten (10) ye", True),
        ("ten (10) year term", True),
        ("ten year", False),
        ("twelve", False),
        ("year term and", False),
        ("", True),
        ("ten (10) \ufffd", True),
    ],
)
def test_what_can_become_a_run_of_words(said: str, can: bool) -> None:
    assert begins_run(said, "every ten (10) year term.") is can

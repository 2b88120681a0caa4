"""Questions that prepared remarks leave open, and figures that an answer gives otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.playbooks import asked
from kimidoc.types import Document

EXAMPLE = Path(__file__).parents[2] / "examples" / "earnings"
LONG = "The harvest of oak was good and coopers built barrels for distillers in every valley. " * 24


def call(question: str, answer: str = "We shall see.", remarks: str = "") -> Document:
    text = (
        f"Ida Moe: Good morning. {LONG}{remarks}\n\nJon Lie: Thank you, Ida.\n\n"
        f"Questions and answers\n\nNils Aune: {question}\n\nIda Moe: {answer}\n\n"
        "Per Dahl: Thank you.\n\nIda Moe: Goodbye.\n"
    )
    return Document("call.txt", "text", "read", text)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What about the lawsuit over gaskets?", ("lawsuit", "gaskets")),
        ("Will barrels for distillers cost more?", None),  # spoken of
        ("How much oak did the coopers buy for the lawsuit?", None),  # one word alone
        ("Congratulations on the lawsuit over gaskets.", None),  # no question
        ("Could you talk a little more about that, please?", None),  # nothing in particular
    ],
)
def test_what_the_remarks_do_not_speak_of(question: str, missing: tuple[str, ...] | None) -> None:
    document = call(question)
    found = list(asked.unaddressed(document))
    assert [one.missing for one in found] == ([missing] if missing else [])
    for one, row in zip(found, asked.rows([document]), strict=True):
        assert row.cells == ("Nils Aune", "lawsuit, gaskets", "Ida Moe", "call.txt")
        assert [quote.text for quote in row.citations] == [question, "We shall see."]
        assert one.turn.who == "Nils Aune"


def test_a_call_without_remarks_leaves_nothing_out() -> None:
    document = call("What about the lawsuit over gaskets?")
    short = Document("c.txt", "text", "read", document.text.replace(LONG, ""))
    assert list(asked.raised([short])) == []
    (one,) = asked.raised([document])
    assert one.words == "Nils Aune: lawsuit, gaskets" and one.path == "call.txt"


@pytest.mark.parametrize(
    ("remarks", "answer", "words"),
    [
        ("Gross margin was 34.6 percent.", "Gross margin was 34.0%.",
         "gross margin: 34.6 percent in the prepared remarks, 34.0 percent in an answer"),
        ("Gross margin was 34.6 percent.", "Gross margin was 35 percent.", None),  # rounded
        ("Gross margin was 34.6 percent.", "Organic gross margin was 30 percent.", None),
        ("Net debt was $67 million.", "Net debt was $71 million.",
         "net debt: 67 million in the prepared remarks, 71 million in an answer"),
        ("Revenue in the second quarter was $67 million.", "Revenue was $71 million.", None),
        ("Net debt was $67 million.", "Gross margin was 67 percent.", None),
    ],
)  # fmt: skip
def test_a_figure_told_otherwise(remarks: str, answer: str, words: str | None) -> None:
    document = call("And the figure?", answer, remarks)
    found = list(asked.differing([document]))
    assert [one.words for one in found] == ([words] if words else [])
    for one in found:
        assert [quote.text for quote in one.citations] == [remarks, answer]


def test_the_example_set() -> None:
    documents = [d for d in ingest.read([str(EXAMPLE)]) if d.text]
    rows = {row.cells[1]: row.cells[2] for row in asked.rows(documents)}
    assert rows["Dunmarsh, renewed"] == "Leontine Abara-Holt"
    assert rows["warranty, reserve"] == "Ansel Brightwater"
    assert not any("rebate" in words for words in rows)
    assert list(asked.differing(documents)) == []

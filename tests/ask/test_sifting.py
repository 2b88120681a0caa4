"""Of many documents' quotes those that a name of the question points to, yes before no."""

from __future__ import annotations

import pytest

from kimidoc.ask.named import Openings
from kimidoc.ask.sifting import Wanted, ordered
from kimidoc.types import Answer, Citation, Document, Question
from tests.ask.test_swarm import window

LAWS = {
    "a.md": "Supply agreement between Quillon and Meridale.\nGoverned by the laws of Utah.\n",
    "b.md": "Supply agreement between Arden and Brayford.\nGoverned by the laws of Nevada.\n",
    "c.md": "Lease of Castor.\nGoverned by the law of England.\n",
    "d.md": "Loan to Nevada Mining.\nGoverned by the laws of Utah.\n",
}
WINDOW = window(*(Document(path, "text", "read", text) for path, text in LAWS.items()))

OPENINGS = Openings.of(WINDOW)


def answered(path: str, quote: str | None) -> Answer:
    asked = Question(f"q@{path}", "", document=path)
    if quote is None:
        return Answer(asked, "not_found")
    return Answer(asked, "found", "", (Citation("exact", quote, path, 0, len(quote), 1, 1),))


@pytest.mark.parametrize(
    ("words", "paths", "named", "left_out"),
    [
        # the quote that says so, then the document that is called so
        ("Which contracts are governed by the laws of Nevada?", "bd", 1, 2),
        ("Which contracts are governed by the laws of Bermuda?", "abcd", 0, 0),
        # written small in the documents: no name
        ("Which contracts speak of the governing LAWS?", "abdc", 3, 0),
        ("Which contracts are governed by foreign laws?", "abcd", 0, 0),
        ("Which contracts of Meridale name a law?", "a", 0, 3),
    ],
)
def test_names_choose_among_the_quotes(words: str, paths: str, named: int, left_out: int) -> None:
    question = Question("q", words)
    parts = [answered(path, text.splitlines()[1]) for path, text in LAWS.items()]
    found = ordered(question, parts, Wanted.of(question, WINDOW, OPENINGS))
    assert "".join((c.path or "")[0] for c in found.quotes) == paths
    assert (found.named, found.left_out) == (named, left_out)
    assert (found.yes, found.no) == ((), 0)


def test_a_yes_comes_before_a_no_and_nothing_is_left_out() -> None:
    quotes = {
        "a.md": "Neither party may assign this agreement.",
        "b.md": "The rights and duties are personal.",
        "c.md": "The tenant may assign the lease.",
        "d.md": None,
    }
    parts = [answered(path, quote) for path, quote in quotes.items()]
    question = Question("q", "Which contracts can be assigned?")
    found = ordered(question, parts, Wanted.of(question, WINDOW, OPENINGS))
    assert [c.path for c in found.quotes] == ["c.md", "b.md", "a.md"]
    assert (found.yes, found.no, found.left_out) == (("c.md",), 1, 0)

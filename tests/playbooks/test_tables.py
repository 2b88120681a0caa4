"""Tables: made of answers and documents, only where they have a row."""

from __future__ import annotations

from kimidoc.playbooks import memo, tables
from kimidoc.playbooks.format import playbook
from kimidoc.playbooks.load import load, names
from kimidoc.types import Answer, Citation, Document, Question

PAPER = Document(
    "a.md", "markdown", "read",
    "The fee of £2,000 is due on 3 May 2024. A deposit of $10 was paid on 01/02/2024.",
)  # fmt: skip
QUOTE = Citation("exact", "The fee of £2,000 is due", "a.md", 0, 24, 1, 1)


def answered(check: str, document: str | None, quote: Citation = QUOTE) -> Answer:
    question = Question(check, f"{check}?", document, "x", check)
    return Answer(question, "found", "", (quote,))


def test_a_memo_is_made_of_quotes() -> None:
    unsure = Citation("unverified", "made up")
    told = Answer(Question("b", "B?"), "found", "", (unsure, QUOTE))
    rows = list(memo.rows([told, Answer(Question("c", "C?"), "not_found")], [PAPER]))
    assert [row.cells for row in rows] == [("B?", QUOTE.text, "a.md")]


def test_days_and_amounts_of_a_set() -> None:
    assert [row.cells[:3] for row in memo.named([], [PAPER])] == [
        ("date", "2024-05-03", "3 May 2024"),
        ("date", "not read: day and month can be exchanged", "01/02/2024"),
        ("money", "$ 10", "$10"),
        ("money", "GBP 2000", "£2,000"),
    ]
    for row in memo.named([], [PAPER]):
        for quote in row.citations:
            assert PAPER.text[quote.start_char : quote.end_char] == quote.text


def book(method: str) -> object:
    head = {"id": "x", "prefix": "x", "title": "X", "description": "x"}
    check = {"id": "a", "title": "A", "question": "A?"}
    table = {"id": "t", "title": "T", "method": method, "note": "n"}
    return playbook({"playbook": head, "check": [check], "table": [table]}, "x.toml")


def test_what_a_sale_touches() -> None:
    told = [answered("change-of-control", "a.md"), answered("assignment", "b.md")]
    other = Document("b.md", "markdown", "read", "x")
    (made,) = tables.made(book("exposure"), told, [PAPER, other])  # type: ignore[arg-type]
    assert (made.id, made.title, made.note) == ("x.t", "T", "n")
    assert [row.cells for row in made.rows] == [
        ("a.md", QUOTE.text, "not found"),
        ("b.md", "not found", QUOTE.text),
    ]


def test_a_clause_that_was_not_found_is_looked_for_by_its_signs() -> None:
    text = "This contract ends on a change of control of the Buyer if the Seller so wishes."
    lease = Document("c.md", "markdown", "read", text)
    made = [t for t in tables.made(load("due-diligence"), [], [lease]) if t.id == "dd.exposure"]
    assert [row.cells for row in made[0].rows] == [("c.md", text, "not found")]


def test_a_table_without_a_row_is_left_out() -> None:
    assert list(tables.made(book("exposure"), [], [PAPER])) == []  # type: ignore[arg-type]
    assert set(tables.METHODS) >= {t.method for n in names() for t in load(n).tables}

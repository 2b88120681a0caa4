"""Questions about every document: one answer that cites many, or an answer for each."""

from __future__ import annotations

import csv
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser as Parser

from kimidoc.report import csv as table
from kimidoc.report import digest, html, markdown, terminal
from kimidoc.types import Answer, Citation, Question, Report
from tests.report.conftest import empty

WHICH = "Which contracts can be assigned without consent?"
LONG = "assigned by the supplier " * 40


def cited(number: int) -> Citation:
    words = f"Clause {number} may be {LONG}freely."
    return Citation("exact", words, f"deals/{number:02}-lease.pdf", 0, len(words), 3, 3, number)


def joined(documents: int) -> Report:
    """One answer that cites a quote of each document."""
    quotes = tuple(cited(n) for n in range(1, documents + 1))
    return replace(empty(), answers=(Answer(Question("q1", WHICH), "found", "", quotes),))


def each(documents: int) -> Report:
    """An answer for each document; every fourth has none."""
    answers = []
    for n in range(1, documents + 1):
        question = Question(f"q1@{n}", WHICH, document=f"deals/{n:02}-lease.pdf", each=True)
        found = n % 4 != 0
        status = "found" if found else "not_found"
        answers.append(Answer(question, status, "", (cited(n),) if found else ()))  # type: ignore[arg-type]
    return replace(empty(), answers=tuple(answers))


def test_many_documents_are_readable_at_a_terminal() -> None:
    text = terminal.render(joined(20))
    rows = text.splitlines()
    assert text.count(WHICH) == 1 and "   20 documents, a quote of each:" in rows
    for n in range(1, 21):
        assert f"   deals/{n:02}-lease.pdf · p. {n} · located" in text
        assert f"     “Clause {n} may be" in text
    assert max(map(len, rows)) <= 80
    assert len(rows) < 20 * 7, "five rows of a quote at most, and where it stands"
    more = terminal.render(joined(75))
    assert "15 more are in the other formats." in more and "75-lease.pdf" not in more


def test_two_documents_are_shown_as_ever() -> None:
    assert digest.spread(joined(2).answers[0]) == []
    assert "documents, a quote of each" not in terminal.render(joined(2))


def test_a_place_that_was_not_located_is_no_document_of_the_answer() -> None:
    unverified = Citation("unverified", "elsewhere", "other.pdf")
    (answer,) = joined(3).answers
    mixed = replace(answer, citations=(unverified, *answer.citations))
    assert digest.spread(mixed) == [c.path for c in answer.citations]
    text = terminal.render(replace(empty(), answers=(mixed,)))
    assert "other.pdf · " in text and "unverified, not found in the documents" in text


def test_other_formats_count_the_documents_and_name_each() -> None:
    report = joined(20)
    assert "A quote of each of 20 documents" in markdown.render(report)
    page = Parser(html.render(report))
    (card,) = page.css("#answer-list article") or page.css("article.card")
    assert "A quote of each of 20 documents." in card.text()
    assert len(card.css("figure.quote")) == 20
    rows = list(csv.DictReader(table.render(report).splitlines()))
    assert [r["document"] for r in rows if r["record"] == "answer"] == [
        c.path for c in report.answers[0].citations
    ]


def test_answers_for_each_stand_under_their_question_once() -> None:
    text = terminal.render(each(12))
    found, _, rest = text.partition("NOT FOUND")
    assert found.count(WHICH) == 1 and rest.count(WHICH) == 1
    assert [n for n in range(1, 13) if f"   deals/{n:02}-lease.pdf\n" in found] == [
        n for n in range(1, 13) if n % 4
    ]
    assert "QUOTES LOCATED  for 9 of 12 questions" in text
    again = each(12)
    others = tuple(
        replace(a, question=replace(a.question, id=f"q2@{n}", text="Who signs?"))
        for n, a in enumerate(again.answers)
    )
    both = terminal.render(replace(again, answers=(*again.answers, *others)))
    assert both.partition("NOT FOUND")[0].count("Who signs?") == 1


def test_answers_for_each_are_a_table_on_the_page() -> None:
    report = each(12)
    (matrix,) = digest.matrices(report)
    assert matrix.checks == ((WHICH, WHICH),) and len(matrix.documents) == 12
    assert [cell is not None for (cell,) in matrix.cells] == [True] * 12
    page = Parser(html.render(report))
    (title,) = page.css("#matrix-1-title")
    assert title.text() == "Questions: 12 documents, 1 question"
    assert len(page.css("#matrix-1 tbody a.found")) == 9
    once = tuple(replace(a, question=replace(a.question, each=None)) for a in report.answers)
    assert digest.matrices(replace(report, answers=once)) == []

"""Answers that code gives without the language model, and values read in every answer's quotes.

A check that names a ``clause``, gives ``find``, lets its signs answer or names ``rows`` of a table
is answered here (``Answer.by_rule``). Its quotes are located by construction; that they answer is a
rule's judgement, and the report says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from kimidoc import values
from kimidoc.clauses.passages import QUOTE_CHARS
from kimidoc.clauses.weights import QUOTES
from kimidoc.playbooks import clauses, searched, sweep, tables
from kimidoc.playbooks.format import AnswerType, Check, Playbook
from kimidoc.playbooks.sweep import TABLES, sentence
from kimidoc.types import (
    Answer,
    Citation,
    Document,
    Evidence,
    Notice,
    Question,
    Row,
    Value,
    ValueKind,
)
from kimidoc.values.numbers import plain

KINDS: Mapping[AnswerType, tuple[ValueKind, ...]] = {
    "text": (),
    "yes/no": (),
    "date": ("date", "duration"),  # an end is often a length and a beginning
    "money": ("money", "percentage"),
    "duration": ("duration",),
    "percentage": ("percentage",),
    "parties": ("party",),
}
FOUND_BY_PATTERNS = Notice(
    "method.answers-by-patterns",
    "Some checks were answered by word rules alone: the sentences or lines that a pattern of the "
    "playbook matches are the answer, and the language model was not asked.",
)
FOUND_IN_ROWS = Notice(
    "method.answers-by-rows",
    "Some checks were answered by rows of tables that code read in the documents, as they stand "
    "there; the language model was asked only where there were none.",
)
LEAD = 60  # characters before a value that may say whose it is
_UNIT = {"thousands": 1_000, "millions": 1_000_000, "billions": 1_000_000_000}


def by_rule(
    books: Sequence[Playbook], questions: Sequence[Question], documents: Sequence[Document]
) -> tuple[dict[str, Answer], tuple[Notice, ...]]:
    """The answers, by question id, of the checks that code answers, and how it did so."""
    checks = {(book.id, check.id): check for book in books for check in book.checks}
    asked: dict[str, list[tuple[Question, Check]]] = {}
    for question in questions:
        check = checks.get((question.playbook or "", question.check or ""))
        if check is not None and check.by_rule and question.document is not None:
            asked.setdefault(question.document, []).append((question, check))
    found, notices = dict[str, Answer](), dict[Notice, None]()
    for document in documents:
        own = asked.get(document.path, ())
        prose = document.kind not in TABLES  # a register names contracts and is none
        ranked = clauses.ranked(document) if prose and any(c.clause for _, c in own) else {}
        for question, check in own:
            answer = _found(question, check, document)
            if answer.status == "not_found" and check.rows:
                answer = _in_rows(answer, check, books, document)
                if answer.status == "not_found" and not check.clause:
                    continue  # the model may find it in words
                notices[FOUND_IN_ROWS] = None
            if answer.status == "not_found" and check.clause:
                answer = clauses.answer(question, document, ranked.get(check.clause, []))
            if answer.status == "not_found" and check.signs_last:
                answer = _swept(answer, check, document)
            found[question.id] = answer
            if check.clause:
                notices[clauses.NOTICE] = None
            if check.find or check.signs_answer:
                notices[FOUND_BY_PATTERNS] = None
    return found, tuple(notices)


def _found(question: Question, check: Check, document: Document) -> Answer:
    spans = list(dict.fromkeys(_matches(check.find, document.text)))
    if check.signs_answer and check.finding:
        places = searched.places(check.finding, document)
        spans += [
            (c.start_char, c.end_char)
            for c in places
            if c.start_char is not None and c.end_char is not None
        ]
    citations = tuple(Citation.of(document, *span) for span in spans[:QUOTES])
    evidence = tuple(Evidence(document.path, *span, 1.0) for span in spans[: clauses.LISTED])
    status = "found" if citations else "not_found"
    return Answer(question, status, "", citations, evidence, by_rule=True)  # type: ignore[arg-type]


def _in_rows(answer: Answer, check: Check, books: Sequence[Playbook], document: Document) -> Answer:
    """The rows of a table that the document alone makes; results with their values and unit."""
    assert check.rows is not None
    _, made = tables.METHODS[check.rows]
    rows = [
        row
        for row in made(books[0], (), [document])
        if check.figure is None or row.cells[0] == check.figure
    ]
    quotes = dict.fromkeys(quote for row in rows for quote in row.citations)
    found = tuple(quotes)[:QUOTES]
    if not found:
        return answer
    amounts = tuple(_amount(row) for row in rows) if check.rows == "results" else ()
    return replace(answer, status="found", citations=found, values=amounts[:QUOTES])


def _amount(row: Row) -> Value:
    """The value of a row of ``results`` in units of money."""
    _, time, said, _, _, unit, _ = row.cells
    words = next((w for w in (said.lstrip("-"),) if w in row.citations[0].text), said)
    sign = next((sign for sign in "$£€" if sign in row.citations[0].text), "")
    amount = plain(Decimal(said.replace(",", "")) * _UNIT.get(unit, 1))
    note = f"{time}; in {unit}, as the table says" if unit else time
    return Value("money", words, f"{sign} {amount}".strip(), note)


def _swept(answer: Answer, check: Check, document: Document) -> Answer:
    """What the finding's signs match, where nothing else answers; the ranking stays as it was."""
    assert check.finding is not None
    places = list(sweep.places(check.finding.signs, document))[:QUOTES]
    return replace(answer, status="found", citations=tuple(places)) if places else answer


def _matches(patterns: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """The whole sentences around each match, pattern by pattern."""
    for pattern in patterns:
        flags = re.IGNORECASE | re.DOTALL
        for match in re.finditer(pattern.replace(" ", r"\s+"), text, flags):
            if match[0].strip():
                start, _ = sentence(text, match.start())
                _, end = sentence(text, match.end() - 1)
                yield start, min(max(end, match.end()), start + QUOTE_CHARS)


def typed(books: Sequence[Playbook], answers: Sequence[Answer]) -> list[Answer]:
    """The answers with the values of their check's type, read in the first quote that has any."""
    checks = {(book.id, check.id): check for book in books for check in book.checks}
    return [
        answer
        if answer.values
        else replace(answer, values=_values(checks.get(_of(answer)), answer.citations))
        for answer in answers
    ]


def _of(answer: Answer) -> tuple[str, str]:
    return answer.question.playbook or "", answer.question.check or ""


def _values(check: Check | None, citations: Sequence[Citation]) -> tuple[Value, ...]:
    for citation in citations if check else ():
        if check and citation.verified:
            found = [v for kind in KINDS[check.answer] for v in values.read(kind, citation.text)]
            if found:
                return _led(check.leads, citation.text, found)
    return ()


def _led(leads: Sequence[str], text: str, found: Sequence[Value]) -> tuple[Value, ...]:
    """The values to which one of some expressions leads; all of them where none does.

    What leads to a value stands between it and the one before it.
    """
    kept, at = list[Value](), 0
    for value in found if len(found) > 1 else ():
        start = max(text.find(value.words, at), 0)
        before = " ".join(text[max(at, start - LEAD) : start].split())
        at = start + len(value.words)
        if any(re.search(lead, before, re.IGNORECASE) for lead in leads):
            kept.append(value)
    return tuple(kept) or tuple(found)

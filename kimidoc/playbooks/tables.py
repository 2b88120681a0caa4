"""Tables that a playbook's ``[[table]]`` asks for, each computed by one analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kimidoc.playbooks import (
    asked,
    deadlines,
    exposure,
    flows,
    followups,
    guidance,
    memo,
    recomputed,
    records,
    results,
    risks,
    segments,
)
from kimidoc.playbooks.ask import rule_id
from kimidoc.playbooks.format import Playbook, TableMethod
from kimidoc.types import Answer, Document, Row, Table

METHODS: Mapping[
    TableMethod,
    tuple[
        tuple[str, ...], Callable[[Playbook, Sequence[Answer], Sequence[Document]], Iterator[Row]]
    ],
] = {
    "calendar": (deadlines.COLUMNS, lambda _book, _answers, documents: deadlines.rows(documents)),
    "exposure": (exposure.COLUMNS, exposure.rows),
    "recomputed": (
        recomputed.COLUMNS,
        lambda _book, _answers, documents: recomputed.rows(documents),
    ),
    "results": (results.COLUMNS, lambda _book, _answers, documents: results.rows(documents)),
    "guidance": (guidance.COLUMNS, lambda _book, _answers, documents: guidance.rows(documents)),
    "chronology": (records.CHRONOLOGY, lambda _book, _answers, documents: records.rows(documents)),
    "allergies": (
        records.ALLERGIES,
        lambda _book, _answers, documents: records.allergies(documents),
    ),
    "follow-ups": (followups.COLUMNS, lambda _book, _answers, documents: followups.rows(documents)),
    "memo": (memo.MEMO, lambda _, answers, documents: memo.rows(answers, documents)),
    "named": (memo.NAMED, lambda _, answers, documents: memo.named(answers, documents)),
    "segments": (segments.COLUMNS, lambda _book, _answers, documents: segments.rows(documents)),
    "asked": (asked.COLUMNS, lambda _book, _answers, documents: asked.rows(documents)),
    "flow": (flows.COLUMNS, flows.rows),
    "risks": (risks.COLUMNS, lambda _book, _answers, documents: risks.rows(documents)),
}


def made(
    book: Playbook, answers: Sequence[Answer], documents: Sequence[Document]
) -> Iterator[Table]:
    """The tables of one playbook that have a row."""
    own = [answer for answer in answers if answer.question.playbook == book.id]
    for rule in book.tables:
        columns, rows = METHODS[rule.method]
        if found := tuple(rows(book, own, documents)):
            yield Table(rule_id(book, rule), rule.title, rule.note, columns, found)

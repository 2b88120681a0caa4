"""Tables that a playbook's ``[[table]]`` asks for, each computed by one analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kimidoc.playbooks import deadlines, exposure, guidance, memo, records, risks, statements
from kimidoc.playbooks.ask import rule_id
from kimidoc.playbooks.format import Playbook, TableMethod
from kimidoc.types import Answer, Document, Row, Table

METHODS: Mapping[
    TableMethod,
    tuple[tuple[str, ...], Callable[[Sequence[Answer], Sequence[Document]], Iterator[Row]]],
] = {
    "calendar": (deadlines.COLUMNS, lambda _, documents: deadlines.rows(documents)),
    "exposure": (exposure.COLUMNS, exposure.rows),
    "recomputed": (statements.COLUMNS, lambda _, documents: statements.rows(documents)),
    "guidance": (guidance.COLUMNS, lambda _, documents: guidance.rows(documents)),
    "chronology": (records.CHRONOLOGY, lambda _, documents: records.rows(documents)),
    "allergies": (records.ALLERGIES, lambda _, documents: records.allergies(documents)),
    "memo": (memo.MEMO, memo.rows),
    "named": (memo.NAMED, memo.named),
    "risks": (risks.COLUMNS, lambda _, documents: risks.rows(documents)),
}


def made(
    book: Playbook, answers: Sequence[Answer], documents: Sequence[Document]
) -> Iterator[Table]:
    """The tables of one playbook that have a row."""
    own = [answer for answer in answers if answer.question.playbook == book.id]
    for rule in book.tables:
        columns, rows = METHODS[rule.method]
        if found := tuple(rows(own, documents)):
            yield Table(rule_id(book, rule), rule.title, rule.note, columns, found)

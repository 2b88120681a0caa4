"""A playbook's checks over a window's documents -> Questions."""

from __future__ import annotations

from collections.abc import Sequence

from kimidoc.playbooks.choose import fits
from kimidoc.playbooks.format import Analysis, Check, Playbook, TableRule
from kimidoc.types import Document, Question


def questions(book: Playbook, documents: Sequence[Document]) -> tuple[Question, ...]:
    """Every check, of every packed document it applies to, documents first.

    Ids are ``prefix.check`` for a question to the set and ``prefix.check@path`` for one to a
    document: unique in a run, and the same in the next one.
    """
    asked = [
        _question(book, check, document)
        for document in documents
        for check in book.checks
        if check.scope == "document" and fits(document, check.documents)
    ]
    asked += [_question(book, check, None) for check in book.checks if check.scope == "set"]
    return tuple(asked)


def rule_id(book: Playbook, check: Check | Analysis | TableRule) -> str:
    """What a check is called in findings and SARIF: ``dd.change-of-control``."""
    return f"{book.prefix}.{check.id}"


def _question(book: Playbook, check: Check, document: Document | None) -> Question:
    name = rule_id(book, check)
    return Question(
        id=name if document is None else f"{name}@{document.path}",
        text=check.question,
        document=None if document is None else document.path,
        playbook=book.id,
        check=check.id,
        terms=check.terms,
    )

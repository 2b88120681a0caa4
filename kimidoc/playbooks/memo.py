"""Tables of what was said: a memo of located quotes, and every day and amount a set names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kimidoc.playbooks.sweep import TABLES, sentence
from kimidoc.types import Answer, Citation, Document, Row, ValueKind
from kimidoc.values import read

MEMO = ("About", "Sentence", "Document")
NAMED = ("Kind", "Value", "Words", "Document")
KINDS: tuple[ValueKind, ...] = ("date", "money")
MOST = 500  # rows of days and amounts


def rows(answers: Sequence[Answer], documents: Sequence[Document]) -> Iterator[Row]:
    """For each question that found something its quotes, word for word: nothing is retold."""
    for answer in answers:
        for citation in answer.citations:
            if citation.verified:
                words = " ".join(citation.text.split())
                yield Row((answer.question.text, words, citation.path or ""), (citation,))


def named(answers: Sequence[Answer], documents: Sequence[Document]) -> Iterator[Row]:
    """The days and the amounts of all documents, in order; those that stayed text come last."""
    found: list[tuple[tuple[str, bool, str, str, int], Row]] = []
    for document in documents:
        for kind in KINDS:
            at = 0
            for value in read(kind, document.text):
                at = max(document.text.find(value.words, at), 0)
                span = sentence(document.text, at)
                if document.kind in TABLES:
                    span = at, at + len(value.words)
                said = value.normal or f"not read: {value.note}"
                cells = (kind, said, " ".join(value.words.split()), document.path)
                key = (kind, value.normal is None, said, document.path, at)
                found.append((key, Row(cells, (Citation.of(document, *span),))))
    for _, row in sorted(found, key=lambda one: one[0])[:MOST]:
        yield row

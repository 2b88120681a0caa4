"""What a sale of the company touches: for each contract, change of control and assignment.

A table of the answers to the checks ``change-of-control`` and ``assignment``, with their quotes.
Where an answer was not found, the first sentence that the check's signs match stands instead: a
clause that one rule misses must not be missing here. It joins and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kimidoc.playbooks import sweep
from kimidoc.playbooks.choose import fits
from kimidoc.playbooks.format import Playbook
from kimidoc.types import Answer, Citation, Document, Row

COLUMNS = ("Document", "Change of control", "Assignment")
CHECKS = ("change-of-control", "assignment")
WORDS = 24  # of a quote in a cell


def rows(book: Playbook, answers: Sequence[Answer], documents: Sequence[Document]) -> Iterator[Row]:
    """One row for each document in which either check found something."""
    checks = [check for check in book.checks if check.id in CHECKS]
    found: dict[tuple[str, str], Citation] = {}
    for answer in answers:
        check, path = answer.question.check or "", answer.question.document
        if check in CHECKS and path is not None and answer.status == "found":
            found[path, check] = _best(answer)
    for document in documents:
        for each in checks:
            signs = each.finding.signs if each.finding else ()
            if (document.path, each.id) not in found and fits(document, each.documents):
                if quote := next(sweep.places(signs, document), None):
                    found[document.path, each.id] = quote
        quotes = [found.get((document.path, check)) for check in CHECKS]
        if any(quotes):
            cells = (document.path, *map(_cell, quotes))
            yield Row(cells, tuple(quote for quote in quotes if quote))


def _best(answer: Answer) -> Citation:
    return next(citation for citation in answer.citations if citation.verified)


def _cell(quote: Citation | None) -> str:
    if quote is None:
        return "not found"
    words = quote.text.split()
    return " ".join(words[:WORDS]) + " …" * (len(words) > WORDS)

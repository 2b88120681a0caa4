"""What a sale of the company touches: for each contract, change of control and assignment.

A table of the answers to the checks ``change-of-control`` and ``assignment``, with their quotes;
it joins and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kimidoc.types import Answer, Citation, Document, Row

COLUMNS = ("Document", "Change of control", "Assignment")
CHECKS = ("change-of-control", "assignment")
WORDS = 24  # of a quote in a cell


def rows(answers: Sequence[Answer], documents: Sequence[Document]) -> Iterator[Row]:
    """One row for each document in which either check found something."""
    found: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        check, path = answer.question.check or "", answer.question.document
        if check in CHECKS and path is not None and answer.status == "found":
            found.setdefault(path, {})[check] = answer
    for document in documents:
        own = found.get(document.path)
        if own:
            quotes = {check: _best(answer) for check, answer in own.items()}
            cells = (document.path, *(_cell(quotes.get(check)) for check in CHECKS))
            yield Row(cells, tuple(quotes.values()))


def _best(answer: Answer) -> Citation:
    return next(citation for citation in answer.citations if citation.verified)


def _cell(quote: Citation | None) -> str:
    if quote is None:
        return "not found"
    words = quote.text.split()
    return " ".join(words[:WORDS]) + " …" * (len(words) > WORDS)

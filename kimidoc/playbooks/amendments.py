"""One clause changed by two documents: amendments that may contradict each other.

Two documents belong together when both name the same day at their head, which is how amendments
name the agreement they change. Which of the two prevails is a question for a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.types import Citation, Document
from kimidoc.values.dates import DATE, iso

HEAD = 700  # characters in which an amendment names what it changes
QUOTES = 3  # clauses of which both texts are shown
_UNIT = r"\b(?:clause|section|article|paragraph) (?P<clause>\d+(?:\.\d+)*)"
_CHANGE = re.compile(
    rf"{_UNIT}\b[^;]{{0,120}}?\b(?:is|are|shall be) (?:hereby )?"
    r"(?:deleted|amended|replaced|varied|substituted)"
    rf"|\bin place of [^.;]{{0,80}}?{_UNIT.replace('P<clause>', 'P<other>')}",
    re.IGNORECASE,
)


def conflicts(documents: Sequence[Document]) -> Iterator[Found]:
    """For each two documents of one agreement that change the same clauses: both texts."""
    changing = [(d, _days(d), changes(d)) for d in documents if d.kind not in TABLES]
    for (first, days, one), (second, others, two) in combinations(changing, 2):
        shared = [clause for clause in one if clause in two]
        if shared and days & others:
            quotes = [
                Citation.of(document, *found[clause])
                for clause in shared[:QUOTES]
                for document, found in ((second, two), (first, one))
            ]
            clauses = f"clause{'s' * (len(shared) > 1)} {', '.join(shared)}"
            yield Found(
                second.path,
                f"{clauses}, also changed by {first.path}",
                tuple(dict.fromkeys(quotes)),
            )


def changes(document: Document) -> dict[str, tuple[int, int]]:
    """Which clauses a document changes, and the sentence that does so."""
    found: dict[str, tuple[int, int]] = {}
    for match in _CHANGE.finditer(document.text):
        clause = match["clause"] or match["other"]
        found.setdefault(clause, sentence(document.text, match.start()))
    return found


def _days(document: Document) -> set[str]:
    head = re.finditer(DATE, document.text[:HEAD], re.IGNORECASE)
    return {day for match in head if (day := iso(match[0]))}

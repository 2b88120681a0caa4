"""Terms that were over when another document of the set was written.

A sentence that says on which day an agreement, a licence or a lease ends, a later date at the head
of another document, and no word in the first of a renewal by itself. The day is compared with the
documents and not with today, so that the same documents give the same report on any day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.negation import negated
from kimidoc.playbooks.references import HEAD
from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.types import Citation, Document
from kimidoc.values.dates import DATE, iso

ENDS = re.compile(
    r"\b(?:agreement|licen[cs]e|lease|contract|tenancy|term|engagement|appointment)\b"
    r"(?:(?!\b(?:prices?|fees?|rates?|charges?|invoices?|rent)\b)[^.;]){0,160}?"
    r"\b(?P<verb>ends?|expires?|terminates?|shall (?:end|expire|terminate)|will (?:end|expire"
    r"|terminate)|(?:continues?|remains?|runs?)\b[^.;]{0,40}\b(?:until|to))\b"
    rf"[^.;]{{0,40}}?(?P<date>{DATE})",
    re.IGNORECASE,
)
_RENEWS = re.compile(
    r"automatic\w* (?:be )?(?:renew|extend)|renew\w* automatically|successive|year to year"
    r"|(?:month|quarter) to (?:month|quarter)|until terminated|and thereafter",
    re.IGNORECASE,
)


def expired(documents: Sequence[Document]) -> Iterator[Found]:
    """Every document whose term was over, with the sentence that says so and the later date."""
    dated = [
        (iso(found[0]) or "", d.path, found.span(), d) for d in documents if (found := written(d))
    ]
    if not dated:
        return
    for document in documents:
        others = [one for one in dated if one[1] != document.path]
        if document.kind in TABLES or not others or _renews(document.text):
            continue
        latest, where, span, later = max(others, key=lambda one: one[:2])
        ends = [(iso(m["date"]), m) for m in ENDS.finditer(document.text)]
        if not ends or any(day is None or day >= latest for day, _ in ends):
            continue
        day, match = ends[0]
        if not _denied(document.text, *match.span("verb")):
            quote = Citation.of(document, *sentence(document.text, match.start()))
            said = f"{day}; {where} gives its own date as {latest}"
            yield Found(document.path, said, (quote, Citation.of(later, *span)))


def written(document: Document) -> re.Match[str] | None:
    """The first day that a document names at its head, if it is a text: taken as its own."""
    found = re.search(DATE, document.text[:HEAD], re.IGNORECASE)
    return found if document.kind not in TABLES else None


def _renews(text: str) -> bool:
    return any(not _denied(text, *match.span()) for match in _RENEWS.finditer(text))


def _denied(text: str, start: int, end: int) -> bool:
    """``negated`` within the sentence: its cost must not grow with the document."""
    first, last = sentence(text, start)
    return negated(text[first : max(last, end)], start - first, end - first)

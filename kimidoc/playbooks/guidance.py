"""What was expected for a year, in order of the documents, beside what was reported for it.

A sentence that expects ("we expect", "guidance", "should be", "will be") and gives a figure of
which the metric stands before it: one row. The period is the fiscal year that is named last. What
was reported comes from the rows of a statement (``statements``), scaled as the document says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimidoc.playbooks.statements import Line, figure, lines, ratio
from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.playbooks.terms import written
from kimidoc.types import Citation, Document, Row
from kimidoc.values.dates import iso
from kimidoc.values.numbers import FIGURES, SPELLED, figures, spelled

COLUMNS = ("Figure", "Period", "Expected", "Said on", "Document", "Reported")
_NUMBER = rf"(?:{FIGURES}|{SPELLED})"
_METRICS = {
    "revenue": r"\b(?:net )?(?:revenues?|sales)\b",
    "gross margin": r"\bgross margin\b",
    "operating margin": r"\boperating margin\b",
    "earnings per share": r"\bearnings per (?:diluted )?share\b|\bEPS\b",
    "capital expenditures": r"\bcapital expenditures?\b|\bcapex\b",
    "tax rate": r"\btax rate\b",
    "free cash flow": r"\bfree cash flow\b",
}
_METRIC = re.compile(
    "|".join(f"(?P<{name.replace(' ', '_')}>{pattern})" for name, pattern in _METRICS.items()),
    re.IGNORECASE,
)
_EXPECTS = re.compile(
    r"\b(?:expects?|guidance|guid(?:e|ed|ing)|outlook|forecasts?|should be|will be|target\w*"
    r"|project(?:s|ed)|anticipates?)\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"\$?(?P<low>{_NUMBER})(?:\s*(?P<first>%|percent|per cent|million|billion|cents|dollars?))?"
    rf"(?:\s*(?:to|and|-|–)\s*\$?(?P<high>{_NUMBER}))?\s*"
    r"(?P<unit>%|percent|per cent|(?:million|billion)(?: dollars)?|cents|dollars?"
    rf"(?:\s+(?P<cents>{SPELLED}))?)",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"\bfiscal(?: year)?\s+(?P<year>20\d\d)|\b(?:year|for) (?P<other>20\d\d)\b", re.I
)
_THOUSANDS = re.compile(r"\bin thousands\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A metric, the year it is for, and the range in millions, percent or units of money."""

    metric: str
    year: str
    low: Decimal
    high: Decimal
    unit: str
    words: str
    on: str
    citation: Citation


def expectations(documents: Sequence[Document]) -> list[Expectation]:
    """Everything that is expected, in the order in which the documents are dated."""
    found = [one for document in documents for one in _of(document)]
    return sorted(found, key=lambda one: (one.metric, one.year, one.on, one.citation.path or ""))


def _of(document: Document) -> Iterator[Expectation]:
    text = document.text
    dated = written(document)
    on = (iso(dated[0]) or "") if dated else ""
    years = [(m.start(), m["year"] or m["other"]) for m in _YEAR.finditer(text)]
    seen: set[int] = set()
    for match in _EXPECTS.finditer(text):
        low, high = sentence(text, match.start())
        if low in seen:
            continue
        seen.add(low)
        year = next((year for at, year in reversed(years) if low - 400 < at < high), None)
        metrics = list(_METRIC.finditer(text, low, high))
        for at, metric in enumerate(metrics):
            until = metrics[at + 1].start() if at + 1 < len(metrics) else high
            given = _RANGE.search(text, metric.end(), until)
            if year is None or given is None or given.start() - metric.end() > 40:
                continue
            name = next(k for k, v in metric.groupdict().items() if v).replace("_", " ")
            numbers = [_number(given[side]) for side in ("low", "high") if given[side]]
            unit = _unit(given["unit"])
            if given["cents"]:  # "one dollar ten"
                numbers[-1] += Decimal(spelled(given["cents"]) or 0) / 100
            scaled = [n / 100 if given["unit"] == "cents" else n for n in numbers]
            words = " ".join(text[given.start() : given.end()].split())
            yield Expectation(
                name,
                year,
                min(scaled),
                max(scaled),
                unit,
                words,
                on,
                Citation.of(document, low, high),
            )


def _number(words: str) -> Decimal:
    return figures(words) if words[0].isdigit() else Decimal(spelled(words) or 0)


def _unit(words: str) -> str:
    if words[0] in "%pP":
        return "%"
    return "billion" if words.startswith("b") else "million" if words.startswith("m") else ""


def _reported(
    one: Expectation, documents: Sequence[Document]
) -> tuple[Decimal, str, tuple[Citation, ...]] | None:
    for document in documents:
        statements: list[Line] = lines(document)
        if one.metric in ("gross margin", "operating margin", "tax rate"):
            found = ratio(statements, one.metric, one.year)
            if found and one.unit == "%":
                return found[0], f"{found[0]:.1f} %", found[1]
        elif line := figure(statements, one.metric, one.year):
            value = abs(line.values[one.year])
            if one.unit == "million":
                if not _THOUSANDS.search(document.text):
                    continue
                value /= 1000
                return value, f"{value:,.1f} million", (line.citation,)
            return value, f"{value:,}", (line.citation,)
    return None


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table, old above new, with what was reported where a statement says it."""
    for one in expectations(documents):
        reported = _reported(one, documents)
        said = reported[1] + " (outside)" * _outside(one, reported[0]) if reported else ""
        quotes = (one.citation, *(reported[2] if reported else ()))
        path = one.citation.path or ""
        yield Row((one.metric, f"fiscal {one.year}", one.words, one.on, path, said), quotes)


def _outside(one: Expectation, reported: Decimal) -> bool:
    room = abs(one.low) / 20 if one.low == one.high else Decimal("0.05")  # "about ten percent"
    return not one.low - room <= reported <= one.high + room


def missed(documents: Sequence[Document]) -> Iterator[Found]:
    """Expectations that the reported figure lies outside of."""
    for one in expectations(documents):
        reported = _reported(one, documents)
        if reported and _outside(one, reported[0]):
            said = (
                f"{one.metric} of fiscal {one.year}: {one.words} expected, {reported[1]} reported"
            )
            yield Found(one.citation.path or "", said, (one.citation, *reported[2]))

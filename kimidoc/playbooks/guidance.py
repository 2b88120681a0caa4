"""What was expected for a year, in order of the documents, beside what was reported for it.

A sentence that expects ("we expect", "guidance", "should be", "will be") and gives a figure of
which the metric stands before it: one row, and one more for an earlier range that the sentence
names beside it ("which compares to prior guidance of"). The period is the fiscal year that is named
last. What was reported comes from the rows of a statement (``statements``), scaled as the document
says; an adjusted measure, a quarter and a rate of growth are listed and compared with nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimidoc.playbooks.recomputed import ratio
from kimidoc.playbooks.statements import figure, lines, scale
from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.playbooks.terms import written
from kimidoc.types import Citation, Document, Row
from kimidoc.values.dates import iso
from kimidoc.values.numbers import FIGURES, SPELLED, figures, spelled

COLUMNS = ("Figure", "Period", "Expected", "Said on", "Document", "Reported")
_NUMBER = rf"(?:{FIGURES}|{SPELLED})"
_METRICS = {
    "comparable sales": r"\b(?:comparable|same[- ]store) sales\b",
    "revenue": r"\b(?:net )?(?:revenues?|sales)\b",
    "gross margin": r"\bgross (?:margin|profit rate)\b",
    "operating margin": r"\boperating (?:margin|income rate)\b",
    "operating income": r"\boperating income\b",
    "earnings per share": r"\bearnings per (?:diluted )?share\b|\bEPS\b",
    "capital expenditures": r"\bcapital expenditures?\b|\bcapex\b",
    "tax rate": r"\btax rate\b",
    "free cash flow": r"\bfree cash flow\b",
}
_METRIC = re.compile(
    "|".join(
        f"(?P<{name.replace(' ', '_')}>{pattern})".replace(r"\b)", r"\d?\b)")  # a note's number
        for name, pattern in _METRICS.items()
    ).replace(" ", r"\s+"),
    re.IGNORECASE,
)
_EXPECTS = re.compile(
    r"\b(?:expects?|guidance|guid(?:e|ed|ing)|outlook|forecasts?|should be|will be|target\w*"
    r"|project(?:s|ed)|anticipates?)\b",
    re.IGNORECASE,
)
_SCALE = r"(?:million|billion)"
_RANGE = re.compile(
    rf"\$?(?P<low>{_NUMBER})(?:\s*(?P<first>%|percent|per cent|{_SCALE}|cents|dollars?))?"
    rf"(?:\s*(?:to|and|-|–)\s*\$?(?P<high>{_NUMBER}))?\s*"
    rf"(?P<unit>%|percent|per cent|{_SCALE}(?: dollars)?|cents|dollars?"
    rf"(?:\s+(?P<cents>{SPELLED}))?)"
    rf"|\$(?P<from>{FIGURES})\s*(?:to|and|-|–)\s*\$(?P<to>{FIGURES})",
    re.IGNORECASE,
)
_PRIOR = re.compile(
    r"\b(?:prior|previous|earlier|former)\s+(?:guidance|outlook|range|expectation|forecast)s?\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:guidance|outlook|expectations?)\b[^.:]{0,80}\b(?:following|follows)\b[^.:]{0,20}:",
    re.IGNORECASE,
)
_TOLD = re.compile(r"\b(?:was|were|increased|decreased|declined|grew|rose|fell)\b", re.IGNORECASE)
BELOW = 1_200  # characters below such words in which entries of the list stand
_ADJUSTED = re.compile(r"\b(?:non-?GAAP|adjusted|underlying)\b", re.IGNORECASE)
_QUARTER = re.compile(r"\bquarter\b|\bQ[1-4]\b", re.IGNORECASE)
_YEAR = re.compile(
    r"\bfiscal(?: year)?\s+(?P<year>20\d\d)|\b(?:year|for) (?P<other>20\d\d)\b"
    r"|\bFY ?['’]?(?P<short>\d\d)\b",
    re.IGNORECASE,
)
_PERCENT = ("gross margin", "operating margin", "tax rate")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A metric, the year it is for, and the range in percent or units of money.

    ``earlier``: a range that a later document names as the one before. ``adjusted``: of a measure
    of the company's own making. ``quarter``: for a part of the year.
    """

    metric: str
    year: str
    low: Decimal
    high: Decimal
    unit: str
    words: str
    on: str
    citation: Citation
    earlier: bool = False
    adjusted: bool = False
    quarter: bool = False


def expectations(documents: Sequence[Document]) -> list[Expectation]:
    """Everything that is expected, in the order in which the documents are dated."""
    found = [one for document in documents for one in _of(document)]
    return sorted(
        dict.fromkeys(found),
        key=lambda one: (one.metric, one.year, one.on, not one.earlier, one.citation.path or ""),
    )


def _of(document: Document) -> Iterator[Expectation]:
    text = document.text
    dated = written(document)
    on = (iso(dated[0]) or "") if dated else ""
    years = [
        (m.start(), m["year"] or m["other"] or f"20{m['short']}") for m in _YEAR.finditer(text)
    ]
    for low, high in _expecting(text):
        year = next((year for at, year in reversed(years) if low - BELOW < at < high), None)
        prior = _PRIOR.search(text, low, high)
        metrics = list(_METRIC.finditer(text, low, high))
        for at, metric in enumerate(metrics):
            until = metrics[at + 1].start() if at + 1 < len(metrics) else high
            told = prior.start() if prior and metric.end() < prior.start() < until else until
            given = _RANGE.search(text, metric.end(), told)
            if year is None or given is None or given.start() - metric.end() > 40:
                continue
            name = next(k for k, v in metric.groupdict().items() if v).replace("_", " ")
            before = text[max(low, metric.start() - 40) : metric.start()]
            marks = bool(_ADJUSTED.search(before)), bool(_QUARTER.search(text, low, metric.start()))
            name, quote = "adjusted " * marks[0] + name, Citation.of(document, low, high)
            yield Expectation(name, year, *_read(given), on, quote, False, *marks)
            if prior and told == prior.start() and (old := _RANGE.search(text, prior.end(), until)):
                yield Expectation(name, year, *_read(old), on, quote, True, *marks)


def _expecting(text: str) -> Iterator[tuple[int, int]]:
    """The sentences that expect something, and the entries of a list that is said to, in order."""
    found = {sentence(text, match.start()) for match in _EXPECTS.finditer(text)}
    for head in _LIST.finditer(text):
        end = min(len(text), head.end() + BELOW)
        for metric in _METRIC.finditer(text, head.end(), end):
            low, high = sentence(text, metric.start())
            # an entry begins with what it is about, and tells of nothing that has happened
            if metric.start() - low < 30 and not _TOLD.search(text, low, high):
                found.add((low, high))
    yield from sorted(found)


def _read(given: re.Match[str]) -> tuple[Decimal, Decimal, str, str]:
    """Low, high, unit and words of a range; amounts in units of money."""
    words = " ".join(given[0].split())
    if given["from"]:
        return figures(given["from"]), figures(given["to"]), "", words
    numbers = [_number(given[side]) for side in ("low", "high") if given[side]]
    unit = given["unit"].casefold()
    if given["cents"]:  # "one dollar ten"
        numbers[-1] += Decimal(spelled(given["cents"]) or 0) / 100
    if unit[0] in "%p":
        return min(numbers), max(numbers), "%", words
    places = 9 if unit.startswith("b") else 6 if unit.startswith("m") else 0
    places = -2 if unit == "cents" else places
    first = (given["first"] or unit).casefold()
    scaled = [n.scaleb(places) for n in numbers]
    if first.startswith("m") and places == 9:  # "$900 million to $1.1 billion"
        scaled[0] = numbers[0].scaleb(6)
    return min(scaled), max(scaled), "", words


def _number(words: str) -> Decimal:
    return figures(words) if words[0].isdigit() else Decimal(spelled(words) or 0)


def _reported(
    one: Expectation, documents: Sequence[Document]
) -> tuple[Decimal, str, tuple[Citation, ...]] | None:
    for document in documents if not (one.adjusted or one.quarter) else ():
        if one.metric in _PERCENT:
            found = ratio([document], one.metric, one.year, "year")
            if found and one.unit == "%":
                quotes = (found[1].citation, found[2].citation)
                return found[0], f"{found[0]:.1f} %", quotes
        elif one.unit != "%" and (line := figure(lines(document), one.metric, one.year)):
            value = abs(line.values[one.year])
            if one.metric == "earnings per share":
                return value, f"{value:,}", (line.citation,)
            if (unit := scale(document, line.citation.start_char)) > 1:
                value *= unit
                return value, f"{value / 1_000_000:,.1f} million", (line.citation,)
    return None


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table, old above new, with what was reported where a statement says it."""
    for one in expectations(documents):
        reported = _reported(one, documents)
        said = reported[1] + " (outside)" * _outside(one, reported[0]) if reported else ""
        quotes = (one.citation, *(reported[2] if reported else ()))
        path = one.citation.path or ""
        on = f"before {one.on}" if one.earlier else one.on
        time = f"fiscal {one.year}{', a quarter' * one.quarter}"
        yield Row((one.metric, time, one.words, on, path, said), quotes)


def _outside(one: Expectation, reported: Decimal) -> bool:
    room = Decimal(50_000) if one.low >= 1_000_000 else Decimal("0.05" if one.unit else "0.005")
    if one.low == one.high:  # "about ten percent"
        room = abs(one.low) / 20
    return not one.low - room <= reported <= one.high + room


def missed(documents: Sequence[Document]) -> Iterator[Found]:
    """Expectations that the reported figure lies outside of."""
    for one in (one for one in expectations(documents) if not one.earlier):
        reported = _reported(one, documents)
        if reported and _outside(one, reported[0]):
            said = (
                f"{one.metric} of fiscal {one.year}: {one.words} expected, {reported[1]} reported"
            )
            yield Found(one.citation.path or "", said, (one.citation, *reported[2]))


def revised(documents: Sequence[Document]) -> Iterator[Found]:
    """For each document what it expects otherwise than an earlier one, or than it says it did."""
    before: dict[tuple[str, str, bool], Expectation] = {}
    found: dict[str, list[tuple[str, Expectation, Expectation]]] = {}
    for one in expectations(documents):
        key = one.metric, one.year, one.quarter
        last = before.get(key)
        before[key] = one
        if last is None or (last.low, last.high) == (one.low, one.high) or one.earlier:
            continue
        if last.citation.path == one.citation.path and not last.earlier:
            continue  # two remarks of one document: parts of the year, or of the company
        said = f"{one.metric} of fiscal {one.year}: {last.words} before, {one.words} now"
        found.setdefault(one.citation.path or "", []).append((said, one, last))
    for path, changed in found.items():
        quotes = dict.fromkeys(e.citation for _, one, last in changed for e in (one, last))
        yield Found(path, "; ".join(said for said, _, _ in changed), tuple(quotes))

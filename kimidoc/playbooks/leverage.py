"""Net debt as so many times EBITDA, computed anew from the statements and put beside definitions.

A sentence that states the ratio for a year; the rows of debt, cash, operating income, depreciation
and amortization of that year (depreciation may stand in a sentence); and, where a document of the
set says how its agreement defines EBITDA, that sentence. What is stated "before" or "excluding"
something is another measure and no mistake: it is raised only beside such a definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimidoc.playbooks.statements import Line, lines, scale, year_of
from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.types import Citation, Document
from kimidoc.values import read

_STATED = re.compile(
    r"\b(?P<times>\d+(?:\.\d+)?)\s?(?:x|times)(?: (?:our|the))?(?: [\w-]+){0,2}? EBITDA\b"
    r"|\bnet debt (?:to|/) (?:adjusted )?EBITDA\b[^.;]{0,40}?\b(?P<also>\d+\.\d+)\s?(?:x|times)",
    re.IGNORECASE,
)
_ALLOWED = re.compile(r"\b(?:not more than|maximum|covenant|may not exceed|no greater)\b", re.I)
_AHEAD = re.compile(r"\b(?:expect|target|aim|will be|would be|by the end of|forecast)\w*", re.I)
_DEFINES = re.compile(
    r"\bEBITDA\b[^.;]{0,30}\b(?:is|are|as) (?:defined|calculated|computed)\b|\bEBITDA[”\"]? means\b"
    r"|\bdefin\w+ (?:of )?EBITDA\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\badjusted\b|\bbefore\b|\bexcluding\b|\bwithout\b|\bpro[- ]forma\b|\badding\b", re.IGNORECASE
)
_DEBT = re.compile(
    r"(?:current (?:portion|maturities) of )?long-term (?:debt|borrowings)(?:, net.*|, less.*)?"
    r"|short-term (?:debt|borrowings)|bank borrowings|(?:term|bank) loans?|notes payable",
    re.IGNORECASE,
)
_CASH = re.compile(r"cash(?: and cash equivalents)?", re.IGNORECASE)
_EARNED = re.compile(r"operating (?:income|profit)|income from operations", re.IGNORECASE)
_BOTH = re.compile(r"depreciation(?:,? and| &) amortization(?: expense)?", re.IGNORECASE)
_WORN = re.compile(r"depreciation(?: expense)?", re.IGNORECASE)
_WRITTEN_OFF = re.compile(r"amortization(?: of intangible(?:s| assets))?", re.IGNORECASE)
_SAID = re.compile(
    r"\bdepreciation(?: expense)? (?:was|of) (?P<amount>\$[^;]{3,40})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a year's debt or earnings, in the units of the statements, and where it stands."""

    value: Decimal
    quotes: tuple[Citation, ...]


def stated(documents: Sequence[Document]) -> Iterator[Found]:
    """Every stated ratio that the statements do not give."""
    defined = [
        Citation.of(d, *sentence(d.text, m.start()))
        for d in documents
        for m in _DEFINES.finditer(d.text)
    ]
    for document in documents:
        year = year_of(document)
        claims = list(_STATED.finditer(document.text)) if year else []
        computed = _computed(documents, year) if claims else None
        for match in claims:
            claim = Citation.of(document, *sentence(document.text, match.start()))
            times = Decimal(match["times"] or match["also"])
            others = [quote for quote in defined if quote.path != document.path]
            if computed is None or _ALLOWED.search(claim.text) or _AHEAD.search(claim.text):
                continue
            ratio, formula, quotes = computed
            if abs(ratio - times) <= Decimal("0.55").scaleb(times.as_tuple().exponent):  # type: ignore[arg-type]
                continue
            if _OTHERWISE.search(claim.text) and not others:
                continue
            said = f"net debt stated as {times} times EBITDA; by the statements {formula}"
            said += ", and EBITDA is defined elsewhere" if others else ""
            yield Found(document.path, said, (claim, *others[:1], *quotes))


def _computed(
    documents: Sequence[Document], year: str
) -> tuple[Decimal, str, tuple[Citation, ...]] | None:
    """The ratio as one document's statements give it, how, and from which places."""
    for document in documents:
        rows = [line for line in lines(document) if year in line.values]
        debt, cash = _sum(rows, _DEBT, year), _sum(rows, _CASH, year, most=1)
        earned, worn = _sum(rows, _EARNED, year, most=1), _worn(document, rows, year)
        if debt and cash and earned and worn and earned.value + worn.value > 0:
            net, made = debt.value - cash.value, earned.value + worn.value
            quotes = (*debt.quotes, *cash.quotes, *earned.quotes, *worn.quotes)
            return net / made, f"{net:,.0f} / {made:,.0f} = {net / made:.1f}", quotes
    return None


def _sum(rows: Sequence[Line], pattern: re.Pattern[str], year: str, most: int = 9) -> _Part | None:
    found: dict[str, Line] = {}
    for row in rows:
        if pattern.fullmatch(row.label):
            found.setdefault(row.label.casefold(), row)
    chosen = list(found.values())[:most]
    if not chosen:
        return None
    return _Part(sum((row.values[year] for row in chosen), Decimal()), _quotes(chosen))


def _quotes(rows: Sequence[Line]) -> tuple[Citation, ...]:
    return tuple(row.citation for row in rows)


def _worn(document: Document, rows: Sequence[Line], year: str) -> _Part | None:
    """Depreciation and amortization: in one row, in two, or the first in a sentence."""
    if both := _sum(rows, _BOTH, year, most=1):
        return both
    written_off = _sum(rows, _WRITTEN_OFF, year, most=1)
    worn = _sum(rows, _WORN, year, most=1) or _said(document, year)
    if written_off is None or worn is None:
        return None
    return _Part(written_off.value + worn.value, (*written_off.quotes, *worn.quotes))


def _said(document: Document, year: str) -> _Part | None:
    for match in _SAID.finditer(document.text):
        low, high = sentence(document.text, match.start())
        value = next(iter(read("money", match["amount"])), None)
        named = re.search(r"\b(?:19|20)\d\d\b", document.text[match.end("amount") - 40 : high])
        if value and value.normal and named and named[0] == year:
            number = Decimal(value.normal.rpartition(" ")[2]) / scale(document)
            return _Part(number, (Citation.of(document, low, high),))
    return None

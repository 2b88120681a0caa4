"""Financial statements as rows of figures: which line gives which figure for which year.

A table is the rows below one line of years (``tabular``). Columns of shares and of changes beside
the figures are left out; a year that comes twice belongs to two periods ("12 Weeks Ended", "36
Weeks Ended"), and its rows are read once for each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from kimidoc.playbooks.tabular import (
    DATED,
    NAMED,
    YEAR,
    Columns,
    columns,
    given,
    number,
    only_cells,
    row,
    table_rows,
)
from kimidoc.types import Citation, Document

_FISCAL = re.compile(
    r"(?:fiscal(?: year)?|year ended [A-Z][a-z]+ \d{1,2},|annual report) (?P<year>(?:19|20)\d\d)"
    r"|\bFY ?['’]?(?P<short>\d\d)\b",
    re.I,
)
# "ended July 29, 2023 (“Q2 FY24”)", "fiscal 2023, ended November 20, 2022"; the letters of "fi" are
# one sign in many PDFs, and not always the right one.
_CALLED = re.compile(
    rf"ended\s+(?P<day>{DATED})\s*\([“\"]?(?P<name>{NAMED})[”\"]?\)"
    rf"|\b(?:quarter|weeks|months)\b[^.]{{0,80}}?\S{{1,2}}scal\s+(?P<year>(?:19|20)\d\d),?\s+ended\s+"
    rf"(?P<last>{DATED})",
    re.IGNORECASE,
)
# Tables beside a company's own statements: measures of its own making, and parts of the group.
_NOT_WHOLE = re.compile(
    r"non-?GAAP|\badjusted\b|\bunderlying\b|\bpro[ -]forma\b|reconciliation|guarant(?:ors?|ee)\b"
    r"|\bparent (?:company|only)\b|condensed consolidating|\bdeed of\b|\bsegments?\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\b(?:in|of) (?:US )?(?:dollars, in )?(thousands|millions|billions)\b", re.I)
HEADING = 6  # lines above the years that say what a table is
_LABELS = {
    "revenue": r"(?:total |net )?(?:revenues?|sales)",
    "gross profit": r"gross profit",
    "operating income": r"(?:operating (?:income|profit)|income from operations)",
    "net income": r"net (?:income|earnings)",
    "pre-tax income": r"(?:income|earnings)(?: from continuing operations)? before (?:provision for"
    r" )?(?:income )?tax(?:es)?(?: expense)?(?: and equity in .*)?",
    "earnings per share": r"(?:.{0,20} )?(?:earnings|income) per share.{0,24}",
    "capital expenditures": r"capital expenditures?|purchases? of property.{0,24}",
    "receivables": r"(?:accounts |trade )?receivables?(?:, net)?",
    "taxes": r"(?:income taxes|provision for income taxes|income tax expense)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a statement: its label and what it gives for each year.

    ``percent``: the figures are percentages. ``table``: where the line of years begins that it
    stands below. ``period``: "quarter", "year", "36 weeks"; "" where the table says none.
    """

    label: str
    values: dict[str, Decimal]
    citation: Citation
    percent: bool = False
    table: int = -1
    period: str = ""


@lru_cache(maxsize=64)
def lines(document: Document) -> tuple[Line, ...]:
    """Every row of figures of a document that stands below a line of years."""
    head: Columns | None = None
    found, shift = list[Line](), _shift(document)
    for start, end, said in table_rows(document.text):
        if begun := columns(document.text, start, said, shift):
            head = begun
        elif head and (match := row(said)):
            cells = given(match["figures"], head)
            if cells is None or YEAR.search(match["label"]):
                continue
            label, quote = " ".join(match["label"].split()), Citation.of(document, start, end)
            filled = [cell for cell in cells if number(cell) is not None]
            percent = bool(filled) and all("%" in cell for cell in filled)
            at = 0
            for years, period in zip(head.years, head.periods, strict=True):
                part = zip(years, cells[at : at + len(years)], strict=True)
                values = {year: value for year, cell in part if (value := number(cell)) is not None}
                found.append(Line(label, values, quote, percent, head.start, period))
                at += len(years)
    return tuple(found)


def heading(document: Document, line: Line) -> str:
    """The short lines directly above a row's table, and that of its years: what it is about."""
    above = document.text[max(0, line.table - 400) : max(0, line.table)]
    own = document.text[max(0, line.table) :].partition("\n")[0]
    found = [own.strip()] if line.table >= 0 else []
    for said in reversed([piece.strip() for piece in above.split("\n")]):
        if len(said) > 90 or said.endswith((".", ";")) or len(found) > HEADING:
            break
        if said and (only_cells(said) or row(said)):  # the end of another table
            break
        found += [said] if said else []
    return " · ".join(reversed(found))


def whole(document: Document, line: Line) -> bool:
    """Whether a row belongs to the company's own statements, not to a measure of its own making,
    a segment or a part of the group."""
    return not _NOT_WHOLE.search(f"{heading(document, line)} {line.label}")


def year_of(document: Document) -> str:
    """The fiscal year a document says near its head that it is about; "" where it says none."""
    head = document.text[:1_500]
    if called := _CALLED.search(head):
        return called["year"] or f"20{called['name'][-2:]}"
    match = _FISCAL.search(head)
    return (match["year"] or f"20{match['short']}") if match else ""


def _shift(document: Document) -> int:
    """How many years a fiscal year is ahead of the days at the head of its columns.

    "second quarter ended July 29, 2023 (“Q2 FY24”)": one.
    """
    match = _CALLED.search(document.text)
    if match is None:
        return 0
    called = match["year"] or f"20{match['name'][-2:]}"
    day = match["day"] or match["last"]
    return int(called) - int(re.findall(r"(?:19|20)\d\d", day)[-1])


def unit(document: Document, at: int | None = None) -> str:
    """What figures are in, "thousands" or so: as named last above a place, or else most often."""
    if at is not None:
        above = list(_UNIT.finditer(document.text, max(0, at - 3_000), at))
        if above:
            return above[-1][1].casefold()
    often = Counter(match[1].casefold() for match in _UNIT.finditer(document.text))
    return often.most_common(1)[0][0] if often else ""


def scale(document: Document, at: int | None = None) -> int:
    """How many units of money one is in a document's figures, or in those at a place."""
    return {"thousands": 1_000, "millions": 1_000_000, "billions": 1_000_000_000}.get(
        unit(document, at), 1
    )


def named(line: Line, name: str) -> bool:
    """Whether a row is the one that gives a figure: "revenue", "taxes", or a label's own words."""
    return bool(re.fullmatch(_LABELS.get(name, re.escape(name)), line.label, re.IGNORECASE))


def figure(statements: Sequence[Line], name: str, year: str) -> Line | None:
    """The first row that gives a figure for a whole year."""
    return next(
        (
            line
            for line in statements
            if year in line.values
            and line.period in ("", "year")
            and not line.percent
            and named(line, name)
        ),
        None,
    )

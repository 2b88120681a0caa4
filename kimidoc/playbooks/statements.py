"""Financial statements as rows of figures: which line gives which figure for which year.

A row is a line that begins with a label and ends in figures, below a line that names years ("Fiscal
2025 | Fiscal 2024", "July 29, 2023  July 30, 2022"), or a label and its figures one below the
other, as some PDFs give tables. A table is what stands below one line of years. Columns of shares
and of changes beside the figures are left out; a year that comes twice belongs to two periods
("12 Weeks Ended", "36 Weeks Ended"), and its rows are read once for each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from kimidoc.types import Citation, Document
from kimidoc.values.dates import MONTH
from kimidoc.values.numbers import spelled

_AMOUNT = r"[$£€]?\(?[$£€]?\d[\d,]*(?:\.\d+)?\)?%?\)?"
_CELL = rf"(?:{_AMOUNT}|[-–—]%?(?![\w-]))"
_LABEL = r"[A-Z][A-Za-z,&()'’\"“”/. $%-]{2,118}?"
_LINE = re.compile(
    rf"^[ \t]*(?P<label>{_LABEL})(?:\(\d\)|(?<=[a-z)])\d)?[ \t|]+"
    rf"(?P<figures>{_CELL}(?:[ \t|]+{_CELL})*)[ \t|]*$"
)
_FIGURE = re.compile(_CELL)
_DATED = rf"{MONTH}\s+\d{{1,2}},?\s+(?:19|20)\d\d\d?"
_NAMED = r"(?:Q[1-4]\s+)?FY\s?['’]?\d\d(?:\d\d)?"
_COLUMN = rf"(?:{_DATED}|{_NAMED}|(?:fiscal\s+(?:year\s+)?)?(?:19|20)\d\d)(?:\s*\(\w\))?"
_BEFORE = (
    r"(?:(?:for\s+the\s+)?(?:(?:fiscal|three|six|nine|twelve|\d\d?|years?|quarters?|months|weeks"
    rf"|{MONTH}\s+\d{{1,2}},?)\s+)+(?:ended\s+)?|as\s+of\s+|at\s+)?"
)
_COLUMNS = re.compile(
    rf"(?:{_BEFORE}{_COLUMN}[\s|]*){{2,}}"
    r"(?P<more>(?:[\s|]*[$%]?\s*(?:change|variance|increase|decrease)\b.*)?)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:19|20)\d\d")  # a figure of four digits has a comma
_TWICE = re.compile(r"(?:(?:19|20|FY ?['’]?)\d\d.*?){2}", re.DOTALL | re.IGNORECASE)  # a quick look
_DAY = re.compile(rf"\b{MONTH}\s+\d{{1,2}}\b,?", re.IGNORECASE)
_YEAR = re.compile(rf"(?P<dated>{_DATED})|(?P<named>{_NAMED})|(?P<plain>\b(?:19|20)\d\d\b)", re.I)
_HEAD = re.compile(rf"{_YEAR.pattern}|{_DAY.pattern}", re.IGNORECASE)
# A line that holds cells and no words: tables are often taken out of a PDF that way.
_CELLS = re.compile(
    rf"(?:(?:[$£€]|\(?[$£€]?\s?\d[\d,]*(?:\.\d+)?\s?(?:%\s?\)?|\)\s?%?)?|[-–—]\s?%?|\)|%|{_COLUMN}"
    rf"|{MONTH}\s+\d{{1,2}},)"
    r"(?:\s+|$))+",
    re.IGNORECASE,
)
_NARROW = re.compile(r"([$£€(])\s+(?=[\d(])|(?<=[\d)–—-])\s+(?=[%)])")
_BLANK = 3  # blank lines between the cells of one row
_PERIOD = re.compile(
    r"\b(?:(?P<count>\w+)[\s-]+(?P<unit>weeks?|months?)(?:\s+(?:ended|period))?"
    r"|(?P<year>(?:fiscal\s+)?years?\s+ended)|(?P<quarter>quarters?\s+ended))\b",
    re.IGNORECASE,
)
_FISCAL = re.compile(
    r"(?:fiscal(?: year)?|year ended [A-Z][a-z]+ \d{1,2},|annual report) (?P<year>(?:19|20)\d\d)"
    r"|\bFY ?['’]?(?P<short>\d\d)\b",
    re.I,
)
# "ended July 29, 2023 (“Q2 FY24”)", "fiscal 2023, ended November 20, 2022"; the letters of "fi" are
# one sign in many PDFs, and not always the right one.
_CALLED = re.compile(
    rf"ended\s+(?P<day>{_DATED})\s*\([“\"]?(?P<name>{_NAMED})[”\"]?\)"
    rf"|\b(?:quarter|weeks|months)\b[^.]{{0,80}}?\S{{1,2}}scal\s+(?P<year>(?:19|20)\d\d),?\s+ended\s+"
    rf"(?P<last>{_DATED})",
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


@dataclass(slots=True)
class _Columns:
    """The years of a table's columns, group by group, and what stands beside them."""

    start: int
    years: list[list[str]]
    periods: list[str]
    more: bool
    shares: bool = False

    @property
    def count(self) -> int:
        return sum(len(group) for group in self.years)


@lru_cache(maxsize=64)
def lines(document: Document) -> tuple[Line, ...]:
    """Every row of figures of a document that stands below a line of years."""
    columns: _Columns | None = None
    found, shift = list[Line](), _shift(document)
    for start, end, said in table_rows(document.text):
        if begun := _columns(document.text, start, said, shift):
            columns = begun
        elif columns and (match := _row(said)):
            cells = _FIGURE.findall(match["figures"])
            given = _given(cells, columns)
            if given is None or _YEAR.search(match["label"]):
                continue
            label, quote = " ".join(match["label"].split()), Citation.of(document, start, end)
            filled = [cell for cell in given if _number(cell) is not None]
            percent = bool(filled) and all("%" in cell for cell in filled)
            at = 0
            for years, period in zip(columns.years, columns.periods, strict=True):
                part = zip(years, given[at : at + len(years)], strict=True)
                values = {
                    year: value for year, cell in part if (value := _number(cell)) is not None
                }
                found.append(Line(label, values, quote, percent, columns.start, period))
                at += len(years)
    return tuple(found)


def _columns(text: str, start: int, said: str, shift: int) -> _Columns | None:
    """The columns that a line of years opens; None where a line is none."""
    match = _COLUMNS.search(said) if _TWICE.search(said) else None
    if match is None or _row(said[: match.start()]):
        return None
    named = list(_YEAR.finditer(said, match.start()))
    years = [_year(one, shift) for one in named]
    groups: list[list[str]] = [[]]
    firsts = named[:1]
    for year, one in zip(years, named, strict=True):
        if year in groups[-1]:
            groups.append([])
            firsts.append(one)
        groups[-1].append(year)
    if len({tuple(group) for group in groups}) > 1:
        groups = [years] if len(set(years)) == len(years) else []
    if not groups or len(years) < 2:
        return None
    above = text[max(0, start - 160) : start] + said
    spans = [_period(one) for one in _PERIOD.finditer(above)]
    if all(one["named"] for one in firsts):  # "Q2 FY24", "FY24"
        periods = ["quarter" if one[0][0] in "Qq" else "year" for one in firsts]
    elif len(groups) == 1:
        periods = spans[-1:] or [""]
    elif len(spans) >= len(groups):
        periods = spans[-len(groups) :]
    else:  # which is which is not said
        periods = [f"column group {at}" for at in range(1, len(groups) + 1)]
    return _Columns(start, groups, periods, bool(match["more"]))


def _year(match: re.Match[str], shift: int) -> str:
    if match["named"]:
        return f"20{match['named'][-2:]}"
    digits = re.findall(r"(?:19|20)\d\d", match[0])[-1]
    return str(int(digits) + shift) if match["dated"] else digits


def _period(match: re.Match[str]) -> str:
    if match["year"]:
        return "year"
    if match["quarter"]:
        return "quarter"
    words = match["count"]
    count = int(words) if words.isdigit() else spelled(words)
    unit = match["unit"].casefold().removesuffix("s")
    if count is None:
        return ""
    if (unit, count) in {("month", 3), ("week", 12), ("week", 13), ("week", 14), ("week", 16)}:
        return "quarter"
    if (unit, count) in {("month", 12), ("week", 52), ("week", 53)}:
        return "year"
    return f"{count} {unit}s"


def period(words: str) -> str:
    """The first period that some words name, as ``Line.period`` has it; "" where they name none."""
    match = _PERIOD.search(words)
    return _period(match) if match else ""


def _given(cells: list[str], columns: _Columns) -> list[str] | None:
    """The cells that are figures of the columns; None where they cannot be told."""
    count = columns.count
    plain = [cell for cell in cells if "%" not in cell]
    if len(cells) == count:
        return cells
    if len(cells) == 2 * count:
        beside = cells[1::2]
        columns.shares |= all("%" in cell for cell in beside) and len(plain) >= count
        return cells[::2] if columns.shares else None
    if len(plain) == count:  # a change in per cent beside them
        return plain
    return cells[:count] if columns.more and count < len(cells) <= count + 2 else None


def table_rows(text: str) -> Iterator[tuple[int, int, str]]:
    """Each line that is not blank; with it the cells below it, where a line holds but one cell.

    A label that goes on in a second line, in small letters, is one label.
    """
    at, number, rows = 0, 0, list[tuple[int, int]]()
    for piece in text.split("\n"):
        rows.append((at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())))
        at += len(piece) + 1
    columns, before = 0, (0, "", -1)
    while number < len(rows):
        start, end = rows[number]
        said, number = text[start:end], number + 1
        if not said or (_CELLS.fullmatch(said) and not (_YEAR.match(said) or _DAY.match(said))):
            continue
        if (
            before[2] == number - 1
            and (said[0].islower() or said[0] == "(")
            and not _row(before[1])
        ):
            start, said = before[0], f"{before[1]} {said}"
        before = start, said, number
        cells = list[str]()  # below it
        if not _row(said):
            last = number
            while (ahead := _next(text, rows, number)) is not None:
                cell = text[slice(*rows[ahead])]
                if _PLAIN.fullmatch(cell) and cells and not _HEAD.match(cells[-1]):
                    break  # the head of the rows below it
                cells.append(cell)
                last, number = number, ahead + 1
            page = cells[1:] and cells[-1].isdigit() and len(cells[-1]) < 4
            if columns and page and _count(cells) == columns + 1:
                cells.pop()  # a page's number
                number = last
            while cells and not rows[number - 1][1] > rows[number - 1][0]:
                number -= 1
            end = rows[number - 1][1]
        joined = _NARROW.sub(r"\1", " ".join((said, *" ".join(cells).split())))
        if cells and all(_HEAD.search(cell) for cell in cells):
            opened = _COLUMNS.search(joined)
            columns = len(_YEAR.findall(opened[0])) if opened else len(cells)
        elif _TWICE.search(joined) and _COLUMNS.search(joined):
            columns = 0  # a table of lines
        yield start, end, joined


def _next(text: str, rows: Sequence[tuple[int, int]], number: int) -> int | None:
    """The next line that holds cells, a few blank ones left out; None where words come first."""
    for ahead in range(number, min(number + 1 + _BLANK, len(rows))):
        said = text[slice(*rows[ahead])]
        if said:
            return ahead if _CELLS.fullmatch(said) else None
    return None


def _row(said: str) -> re.Match[str] | None:
    """A label and its figures; none where a day is named, as in "Balance at December 31, 2022"."""
    return None if _DAY.search(said) else _LINE.match(said)


def cells(said: str) -> tuple[str, list[Decimal]] | None:
    """The label and the figures of a row as ``table_rows`` gives it; None where it is none."""
    match = _row(said)
    given = [_number(cell) for cell in _FIGURE.findall(match["figures"])] if match else []
    if match is None or None in given:
        return None
    return " ".join(match["label"].split()), [value for value in given if value is not None]


def _count(cells: Sequence[str]) -> int:
    return len(_FIGURE.findall(_NARROW.sub(r"\1", " ".join(cells))))


def _number(word: str) -> Decimal | None:
    digits = re.sub(r"[^\d.]", "", word)
    if not digits or digits == ".":
        return None
    return -Decimal(digits) if "(" in word else Decimal(digits)


def heading(document: Document, line: Line) -> str:
    """The short lines directly above a row's table, and that of its years: what it is about."""
    above = document.text[max(0, line.table - 400) : max(0, line.table)]
    own = document.text[max(0, line.table) :].partition("\n")[0]
    found = [own.strip()] if line.table >= 0 else []
    for said in reversed([piece.strip() for piece in above.split("\n")]):
        if len(said) > 90 or said.endswith((".", ";")) or len(found) > HEADING:
            break
        if said and (_CELLS.fullmatch(said) or _row(said)):  # the end of another table
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

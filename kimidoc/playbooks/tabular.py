"""Tables of figures as lines of text give them: labels with their cells, heads with their years.

A row is a line that begins with a label and ends in figures, or a label and its figures one below
the other, as some PDFs give tables. A head names years, for each column one: "Fiscal 2025 | Fiscal
2024", "July 29, 2023  July 30, 2022", "Q2 FY24  Q2 FY23". Patterns that repeat are atomic, so that
no line, however it is made, is tried in more ways than it has words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

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
DATED = rf"{MONTH}\s+\d{{1,2}},?\s+(?:19|20)\d\d\d?"
"""A pattern of a day at the head of a column; a note's number may stand behind it. No groups."""
NAMED = r"(?:Q[1-4]\s+)?FY\s?['’]?\d\d(?:\d\d)?"
"""A pattern of a fiscal year or quarter as companies call it: "Q2 FY24". No groups."""
_COLUMN = rf"(?:{DATED}|{NAMED}|(?:fiscal\s+(?:year\s+)?)?(?:19|20)\d\d)(?:\s*\(\w\))?"
_BEFORE = (
    r"(?:(?:for\s+the\s+)?(?:(?:fiscal|three|six|nine|twelve|\d\d?|years?|quarters?|months|weeks"
    rf"|{MONTH}\s+\d{{1,2}},?)\s+){{1,6}}(?:ended\s+)?|as\s+of\s+|at\s+)?"
)
_COLUMNS = re.compile(
    rf"(?>{_BEFORE}{_COLUMN}[\s|]*){{2,40}}"
    r"(?P<more>(?:[\s|]*[$%]?\s*(?:change|variance|increase|decrease)\b.*)?)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:19|20)\d\d")  # a figure of four digits has a comma
_TWICE = re.compile(r"(?:(?:19|20|FY ?['’]?)\d\d.*?){2}", re.DOTALL | re.IGNORECASE)  # a quick look
_DAY = re.compile(rf"\b{MONTH}\s+\d{{1,2}}\b,?", re.IGNORECASE)
YEAR = re.compile(rf"(?P<dated>{DATED})|(?P<named>{NAMED})|(?P<plain>\b(?:19|20)\d\d\b)", re.I)
_HEAD = re.compile(rf"{YEAR.pattern}|{_DAY.pattern}", re.IGNORECASE)
# A line that holds cells and no words: tables are often taken out of a PDF that way.
_CELLS = re.compile(
    rf"(?=.*[\d$£€%()–—-])(?>(?:[$£€(]|{_AMOUNT}|[-–—]%?|[)%]+|{MONTH}|fiscal|Q[1-4]"
    r"|FY['’]?\d\d(?:\d\d)?)(?:\s+|$))+",
    re.IGNORECASE,
)
_NARROW = re.compile(r"([$£€(])\s+(?=[\d(])|(?<=[\d)–—-])\s+(?=[%)])")
_BLANK = 3  # blank lines between the cells of one row
_PERIOD = re.compile(
    r"\b(?:(?P<count>\w+)[\s-]+(?P<unit>weeks?|months?)(?:\s+(?:ended|period))?"
    r"|(?P<year>(?:fiscal\s+)?years?\s+ended)|(?P<quarter>quarters?\s+ended))\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Columns:
    """The years of a table's columns, group by group, and what stands beside them.

    ``start``: where the line of years begins. ``periods``: one for each group, "" where none is
    said. ``more``: a column of changes follows. ``shares``: each figure has its share beside it.
    """

    start: int
    years: list[list[str]]
    periods: list[str]
    more: bool
    shares: bool = False

    @property
    def count(self) -> int:
        """How many columns of figures there are."""
        return sum(len(group) for group in self.years)


def columns(text: str, start: int, said: str, shift: int) -> Columns | None:
    """The columns that a line of years opens; None where a line is none.

    ``shift``: how many years a fiscal year is ahead of the days that are named (``statements``).
    """
    match = _COLUMNS.search(said) if _TWICE.search(said) else None
    if match is None or row(said[: match.start()]):
        return None
    named = list(YEAR.finditer(said, match.start()))
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
    return Columns(start, groups, periods, bool(match["more"]))


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


def given(figures: str, columns: Columns) -> list[str] | None:
    """The cells of a row that are figures of the columns; None where they cannot be told."""
    cells = _FIGURE.findall(figures)
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
    """Each line that is not blank, [start, end) and its words; with it the cells below it, where a
    line holds but one cell.

    A label that goes on in a second line, in small letters, is one label.
    """
    lines, at = list[tuple[int, int]](), 0
    for piece in text.split("\n"):
        lines.append((at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())))
        at += len(piece) + 1
    wide, line, before = 0, 0, (0, "", -1)
    while line < len(lines):
        start, end = lines[line]
        said, line = text[start:end], line + 1
        if not said or (_CELLS.fullmatch(said) and not _HEAD.match(said)):
            continue
        goes_on = said and (said[0].islower() or said[0] == "(")
        if goes_on and before[2] == line - 1 and not row(before[1]):
            start, said = before[0], f"{before[1]} {said}"
        before = start, said, line
        below = list[str]()
        if not row(said):
            below, line = _below(text, lines, line, wide)
            end = max(end, lines[line - 1][1])
        joined = _NARROW.sub(r"\1", " ".join((said, *" ".join(below).split())))
        opened = _COLUMNS.search(joined) if _TWICE.search(joined) else None
        if below and all(_HEAD.search(cell) for cell in below):
            wide = len(YEAR.findall(opened[0])) if opened else len(below)
        elif opened:
            wide = 0  # a table of lines
        yield start, end, joined


def _below(
    text: str, lines: Sequence[tuple[int, int]], line: int, wide: int
) -> tuple[list[str], int]:
    """The lines of cells from a line on, and the line after them.

    ``wide``: how many columns the table has; one cell more at its end is a page's number.
    """
    found, last = list[str](), line
    while (ahead := _next(text, lines, line)) is not None:
        cell = text[slice(*lines[ahead])]
        if _PLAIN.fullmatch(cell) and found and not _HEAD.match(found[-1]):
            break  # the head of the rows below it
        found.append(cell)
        last, line = line, ahead + 1
    page = found[1:] and found[-1].isdigit() and len(found[-1]) < 4
    if wide and page and len(_FIGURE.findall(_NARROW.sub(r"\1", " ".join(found)))) == wide + 1:
        found.pop()
        line = last
    return found, line


def _next(text: str, lines: Sequence[tuple[int, int]], line: int) -> int | None:
    """The next line that holds cells, a few blank ones left out; None where words come first."""
    for ahead in range(line, min(line + 1 + _BLANK, len(lines))):
        said = text[slice(*lines[ahead])]
        if said:
            return ahead if _CELLS.fullmatch(said) else None
    return None


def row(said: str) -> re.Match[str] | None:
    """A label and its figures, as groups of these names; none where a day is named, as in "Balance
    at December 31, 2022"."""
    return None if _DAY.search(said) else _LINE.match(said)


def cells(said: str) -> tuple[str, list[Decimal]] | None:
    """The label and the figures of a row as ``table_rows`` gives it; None where it is none."""
    match = row(said)
    given = [number(cell) for cell in _FIGURE.findall(match["figures"])] if match else []
    if match is None or None in given:
        return None
    return " ".join(match["label"].split()), [value for value in given if value is not None]


def only_cells(said: str) -> bool:
    """Whether a line holds cells and no words."""
    return bool(_CELLS.fullmatch(said))


def number(word: str) -> Decimal | None:
    """A cell as a number, in brackets a negative one; None for a dash."""
    digits = re.sub(r"[^\d.]", "", word)
    if not digits or digits == ".":
        return None
    return -Decimal(digits) if "(" in word else Decimal(digits)

"""Segments as columns: a row for each figure, a column for each segment, and the total at its end.

Below a head of names that ends in "Total" or "Consolidated" stand a year alone in its line and rows
whose last cell is the sum of the others. That it is tells such a table; rows of which it is not are
left out, and a table in which no two rows add up is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimidoc.playbooks.tabular import cells, table_rows
from kimidoc.types import Citation, Document

FEWEST = 2  # rows that add up
MOST = 8  # columns
_LAST = re.compile(r"(?:total|consolidated)(?: company)?", re.IGNORECASE)
_ONE_YEAR = re.compile(
    r"(?:(?P<last>(?i:total|consolidated)(?: company)?)\s+)?(?:(?i:fiscal|year)\s+)?"
    r"(?P<year>(?:19|20)\d\d)"
)
_NAME = re.compile(r"[A-Z][A-Za-z,&’'./ -]{1,40}")


@dataclass(frozen=True, slots=True)
class Column:
    """What one row gives for one segment; ``name`` is "total" for the last."""

    figure: str
    name: str
    year: str
    value: Decimal
    whole: Decimal
    citation: Citation


def columns(document: Document) -> Iterator[Column]:
    """Every figure of every table whose columns are segments, in order."""
    table: list[Column] = []
    head, names, year, rows = list[str](), list[str](), "", 0
    for start, end, said in table_rows(document.text):
        row, alone = cells(said), _ONE_YEAR.fullmatch(said)
        if alone:
            year = alone["year"]
            if alone["last"]:
                names, head = head, []
        elif row is None and _LAST.fullmatch(said):
            names, head, year = head, [], ""
        elif row is None:
            if len(said) > 60 or not _NAME.fullmatch(said):  # prose ends a table
                yield from table if rows >= FEWEST else ()
                table, head, names, year, rows = [], [], [], "", 0
            else:
                head = [*head, said][-3 * MOST :]
        elif year and names:
            label, values = row
            called = _split(names, len(values) - 1)
            if called and _adds_up(values):
                rows += 1
                quote = Citation.of(document, start, end)
                table += (
                    Column(label, name, year, value, values[-1], quote)
                    for name, value in zip([*called, "total"], values, strict=True)
                )
    yield from table if rows >= FEWEST else ()


def _adds_up(values: Sequence[Decimal]) -> bool:
    parts, total = values[:-1], values[-1]
    places = max(-int(value.as_tuple().exponent) for value in values)
    return abs(sum(parts, Decimal()) - total) <= Decimal(len(parts)).scaleb(-places) / 2


def _split(lines: Sequence[str], count: int) -> list[str] | None:
    """The lines of a head as the names of so many columns; None where they cannot be told.

    One line for each, or one word for each; or each ends in the same line: "United States",
    "Operations", "Canadian", "Operations".
    """
    if not 2 <= count <= MOST:
        return None
    if len(lines) >= count and not 1 < lines.count(lines[-1]) == count:
        return list(lines[-count:]) if len(lines) == count else None
    if lines.count(lines[-1]) == count:
        names, words = list[str](), list[str]()
        for line in lines:
            words.append(line)
            if line == lines[-1]:
                names.append(" ".join(words))
                words = []
        return names
    words = lines[-1].split()
    return words if len(words) == count else None

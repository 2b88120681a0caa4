"""What calamine does not tell about an XLSX sheet, from one pass over its XML.

Hidden rows and columns, formulas without a stored value, cells shown as a percentage, error
values, and how far the cells reach: calamine lays a sheet out as one rectangle in memory, so two
cells at opposite corners must be known before it is asked. ECMA-376 part 1, 18.3.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element
from xml.parsers import expat

from kimidoc.ingest.base import Unreadable
from kimidoc.ingest.readers.ooxml import Package, child, children, number

ROWS, COLUMNS = 1_048_576, 16_384

_ON = ("1", "true")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})$")
_QUOTED = re.compile(r'"[^"]*"|\\.')

Cell = tuple[int, int]
"""Row and column, 0-based."""


@dataclass
class Facts:
    """One sheet. ``cells`` is only kept on request; rows and columns are 0-based."""

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    unvalued: int = 0
    percents: set[Cell] = field(default_factory=set)
    errors: dict[Cell, str] = field(default_factory=dict)
    count: int = 0
    first: Cell = (ROWS, COLUMNS)
    last: Cell = (-1, -1)
    cells: list[Cell] = field(default_factory=list)

    @property
    def area(self) -> int:
        """Cells of the rectangle around all cells."""
        if not self.count:
            return 0
        return (self.last[0] - self.first[0] + 1) * (self.last[1] - self.first[1] + 1)


def percent_styles(package: Package, workbook: str) -> frozenset[str]:
    """The cell formats (``s`` of a cell) that show a number as a percentage."""
    for _, name in package.related(workbook, "styles"):
        root = package.xml(name)
        codes = {
            one.get("numFmtId"): one.get("formatCode", "")
            for one in children(child(root, "x:numFmts"), "x:numFmt")
        }
        formats = children(child(root, "x:cellXfs"), "x:xf")
        return frozenset(str(i) for i, one in enumerate(formats) if _is_percent(one, codes))
    return frozenset()


def _is_percent(cell_format: Element, codes: dict[str | None, str]) -> bool:
    identity = cell_format.get("numFmtId")
    return identity in ("9", "10") or "%" in _QUOTED.sub("", codes.get(identity, ""))


def facts(package: Package, part: str, percents: frozenset[str], keep_cells: bool) -> Facts:
    """Read one sheet's XML. Raises Unreadable where it is damaged."""
    reading = _Sheet(percents, keep_cells)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.buffer_text = True
    try:
        with package.stream(part) as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise Unreadable(f"damaged ({part}: {error})") from error
    reading.close()
    return reading.facts


class _Sheet:
    def __init__(self, percents: frozenset[str], keep_cells: bool) -> None:
        self.facts = Facts()
        self._percents, self._keep = percents, keep_cells
        self._local: dict[str, str] = {}
        self._row, self._column = -1, -1
        self._formula = self._value = self._error = self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = self._local.get(name)
        if local is None:
            local = self._local[name] = name.rpartition(":")[2]
        if local == "c":
            self._cell(attributes)
        elif local == "v":
            self._in_value = True
        elif local == "is":
            self._value = True
        elif local == "f":
            self._formula = True
        elif local == "row":
            self.close()
            self._row = number(attributes.get("r"), self._row + 2) - 1
            self._column = -1
            if attributes.get("hidden") in _ON:
                self.facts.hidden_rows.append(self._row)
        elif local == "col" and attributes.get("hidden") in _ON:
            low, high = number(attributes.get("min"), 1), number(attributes.get("max"), 1)
            self.facts.hidden_columns += range(max(low, 1) - 1, min(high, COLUMNS))

    def end(self, name: str) -> None:
        self._in_value = False

    def text(self, text: str) -> None:
        if self._in_value:
            self._value = True
            if self._error:
                self.facts.errors[self._row, self._column] = text[:10]

    def close(self) -> None:
        """The cell before is complete."""
        self.facts.unvalued += self._formula and not self._value
        self._formula = self._value = self._error = False

    def _cell(self, attributes: dict[str, str]) -> None:
        self.close()
        found, row = self.facts, self._row
        reference = _REFERENCE.match(attributes.get("r", ""))
        if reference:
            row, self._column = int(reference[2]) - 1, column_index(reference[1])
            self._row = row
        else:
            self._column += 1
        at = (row, self._column)
        found.count += 1
        found.first = (min(found.first[0], row), min(found.first[1], at[1]))
        found.last = (max(found.last[0], row), max(found.last[1], at[1]))
        if attributes.get("s") in self._percents:
            found.percents.add(at)
        self._error = attributes.get("t") == "e"
        self._value = attributes.get("t") == "str"  # whose stored result may be ""
        if self._keep:
            found.cells.append(at)


def column_index(letters: str) -> int:
    """ "A" -> 0, "AA" -> 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_letters(index: int) -> str:
    """0 -> "A", 26 -> "AA"."""
    letters, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def sheet_parts(package: Package, workbook: str) -> dict[str, str]:
    """The part of every worksheet, by the sheet's name."""
    parts = dict(package.related(workbook, "worksheet"))
    sheets = children(child(package.xml(workbook), "x:sheets"), "x:sheet")
    return {
        one.get("name", ""): parts[one.get("r:id", "")]
        for one in sheets
        if one.get("r:id", "") in parts
    }


def comments(package: Package, part: str) -> Iterator[tuple[str, str, str]]:
    """(cell, author, text) of a sheet's comments; threads leave a copy of themselves here."""
    for _, name in package.related(part, "comments"):
        root = package.xml(name)
        authors = [one.text or "" for one in children(child(root, "x:authors"), "x:author")]
        for one in children(child(root, "x:commentList"), "x:comment"):
            said = " ".join("".join(t.text or "" for t in one.iter("x:t")).split())
            author = number(one.get("authorId"), -1)
            who = authors[author] if 0 <= author < len(authors) else ""
            yield one.get("ref", ""), " ".join(who.split()), said


def boxes(package: Package, part: str) -> Iterator[str]:
    """The text of the shapes drawn over a sheet."""
    for _, name in package.related(part, "drawing"):
        for paragraph in package.xml(name).iter("a:p"):
            text = " ".join("".join(t.text or "" for t in paragraph.iter("a:t")).split())
            if text:
                yield text

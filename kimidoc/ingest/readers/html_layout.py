"""Inline text -> lines -> text, as a browser breaks them.

A ``Flow`` collects the lines of a page or of one table cell; a ``Grid`` turns a table's cells into
lines ``a | b``. Text that no reader sees is wrapped in two lone surrogates, which no parser can
hand over, so that it can move through cells and rows; ``compose`` takes them out again and says
where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kimidoc.ingest.base import TextBuilder

_OPEN = 0xDC00  # + index of the cause
_CLOSE = "\udcff"
_MARKS = re.compile("[\udc00-\udcff]")
_HIDDEN = re.compile("([\udc00-\udcfe])([^\udcff]*)\udcff?")
_SPACE = re.compile("[ \t\n\f\r\xa0]+")
_DEEPEST_INDENT = 40  # characters
_LABEL_CHARS = 160
_WIDEST_GRID = 256  # columns that are compared with each other
_PART = re.compile(r"(PART|Part)\s+[IVX]{1,4}\b(?!.*\.{3}).{0,80}")
_ITEM = re.compile(r"(ITEM|Item)\s+\d{1,2}[A-C]?\s*[.:\-–—|].{0,150}")


@dataclass(slots=True)
class Line:
    """One line; ``level`` 1 to 6 makes it a heading."""

    text: str
    level: int = 0


def bare(text: str) -> str:
    """The text without the marks of what is hidden."""
    return _MARKS.sub("", text) if not text.isascii() else text


@dataclass(slots=True)
class Flow:
    """Where text goes: the page, or a cell. ``indent`` opens every line, ``marker`` the next."""

    lines: list[Line] = field(default_factory=list)
    indent: str = ""
    marker: str | None = None
    level: int = 0
    structured: bool = False  # holds headings or a table, so it cannot be one cell of a row
    _parts: list[str] = field(default_factory=list)
    _space: bool = False
    _gap: bool = False

    def text(self, text: str, cause: int | None = None) -> None:
        """Text whose white space collapses."""
        words = _SPACE.sub(" ", text).replace("\xad", "")
        if words in ("", " "):
            self._space = self._space or bool(words)
            return
        if (words[0] == " " or self._space) and self._parts:
            self._parts.append(" ")
        self._space = words[-1] == " "
        self._parts.append(_wrapped(words.strip(" "), cause))

    def verbatim(self, text: str, cause: int | None = None) -> None:
        """Text whose white space counts."""
        first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._verbatim(first, cause)
        for line in rest:
            self._flush()
            self._verbatim(line, cause)

    def _verbatim(self, text: str, cause: int | None) -> None:
        if text:
            if self._space and self._parts:
                self._parts.append(" ")
            self._space = False
            self._parts.append(_wrapped(text, cause))

    def space(self) -> None:
        """White space between words, should more words follow on this line."""
        self._space = True

    def end_line(self) -> None:
        """A block begins or ends. Within a heading it is a space: a heading is one line."""
        if self.level:
            self._space = True
        elif self._parts:
            self._flush()
        else:
            self._space = False

    def line_break(self) -> None:
        """``<br>``: two of them leave a line blank."""
        if not self._parts:
            self.gap()
        self.end_line()

    def gap(self) -> None:
        """The next line stands apart from the last."""
        self.end_line()
        self._gap = not self.level and bool(self.lines)

    def heading(self, level: int) -> None:
        """From here to the next call, with 0, the text is one heading."""
        was, self.level = self.level, 0
        if self._parts:
            self._flush(was)
        self.gap()
        self.level = level
        self.structured = self.structured or level > 0

    def table(self, lines: Iterable[Line]) -> None:
        """The lines of a table; it may stand in a heading, of which it is no part."""
        level = self.level
        self.heading(0)
        for line in lines:
            self._parts.append(line.text)
            self._flush(line.level)
            self.structured = True
        self.gap()
        self.level = level

    def _flush(self, level: int = 0) -> None:
        text, self._parts, self._space = "".join(self._parts), [], False
        if self._gap and self.lines[-1].text:
            self.lines.append(Line(""))
        self._gap = False
        indent, self.marker = self.indent if self.marker is None else self.marker, None
        self.lines.append(Line((indent + text).rstrip(" \t") if text else "", level))


def deeper(indent: str, by: str) -> str:
    """``indent`` and ``by``, unless that leaves no room for text."""
    return indent + by if len(indent) + len(by) <= _DEEPEST_INDENT else indent


@dataclass(slots=True)
class Numbering:
    """The markers of a list: ``kind`` is ``-``, nothing, ``1``, ``a``, ``A``, ``i`` or ``I``."""

    kind: str = "-"
    number: int = 1
    step: int = 1

    @classmethod
    def of(
        cls, tag: str, attributes: Mapping[str, str | None], style: Mapping[str, str], items: int
    ) -> Numbering:
        """The numbering of a list element; ``items``: how many it has, where that matters."""
        wished = style.get("list-style-type") or style.get("list-style") or ""
        if "none" in wished.split():
            return cls("")
        if tag != "ol":
            return cls("-")
        named = next((kind for name, kind in _KINDS.items() if name in wished), "1")
        kind = attributes.get("type") or named
        start = _integer(attributes.get("start"))
        if "reversed" in attributes:
            return cls(kind, items if start is None else start, -1)
        return cls(kind, 1 if start is None else start)

    def marker(self, value: str | None) -> str:
        """The next item's marker, white space included; ``value``: the number it asks for."""
        if self.kind in ("", "-"):
            return self.kind and "- "
        own = _integer(value)
        number = self.number if own is None else own
        self.number = number + self.step
        return f"{_numeral(number, self.kind)}. "


_KINDS = {"upper-alpha": "A", "upper-latin": "A", "lower-alpha": "a", "lower-latin": "a"}
_KINDS |= {"upper-roman": "I", "lower-roman": "i"}
_ROMAN = [(1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")]
_ROMAN += [(50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")]


def _integer(attribute: str | None) -> int | None:
    match = re.match(r"\s*(-?[0-9]{1,6})", attribute or "")
    return int(match[1]) if match else None


def _numeral(number: int, kind: str) -> str:
    letters = ""
    if kind in ("a", "A") and number > 0:
        while number:
            number, digit = divmod(number - 1, 26)
            letters = chr(ord("a") + digit) + letters
    elif kind in ("i", "I") and 0 < number < 4000:
        for value, numeral in _ROMAN:
            count, number = divmod(number, value)
            letters += numeral * count
    return (letters.upper() if kind.isupper() else letters) or str(number)


def _wrapped(text: str, cause: int | None) -> str:
    return text if cause is None else f"{chr(_OPEN + cause)}{text}{_CLOSE}"


@dataclass(slots=True)
class Cell:
    """A table cell: its lines and the columns [column, column + span) it covers."""

    column: int
    span: int
    flow: Flow


class Grid:
    """The cells of a table, as they come."""

    def __init__(self) -> None:
        self.caption: Flow | None = None
        self.rows: list[list[Cell]] = []
        self._below: list[tuple[int, int, int]] = []  # (column, end, rows) still covered from above
        self._column = 0

    def row(self) -> None:
        """The next row begins."""
        self.rows.append([])
        self._below = [(start, end, rows - 1) for start, end, rows in self._below if rows > 1]
        self._column = 0

    def cell(self, colspan: str | None, rowspan: str | None) -> Flow:
        """The next cell; where its text goes."""
        if not self.rows:
            self.row()
        span, height = _count(colspan), _count(rowspan)
        column = self._column
        for start, end, _ in sorted(self._below):
            if start <= column < end:
                column = end
        if height > 1 and len(self._below) < _WIDEST_GRID:
            self._below.append((column, column + span, height))
        self._column = column + span
        flow = Flow()
        self.rows[-1].append(Cell(column, span, flow))
        return flow

    def lines(self) -> Iterator[Line]:
        """The caption, then the rows."""
        if self.caption is not None:
            yield from self.caption.lines
        columns = self._columns()
        for row in self.rows:
            filled = [cell for cell in row if _text(cell)]
            if len(filled) < 2 or any(cell.flow.structured for cell in filled):
                for cell in filled:
                    yield from cell.flow.lines
            else:
                yield Line(_joined(filled, columns))

    def _columns(self) -> dict[int, int]:
        """Column -> column of the text.

        Empty columns are none. Columns that one heading spans and of which every row fills one at
        most are one (a currency sign, its figure, a bracket); so is a column of signs and the one
        its signs belong to.
        """
        rows = [[cell for cell in row if _text(cell)] for row in self.rows]
        worded = [[(c.column, c.span) for c in row if not _is_sign(c)] for row in rows]
        used = sorted({cell.column for row in rows for cell in row})
        joined = {column: column for column in used}
        if len(used) <= _WIDEST_GRID:
            spans = {span for cells in worded for span in cells if 1 < span[1] <= _WIDEST_GRID}
            for start, width in sorted(spans, key=lambda span: (span[1], span[0])):
                inside = [column for column in used if start <= column < start + width]
                if all(sum(c in inside for c, _ in cells) <= 1 for cells in worded):
                    joined.update((column, joined[inside[0]]) for column in inside)
            with_words = {column for cells in worded for column, _ in cells}
            for at, column in enumerate(used):
                if column not in with_words:
                    signs = {_sign(cell) for row in rows for cell in row if cell.column == column}
                    owner = at + 1 if signs <= _BEFORE else at - 1
                    if 0 <= owner < len(used):
                        joined[column] = joined[used[owner]]
        places = {column: n for n, column in enumerate(sorted(set(joined.values())))}
        return {column: places[first] for column, first in joined.items()}


def _count(attribute: str | None) -> int:
    digits = (attribute or "").strip()[:6]
    return min(max(1, int(digits)), 1000) if digits.isascii() and digits.isdigit() else 1


def _text(cell: Cell) -> str:
    return " ".join(line.text for line in cell.flow.lines if line.text)


# A currency sign before, or a bracket or per cent behind the figure in the next cell.
_BEFORE = frozenset(("$", "€", "£", "¥", "US$", "($", "(", "$("))
_BEHIND = frozenset((")", "%", ")%", "%)"))


def _sign(cell: Cell) -> str:
    return bare(_text(cell))


def _is_sign(cell: Cell) -> bool:
    return _sign(cell) in _BEFORE or _sign(cell) in _BEHIND


def _joined(cells: list[Cell], columns: dict[int, int]) -> str:
    """One row: signs joined to their figures, every text in its column."""
    texts: dict[int, str] = {}
    before, last = "", columns[cells[0].column]
    for cell in cells:
        text, place = _text(cell), columns[cell.column]
        if _sign(cell) in _BEFORE:
            before += text
        elif _sign(cell) in _BEHIND and last in texts:
            texts[last] += text
        else:
            last = place
            texts[place] = f"{texts[place]} {before}{text}" if place in texts else before + text
            before = ""
    if before:
        texts[last] = f"{texts.get(last, '')} {before}"
    return " | ".join(texts.get(place, "") for place in range(max(texts) + 1)).strip(" ")


@dataclass(slots=True)
class Hidden:
    """Characters [start, end) that no reader sees, and why (an index into html_style.CAUSES)."""

    start: int
    end: int
    cause: int


def compose(lines: list[Line], builder: TextBuilder) -> list[Hidden]:
    """Write the lines; headings open sections. Returns what is hidden.

    A page without headings, such as a filing, has its parts and items as sections.
    """
    hidden: list[Hidden] = []
    path: list[tuple[int, str]] = []
    headed = any(line.level for line in lines)
    for line in lines:
        if builder.full:
            break
        text = bare(line.text)
        level = line.level or (0 if headed else _filing_level(text))
        if level and text.strip():
            path = [(n, label) for n, label in path if n < level] + [(level, _label(text))]
            builder.section(" > ".join(label for _, label in path))
        _write(line.text, builder, hidden)
    return hidden


def _write(text: str, builder: TextBuilder, hidden: list[Hidden]) -> None:
    at = 0
    for match in _HIDDEN.finditer(text):
        _visible(text[at : match.start()], builder, hidden)
        start, cause = builder.length, ord(match[1]) - _OPEN
        builder.write(bare(match[2]))
        if builder.length > start:
            if hidden and hidden[-1].end == start and hidden[-1].cause == cause:
                hidden[-1].end = builder.length
            else:
                hidden.append(Hidden(start, builder.length, cause))
        at = match.end()
    _visible(text[at:] + "\n", builder, hidden)


def _visible(text: str, builder: TextBuilder, hidden: list[Hidden]) -> None:
    """Text between hidden runs; if it is only white space and bars, it joins them."""
    touching = bool(hidden) and hidden[-1].end == builder.length
    builder.write(bare(text))
    if touching and not text.strip(" \n|\t"):
        hidden[-1].end = builder.length


def _filing_level(text: str) -> int:
    if len(text) > _LABEL_CHARS or text[:1] not in "PI" or text[-1:].isdigit():
        return 0  # a digit at the end: a table of contents
    if _PART.fullmatch(text):
        return 1
    return 2 if _ITEM.fullmatch(text) else 0


def _label(text: str) -> str:
    label = " ".join(text.replace(" | ", " ").split())
    return label if len(label) <= _LABEL_CHARS else label[:_LABEL_CHARS].rstrip() + "…"

"""Word's paragraphs and tables as lines of text, each under its heading path.

    2. Term                                    a heading opens a section
    2.1 This agreement begins on …             a clause number of several parts opens one below it
    Item | Fee                                 a table row; a cell's paragraphs stand on one line

The text contains the numbers Word computes ("2.1", "(a)", "•"), as they are seen on the page. In
a document without headings, the paragraphs numbered at the first level open the sections. Text
boxes follow the paragraph they are anchored in; a row with one cell that says something is
read as if there were no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from kimidoc.ingest.readers.docx_inline import Inline, Story, Text, chosen
from kimidoc.ingest.readers.docx_numbering import BULLET, Numbering
from kimidoc.ingest.readers.docx_styles import TITLE
from kimidoc.ingest.readers.ooxml import child, children

CELL = " | "
_CLAUSE = re.compile(r"\d{1,4}(?:\.\d{1,4})+(?=\.?(?:\s|$))")
_LABEL = 120  # characters of a heading in a section's label
_SHORT = 80  # a first-level paragraph that long is a heading
_TRANSPARENT = ("w:sdt", "w:sdtContent", "w:customXml", "w:smartTag")


@dataclass
class Line:
    """One line under its section. ``opens``: it is a heading. ``row``: a table row wrote it."""

    text: Text
    section: str | None
    opens: bool = False
    row: bool = False


class Blocks:
    """Reads one story after the other; numbering counts through the body and its text boxes."""

    def __init__(self, story: Story, numbering: Numbering, headed: bool) -> None:
        self.story, self.numbering, self._headed = story, numbering, headed
        self.lines: list[Line] = []
        self.imported = 0  # w:altChunk: whole files in other formats
        self._path: list[tuple[int, str]] = []
        self._leaf: str | None = None
        self._plain: str | None = None  # the label of a story without headings of its own
        self._shaded = False
        self._in_cell = 0
        self._pending: Inline | None = None

    def story_of(self, container: Element, section: str, prefix: str = "") -> list[Line]:
        """The lines of a header, note or comment, all under ``section``."""
        kept, self.lines, self._plain = self.lines, [], section
        self.read(container)
        found, self.lines, self._plain = self.lines, kept, None
        if prefix:
            first = found[0].text if found and not found[0].row else Text()
            text = Text()
            text.add(prefix)
            text.join(first)
            found[: 1 if found and not found[0].row else 0] = [Line(text, section)]
        return found

    def read(self, container: Element) -> None:
        """Append the lines of a body, a cell, a text box or a note."""
        self._blocks(container)
        self._flush()

    def _flush(self) -> None:
        """A paragraph that ran on into nothing."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._finish(pending, None)

    def _blocks(self, container: Element) -> None:
        changes = self.story.changes
        for element in container:
            tag = element.tag
            if tag == "w:p":
                self._paragraph(element)
            elif tag == "w:tbl":
                self._table(element)
            elif tag == "w:altChunk":
                self.imported += 1
            elif tag == "mc:AlternateContent":
                for one in chosen(element):
                    self._blocks(one)
            elif tag in _TRANSPARENT or (changes.is_change(element) and changes.stands(element)):
                self._blocks(element)

    def _paragraph(self, paragraph: Element) -> None:
        inline, self._pending = self._pending or Inline(self.story), None
        inline.read(paragraph, self._shaded)
        if self.story.changes.runs_on(paragraph):
            self._pending = inline
        else:
            self._finish(inline, paragraph)

    def _finish(self, inline: Inline, paragraph: Element | None) -> None:
        """A paragraph is complete: number it, find its section, write it and its text boxes."""
        label = level = None
        if paragraph is not None:
            style = self.story.styles.of(paragraph)
            label = self.numbering.label(paragraph, style)
            level = self.story.styles.level(paragraph)
        text = Text()
        if label is not None:
            text.add(label[0] + label[1])
        body = inline.out.stripped()
        text.join(body)
        if body.text:
            opens = self._open(text.text, level, label)
            self.lines.append(Line(text.stripped(), self._section(), opens))
        for box in inline.boxes:
            self._box(box)

    def _box(self, box: Element) -> None:
        shaded, self._shaded = self._shaded, True  # its fill may be any colour
        pending, self._pending = self._pending, None
        self.read(box)
        self._shaded, self._pending = shaded, pending

    def _open(self, text: str, level: int | None, label: tuple[str, str, int] | None) -> bool:
        """Keep the heading path; returns whether the paragraph is a heading."""
        if self._in_cell or self._plain is not None:
            return False
        title = " ".join(text.split())
        first = label is not None and label[2] == 0 and label[0] != BULLET
        if level is None and first and not self._headed:
            level, title = 1, title if len(title) <= _SHORT else title.split(" ", 1)[0]
        if level is not None:
            while self._path and (self._path[-1][0] >= level or self._path[-1][0] == TITLE):
                self._path.pop()
            self._path.append((level, title[:_LABEL].strip()))
            self._leaf = None
            return True
        clause = _CLAUSE.match(title)
        if clause is not None:
            self._leaf = clause[0]
        return False

    def _section(self) -> str | None:
        if self._plain is not None:
            return self._plain
        parts = [title for _, title in self._path] + ([self._leaf] if self._leaf else [])
        return " > ".join(parts) or None

    def _table(self, table: Element) -> None:
        self._flush()
        shaded = self._shaded
        self._shaded = shaded or child(table, "w:tblPr", "w:tblStyle") is not None
        self._shaded = self._shaded or next(table.iter("w:shd"), None) is not None
        for row in _through(table, "w:tr"):
            change = self.story.changes.of_properties(child(row, "w:trPr"))
            if change is None or self.story.changes.stands(change):
                self._row(row, ("", "") if change is None else self.story.changes.marks(change))
        self._shaded = shaded

    def _row(self, row: Element, marks: tuple[str, str]) -> None:
        cells = []
        for cell in _through(row, "w:tc"):
            change = self.story.changes.of_properties(child(cell, "w:tcPr"))
            if change is None or self.story.changes.stands(change):
                cells.append(cell)
        alone = sum(next(cell.iter("w:t"), None) is not None for cell in cells) == 1
        hidden = child(row, "w:trPr", "w:hidden") is not None
        if alone and not hidden and not marks[0]:
            for cell in cells:
                self.read(cell)
            return
        texts, below = [], []
        for cell in cells:
            text, rows = self._cell(cell)
            texts.append(text)
            below += rows
        while texts and not texts[-1].text:
            texts.pop()
        line = Text()
        line.add(marks[0])
        for i, text in enumerate(texts):
            line.add(CELL if i else "")
            line.join(text)
        line.add(marks[1])
        if hidden:
            line.hidden = [(0, len(line.text), "stands in a hidden table row")]
        if texts:
            self.lines.append(Line(line, self._section(), row=True))
        self.lines += below

    def _cell(self, cell: Element) -> tuple[Text, list[Line]]:
        """A cell's paragraphs as one text, and the rows of the tables in it."""
        kept, self.lines = self.lines, []
        self._in_cell += 1
        self.read(cell)
        self._in_cell -= 1
        found, self.lines = self.lines, kept
        text = Text()
        for line in found:
            if not line.row:
                text.add(" " if text.text else "")
                text.join(line.text)
        return text, [line for line in found if line.row]


def _through(parent: Element, tag: str) -> Iterable[Element]:
    """Rows or cells, also those that content controls and changes are wrapped around."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in (*_TRANSPARENT, "w:ins", "w:del", "w:moveTo", "w:moveFrom"):
            yield from _through(element, tag)


def has_headings(body: Element, story: Story) -> bool:
    """Whether any paragraph is a heading; the title does not count."""
    return any((story.styles.level(one) or TITLE) > TITLE for one in body.iter("w:p"))


def header_parts(body: Element, kind: str) -> list[str]:
    """Relationship ids of the headers or footers that sections refer to, in order."""
    return [
        one.get("r:id", "")
        for section in body.iter("w:sectPr")
        for one in children(section, f"w:{kind}Reference")
    ]


def notes_of(part: Element, kind: str) -> dict[str, Element]:
    """Footnotes, endnotes or comments by id; separators are none."""
    return {
        one.get("w:id", ""): one
        for one in children(part, f"w:{kind}")
        if one.get("w:type", "normal") == "normal"
    }

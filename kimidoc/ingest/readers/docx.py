"""Word documents: paragraphs as they are seen, numbers included, under their heading paths.

    body                       docx_blocks     paragraphs, tables, text boxes -> lines and sections
    a paragraph                docx_inline     runs, fields, notes' marks, hidden stretches
    numbers Word computes      docx_numbering
    styles                     docx_styles     outline levels, visibility
    tracked changes            docx_changes

After the body come the headers and footers (each once), the footnotes and endnotes, marked [^1]
and [^e1] where they are called, and the comments with their author and what they are about. A
DOCX has no pages until a program lays it out. What is hidden is kept and reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.readers.docx_blocks import (
    Blocks,
    Line,
    has_headings,
    header_parts,
    notes_of,
)  # fmt: skip
from kimidoc.ingest.readers.docx_changes import Changes
from kimidoc.ingest.readers.docx_inline import Story
from kimidoc.ingest.readers.docx_numbering import Numbering
from kimidoc.ingest.readers.docx_styles import Styles
from kimidoc.ingest.readers.ooxml import Damaged, Package, child
from kimidoc.types import Notice

_HIDDEN_SHOWN = 50  # notices per document
_HARDLY = 200  # letters: fewer beside images, and the document is its images
_ANCHOR_SHOWN = 120
_PAGE_IMAGE = 30_000  # bytes: a scanned page has more, most logos have less


def read(source: Source) -> Extract:
    """Read one document. Raises Unreadable."""
    with Package(source.file, source.limits) as package:
        return _Reading(package, source).extract()


class _Reading:
    """One document on its way into text."""

    def __init__(self, package: Package, source: Source) -> None:
        self.package, self.source = package, source
        self.missing: list[str] = []
        self.main = package.main()
        root = package.xml(self.main)
        body = child(root, "w:body")
        if body is None:
            raise Unreadable(f"not a Word document (its main part is {self.main})")
        self.body = body
        self.changes = Changes(source.tracked_changes)
        self.changes.count(root)
        self.story = Story(Styles(self._part("styles")), self.changes)
        numbering = Numbering(self._part("numbering"), self.story.styles)
        self.blocks = Blocks(self.story, numbering, has_headings(body, self.story))
        self.builder = TextBuilder(source.limits.text_bytes)
        self.hidden: list[tuple[int, int, str]] = []

    def extract(self) -> Extract:
        self.blocks.read(self.body)
        self._write(self.blocks.lines)
        for kind, section in (("header", "Header"), ("footer", "Footer")):
            self._write(self._furniture(kind, section))
        for kind, section, prefix, met in (
            ("footnote", "Footnotes", "", self.story.footnotes),
            ("endnote", "Endnotes", "e", self.story.endnotes),
        ):
            self._write(self._notes(kind, section, prefix, met))
        self._write(self._comments())
        extract = self.builder.extract(tuple(self._notices()), self._missing())
        if not any(c.isalnum() for c in extract.text):
            only = " (only images); OCR is not built in" if self.package.pictures() else ""
            raise Unreadable(f"no text{only}")
        return extract

    def _part(self, kind: str) -> Element | None:
        """The first part of that kind that the main part is related to."""
        names = self.package.related(self.main, kind)
        return self._open(names[0][1]) if names else None

    def _open(self, name: str) -> Element | None:
        """A part beside the main one; without it, the document is partial."""
        try:
            return self.package.xml(name)
        except Damaged:
            self.missing.append(f"{name} could not be read (damaged)")
            return None

    def _write(self, lines: list[Line]) -> None:
        for i, line in enumerate(lines):
            if self.builder.full:
                return
            starts_aside = i == 0 and self.builder.length > 0 and lines is not self.blocks.lines
            if starts_aside or (line.opens and self.builder.length):
                self.builder.write("\n")
            if line.section is not None:
                self.builder.section(line.section)
            at = self.builder.length
            self.builder.write(line.text.text + "\n")
            end = self.builder.length
            self.hidden += [
                (min(at + a, end), min(at + b, end), why) for a, b, why in line.text.hidden
            ]

    def _furniture(self, kind: str, section: str) -> list[Line]:
        """Headers or footers, each text once: most are the same on every page."""
        parts, seen = dict(self.package.related(self.main, kind)), set()
        found: list[Line] = []
        for relation in dict.fromkeys(header_parts(self.body, kind)):
            if relation in parts:
                part = self._open(parts[relation])
                if part is None:
                    continue
                self.changes.count(part)
                lines = self.blocks.story_of(part, section)
                said = "\n".join(line.text.text for line in lines)
                if said not in seen:
                    seen.add(said)
                    found += lines
        return found

    def _notes(self, kind: str, section: str, prefix: str, met: dict[str, int]) -> list[Line]:
        """The notes that the text calls, in the order of their numbers."""
        part = self._part(f"{kind}s")
        if part is None:
            return []
        self.changes.count(part)
        notes, found = notes_of(part, kind), []
        for name, number in list(met.items()):
            if name in notes:
                found += self.blocks.story_of(notes[name], section, f"[^{prefix}{number}] ")
        return found

    def _comments(self) -> list[Line]:
        part = self._part("comments")
        if part is None:
            return []
        found = []
        for name, comment in notes_of(part, "comment").items():
            anchor = " ".join(self.story.anchors.get(name, "").split())
            cut = anchor[:_ANCHOR_SHOWN] + ("…" if len(anchor) > _ANCHOR_SHOWN else "")
            author = " ".join(comment.get("w:author", "").split()) or "Someone"
            said = f'{author} on "{cut}": ' if cut else f"{author}: "
            found += self.blocks.story_of(comment, "Comments", said)
        return found

    def _missing(self) -> str | None:
        missing = self.missing
        if self.blocks.imported:
            missing.append(f"{self.blocks.imported} imported file(s) inside of it were not read")
        pictures = self.package.pictures(_PAGE_IMAGE)
        if pictures and self.builder.length < _HARDLY:
            missing.append(f"hardly any text beside {pictures} image(s); OCR is not built in")
        return "; ".join(missing) or None

    def _notices(self) -> Iterator[Notice]:
        path = self.source.path
        if said := self.changes.notice():
            yield Notice("tracked-changes", said, path)
        for start, end, why in self.hidden[:_HIDDEN_SHOWN]:
            yield Notice("integrity.hidden-text", f"It has text that {why}.", path, (start, end))
        if (more := len(self.hidden) - _HIDDEN_SHOWN) > 0:
            said = f"{more:,} more places of this document have hidden text."
            yield Notice("integrity.hidden-text", said, path)
        if self.package.embedded:
            said = f"{self.package.embedded} embedded file(s) of this document were not read."
            yield Notice("embedded-files", said, path)
        drawn = sum(
            name.startswith(("word/charts/chart", "word/diagrams/data"))
            for name in self.package.names
        )
        if drawn:
            said = f"{drawn} chart(s) and diagram(s) of this document were not read."
            yield Notice("charts-not-read", said, path)

"""Presentations: slides are the pages, each under "Slide 3: Title", its notes and comments below.

The text of a slide is that of its shapes (``pptx_shapes``), a line per paragraph; what the layout
and the master repeat on every slide is left out. Hidden slides are read and said to be hidden;
hidden shapes and those outside of the slide are reported as hidden text.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.readers.ooxml import Damaged, Package, child, children, number, value
from kimidoc.ingest.readers.pptx_shapes import Layouts, Slide, paragraphs
from kimidoc.ingest.readers.ranges import counted
from kimidoc.types import Notice

PAGE_BREAK = "\n\n"
_TITLE = 120  # characters of a title in a label
_SIZE = (9_144_000, 6_858_000)  # of a slide that does not say, in EMU


def read(source: Source) -> Extract:
    """Read one presentation. Raises Unreadable."""
    with Package(source.file, source.limits) as package:
        return _Reading(package, source).extract()


class _Reading:
    """One presentation on its way into text."""

    def __init__(self, package: Package, source: Source) -> None:
        self.package, self.source = package, source
        main = package.main()
        root = package.xml(main)
        slides = child(root, "p:sldIdLst")
        if root.tag != "p:presentation":
            raise Unreadable(f"not a presentation (its main part is {main})")
        parts = dict(package.related(main, "slide"))
        self.slides = [
            parts[one.get("r:id", "")]
            for one in children(slides, "p:sldId")
            if one.get("r:id", "") in parts
        ]
        self.size = (
            number(value(root, "p:sldSz", attribute="cx"), _SIZE[0]),
            number(value(root, "p:sldSz", attribute="cy"), _SIZE[1]),
        )
        self.authors = self._authors(main)
        self.layouts = Layouts(package)
        self.builder = TextBuilder(source.limits.text_bytes)
        self.hidden_slides: list[int] = []
        self.damaged: list[int] = []
        self.notices: list[Notice] = []

    def extract(self) -> Extract:
        for page, part in enumerate(self.slides, 1):
            if self.builder.full:
                break
            self.builder.write(PAGE_BREAK if page > 1 else "")
            self.builder.page()
            try:
                self._slide(page, part)
            except Damaged:
                self.damaged.append(page)
        if self.hidden_slides:
            message = f"The presentation hides {counted('slide', self.hidden_slides)}."
            self.notices.append(Notice("hidden-slide", message, self.source.path))
        if self.package.embedded:
            message = f"{self.package.embedded} embedded file(s) were not read."
            self.notices.append(Notice("embedded-files", message, self.source.path))
        damaged = f"{counted('slide', self.damaged)} could not be read whole (damaged)"
        partial = damaged if self.damaged else None
        extract = self.builder.extract(tuple(self.notices), partial)
        if not any(c.isalnum() for c in extract.text):
            raise Unreadable("no text on any slide")
        return extract

    def _slide(self, page: int, part: str) -> None:
        root = self.package.xml(part)
        shapes = Slide(self.package, part, self.layouts, self.size).shapes(root)
        title = next((" ".join(s.lines[0].split()) for s in shapes if s.title), "")
        if root.get("show") in ("0", "false"):
            self.hidden_slides.append(page)
        label = f"Slide {page}: {title[:_TITLE]}" if title else f"Slide {page}"
        self.builder.section(label)
        for i, shape in enumerate(shapes):
            self.builder.write("\n" if i else "")
            start = self.builder.length
            self.builder.write("\n".join(shape.lines))
            if shape.unseen is not None:
                message = f"Slide {page} has text that {shape.unseen}."
                span = (start, self.builder.length)
                self.notices.append(
                    Notice("integrity.hidden-text", message, self.source.path, span)
                )
        self._below(f"{label} > Notes", list(self._notes(part)))
        self._below(f"{label} > Comments", list(self._comments(part)))

    def _below(self, label: str, lines: list[str]) -> None:
        if lines:
            self.builder.write("\n\n")
            self.builder.section(label)
            self.builder.write("\n".join([f"{label.rpartition(' > ')[2]}:", *lines]))

    def _notes(self, part: str) -> Iterator[str]:
        for _, name in self.package.related(part, "notesSlide"):
            for shape in self.package.xml(name).iter("p:sp"):
                if value(shape, "p:nvSpPr", "p:nvPr", "p:ph", attribute="type") == "body":
                    yield from paragraphs(child(shape, "p:txBody"))

    def _comments(self, part: str) -> Iterator[str]:
        """Comments of both kinds: p:cm until 2018, p188:cm since."""
        for _, name in self.package.related(part, "comments"):
            for comment in self.package.xml(name).iter():
                if comment.tag == "p:cm":
                    text = child(comment, "p:text")
                    yield self._said(comment, (text.text or "") if text is not None else "")
                elif comment.tag in ("p188:cm", "p188:reply"):
                    body = child(comment, "p188:txBody")
                    yield self._said(comment, " ".join(paragraphs(body)))

    def _said(self, comment: Element, text: str) -> str:
        author = self.authors.get(comment.get("authorId", ""), "Someone")
        return f"{author}: {' '.join(text.split())}"

    def _authors(self, main: str) -> dict[str, str]:
        found = {}
        for kind in ("commentAuthors", "authors"):
            for _, name in self.package.related(main, kind):
                for one in self.package.xml(name):
                    found[one.get("id", "")] = " ".join(one.get("name", "").split()) or "Someone"
        return found

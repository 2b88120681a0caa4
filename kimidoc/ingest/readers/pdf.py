"""PDF: pages of text in the order the file draws them, sections from the outline.

pdfium reads; pypdf is the second try for a file that pdfium calls damaged (``pdf_repair``). Pages
are joined by an empty line, not a form feed: a control character would stand in quotes, and page
starts are kept beside the text anyway. Line ends are LF and hyphens at line ends stay where they
are; nothing is moved or mended, so the text is the page's own, but for an empty line that sets
running heads and feet apart (``pdf_furniture``). Form values and comments follow the text of their
page in sections of their own. Hidden text: ``pdf_hidden``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.readers import pdf_fields, pdf_furniture, pdf_hidden, pdf_outline, pdf_repair
from kimidoc.ingest.readers.pdf_drawn import Effort
from kimidoc.ingest.readers.pdf_page import Words, contents
from kimidoc.ingest.readers.ranges import counted
from kimidoc.types import Notice

PAGE_BREAK = "\n\n"
NOTHING = "no text on any page"

_SCAN_LETTERS = 50  # fewer on a page-size image: what the page says is in the picture
_DRAWN_PATHS = 200  # a page of so many shapes and no text has its letters drawn
_HIDDEN_SHOWN = 50  # notices per document
_BROKEN_IN_A_ROW = 50  # pages: the page count is a lie


def read(source: Source) -> Extract:
    """Read one PDF. Raises Unreadable: encrypted, damaged, nothing but pictures."""
    try:
        document = pdfium.PdfDocument(source.file)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise Unreadable("encrypted") from error
        return pdf_repair.read(source, PAGE_BREAK)
    with document:
        return _Reading(document, source).extract()


@dataclass
class _Met:
    """Pages (1-based) that a report must speak of."""

    scanned: list[int] = field(default_factory=list)
    stamped: list[int] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    layered: list[int] = field(default_factory=list)
    unchecked: list[int] = field(default_factory=list)
    hidden: list[tuple[int, int, int, str]] = field(default_factory=list)


class _Reading:
    """One document on its way into text."""

    def __init__(self, document: pdfium.PdfDocument, source: Source) -> None:
        self.document, self.source = document, source
        if document.get_formtype() != raw.FORMTYPE_NONE:
            document.init_forms()
        self.builder = TextBuilder(source.limits.text_bytes)
        self.outline = pdf_outline.entries(document)
        self.effort = Effort()
        self.met = _Met()
        self.bodies: list[tuple[int, int]] = []  # each page's own text
        self.letters = 0
        self.label: str | None = None  # the section that the next page continues
        self.aside = False  # whether the last section written was fields or comments

    def extract(self) -> Extract:
        count = len(self.document)
        for index in range(count):
            if self.builder.full or self._hopeless(index):
                break
            self.builder.write(PAGE_BREAK if index else "")
            self.builder.page()
            self._page(index)
        if not self.letters:
            raise Unreadable(self._nothing())
        found = self.builder.extract(tuple(self._notices()), "; ".join(self._missing()) or None)
        return pdf_furniture.set_apart(found, self.bodies, self.source.limits.text_bytes)

    def _hopeless(self, index: int) -> bool:
        broken = self.met.broken[-_BROKEN_IN_A_ROW:]
        if len(broken) < _BROKEN_IN_A_ROW or broken[0] != index - _BROKEN_IN_A_ROW + 1:
            return False
        self.met.broken += range(index + 1, len(self.document) + 1)
        return True

    def _page(self, index: int) -> None:
        try:
            page = self.document[index]
            words = Words(page)
        except pdfium.PdfiumError:
            self.met.broken.append(index + 1)
            return
        start = self.builder.length
        self._write(words.text, self.outline.get(index, []), index + 1)
        self.bodies.append((start, self.builder.length))
        self._inspect(words, index + 1, start)
        fields, comments = pdf_fields.lines(self.document, page)
        self._write_aside(f"Form fields (page {index + 1})", fields)
        self._write_aside(f"Comments (page {index + 1})", comments)
        words.close()
        page.close()

    def _write(self, text: str, listed: list[pdf_outline.Entry], page: int) -> None:
        if self.aside:  # the page's own section goes on
            self.builder.section(self.label or f"Page {page}")
            self.aside = False
        at = 0
        for begin, label in pdf_outline.starts(text, listed):
            self.builder.write(text[at:begin])
            self.builder.section(label)
            at, self.label = begin, label
        self.builder.write(text[at:])

    def _write_aside(self, heading: str, lines: list[str]) -> None:
        if lines:
            self.builder.write("\n\n")
            self.builder.section(heading)
            self.builder.write("\n".join(lines))
            self.letters += sum(map(len, lines))
            self.aside = True

    def _inspect(self, words: Words, page: int, start: int) -> None:
        """Is the page a picture, and does it hide text?"""
        letters = sum(map(str.isalnum, words.text))
        self.letters += letters
        found = contents(words.page)
        if letters < _SCAN_LETTERS and found.page_images(words.page.get_bbox()):
            (self.met.stamped if letters else self.met.scanned).append(page)
        elif not letters and found.paths >= _DRAWN_PATHS:
            self.met.drawn.append(page)
        if not words.text:
            return
        hidden = pdf_hidden.hidden(words, found, self.effort)
        if hidden.ocr_layer:
            self.met.layered.append(page)
        if not hidden.checked:
            self.met.unchecked.append(page)
        end = self.builder.length
        self.met.hidden += [
            (page, min(start + a, end), min(start + b, end), why) for a, b, why in hidden.places
        ]

    def _nothing(self) -> str:
        if self.met.scanned or self.met.stamped:
            return f"{NOTHING} (scanned); OCR is not built in"
        if self.met.drawn:
            return f"{NOTHING} (its letters are drawn as shapes); OCR is not built in"
        if self.met.broken:
            return "damaged (no page could be read)"
        return NOTHING

    def _missing(self) -> Iterator[str]:
        met = self.met
        if met.scanned:
            yield f"no text on {counted('page', met.scanned)} (scanned)"
        if met.stamped:
            yield f"hardly any text on {counted('page', met.stamped)} (scanned)"
        if met.drawn:
            yield f"no text on {counted('page', met.drawn)} (letters drawn as shapes)"
        if met.broken:
            yield f"{counted('page', met.broken)} could not be read (damaged)"
        if self.document.get_formtype() == raw.FORMTYPE_XFA_FULL:
            yield "an XFA form, of which only the placeholder pages could be read"

    def _notices(self) -> Iterator[Notice]:
        path, met = self.source.path, self.met
        for page, start, end, why in met.hidden[:_HIDDEN_SHOWN]:
            said = f"Page {page} has text that {pdf_hidden.REASONS[why]}."
            yield Notice("integrity.hidden-text", said, path, (start, end))
        if more := len(met.hidden) - _HIDDEN_SHOWN:
            if more > 0:
                said = f"{more:,} more places of this document have hidden text."
                yield Notice("integrity.hidden-text", said, path)
        if met.layered:
            said = (
                f"The text of {counted('page', met.layered)} lies unseen over page images (OCR); "
                "nothing shows that it says what the pictures say."
            )
            yield Notice("ocr-layer", said, path)
        if met.unchecked:
            said = (
                f"Hidden text could not be looked for on all of {counted('page', met.unchecked)}."
            )
            yield Notice("integrity.unchecked", said, path)
        if attached := self.document.count_attachments():
            said = f"{attached} embedded file(s) of this PDF were not read."
            yield Notice("embedded-files", said, path)

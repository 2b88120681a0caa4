"""One page of a PDF through pdfium: its text with a map to pdfium's characters, and its objects.

pdfium numbers characters in UTF-16 units and leaves out those without a code point, so an index
of its character list is not an index of its text. Everything here speaks of its characters until
``Words.offset`` turns one into a place in the text we keep.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

Box = tuple[float, float, float, float]
"""left, bottom, right, top in PDF units, y upwards."""

Matrix = tuple[float, float, float, float, float, float]

_DEPTH = 15  # forms within forms; a form that draws itself ends here
_OBJECTS = 200_000  # looked at per page
_PAGE_SIZE_SHARE = 0.6  # an image that covers this much of its page is a picture of a page
_WORD = re.compile(r"\S+")
_HYPHEN = "\ufffe"  # pdfium's word for "hyphen at the end of a line, the line break is gone"


class Words:
    """The text of a page. ``text`` is what we keep; the line breaks are LF, hyphens stay."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.page = page
        self._textpage = page.get_textpage()
        self.handle = self._textpage.raw
        self.characters: int = max(0, self._textpage.count_chars())
        units = ctypes.create_string_buffer(2 * self.characters + 2)
        buffer = ctypes.cast(units, ctypes.POINTER(ctypes.c_ushort))
        written = raw.FPDFText_GetText(self.handle, 0, self.characters, buffer)
        self._units = units.raw[: 2 * max(0, written - 1)]
        self.text: str = self._clean(self._units).rstrip()

    def offset(self, character: int) -> int:
        """Where pdfium's character of that index stands in ``text``."""
        unit = character
        if len(self._units) != 2 * self.characters:
            unit = raw.FPDFText_GetTextIndexFromCharIndex(self.handle, character)
        return min(len(self._clean(self._units[: 2 * max(0, unit)])), len(self.text))

    @cached_property
    def words(self) -> tuple[tuple[int, int], ...]:
        """pdfium's characters in runs without white space: [start, end)."""
        text = self._units.decode("utf-16-le", "replace")
        if len(text) != self.characters:  # characters left out, or of two units each
            get = raw.FPDFText_GetUnicode
            codes = (get(self.handle, i) for i in range(self.characters))
            text = "".join(chr(code) if code else "x" for code in codes)
        return tuple(match.span() for match in _WORD.finditer(text))

    def boxes(self, start: int, end: int) -> list[Box]:
        """Where pdfium's characters [start, end) stand, in the page's space; one box per line."""
        found = []
        left, top, right, bottom = (ctypes.c_double() for _ in range(4))
        for i in range(raw.FPDFText_CountRects(self.handle, start, end - start)):
            if raw.FPDFText_GetRect(self.handle, i, left, top, right, bottom):
                found.append((left.value, bottom.value, right.value, top.value))
        return found

    @staticmethod
    def _clean(units: bytes) -> str:
        text = units.decode("utf-16-le", "ignore")
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
        return text.replace(_HYPHEN, "-\n").replace("\0", "").replace("\uffff", "")

    def close(self) -> None:
        """Give the memory back before the next page."""
        self._textpage.close()


@dataclass
class Contents:
    """What is drawn on a page beside its text. ``complete`` is False when counting gave up."""

    images: list[Box] = field(default_factory=list)
    image_pixels: int = 0
    objects: int = 0
    paths: int = 0
    complete: bool = True

    def page_images(self, bounds: Box) -> bool:
        """Whether images cover the page the way a scan does (some scanners cut it in strips)."""
        page = area(bounds)
        covered = sum(area(overlap(image, bounds)) for image in self.images)
        return page > 0 and covered / page >= _PAGE_SIZE_SHARE


def contents(page: pdfium.PdfPage) -> Contents:
    """Count a page's objects, those inside of forms included."""
    found = Contents()
    for kind, handle, matrix in _objects(page):
        found.objects += 1
        if found.objects > _OBJECTS:
            found.complete = False
            break
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            found.images.append(_unit_square(matrix))
            width, height = ctypes.c_uint(), ctypes.c_uint()
            if raw.FPDFImageObj_GetImagePixelSize(handle, width, height):
                found.image_pixels += width.value * height.value
        elif kind in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
            found.paths += 1
    return found


def _objects(page: pdfium.PdfPage) -> Iterator[tuple[int, object, Matrix]]:
    """Every object with its matrix on the page: a form's content stands in the form's space."""
    identity = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    count = raw.FPDFPage_CountObjects(page)
    todo = [(raw.FPDFPage_GetObject(page, i), identity, 0) for i in reversed(range(count))]
    while todo:
        handle, outer, depth = todo.pop()
        if not handle:
            continue
        kind = raw.FPDFPageObj_GetType(handle)
        matrix = outer
        if kind in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM):
            matrix = _times(_matrix(handle), outer)
        yield kind, handle, matrix
        if kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEPTH:
            inner = min(raw.FPDFFormObj_CountObjects(handle), _OBJECTS)
            todo += [
                (raw.FPDFFormObj_GetObject(handle, i), matrix, depth + 1)
                for i in reversed(range(inner))
            ]


def _matrix(handle: object) -> Matrix:
    got = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(handle, got):
        return (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    return (got.a, got.b, got.c, got.d, got.e, got.f)


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def _unit_square(matrix: Matrix) -> Box:
    """An image fills the unit square of its own space."""
    a, b, c, d, e, f = matrix
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return (min(xs), min(ys), max(xs), max(ys))


def overlap(one: Box, other: Box) -> Box:
    """What two boxes share; an empty box where they share nothing."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    right, top = min(one[2], other[2]), min(one[3], other[3])
    return (left, bottom, max(left, right), max(bottom, top))


def area(box: Box) -> float:
    """Square PDF units."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])

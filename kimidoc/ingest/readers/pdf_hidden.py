"""Finds text of a PDF page that a reader of the page does not see.

The text is kept; a person must know that it is there. Four things hide text: render mode 3, a
size under 2 points, a place outside of the page, and everything that makes drawing it change no
pixel (white on white, no opacity, a cover, a clip, a layer that is off), which is measured
(``pdf_drawn``).

Not found: glyphs that show other characters than they stand for, and words drawn over one
another. Text of render mode 3 over an image of the whole page is what OCR writes: it is told
apart, not excused.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import hypot

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimidoc.ingest.readers.pdf_drawn import Drawing, Effort
from kimidoc.ingest.readers.pdf_page import Box, Contents, Words

REASONS = {
    "mode": "is set not to be drawn",
    "tiny": "is smaller than 2 points",
    "off-page": "stands outside of the page",
    "unseen": "leaves no mark on the page (its colour, a cover or a clip hides it)",
}
"""Why a reader does not see it, to follow "text that"."""

TINY_POINTS = 2.0
_WHITE, _OPAQUE = 225, 40  # of 255
_WORD_GAP = 1.0  # ems without a mark inside of a line: look at its words one by one


@dataclass
class Hidden:
    """What one page hides: characters of its text [start, end) and why; whether all was checked."""

    places: list[tuple[int, int, str]] = field(default_factory=list)
    ocr_layer: bool = False
    checked: bool = True


@dataclass(frozen=True, slots=True)
class _Look:
    """How a text object is drawn."""

    handle: object
    mode: int
    points: float
    pale: bool
    embedded: bool


@dataclass
class _Run:
    """Neighbouring words that one text object draws; [start, end) in pdfium's characters."""

    words: list[tuple[int, int]]
    address: int

    @property
    def span(self) -> tuple[int, int]:
        return self.words[0][0], self.words[-1][1]


Verdict = tuple[int, int, str | None]


def hidden(words: Words, found: Contents, effort: Effort) -> Hidden:
    """Check one page. The page is not fit for drawing afterwards."""
    result = Hidden()
    bounds: Box = words.page.get_bbox()
    runs, looks = _runs(words)
    told = [_told(words, run, looks[run.address], bounds) for run in runs]
    verdicts = [verdict for of_run in told for verdict in of_run]
    if any(why is None for _, _, why in verdicts):
        if effort.spend(found):
            pale = {address for address, look in looks.items() if look.pale}
            handles = {address: look.handle for address, look in looks.items()}
            drawing = Drawing(words.page, bounds, handles, pale)
            verdicts = [
                measured
                for run, verdict in zip(runs, told, strict=True)
                for measured in _measured(words, run, looks[run.address], verdict, drawing)
            ]
        else:
            result.checked = False
    if found.page_images(bounds):
        # Some OCR writes visible text and lays the picture over it: then nothing at all is seen.
        reasons = {why for _, _, why in verdicts}
        layer = {"mode", "unseen"} if reasons <= {"mode", "unseen"} else {"mode"}
        result.ocr_layer = not layer.isdisjoint(reasons)
        verdicts = [(a, b, None if why in layer else why) for a, b, why in verdicts]
    if any(why == "unknown" for _, _, why in verdicts):
        result.checked = False
        verdicts = [(a, b, None if why == "unknown" else why) for a, b, why in verdicts]
    result.places = _merged(words, verdicts)
    return result


def _runs(words: Words) -> tuple[list[_Run], dict[int, _Look]]:
    runs: list[_Run] = []
    looks: dict[int, _Look] = {}
    for start, end, handle, address in _pieces(words):
        if address not in looks:
            looks[address] = _look(words, start, handle)
        if runs and runs[-1].address == address:
            runs[-1].words.append((start, end))
        else:
            runs.append(_Run([(start, end)], address))
    return runs, looks


def _pieces(words: Words) -> Iterator[tuple[int, int, object, int]]:
    """Words, cut where the text object changes; an object's characters are neighbours."""
    for start, end in words.words:
        handle, address = _object_at(words, start)
        if address != _object_at(words, end - 1)[1]:
            for i in range(start + 1, end):
                after = _object_at(words, i)
                if after[1] != address:
                    if address:
                        yield start, i, handle, address
                    start, (handle, address) = i, after
        if address:
            yield start, end, handle, address


def _object_at(words: Words, character: int) -> tuple[object, int]:
    handle = raw.FPDFText_GetTextObject(words.handle, character)
    return handle, ctypes.addressof(handle.contents) if handle else 0


def _look(words: Words, character: int, handle: object) -> _Look:
    matrix = raw.FS_MATRIX()
    points = raw.FPDFText_GetFontSize(words.handle, character)
    if raw.FPDFText_GetMatrix(words.handle, character, matrix):
        points *= hypot(matrix.c, matrix.d)
    channels = [ctypes.c_uint() for _ in range(4)]
    pale = False
    if raw.FPDFPageObj_GetFillColor(handle, *channels):
        red, green, blue, alpha = (channel.value for channel in channels)
        pale = min(red, green, blue) >= _WHITE or alpha <= _OPAQUE
    font = raw.FPDFTextObj_GetFont(handle)
    embedded = bool(font) and raw.FPDFFont_GetIsEmbedded(font) == 1
    return _Look(handle, raw.FPDFTextObj_GetTextRenderMode(handle), points, pale, embedded)


def _told(words: Words, run: _Run, look: _Look, bounds: Box) -> list[Verdict]:
    """What can be said without drawing."""
    start, end = run.span
    if look.mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
        return [(start, end, "mode")]
    whole = "tiny" if look.points < TINY_POINTS else None
    if all(_inside(box, bounds) for box in words.boxes(start, end)):
        return [(start, end, whole)]
    return _each(words, run, lambda boxes: not all(_apart(b, bounds) for b in boxes), "off-page")


def _measured(
    words: Words, run: _Run, look: _Look, told: list[Verdict], drawing: Drawing
) -> list[Verdict]:
    """``told``, and where that found nothing, what the drawing says."""
    if any(why for _, _, why in told):
        return told
    boxes = words.boxes(*run.span)
    if all(drawing.gap(box, look.pale) <= _WORD_GAP * look.points for box in boxes):
        return told
    verdicts = _each(
        words, run, lambda some: any(drawing.marks(b, look.pale) for b in some), "unseen"
    )
    if look.embedded or look.pale:
        return verdicts
    # A font that is not in the file may be missing on this machine, and then nothing is drawn;
    # only Latin letters have a stand-in that pdfium carries itself.
    return [
        (a, b, "unknown" if why and _beyond_latin(words, a, b) else why) for a, b, why in verdicts
    ]


def _beyond_latin(words: Words, start: int, end: int) -> bool:
    text = words.text[words.offset(start) : words.offset(end)]
    return any(character.isalpha() and character > "\u024f" for character in text)


def _each(words: Words, run: _Run, seen: Callable[[list[Box]], bool], reason: str) -> list[Verdict]:
    """A verdict per word; a word without an extent (spaces of some fonts) counts as seen."""
    return [
        (start, end, reason if (boxes := words.boxes(start, end)) and not seen(boxes) else None)
        for start, end in run.words
    ]


def _inside(box: Box, bounds: Box) -> bool:
    return (
        box[0] >= bounds[0] and box[2] <= bounds[2] and box[1] >= bounds[1] and box[3] <= bounds[3]
    )


def _apart(box: Box, bounds: Box) -> bool:
    return box[2] <= bounds[0] or box[0] >= bounds[2] or box[3] <= bounds[1] or box[1] >= bounds[3]


def _merged(words: Words, verdicts: list[Verdict]) -> list[tuple[int, int, str]]:
    """Neighbours that are hidden for one reason, as one place."""
    places: list[tuple[int, int, str]] = []
    before: str | None = None
    for left, right, why in verdicts:
        if why is not None:
            start, end = words.offset(left), words.offset(right)
            if not any(c.isalnum() for c in words.text[start:end]):
                continue  # a lone bullet or rule says nothing
            if why == before:
                places[-1] = (places[-1][0], end, why)
            else:
                places.append((start, end, why))
        before = why
    return places

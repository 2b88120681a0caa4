"""Whether text of a PDF page changes any pixel: the page is drawn with its text and without it.

Near-white text is drawn once more on its own, because a visible word in the same place would
answer for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]
from numpy.typing import NDArray

from kimidoc.ingest.readers.pdf_page import Box, Contents, area, overlap

_CONTRAST = 16  # of 255, in any channel: less is not seen
_BITMAP_PIXELS = 2_000_000
_ORDINARY_PRICE = 1_000_000

Mask = NDArray[np.bool_]


@dataclass
class Effort:
    """How much drawing a document is worth: pages beyond it are said to be unchecked.

    Counted in image pixels to decode, with a fixed price per object; never in seconds, so that
    the same file gives the same answer on a slow machine.
    """

    pixels_left: int = 1_000_000_000

    def spend(self, found: Contents) -> bool:
        """Whether a page is drawn. Ordinary pages are free: length must not use the effort up."""
        price = found.image_pixels + 500 * found.objects
        if not found.complete or price > self.pixels_left:
            return False
        self.pixels_left -= price if price > _ORDINARY_PRICE else 0
        return True


class Drawing:
    """Where a page's text leaves marks. ``texts``: text objects by address; ``pale`` near-white."""

    def __init__(
        self, page: pdfium.PdfPage, bounds: Box, texts: Mapping[int, object], pale: set[int]
    ) -> None:
        page.set_rotation(0)  # boxes are in the page's own space
        self._bounds = bounds
        self._scale: float = min(1.0, (_BITMAP_PIXELS / max(1.0, area(bounds))) ** 0.5)
        full = self._render(page)
        _show(texts.values(), False)
        bare = self._render(page)
        self._mask = self._pale_mask = _differs(full, bare)
        if pale and len(pale) < len(texts):
            _show([texts[address] for address in pale], True)
            self._pale_mask = _differs(self._render(page), bare)

    def marks(self, box: Box, pale: bool) -> bool:
        """Whether anything in the box is seen."""
        return bool(self._in(box, pale).any())

    def gap(self, box: Box, pale: bool) -> float:
        """The widest stretch along the line in the box, in points, that nothing seen stands in."""
        seen, length = self._in(box, pale), box[2] - box[0]
        if box[3] - box[1] > length:  # the line runs up or down
            at, length = np.flatnonzero(seen.any(axis=1)), box[3] - box[1]
        else:
            at = np.flatnonzero(seen.any(axis=0)) // 3
        if not len(at):
            return math.inf
        edges = np.concatenate(([-1], at, [int(length * self._scale)]))
        return float(np.diff(edges).max()) / self._scale

    def _in(self, box: Box, pale: bool) -> Mask:
        """[rows, 3 x columns] of the box, a pixel wider than it for rounding."""
        left, bottom, right, top = overlap(box, self._bounds)
        x, y = (left - self._bounds[0]) * self._scale, (self._bounds[3] - top) * self._scale
        columns = slice(3 * int(x), 3 * (int(x + (right - left) * self._scale) + 2))
        rows = slice(int(y), int(y + (top - bottom) * self._scale) + 2)
        return (self._pale_mask if pale else self._mask)[rows, columns]

    def _render(self, page: pdfium.PdfPage) -> pdfium.PdfBitmap:
        return page.render(scale=self._scale, draw_annots=False, may_draw_forms=False)


def _show(handles: Iterable[object], active: bool) -> None:
    for handle in handles:
        raw.FPDFPageObj_SetIsActive(handle, active)


def _differs(one: pdfium.PdfBitmap, other: pdfium.PdfBitmap) -> Mask:
    """Two bitmaps [H, W, 3] -> [H, 3 x W]: the channels whose difference can be seen."""
    difference = one.to_numpy() - other.to_numpy()  # of bytes, so it wraps round at 256
    difference += _CONTRAST - 1
    mask: Mask = difference > 2 * (_CONTRAST - 1)
    return mask.reshape(mask.shape[0], -1)

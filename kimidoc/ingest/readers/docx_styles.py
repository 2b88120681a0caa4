"""What styles.xml decides about a paragraph or a run: outline level, numbering, visibility.

Styles inherit by ``w:basedOn``; the walk up the chain is bounded, since a file may go in circles.
ECMA-376 part 1, 17.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimidoc.ingest.readers.ooxml import child, children, inside, number, value

TITLE = 0
"""The level of a document's title; headings have 1 to 9."""

_CHAIN = 20
_HEADING = re.compile(r"heading ([1-9])$")
_OFF = ("0", "false", "off", "none")
_WHITE = re.compile(r"(F[0-9A-F]){3}$", re.IGNORECASE)
_TINY_HALF_POINTS = 4


class Styles:
    """The styles of one document; ``part`` is None where it has none."""

    def __init__(self, part: Element | None) -> None:
        self._styles = {style.get("w:styleId", ""): style for style in children(part, "w:style")}
        self._default = next(
            (
                name
                for name, style in self._styles.items()
                if style.get("w:type") == "paragraph" and style.get("w:default", "0") not in _OFF
            ),
            None,
        )
        self._document = inside(part, "w:docDefaults", "w:rPrDefault", "w:rPr")
        self._outline: dict[str | None, int | None] = {}
        self._runs: dict[tuple[str | None, str | None], dict[str, Element]] = {}

    def of(self, paragraph: Element) -> str | None:
        """The id of a paragraph's style."""
        return value(paragraph, "w:pPr", "w:pStyle") or self._default

    def chain(self, style: str | None) -> Iterator[tuple[str, Element]]:
        """A style and what it is based on, nearest first."""
        for _ in range(_CHAIN):
            found = self._styles.get(style) if style is not None else None
            if found is None or style is None:
                return
            yield style, found
            style = value(found, "w:basedOn")

    def level(self, paragraph: Element) -> int | None:
        """1 to 9 for a heading, TITLE for the title, None for text."""
        direct = value(paragraph, "w:pPr", "w:outlineLvl")
        if direct is not None:
            return _outline(direct)
        style = self.of(paragraph)
        if style not in self._outline:
            self._outline[style] = self._level_of(style)
        return self._outline[style]

    def _level_of(self, style: str | None) -> int | None:
        for _, found in self.chain(style):
            stated = value(found, "w:pPr", "w:outlineLvl")
            if stated is not None:
                return _outline(stated)
            name = (value(found, "w:name") or "").lower()
            if heading := _HEADING.match(name):
                return int(heading[1])
            if name == "title":
                return TITLE
        return None

    def unseen(self, run: Element, style: str | None, shaded: bool) -> str | None:
        """Why a run of a paragraph in ``style`` is not seen, in words; None when it is.

        ``shaded``: it stands on a ground of unknown colour, so that white may well be visible.
        """
        direct = {one.tag: one for one in inside(run, "w:rPr")}
        key = (value(run, "w:rPr", "w:rStyle"), style)
        if key not in self._runs:
            self._runs[key] = self._inherited(*key)
        properties = self._runs[key] | direct if direct else self._runs[key]
        vanish = properties.get("w:vanish")
        if vanish is not None and vanish.get("w:val", "1") not in _OFF:
            return "is formatted as hidden"
        size = properties.get("w:sz")
        if size is not None and number(size.get("w:val"), 22) < _TINY_HALF_POINTS:
            return "is smaller than 2 points"
        colour = properties.get("w:color")
        if colour is None or shaded or "w:shd" in properties or "w:highlight" in properties:
            return None
        return "is white on white" if _WHITE.match(colour.get("w:val", "")) else None

    def _inherited(self, character: str | None, paragraph: str | None) -> dict[str, Element]:
        found: dict[str, Element] = {one.tag: one for one in self._document}
        for style in (paragraph, character):
            for _, one in reversed(list(self.chain(style))):
                found |= {below.tag: below for below in inside(one, "w:rPr")}
                if child(one, "w:pPr", "w:shd") is not None:
                    found["w:shd"] = one
        return found


def _outline(stated: str) -> int | None:
    """w:outlineLvl counts from 0; 9 is body text."""
    level = number(stated, 9)
    return level + 1 if 0 <= level < 9 else None

"""What stands on a slide, in reading order: boxes of text, tables, charts, diagrams.

Shapes are read from top to bottom and, where they stand side by side, from left to right; the
title comes first. A placeholder without a place of its own takes that of its layout.
ECMA-376 part 1, 19.3 and 20.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from kimidoc.ingest.readers.ooxml import Package, child, children, inside, number, value

CELL = " | "
_TITLES = ("title", "ctrTitle")
_SIDE_BY_SIDE = 1 / 20  # of a slide's height between the upper edges of neighbours
_POINTS = 2_000  # read of one chart series
_SHAPES = ("p:sp", "p:graphicFrame", "p:grpSp", "p:pic", "p:cxnSp")
_NONE = (0.0, 0.0, 0.0, 0.0)

Place = tuple[float, float, float, float]
"""x, y, width, height in EMU (914,400 to the inch), y downwards."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape that says something. ``unseen``: why an audience does not see it, in words."""

    lines: tuple[str, ...]
    place: Place
    title: bool = False
    unseen: str | None = None


class Layouts:
    """Where the placeholders of a slide's layout, and of that one's master, stand."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._known: dict[str, list[tuple[str, str, Place]]] = {}

    def place(self, part: str, index: str, kind: str) -> Place:
        """The place a placeholder inherits; nowhere if it inherits none."""
        for related in ("slideLayout", "slideMaster"):
            names = self._package.related(part, related)
            if not names:
                break
            part = names[0][1]
            if part not in self._known:
                self._known[part] = list(self._placeholders(part))
            placed = [one for one in self._known[part] if one[2] != _NONE]
            for known in (*(p for i, _, p in placed if i == index),
                          *(p for _, k, p in placed if k == kind)):  # fmt: skip
                return known
        return _NONE

    def _placeholders(self, part: str) -> Iterator[tuple[str, str, Place]]:
        for shape in self._package.xml(part).iter("p:sp"):
            holder = child(shape, "p:nvSpPr", "p:nvPr", "p:ph")
            if holder is not None:
                yield holder.get("idx", "0"), holder.get("type", "obj"), _place(shape)


class Slide:
    """The shapes of one slide."""

    def __init__(
        self, package: Package, part: str, layouts: Layouts, size: tuple[int, int]
    ) -> None:
        self._package, self._part, self._layouts, self._size = package, part, layouts, size

    def shapes(self, root: Element) -> list[Shape]:
        """In reading order, the title first."""
        tree = child(root, "p:cSld", "p:spTree")
        found = list(self._tree(tree, (0.0, 0.0, 1.0, 1.0))) if tree is not None else []
        found.sort(key=lambda shape: (not shape.title, shape.place[1]))
        lines: list[list[Shape]] = []
        for shape in found:
            reach = self._size[1] * _SIDE_BY_SIDE
            first = lines[-1][0] if lines else None
            if first is None or first.title or shape.place[1] > first.place[1] + reach:
                lines.append([])
            lines[-1].append(shape)
        return [one for line in lines for one in sorted(line, key=lambda shape: shape.place[0])]

    def _tree(self, tree: Element, move: Place) -> Iterator[Shape]:
        """``move``: shift and scale that put the tree's coordinates on the slide."""
        for shape in tree:
            if shape.tag == "mc:AlternateContent":
                branch = child(shape, "mc:Choice")
                if branch is not None:
                    yield from self._tree(branch, move)
            elif shape.tag == "p:grpSp":
                yield from self._tree(shape, _group(shape, move))
            elif shape.tag in _SHAPES:
                yield from self._shape(shape, move)

    def _shape(self, shape: Element, move: Place) -> Iterator[Shape]:
        properties = next((one for one in shape if one.tag.startswith("p:nv")), None)
        holder = child(properties, "p:nvPr", "p:ph")
        place = _moved(_place(shape), move)
        kind = ""
        if holder is not None:
            kind = holder.get("type", "obj")
            if _place(shape) == _NONE:
                place = self._layouts.place(self._part, holder.get("idx", "0"), kind)
        if shape.tag == "p:graphicFrame":
            lines = self._graphic(shape)
        else:
            lines = paragraphs(child(shape, "p:txBody"))
        if lines:
            hidden = value(properties, "p:cNvPr", attribute="hidden") in ("1", "true")
            unseen = "is set to be hidden" if hidden else self._off_slide(place)
            yield Shape(tuple(lines), place, kind in _TITLES, unseen)

    def _off_slide(self, place: Place) -> str | None:
        x, y, width, height = place
        off = x >= self._size[0] or y >= self._size[1] or x + width <= 0 or y + height <= 0
        return "stands outside of the slide" if off and place != _NONE else None

    def _graphic(self, frame: Element) -> list[str]:
        data = child(frame, "a:graphic", "a:graphicData")
        lines: list[str] = []
        for table in children(data, "a:tbl"):
            lines += rows(table)
        for one in inside(data):
            if one.tag == "c:chart":
                lines += self._chart(one.get("r:id", ""))
            elif one.tag == "dgm:relIds":
                lines += self._diagram(one.get("r:dm", ""))
        return lines

    def _chart(self, relation: str) -> list[str]:
        part = dict(self._package.related(self._part, "chart")).get(relation)
        return chart(self._package.xml(part)) if part is not None else []

    def _diagram(self, relation: str) -> list[str]:
        part = dict(self._package.related(self._part, "diagramData")).get(relation)
        if part is None:
            return []
        found = (
            paragraphs(child(point, "dgm:t")) for point in self._package.xml(part).iter("dgm:pt")
        )
        return [line for lines in found for line in lines]


def paragraphs(body: Element | None) -> list[str]:
    """The paragraphs of a text body that say something."""
    found = []
    for paragraph in children(body, "a:p"):
        parts = []
        for one in paragraph.iter():
            if one.tag in ("a:t", "m:t"):
                parts.append(one.text or "")
            elif one.tag == "a:br":
                parts.append("\n")
        text = "".join(parts).strip()
        if text:
            found.append(text)
    return found


def rows(table: Element) -> list[str]:
    """A table's rows; a merged cell speaks once, where it starts."""
    found = []
    for row in children(table, "a:tr"):
        cells = []
        for cell in children(row, "a:tc"):
            merged = cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true")
            words = " ".join(paragraphs(child(cell, "a:txBody"))).split()
            cells.append("" if merged else " ".join(words))
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            found.append(CELL.join(cells))
    return found


def chart(root: Element) -> list[str]:
    """A chart's title, and its series as a table from the values stored with it."""
    title = [t.text or "" for one in root.iter("c:title") for t in one.iter("a:t")]
    lines = [f"Chart: {' '.join(''.join(title).split())}" if title else "Chart"]
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in root.iter("c:ser"):
        name = " ".join(_cached(series, "c:tx").values())
        names.append(name or f"Series {len(names) + 1}")
        categories = categories or _cached(series, "c:cat") or _cached(series, "c:xVal")
        columns.append(_cached(series, "c:val") or _cached(series, "c:yVal"))
    if not names:
        return lines if title else []
    lines.append(CELL.join(["", *names]))
    points = sorted({*categories, *(point for column in columns for point in column)})
    for point in points[:_POINTS]:
        cells = [categories.get(point, str(point + 1)), *(c.get(point, "") for c in columns)]
        lines.append(CELL.join(cells))
    return lines


def _cached(series: Element, kind: str) -> dict[int, str]:
    """The stored points of one of a series' references, by index."""
    found: dict[int, str] = {}
    reference = child(series, kind)
    for point in reference.iter("c:pt") if reference is not None else ():
        text = child(point, "c:v")
        if text is not None and text.text:
            found[number(point.get("idx"))] = _rounded(" ".join(text.text.split()))
    return found


def _rounded(text: str) -> str:
    """A number without the noise of its binary form."""
    try:
        return f"{float(text):.15g}" if "." in text and len(text) > 15 else text
    except ValueError:
        return text


def _place(shape: Element) -> Place:
    frame = child(shape, "p:xfrm")
    if frame is None:
        frame = child(shape, "p:spPr", "a:xfrm")
    return _frame(frame, "a:off", "a:ext")


def _frame(frame: Element | None, offset: str, extent: str) -> Place:
    at, size = child(frame, offset), child(frame, extent)
    if at is None or size is None:
        return _NONE
    return (
        float(number(at.get("x"))), float(number(at.get("y"))),
        float(number(size.get("cx"))), float(number(size.get("cy"))),
    )  # fmt: skip


def _moved(place: Place, move: Place) -> Place:
    x, y, width, height = place
    dx, dy, sx, sy = move
    return (dx + x * sx, dy + y * sy, width * sx, height * sy)


def _group(group: Element, move: Place) -> Place:
    """The move of a group's children: its inner frame is put over its outer one."""
    frame = child(group, "p:grpSpPr", "a:xfrm")
    outer, inner = _frame(frame, "a:off", "a:ext"), _frame(frame, "a:chOff", "a:chExt")
    if outer == _NONE or not inner[2] or not inner[3]:
        return move
    sx, sy = outer[2] / inner[2], outer[3] / inner[3]
    dx, dy = outer[0] - inner[0] * sx, outer[1] - inner[1] * sy
    return (move[0] + dx * move[2], move[1] + dy * move[3], sx * move[2], sy * move[3])

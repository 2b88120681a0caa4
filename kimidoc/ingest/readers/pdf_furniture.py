"""Running heads and feet of a PDF: set apart by an empty line, so that no sentence holds one.

What stands in the first or last lines of most pages, figures apart ("Page 3 of 12"), is furniture.
Every character of it stays where it was drawn; one line feed more stands between it and the text.
A sentence that goes on overleaf ends, for quotes, where its page does.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from kimidoc.ingest.base import Extract
from kimidoc.types import Mark

LINES = 3  # at either end of a page that are looked at
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_FIGURES = re.compile(r"\d+")

Span = tuple[int, int]


def set_apart(found: Extract, bodies: Sequence[Span], limit_bytes: int) -> Extract:
    """The extract with an empty line between each page's furniture and its text.

    ``bodies``: [start, end) of every page's own text, without form fields and comments. An extract
    that would grow beyond ``limit_bytes`` stays as it is.
    """
    places = _places(found.text, bodies)
    if not places or len(found.text.encode("utf-8", "surrogatepass")) + len(places) > limit_bytes:
        return found
    edges = [0, *places, len(found.text)]
    text = "\n".join(found.text[a:b] for a, b in pairwise(edges))

    def start(at: int) -> int:
        return at + bisect_right(places, at)

    def end(at: int) -> int:
        return at + bisect_left(places, at)

    return replace(
        found,
        text=text,
        pages=tuple(map(start, found.pages)),
        sections=tuple(Mark(start(mark.start), mark.label) for mark in found.sections),
        notices=tuple(
            replace(n, span=(start(n.span[0]), end(n.span[1]))) if n.span else n
            for n in found.notices
        ),
    )


def _places(text: str, bodies: Sequence[Span]) -> list[int]:
    """Where a line feed goes in, ascending."""
    pages = [[m.span() for m in _LINE.finditer(text, *body)] for body in bodies]
    pages = [lines for lines in pages if lines]
    if len(pages) < 2:
        return []

    def key(line: Span) -> str:
        return _FIGURES.sub("#", " ".join(text[slice(*line)].split()))

    heads = _common(pages, lambda lines: map(key, lines[:LINES]))
    feet = _common(pages, lambda lines: map(key, lines[-LINES:]))
    places = list[int]()
    for lines in pages:
        top = _run(key(line) in heads for line in lines[:LINES])
        foot = _run(key(line) in feet for line in reversed(lines[-LINES:]))
        if top + foot >= len(lines):
            continue  # a page of nothing else
        if top and "\n" not in text[lines[top - 1][1] + 1 : lines[top][0]]:
            places.append(lines[top][0])
        if foot and "\n" not in text[lines[-foot - 1][1] + 1 : lines[-foot][0]]:
            places.append(lines[-foot][0])
    return places


def _common(pages: list[list[Span]], some: Callable[[list[Span]], Iterable[str]]) -> set[str]:
    """Lines that some part of most pages holds, and at least of two."""
    counts = Counter(line for lines in pages for line in set(some(lines)))
    return {line for line, count in counts.items() if count > 1 and 2 * count > len(pages)}


def _run(known: Iterable[bool]) -> int:
    """How many are true from the beginning on."""
    count = 0
    for one in known:
        if not one:
            break
        count += 1
    return count

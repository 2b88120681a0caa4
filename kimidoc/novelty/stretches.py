"""The lines that are scored: a document's own, long ones cut at the ends of sentences.

A contract's paragraph is often one line of two thousand characters; a strip of such lines would
say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimidoc.types import Document

LONGEST = 240  # characters; a longer line is cut at a sentence's end, else at white space
_CUT = re.compile(r"(?<=[.;:?!。；！？])\s+|(?<=[。；！？])")


def lines(document: Document) -> Iterator[tuple[int, int]]:
    """Characters [start, end) of every line that holds a word, in order, without its line end."""
    starts = document.line_starts
    for at, start in enumerate(starts):
        end = starts[at + 1] - 1 if at + 1 < len(starts) else len(document.text)
        for piece in _pieces(document.text, start, end):
            if document.text[slice(*piece)].strip():
                yield piece


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        cut = _cut(text, start, start + LONGEST)
        yield start, cut
        start = cut
    if start < end:
        yield start, end


def _cut(text: str, start: int, reach: int) -> int:
    """Where to cut before ``reach``: after the last sentence there, else the last white space."""
    found = [m.end() for m in _CUT.finditer(text, start, reach) if m.end() > start + 20]
    if found:
        return found[-1]
    space = text.rfind(" ", start + 20, reach)
    return space + 1 if space > 0 else reach

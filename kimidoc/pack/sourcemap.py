"""Token <-> character <-> line, page and section, in O(log n).

A window's ``starts`` and ``ends`` are sorted within each document, so both ways are a bisection.
Byte-level tokenizers split rare characters over several tokens: each of those tokens then maps to
the whole character, and the character to all of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from kimidoc.types import Place, Segment, Window


def characters(window: Window, start: int, end: int) -> list[tuple[Segment, int, int]]:
    """The characters that the tokens [start, end) cover: (segment, start, end) per document.

    Headers, separators and the preamble cover none, and documents of which only those fall into
    the range are left out. Ranges of characters are never empty.
    """
    assert 0 <= start <= end <= len(window.tokens), (start, end, len(window.tokens))
    found = []
    at = max(0, bisect_right(window.segments, start, key=lambda segment: segment.start) - 1)
    while at < len(window.segments) and window.segments[at].start < end:
        segment = window.segments[at]
        low, high = max(start, segment.body), min(end, segment.end)
        if low < high and window.starts[low] < window.ends[high - 1]:
            found.append((segment, window.starts[low], window.ends[high - 1]))
        at += 1
    return found


def tokens(window: Window, path: str, start_char: int, end_char: int) -> tuple[int, int]:
    """The tokens [start, end) that cover any of the characters [start_char, end_char) of ``path``.

    Empty where the range is, or where no token covers it (a tokenizer may skip white space).
    """
    segment = window.segment_of(path)
    assert segment is not None, f"not packed: {path!r}"
    assert 0 <= start_char <= end_char <= len(segment.document.text), (start_char, end_char)
    start = bisect_right(window.ends, start_char, segment.body, segment.end)
    if start_char == end_char:
        return start, start
    return start, max(start, bisect_left(window.starts, end_char, segment.body, segment.end))


def place(window: Window, token: int) -> Place | None:
    """Line, page and section of a token; None in the preamble, a header or a separator."""
    segment = window.segment_at(token)
    if segment is None or token < segment.body:
        return None
    return segment.document.place(window.starts[token], window.ends[token])

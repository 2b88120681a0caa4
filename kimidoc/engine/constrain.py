"""Quotes that exist: writing restricted to verbatim runs of the window's own tokens.

A quote is a path through the tokens of units: sentences, lines or list items of the blocks that
were attended to. The state is the set of window positions that match what has been written so
far; a token is allowed only if it follows at one of them. A quote starts where a unit starts and
stops where one ends, so what comes out is a whole thing that a reader can check. Once a single
position is left the rest needs no choice: the run to the end of the unit is accepted at once.

This is a suffix automaton walked lazily: position sets instead of states, exact, and linear in
the few thousand tokens that were attended to.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kimidoc.types import Segment, Window

# A unit ends behind a sentence's or clause's mark, or at a line feed; not where a line of prose
# was only wrapped (a long line that breaks off in small letters and goes on in them).
_END = re.compile(
    r"[.!?][\"')\]”’]*\s(?=\s*[^\sa-z])|;\s|[。！？；]"
    r"|(?<![^\n]{49}[a-z,])\n|\n(?![a-z])"
)
_REACH = 2000  # characters looked at on either side of a range for where its units begin and end
MIN_TOKENS = 6  # shorter units ("2.", "Inc.") go with the next one of their line

Positions = NDArray[np.int64]
Unit = tuple[int, int]


def units(window: Window, start: int, end: int) -> list[Unit]:
    """The token ranges of all units that tokens [start, end) touch, whole, in order.

    Never across documents; headers belong to none.
    """
    found: list[Unit] = []
    at = max(0, bisect_right(window.segments, start, key=lambda segment: segment.start) - 1)
    for segment in window.segments[at:]:
        low, high = max(start, segment.body), min(end, segment.end)
        if low >= end:
            break
        if low < high:
            found += _in_segment(window, segment, low, high)
    return found


def _in_segment(window: Window, segment: Segment, low: int, high: int) -> Iterator[Unit]:
    text = segment.document.text
    left = max(0, window.starts[low] - _REACH)
    right = min(len(text), window.ends[high - 1] + _REACH)
    cuts = [m.end() for m in _END.finditer(text, left, right)]
    edges = sorted({left, right, *cuts})
    pending: Unit | None = None
    for a, b in pairwise(edges):
        short = False
        if stripped := text[a:b].strip():
            first = a + text[a:b].index(stripped)
            last = first + len(stripped)
            p = pending[0] if pending else _token_from(window, segment, first)
            q = bisect_left(window.starts, last, segment.body, segment.end)
            pending = p, q
            short = q - p < MIN_TOKENS and "\n" not in text[last:b] and b < right
        if pending and not short:
            if max(pending[0], low) < min(pending[1], high):
                yield pending
            pending = None


def _token_from(window: Window, segment: Segment, char: int) -> int:
    """The first token that covers ``char``, or the one behind if it begins with other words."""
    p = bisect_right(window.ends, char, segment.body, segment.end)
    if p < segment.end and segment.document.text[window.starts[p] : char].strip():
        p = bisect_left(window.starts, char, p, segment.end)
    return p


def words(window: Window, unit: Unit) -> str:
    """The document's own text of a unit, from its first to its last character."""
    segment = window.segment_at(unit[0])
    assert segment is not None and segment.body <= unit[0] < unit[1] <= segment.end
    return segment.document.text[window.starts[unit[0]] : window.ends[unit[1] - 1]].strip()


@dataclass(frozen=True, slots=True)
class Runs:
    """The tokens a quote may come from.

    ``starts``: positions where a unit starts; ``ends``: those that end one; ``limit[p]``: one past
    the last position that a quote through p may reach.
    """

    tokens: NDArray[np.int32]
    starts: Positions
    limit: dict[int, int]
    ends: frozenset[int]


def runs(window: Window, ranges: Sequence[Unit], used: Set[int] = frozenset()) -> Runs:
    """What quotes of the units that touch token ``ranges`` may be made of.

    ``used``: positions that were quoted before; units that start there are closed now.
    """
    given = sorted({unit for start, end in ranges for unit in units(window, start, end)})
    limit: dict[int, int] = {}
    for start, end in reversed(given):  # a unit too short to stand alone may run into the next
        same = end in limit and window.segment_at(end - 1) is window.segment_at(end)
        limit |= dict.fromkeys(range(start, end), limit[end] if same else end)
    return Runs(
        np.frombuffer(window.tokens, dtype=np.int32),
        np.array([start for start, _ in given if start not in used], dtype=np.int64),
        limit,
        frozenset(end - 1 for _, end in given),
    )


class Verbatim:
    """One quote being written."""

    def __init__(self, given: Runs, *, max_tokens: int = 96) -> None:
        self.source, self.max_tokens = given, max_tokens
        self.at: Positions = given.starts  # the next token of every match
        self.last: Positions = given.starts[:0]
        self.written = 0

    def allowed(self) -> NDArray[np.int64]:
        """The distinct token ids that may come next, sorted; empty when nothing can."""
        return np.unique(self.source.tokens[self.at]).astype(np.int64)

    def advance(self, token: int) -> None:
        """``token`` was written."""
        hit = self.at[self.source.tokens[self.at] == token]
        assert hit.size, "a token was written that no source continues with"
        self.written += 1
        self.last = hit
        self.at = np.array([p + 1 for p in hit if p + 1 < self.source.limit[int(p)]], np.int64)

    @property
    def complete(self) -> bool:
        """The quote stops here: at the end of a unit, or because nothing more may come."""
        ended = self.written >= MIN_TOKENS and any(int(p) in self.source.ends for p in self.last)
        return self.at.size == 0 or self.written >= self.max_tokens or ended

    def forced(self) -> list[int]:
        """When one match is left: the tokens up to the end of its unit, to be accepted at once."""
        if self.at.size != 1 or self.complete:
            return []
        p = int(self.at[0])
        out: list[int] = []
        while self.written + len(out) < self.max_tokens:
            out.append(int(self.source.tokens[p]))
            long_enough = self.written + len(out) >= MIN_TOKENS
            if (p in self.source.ends and long_enough) or p + 1 >= self.source.limit[p]:
                break
            p += 1
        return out

    def start(self) -> int:
        """The window position where (the first match of) the quote starts."""
        assert self.written, "nothing was written"
        return int(self.last[0]) - self.written + 1

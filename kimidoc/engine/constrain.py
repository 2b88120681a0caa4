"""Quotes that exist: decoding restricted to verbatim runs of the window's own tokens.

A quote is a path through the tokens of the blocks a question attended to. The state is the set of
window positions that match what has been written so far; a token is allowed only if it follows at
one of them. A quote may start where a sentence, line or list item starts, and end where one ends,
so what comes out is a whole unit a reader can check. Once a single position is left the rest needs
no model at all: the run to the end of the unit is accepted in one forward pass.

This is a suffix automaton walked lazily: position sets instead of states, exact, and linear in
the few thousand tokens that were attended to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kimidoc.types import Window

_END = re.compile(r"[.!?;:]['\")\]”’]*\s|[。！？；]|\n")
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """The tokens a quote may come from: window positions, in order, without gaps inside a run.

    ``limit[i]``: one past the last position of the run that position i belongs to.
    """

    tokens: NDArray[np.int32]
    starts: Positions
    limit: dict[int, int]
    ends: frozenset[int]


def runs(window: Window, ranges: Sequence[tuple[int, int]], used: frozenset[int]) -> Runs:
    """Find where quotes may start and end inside token ``ranges`` (sorted, disjoint).

    ``used``: start positions that were quoted before and are closed now.
    """
    starts: list[int] = []
    limit: dict[int, int] = {}
    ends: set[int] = set()
    for low, high in ranges:
        at = low
        while at < high:
            segment = window.segment_at(at)
            if segment is None or at < segment.body:
                at += 1 if segment is None else segment.body - at
                continue
            stop = min(high, segment.end)
            fresh_starts, fresh_ends = _units(window, segment.document.text, at, stop)
            starts += [p for p in fresh_starts if p not in used]
            ends |= fresh_ends
            limit |= dict.fromkeys(range(at, stop), stop)
            at = stop
    tokens = np.frombuffer(window.tokens, dtype=np.int32)
    return Runs(tokens, np.array(starts, dtype=np.int64), limit, frozenset(ends))


def _units(window: Window, text: str, low: int, high: int) -> tuple[list[int], set[int]]:
    """Token positions in [low, high) where a unit starts, and those that end one."""
    first = max(0, window.starts[low] - 2)
    last = window.ends[high - 1]
    cuts = {0} | {m.end() for m in _END.finditer(text, first, min(len(text), last + 1))}
    starts, ends = [], set()
    for p in range(low, high):
        a, b = window.starts[p], window.ends[p]
        lead = a
        while lead > first and text[lead - 1] in " \t":
            lead -= 1
        if text[a:b].strip() and (lead in cuts or a in cuts):
            starts.append(p)
        tail = b
        while tail < len(text) and text[tail] in " \t":
            tail += 1
        if tail >= len(text) or any(c in cuts for c in range(b, tail + 2)):
            ends.add(p)
    return starts, ends


class Verbatim:
    """One quote being written."""

    def __init__(self, source: Runs, *, min_tokens: int = 4, max_tokens: int = 96) -> None:
        self.source, self.min_tokens, self.max_tokens = source, min_tokens, max_tokens
        self.at: Positions = source.starts  # next token of every match
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
        """The quote may stop here: long enough, and at the end of a unit."""
        ended = self.written >= self.min_tokens and any(
            int(p) in self.source.ends for p in self.last
        )
        return self.at.size == 0 or self.written >= self.max_tokens or ended

    def forced(self) -> list[int]:
        """When one match is left: the tokens up to the end of its unit, to be accepted at once."""
        if self.at.size != 1:
            return []
        p, out = int(self.at[0]), []
        while self.written + len(out) < self.max_tokens:
            out.append(int(self.source.tokens[p]))
            long_enough = self.written + len(out) >= self.min_tokens
            if (p in self.source.ends and long_enough) or p + 1 >= self.source.limit[p]:
                break
            p += 1
        return out

    def start(self) -> int:
        """The window position where the (first match of the) quote starts."""
        return int(self.last[0]) - self.written + 1

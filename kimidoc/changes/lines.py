"""Two texts -> the lines of the newer one that the older one does not have.

A longest common subsequence of lines decides, as in ``diff``. Line ends and white space at the end
of a line are no change: a checkout may convert the one, an editor removes the other.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from rapidfuzz.distance import Indel

# Of the matrix that the comparison keeps as bits (100 MB). Between longer stretches than that, what
# lies between the first and the last difference counts as changed.
_MOST_CELLS = 800_000_000


@dataclass(frozen=True, slots=True)
class Lines:
    """Runs of changed lines, 1-based, sorted, ends exclusive."""

    runs: tuple[tuple[int, int], ...]

    def touch(self, first: int, last: int) -> bool:
        """Whether one of the lines from ``first`` to ``last`` changed."""
        at = bisect_right(self.runs, (last, float("inf"))) - 1
        return at >= 0 and self.runs[at][1] > first

    @property
    def count(self) -> int:
        """How many lines changed."""
        return sum(end - start for start, end in self.runs)


def whole(text: str) -> Lines:
    """Every line of a text: it is new."""
    return Lines(((1, len(text.removesuffix("\n").split("\n")) + 1),))


def changed(old: str, new: str) -> Lines:
    """The lines of ``new`` that were added or altered since ``old``."""
    before, after = _rows(old), _rows(new)
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    a, b = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(a) * len(b) > _MOST_CELLS:
        return Lines(((head + 1, head + len(b) + 1),))
    runs = [
        (head + 1 + step.dest_start, head + 1 + step.dest_end)
        for step in Indel.opcodes(a, b)
        if step.tag != "equal" and step.dest_end > step.dest_start
    ]
    return Lines(_merged(runs))


def _merged(runs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _rows(text: str) -> list[str]:
    return [row.rstrip() for row in text.split("\n")]

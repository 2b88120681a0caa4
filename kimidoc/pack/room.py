"""Which documents fit the budget, decided while they are being counted.

    error          any document that does not fit ends the run (kept as in drop-last until then)
    drop-last      from the first document that does not fit, in window order, all leave
    drop-largest   the largest leave, the later of two equals first, until the others fit

Deciding early is what bounds memory: at no time are more tokens kept than the budget allows, plus
the document that is being read, however many tokens the documents have in all.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Literal

Overflow = Literal["error", "drop-last", "drop-largest"]


class Room:
    """``tokens`` of room, offered one document after the other in window order."""

    def __init__(self, tokens: int, overflow: Overflow) -> None:
        self._tokens = self._left = tokens
        self._largest_first = overflow == "drop-largest"
        self._kept: list[tuple[int, int]] = []  # a heap of (-cost, -number): the largest on top
        # Costs from (cost, number) on have left already. Whatever is no smaller leaves as well:
        # otherwise a late large document could take the room that a smaller one had to leave.
        self._limit: tuple[int, int] | None = None

    @property
    def left(self) -> int:
        """Tokens still free."""
        return self._left

    def admits(self, number: int, cost: int) -> bool:
        """Could document ``number`` still be kept, now that it is known to cost this much?"""
        if not self._largest_first:
            return self._limit is None and cost <= self._left
        return cost <= self._tokens and (self._limit is None or (cost, number) < self._limit)

    def offer(self, number: int, cost: int) -> list[int]:
        """Document ``number`` costs ``cost`` tokens: the numbers that leave because of it."""
        if not self._largest_first:
            if self._limit is not None or cost > self._left:
                self._limit = (0, 0)
                return [number]
            self._left -= cost
            return []
        if self._limit is not None and (cost, number) >= self._limit:
            return [number]
        heappush(self._kept, (-cost, -number))
        self._left -= cost
        leaving = []
        while self._left < 0 and self._kept:
            cost, number = (-value for value in heappop(self._kept))
            self._left += cost
            self._limit = (cost, number)
            leaving.append(number)
        return leaving

"""Which stretches of many texts are worth comparing with a quote that stands in none of them.

Every run of six characters (a shingle; Broder 1997) is hashed, and a sample of the hashes, chosen
by their value and so the same in texts and quote, is kept with its place, sorted. The rarest
shingles of a quote then vote for where it would have to start. Characters, not words: no script
needs its own rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

SHINGLE = 6
_ENTRIES = 1 << 22  # 32 MiB, whatever the texts hold
_CHUNK_CHARS = 1 << 20
_POSTINGS = 4096
_BIN = 32
_WINDOWS = 8

Hashes = NDArray[np.uint64]


class Shingles:
    """The index over ``texts``; places are characters into all of them, end to end."""

    def __init__(self, texts: Sequence[str], entries: int = _ENTRIES) -> None:
        self._bases = [0, *accumulate(len(text) for text in texts)]
        total = self._bases[-1]
        assert total < 1 << 32, "more text than a place has bits for"
        self._sampled = np.uint64(1)
        while total > entries * int(self._sampled):
            self._sampled *= np.uint64(2)
        parts = [
            (hashes[kept] << np.uint64(32)) | (places[kept] + np.uint64(base))
            for base, text in zip(self._bases, texts, strict=False)
            for hashes, places in _hashes(text)
            for kept in [hashes % self._sampled == 0]
        ]
        self._entries = np.concatenate([*parts, np.empty(0, np.uint64)])
        self._entries.sort()

    def windows(self, quote: str, only: int | None = None) -> list[tuple[int, int, int]]:
        """(text, start, end) of the stretches, at most eight, that share most with ``quote``.

        ``only``: the number of the one text to look at.
        """
        low, high = (0, self._bases[-1]) if only is None else self._bases[only : only + 2]
        if low == high:
            return []
        slack = max(_BIN, len(quote) // 5)
        found: dict[tuple[int, int, int], None] = {}
        for at in self._votes(quote, low, high):
            for inside in (at, at + 2 * _BIN - 1):  # a bin may begin in the text before
                text = bisect_right(self._bases, min(max(inside, low), high - 1)) - 1
                base, stop = self._bases[text], self._bases[text + 1]
                start, end = max(base, at - slack), min(stop, at + len(quote) + 2 * _BIN + slack)
                if start < end:
                    found[text, start - base, end - base] = None
        return list(found)[:_WINDOWS]

    def _votes(self, quote: str, low: int, high: int) -> list[int]:
        """Where the quote would start, by how many of its rarest shingles say so."""
        pairs = list(_hashes(quote))
        if not pairs:
            return []
        hashes, offsets = (np.concatenate(side) for side in zip(*pairs, strict=True))
        kept = hashes % self._sampled == 0
        hashes, offsets = hashes[kept] << np.uint64(32), offsets[kept].astype(np.int64)
        first = np.searchsorted(self._entries, hashes | np.uint64(low))
        last = np.searchsorted(self._entries, hashes | np.uint64(high - 1), side="right")
        counts = last - first
        rarest = np.argsort(counts, kind="stable")
        rarest = rarest[counts[rarest] > 0]
        rarest = rarest[: max(1, int(np.searchsorted(np.cumsum(counts[rarest]), _POSTINGS)))]
        places = [
            (self._entries[first[i] : last[i]][:_POSTINGS] & np.uint64(0xFFFFFFFF)).astype(np.int64)
            - offsets[i]
            for i in rarest
        ]
        if not places:
            return []
        bins, count = np.unique(np.concatenate(places) // _BIN, return_counts=True)
        beside = np.where(np.diff(bins, append=bins[-1] + 2) == 1, np.roll(count, -1), 0)
        best = np.argsort(-(count + beside), kind="stable")[:_WINDOWS]
        return [int(bins[i]) * _BIN for i in best]


def _hashes(text: str) -> Iterator[tuple[Hashes, Hashes]]:
    """The hash and the place of every shingle, a chunk at a time. Letter case does not count."""
    for at in range(0, max(0, len(text) - SHINGLE + 1), _CHUNK_CHARS):
        chunk = lowered(text[at : at + _CHUNK_CHARS + SHINGLE - 1])
        codes = np.frombuffer(chunk.encode("utf-32-le", "surrogatepass"), np.uint32)
        size = len(codes) - SHINGLE + 1
        value = np.zeros(size, np.uint32)
        for j in range(SHINGLE):
            value = value * np.uint32(0x01000193) + codes[j : j + size]
        value ^= value >> np.uint32(15)
        value *= np.uint32(0x2C1B3C6D)
        value ^= value >> np.uint32(12)
        yield value.astype(np.uint64), np.arange(at, at + size, dtype=np.uint64)


def lowered(text: str) -> str:
    """Lower case where that changes no length ("İ" is two characters in lower case)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text

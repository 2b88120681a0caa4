"""BM25 over passages, and rankings fused: a teacher in training and a peer in benchmarks.

As a user would build it, whole words and no list of stop words; the engine's own lexical prior
(``engine.lexical``) is another thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
K1, B, RRF = 1.5, 0.75, 60.0
_WORD = re.compile(r"\w+")


def tokens(text: str) -> list[str]:
    """Lower-case words."""
    return _WORD.findall(text.lower())


def overlap(a: str, b: str) -> float:
    """Token F1 of two texts: 0 to 1."""
    x, y = Counter(tokens(a)), Counter(tokens(b))
    shared = (x & y).total()
    return 2 * shared / (x.total() + y.total()) if shared else 0.0


class BM25:
    """Okapi BM25 (Robertson & Zaragoza 2009) over a list of passages."""

    def __init__(self, passages: Sequence[str]) -> None:
        every = [Counter(tokens(p)) for p in passages]
        lengths = np.array([sum(c.values()) for c in every], dtype=float)
        norm = K1 * (1 - B + B * lengths / max(1.0, float(lengths.mean())))
        self._count = len(every)
        places: dict[str, list[tuple[int, int]]] = {}
        for number, counts in enumerate(every):
            for word, times in counts.items():
                places.setdefault(word, []).append((number, times))
        self._weights: dict[str, tuple[NDArray[np.int64], Floats]] = {}
        for word, found in places.items():
            where = np.array([n for n, _ in found])
            often = np.array([t for _, t in found], dtype=float)
            idf = np.log(1 + (self._count - len(found) + 0.5) / (len(found) + 0.5))
            self._weights[word] = (where, idf * often * (K1 + 1) / (often + norm[where]))

    def scores(self, question: str) -> Floats:
        """Every passage's score: [N]"""
        total = np.zeros(self._count)
        for word in tokens(question):
            if word in self._weights:
                where, weight = self._weights[word]
                total[where] += weight
        return total


def fused(*scores: Floats) -> Floats:
    """Reciprocal rank fusion (Cormack et al. 2009): the sum of 1 / (60 + rank), ranks from 1."""
    total = np.zeros(len(scores[0]))
    for values in scores:
        ranks = np.empty(len(values))
        ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
        total += 1 / (RRF + ranks)
    return total

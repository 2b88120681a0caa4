"""The fitted weights, and what every passage of a text scores for every kind of clause.

A passage scores the bias of a kind and the weights of its features (``passages``); at 0 and above
it is taken for one. The weights are logistic regressions with an L1 penalty, so that most words
weigh nothing, fitted by ``fit`` on the 331 contracts of our training split of CUAD v1 (Hendrycks
et al. 2021, arXiv:2103.06268; The Atticus Project, CC BY 4.0).

    P passages, K kinds, F features
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kimidoc.clauses import weights
from kimidoc.clauses.passages import features
from kimidoc.clauses.weights import BIAS, Weights


@dataclass(frozen=True, slots=True)
class Scored:
    """A text's passages in order: ``spans`` [P, 2] in characters, ``logits`` [P, K]."""

    spans: NDArray[np.int64]
    logits: NDArray[np.float64]


class Model:
    """Weights by feature and kind. ``kinds`` are sorted."""

    def __init__(self, weights: Weights) -> None:
        self.kinds = tuple(sorted(weights[BIAS]))
        self._bias = np.array([weights[BIAS][kind] for kind in self.kinds])
        known = sorted(feature for feature in weights if feature != BIAS)
        self._row = {feature: at for at, feature in enumerate(known)}
        column = {kind: at for at, kind in enumerate(self.kinds)}
        self._weights = np.zeros((len(known) + 1, len(self.kinds)))  # the last row is nothing's
        for feature, at in self._row.items():
            for kind, weight in weights[feature].items():
                self._weights[at, column[kind]] = weight

    def scored(self, text: str) -> Scored:
        """Every passage of a text for every kind. The same text gives the same bits."""
        spans, rows, first = list[tuple[int, int]](), list[int](), list[int]()
        for start, end, held in features(text):
            spans.append((start, end))
            first.append(len(rows))
            rows += sorted(self._row[name] for name in held & self._row.keys())
            rows.append(len(self._row))
        if not spans:
            return Scored(np.empty((0, 2), np.int64), np.empty((0, len(self.kinds))))
        sums = np.add.reduceat(self._weights[rows], first)
        return Scored(np.array(spans, dtype=np.int64), sums + self._bias)


@cache
def shipped() -> Model:
    """The model that comes with kimidoc."""
    return Model(weights.shipped())

"""Labelled contracts -> the weights of ``model``: one logistic regression for each clause.

    python -m kimidoc.clauses.fit CONTRACTS LABELS.jsonl [SPLIT [KEPT]] > weights.tsv

CONTRACTS is a folder, LABELS as ``labelled`` reads them. A passage is an example if at least half
of it, or of a labelled span, lie in each other. What 0 means is chosen over held-out thirds of the
contracts: the best F-score that counts precision more than recall, when ``QUOTES`` passages
are shown. ``playbooks.score`` measures the result. Needs ``kimidoc[fit]``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from kimidoc.clauses import labelled
from kimidoc.clauses.labelled import Labels
from kimidoc.clauses.passages import features
from kimidoc.clauses.weights import BIAS, QUOTES

PENALTY = 1.0  # the inverse of the L1 penalty's strength
OFTEN = 6  # passages must share a feature before it counts
FOLDS = 3
BETA = 0.7  # of the F-score: below 1, a wrong answer costs more than a missing one
LIGHT = 0.02  # weights below this are left out


@dataclass(frozen=True)
class Examples:
    """Passages of all documents: rows [P, F] of features, whose they are, and where they stand."""

    rows: csr_matrix
    names: tuple[str, ...]
    document: NDArray[np.int64]
    spans: tuple[tuple[int, int], ...]
    paths: tuple[str, ...]


def examples(texts: Mapping[str, str]) -> Examples:
    """All passages of the contracts, by path, and the features that several of them share."""
    held = [list(features(text)) for text in texts.values()]
    often = Counter(name for found in held for name in set().union(*(f for _, _, f in found)))
    names = tuple(sorted(name for name, count in often.items() if count >= OFTEN))
    column = {name: at for at, name in enumerate(names)}
    rows = [[column[n] for n in f if n in column] for found in held for _, _, f in found]
    first = np.cumsum([0, *map(len, rows)])
    flat = np.array([at for row in rows for at in row], dtype=np.int64)
    matrix = csr_matrix((np.ones(len(flat)), flat, first), shape=(len(rows), len(names)))
    whose = np.repeat(np.arange(len(texts)), [len(found) for found in held])
    spans = tuple((start, end) for found in held for start, end, _ in found)
    return Examples(matrix, names, whose, spans, tuple(texts))


def marked(data: Examples, labels: Labels, clause: str) -> NDArray[np.int64]:
    """1 for a passage that is a labelled clause, 0 for one that is not, -1 for a bit of one."""
    found = np.zeros(len(data.spans), dtype=np.int64)
    for at, (start, end) in enumerate(data.spans):
        for low, high in labels[data.paths[data.document[at]]].get(clause, ()):
            shared = min(end, high) - max(start, low)
            if 2 * shared >= min(end - start, high - low):
                found[at] = 1
                break
            if shared > 0:
                found[at] = -1
    return found


def fitted(data: Examples, labels: Labels, clause: str) -> dict[str, float]:
    """The weights of one clause, the bias such that passages at 0 and above are answers."""
    y = marked(data, labels, clause)
    fold = np.random.default_rng(0).permutation(len(data.paths)) % FOLDS
    score = np.zeros(len(y))
    for held_out in range(FOLDS):
        inside = fold[data.document] != held_out
        model = _regression(data.rows[inside & (y >= 0)], y[inside & (y >= 0)])
        score[~inside] = model.decision_function(data.rows[~inside])
    threshold = _balanced(score, y, data.document, len(data.paths))
    model = _regression(data.rows[y >= 0], y[y >= 0])
    found = {data.names[at]: float(w) for at, w in enumerate(model.coef_[0]) if abs(w) > LIGHT}
    return {BIAS: float(model.intercept_[0]) - threshold, **found}


def _regression(rows: csr_matrix, y: NDArray[np.int64]) -> Any:
    model = LogisticRegression(l1_ratio=1, C=PENALTY, solver="liblinear", random_state=0)
    return model.fit(rows, y)


def _balanced(
    score: NDArray[np.float64], y: NDArray[np.int64], document: NDArray[np.int64], count: int
) -> float:
    """The threshold at which answers per document have the best F-score."""
    best = []
    for at in range(count):
        own = np.flatnonzero(document == at)
        top = own[np.argsort(-score[own], kind="stable")][:QUOTES]
        if len(top):
            best.append((float(score[top[0]]), bool((y[top] != 0).any()), bool((y[own] > 0).any())))
    present = sum(holds for _, _, holds in best)
    most, threshold, right = -1.0, 0.0, 0
    for rank, (value, hit, _) in enumerate(sorted(best, reverse=True), 1):
        right += hit
        if (f := (1 + BETA**2) * right / (rank + BETA**2 * present)) > most:
            most, threshold = f, value
    return threshold


def main(folder: str, labels_file: str, split: str | None = None, kept: str = "") -> None:
    """Fit every clause of the labels and print ``weights.tsv``.

    ``kept`` "without-held-out": of all contracts but those that ``labelled.held_out`` keeps.
    """
    labels = labelled.read(Path(labels_file), split)
    if kept == "without-held-out":
        labels = {name: own for name, own in labels.items() if not labelled.held_out(name)}
    data = examples({name: labelled.text(Path(folder), name) for name in labels})
    clauses = sorted({clause for own in labels.values() for clause in own})
    with ProcessPoolExecutor(2) as pool:
        for clause, found in zip(
            clauses, pool.map(partial(fitted, data, labels), clauses), strict=True
        ):
            for feature, weight in sorted(found.items(), key=lambda item: -abs(item[1])):
                print(clause, f"{weight:.3f}", feature, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Which passages of a contract answer a check: a linear model over words, fitted beforehand.

For each kind of clause a passage scores the sum of the weights of its features (``passages``); at
0 and above it answers. The weights are logistic regressions with an L1 penalty, so that most words
weigh nothing, fitted by ``fit`` on the 331 contracts of our training split of CUAD v1 (Hendrycks
et al. 2021, arXiv:2103.06268; The Atticus Project, CC BY 4.0). It is a model of words, not of
meaning, and not the language model: reports say so (``NOTICE``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kimidoc.playbooks.passages import features
from kimidoc.types import Answer, Citation, Document, Evidence, Notice, Question

BIAS = "^bias"
QUOTES = 3  # passages that one answer cites
NEAR = 3.0  # how far below the best passage another may score to be cited beside it
LISTED = 32  # places ranked for each question, answered or not
NOTICE = Notice(
    "method.clauses-by-linear-model",
    "For the checks of contract clauses the language model was not asked: a linear model over "
    "words, fitted on 331 labelled contracts (CUAD v1), chose the passages that are quoted and "
    "decided what counts as not found. A quote may still not answer its question, and a clause in "
    "unusual words may have been overlooked.",
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage and how well it answers; 0 and above counts as an answer."""

    start: int
    end: int
    score: float


@cache
def weights() -> dict[str, dict[str, float]]:
    """Feature -> clause -> weight, of the fitted model that comes with kimidoc."""
    text = (files("kimidoc.playbooks") / "clauses.tsv").read_text("utf-8")
    return parsed(text)


def parsed(text: str) -> dict[str, dict[str, float]]:
    """The lines of ``clauses.tsv``: clause, weight, feature; # begins a remark."""
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        if line and not line.startswith("# "):
            clause, weight, feature = line.split("\t")
            found.setdefault(feature, {})[clause] = float(weight)
    return found


def names() -> tuple[str, ...]:
    """The kinds of clauses that the fitted model knows."""
    return tuple(sorted(weights()[BIAS]))


def ranked(
    document: Document, known: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, list[Scored]]:
    """For each clause the passages of a document, the likeliest first, ``LISTED`` of them."""
    table = weights() if known is None else known
    found: dict[str, list[Scored]] = {clause: [] for clause in table[BIAS]}
    for start, end, held in features(document.text):
        scores = dict(table[BIAS])
        for feature in held:
            for clause, weight in table.get(feature, {}).items():
                scores[clause] += weight
        for clause, score in scores.items():
            found[clause].append(Scored(start, end, score))
    return {
        clause: sorted(passages, key=lambda one: (-one.score, one.start))[:LISTED]
        for clause, passages in found.items()
    }


def answer(question: Question, document: Document, passages: list[Scored]) -> Answer:
    """The answer that a clause's ranked passages make; its evidence is that ranking."""
    evidence = tuple(
        Evidence(document.path, one.start, one.end, 1 / (1 + math.exp(-one.score)))
        for one in passages
    )
    if not passages or passages[0].score < 0:
        return Answer(question, "not_found", evidence=evidence, by_rule=True)
    best = passages[0].score
    chosen = [one for one in passages if one.score >= best - NEAR][:QUOTES]
    citations = tuple(Citation.of(document, one.start, one.end) for one in chosen)
    return Answer(question, "found", "", citations, evidence, by_rule=True)

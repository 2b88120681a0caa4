"""A check that names a kind of clause is answered by the passages that ``kimidoc.clauses`` scores.

For each kind a passage at 0 and above answers. That model knows words, not meaning, and is not the
language model: reports say so (``NOTICE``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kimidoc.clauses.model import Model, shipped
from kimidoc.clauses.weights import QUOTES
from kimidoc.types import Answer, Citation, Document, Evidence, Notice, Question

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
class Passage:
    """A passage and how well it answers; 0 and above counts as an answer."""

    start: int
    end: int
    score: float


def ranked(document: Document, model: Model | None = None) -> dict[str, list[Passage]]:
    """For each clause the passages of a document, the likeliest first, ``LISTED`` of them."""
    known = shipped() if model is None else model
    scored = known.scored(document.text)
    places = scored.spans.tolist()
    found = {}
    for column, kind in enumerate(known.kinds):
        scores = scored.logits[:, column]
        best = (-scores).argsort(kind="stable")[:LISTED].tolist()
        found[kind] = [Passage(places[at][0], places[at][1], float(scores[at])) for at in best]
    return found


def answer(question: Question, document: Document, passages: list[Passage]) -> Answer:
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

"""Many questions on one prefix: prompts out, drafts back, every claim verified."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from kimidoc import cite
from kimidoc.ask.parse import parse
from kimidoc.ask.prompts import prompt
from kimidoc.engine.base import Attended, Draft, Engine, Prefix, Progress, silent
from kimidoc.pack import sourcemap
from kimidoc.types import Answer, Evidence, Question, Window

EVIDENCE = 32  # places listed per question
_WORD = re.compile(r"\w+")
_PLAIN = {"the", "a", "an", "is", "are", "of", "to", "and", "in", "it"}
_DECIDED = {"yes", "no", "not", "none"}
_ASKS_WHICH = re.compile(r"^\W*(?:\w+\s+)?(?:who|whom|whose|which|what|where|when|why|how)\b", re.I)


def answer(
    engine: Engine,
    prefix: Prefix,
    questions: Sequence[Question],
    sources: cite.Sources,
    progress: Progress = silent,
) -> tuple[list[Answer], float]:
    """Every question's verified answer, in the order given, and the seconds verifying took.

    Raises what ``Engine.answer`` raises.
    """
    prompts = [prompt(question, prefix.window) for question in questions]
    drafts = engine.answer(prefix, prompts, progress)
    assert [d.id for d in drafts] == [p.id for p in prompts]
    started = perf_counter()
    answers = [
        _verified(question, draft, prefix.window, sources)
        for question, draft in zip(questions, drafts, strict=True)
    ]
    return answers, perf_counter() - started


def _verified(question: Question, draft: Draft, window: Window, sources: cite.Sources) -> Answer:
    evidence = places(window, draft.attended)
    if draft.error is not None:
        return Answer(question, "error", draft.error, evidence=evidence)
    claim = parse(draft.text)
    if claim.abstains:
        return Answer(question, "not_found", evidence=evidence)
    answer = cite.verify(question, claim.answer, claim.quotes, evidence, sources)
    return answer if borne_out(answer) else replace(answer, text="")


def borne_out(answer: Answer) -> bool:
    """Whether every word of an answer stands in its verified quotes or in the question.

    Yes and no apart, where the question can be answered so. What a small model adds of its own is
    not shown: the quote speaks.
    """
    given = " ".join([answer.question.text, *(c.text for c in answer.citations if c.verified)])
    known = set(_WORD.findall(given.casefold())) | _PLAIN
    if not _ASKS_WHICH.search(answer.question.text):
        known |= _DECIDED
    return all(word in known for word in _WORD.findall(answer.text.casefold()))


def places(window: Window, attended: Sequence[Attended]) -> tuple[Evidence, ...]:
    """Where in the documents the attended tokens stand, best first, at most ``EVIDENCE``."""
    found: list[Evidence] = []
    for run in attended:
        for segment, start, end in sourcemap.characters(window, run.start, run.end):
            found.append(Evidence(segment.document.path, start, end, run.score))
    return tuple(found[:EVIDENCE])

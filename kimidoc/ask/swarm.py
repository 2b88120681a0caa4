"""Many questions on one prefix: prompts out, drafts back, every claim verified."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import replace
from time import perf_counter

from kimidoc import cite
from kimidoc.ask.named import Openings
from kimidoc.ask.parse import parse
from kimidoc.ask.prompts import prompt
from kimidoc.ask.watch import Following, Watcher, places
from kimidoc.engine.base import NOBODY, Draft, Engine, Prefix, Progress, Prompt, silent
from kimidoc.types import Answer, Question, Window

_WORD = re.compile(r"\w+")


def answer(
    engine: Engine,
    prefix: Prefix,
    questions: Sequence[Question],
    sources: cite.Sources,
    progress: Progress = silent,
    watcher: Watcher | None = None,
    quotes_alone: Container[str] = (),
    openings: Openings | None = None,
) -> tuple[list[Answer], float]:
    """Every question's verified answer, in the order given, and the seconds verifying took.

    A ``watcher`` is told of places and located quotes on the way; the answers are the same. Of
    questions whose ids are in ``quotes_alone`` no short answer is asked for. ``openings``: what
    ``called`` says of them, where it was asked before. Raises what ``Engine.answer`` raises.
    """
    window = prefix.window
    openings = openings or called(questions, window)
    prompts = [
        prompt(q, window, openings if may_name(q) else None, short=q.id not in quotes_alone)
        for q in questions
    ]
    listener = NOBODY
    if watcher is not None:
        listener = Following(questions, prefix.window, sources, watcher)
    drafts = engine.answer(prefix, prompts, progress, listener)
    assert [d.id for d in drafts] == [p.id for p in prompts]
    started = perf_counter()
    answers = [
        replace(_verified(question, draft, window, sources), named=_named(asked, window))
        for question, asked, draft in zip(questions, prompts, drafts, strict=True)
    ]
    return answers, perf_counter() - started


def called(questions: Sequence[Question], window: Window) -> Openings | None:
    """What the documents are called by, where there are several and a question may name one."""
    several = len(window.segments) > 1
    return Openings.of(window) if several and any(map(may_name, questions)) else None


def may_name(question: Question) -> bool:
    """Whether a question's words are looked through for the document that they name."""
    return question.document is None and question.playbook is None and question.each is not False


def _named(asked: Prompt, window: Window) -> str | None:
    """The path of the document that a prompt was restricted to for the words of its question."""
    if asked.sought is None:
        return None
    assert asked.scope is not None
    segment = window.segment_at(asked.scope[0][0])
    assert segment is not None
    return segment.document.path


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
    """Whether an answer stands, word for word and in one piece, in one of its verified quotes.

    What a small model says in its own words is not shown, yes and no included: asked whether a
    lease can be assigned without consent it wrote "Yes" beside the clause that forbids it.
    """
    said = _WORD.findall(answer.text.casefold())
    for citation in answer.citations:
        words = _WORD.findall(citation.text.casefold()) if citation.verified else []
        if any(words[at : at + len(said)] == said for at in range(len(words))):
            return True
    return not said

"""Kept documents, asked as the product asks: questions whose answers are known, and what was read.

contracts    every category, of every contract
our texts    their own questions, put to each by itself, and the same with another's name
our sets     questions put to a whole folder, some of which nothing in it answers
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kimidoc import pack
from kimidoc.clauses.model import Model
from kimidoc.engine.base import Progress, Prompt, silent
from kimidoc.engine.clausal import ByClause
from kimidoc.engine.constrain import Unit, words
from kimidoc.engine.finding import ByMeaning
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.naming import names
from kimidoc.engine.rereading import Rereading
from kimidoc.engine.votes import Asked, Rules
from kimidoc.errors import UsageError
from kimidoc.indexer.bm25 import overlap
from kimidoc.train import sources
from kimidoc.train.questions import wordings
from kimidoc.train.sources import Labelled, Span
from kimidoc.types import Document, Window

OF_A_SET = 10, 5  # questions of one, with an answer and without, at most
# While they are read; of the six best units so found the likelihood is known.
ASKED_WITH = {"pointed": 0.25, "spans": 1.0, "worth": 2.0, "words": 1.0, "likely": 1.0}
LONGEST_CHARS = 60_000  # of a contract that is asked
RIGHT = 0.5  # token F1 with a labelled span, from which on a quote is right
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt and what answers it: ``golds``, words of which a quote must have most, or
    ``places``, one of which it must hold or be most of: a path and a range of characters.

    Neither: nothing does. ``renamed``: because it names something else (see ``renamed``).
    """

    prompt: Prompt
    golds: tuple[str, ...] = ()
    places: tuple[tuple[str, Span], ...] = ()
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Cases of one window, as they were read."""

    desk: Rereading
    cases: Sequence[Case]
    read: Sequence[Asked]

    def right(self, case: Case, asked: Asked) -> bool:
        """Whether the first quote is."""
        window = self.desk.window
        for unit in self.desk.chosen(asked)[:1]:
            quote = words(window, unit)
            return any(overlap(quote, gold) >= RIGHT for gold in case.golds) or any(
                _holds(window, unit, quote, *place) for place in case.places
            )
        return False


def _holds(window: Window, unit: Unit, quote: str, path: str, span: Span) -> bool:
    """Whether a unit holds a place, or is most of it."""
    segment = window.segment_at(unit[0])
    assert segment is not None
    first, last = window.starts[unit[0]], window.ends[unit[1] - 1]
    if segment.document.path != path or last <= span[0] or span[1] <= first:
        return False
    whole = first <= span[0] and span[1] <= last
    return whole or overlap(quote, segment.document.text[slice(*span)]) >= RIGHT


@dataclass(frozen=True, slots=True)
class Group:
    """Cases of one kind. ``own``: they ask in words of their own, not for kinds of clauses."""

    parts: Sequence[Part]
    own: bool

    def every(self) -> Iterator[tuple[Part, Case, Asked]]:
        """All of them."""
        for part in self.parts:
            for case, asked in zip(part.cases, part.read, strict=True):
                yield part, case, asked

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which cases have an answer."""
        return np.array([bool(case.golds or case.places) for _, case, _ in self.every()])

    @property
    def absent(self) -> tuple[NDArray[np.bool_], ...]:
        """The others by kind: as they were asked, and with another name; each if there are any."""
        renamed = np.array([case.renamed for _, case, _ in self.every()])
        kinds = (~self.present & ~renamed, renamed)
        return tuple(kind for kind in kinds if kind.any()) or kinds[:1]

    def beliefs(self, rules: Rules) -> Floats:
        """In an answer to each."""
        return np.array([asked.belief(rules) for _, _, asked in self.every()])

    def right(self, rules: Rules) -> float:
        """The share of cases with an answer whose first quote is right."""
        for part in self.parts:
            part.desk.use(rules)
        hits = [p.right(c, asked) for p, c, asked in self.every() if c.golds or c.places]
        return share(np.array(hits))


def share(hits: NDArray[np.bool_]) -> float:
    """The share of hits; where there was nothing to hit, nothing was missed."""
    return float(hits.mean()) if hits.size else 1.0


def read(
    engine: LocalEngine, documents: Sequence[Labelled], ask: Callable[[Window], list[Case]],
    clauses: Model | None = None, progress: Progress = silent,
) -> Part:  # fmt: skip
    """The cases of one window of documents, read; everything that has a vote is asked."""
    files = [Document(d.path, "text", "read", d.text) for d in documents]
    window = pack.fit(files, engine.tokenizer, 1 << 30, preamble=engine.preamble)
    desk = engine.desk(engine.prefill(window, progress))
    assert isinstance(desk, Rereading)
    if clauses is not None:
        assert isinstance(desk.finder, ByMeaning), "only what was trained on asks for kinds"
        desk.finder.clauses = ByClause(window, clauses)
    desk.use(replace(desk.rules, **ASKED_WITH))
    asked = ask(window)
    return Part(desk, asked, desk.read([case.prompt for case in asked]))


def held_out(contracts: Path, count: int, seed: int = 0) -> list[Labelled]:
    """Contracts of CUAD's training split that nothing was trained on, in a drawn order.

    Raises UsageError where there are none.
    """
    if not contracts.is_dir():
        raise UsageError(f"{contracts} is not there.", hint="Put the data set there.")
    every = list(sources.cuad(contracts, "train", held=True))
    Random(seed).shuffle(every)
    return [d for d in every if len(d.text) <= LONGEST_CHARS][:count]


def cases(window: Window, documents: Sequence[Labelled], rng: Random) -> list[Case]:
    """Every category that any document has, asked of every document once."""
    by_path = {d.path: d for d in documents}
    every = sorted({g.category for d in documents for g in d.golds if g.category is not None})
    found = []
    for segment in window.segments:
        document = by_path[segment.document.path]
        for category in every:
            spans: list[Span] = [
                s for g in document.golds if g.category == category for s in g.spans
            ]
            prompt = Prompt(
                f"{document.path}:{category}", rng.choice(wordings(category)),
                scope=((segment.start, segment.end),), answer_tokens=0,
            )  # fmt: skip
            found.append(Case(prompt, tuple(document.text[a:b] for a, b in spans)))
    return found


def asked_of_each(window: Window, documents: Sequence[Labelled]) -> list[Case]:
    """Every document's own questions, put to it."""
    found = []
    for document in documents:
        segment = window.segment_of(document.path)
        assert segment is not None
        for number, gold in enumerate(document.golds):
            prompt = Prompt(
                f"{document.path}:{number}", gold.question, scope=((segment.start, segment.end),)
            )
            places = tuple((document.path, span) for span in gold.spans)
            found.append(Case(prompt, places=places))
    return found


def renamed(window: Window, documents: Sequence[Labelled], rng: Random) -> list[Case]:
    """Questions that name what their document does not: one name, or number, in the place of
    another that it holds, drawn from the other documents' questions."""
    every = [n for d in documents for g in d.golds if g.spans for n in _names(g.question)]
    found = []
    for case in asked_of_each(window, documents):
        text, question = _scoped(window, case.prompt).casefold(), case.prompt.question
        own = [n for n in _names(question) if n.casefold() in text]
        if not case.places or not own:
            continue
        name = rng.choice(own)
        alike = [n for n in every if n.casefold() not in text and n.isdigit() == name.isdigit()]
        if alike:
            other = question.replace(name, rng.choice(alike))
            asked = replace(case.prompt, id=f"{case.prompt.id}'", question=other)
            found.append(Case(asked, renamed=True))
    return found


def _names(question: str) -> list[str]:
    named = names(question)
    return [w for w in re.findall(r"\w+", question) if w.casefold() in named]


def _scoped(window: Window, prompt: Prompt) -> str:
    assert prompt.scope is not None
    segment = window.segment_at(prompt.scope[0][0])
    assert segment is not None
    return segment.document.text


def asked_of_set(documents: Sequence[Labelled], rng: Random) -> list[Case]:
    """Some of what is put to all of a set, with and without an answer."""
    golds = [(d, g) for d in documents for g in d.golds]
    found = []
    for present, most in zip((True, False), OF_A_SET, strict=True):
        some = [(d, g) for d, g in golds if bool(g.spans) == present]
        for number, (d, g) in enumerate(rng.sample(some, min(most, len(some)))):
            places = tuple((d.path, span) for span in g.spans)
            found.append(Case(Prompt(f"{d.path}:{present}:{number}", g.question), places=places))
    return found

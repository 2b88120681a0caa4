"""What is asked of a window's documents when the reader is trained, and what they do not answer.

A question is *absent* where its category is not labelled, or where another document of the kind
was asked. A labelled category is put to all documents of a window at once too, now and then naming
the one that is meant: the best blocks of each document are then taken in turn, so that passages of
several documents lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from random import Random

from kimidoc.engine.constrain import Unit
from kimidoc.train.questions import categories, wordings
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

PER_DOCUMENT = 40  # questions that a document answers at most, and as many that it does not
WORDINGS = 2  # of a labelled category of a document
ASIDE, UNNAMED = 6, 16  # other questions of a document with labelled categories, and without
EVERYWHERE = 0.25  # share of questions put to the whole window, of those that one place answers
ACROSS = 12  # categories that are put to all documents of a window
NAMED, NAMED_ALONE = 0.4, 0.1  # share of these that name a document, and of those put to one
_OF_ALL = ("{}", "{}", "In which of the documents? {}", "Of all documents: {}", "Which ones? {}")
_NAMING = ("{1} {0}", "In {0}: {1}", "{1} ({0})", "About {0}. {1}", "Under {0}, {1}", "{0} - {1}")


@dataclass(frozen=True, slots=True)
class Case:
    """A question put to one document of the window, or to all of it (``scope``, in tokens).

    ``every``: what is labelled so in any document answers it.
    """

    segment: Segment
    gold: Gold
    present: bool
    scope: Unit
    every: bool = False


class Pool:
    """Questions of every kind of document, for those that do not answer them."""

    def __init__(self, documents: Iterable[Labelled]) -> None:
        self._golds: dict[str, list[tuple[str, Gold]]] = {}
        for document in documents:
            only = [g for g in document.golds if g.category is None and not g.alone]
            self._golds.setdefault(document.kind, []).extend((document.path, g) for g in only)

    def absent(self, document: Labelled, count: int, rng: Random) -> list[Gold]:
        """Questions that ``document`` does not answer: of the labels it lacks, and of others."""
        held = {g.category for g in document.golds}
        named = [Gold(c, (), c, alone=True) for c in categories() if c not in held]
        named = rng.sample(named, min(len(named), count)) if held - {None} else []
        own = {g.question for g in document.golds}
        every = self._golds.get(document.kind, [])
        some = rng.sample(every, min(len(every), 2 * count))
        far = [g for path, g in some if path != document.path and g.question not in own]
        return [*named, *far[: max(ASIDE, count - len(named))]]


class Asking:
    """Draws the questions of one window."""

    def __init__(
        self, window: Window, documents: Mapping[str, Labelled], pool: Pool, rng: Random
    ) -> None:
        self._window, self._documents, self._pool, self._rng = window, documents, pool, rng

    def cases(self) -> list[Case]:
        """Every document's questions, in the order of the window."""
        return [case for segment in self._window.segments for case in self._cases(segment)]

    def now_and_then_named(self, case: Case) -> Case:
        """The case, of some with its document named."""
        return self.named(case) if self._rng.random() < NAMED_ALONE else case

    def across(
        self, cases: Sequence[Case], ranked: Sequence[Sequence[int]]
    ) -> list[tuple[Case, list[int]]]:
        """Categories put to all documents, with the best blocks of each document in turn."""
        by_name: dict[str, dict[str, tuple[Case, Sequence[int]]]] = {}
        for case, best in zip(cases, ranked, strict=True):
            if case.gold.category is not None:
                own = by_name.setdefault(case.gold.category, {})
                own[case.segment.document.path] = case, best
        several = sorted(name for name, own in by_name.items() if len(own) > 1)
        found = []
        for name in self._rng.sample(several, min(ACROSS, len(several))):
            asked = list(by_name[name].values())
            self._rng.shuffle(asked)
            turns = zip_longest(*(best for _, best in asked))
            best = [b for turn in turns for b in turn if b is not None]
            found.append((self._of_all([case for case, _ in asked]), best))
        return found

    def _of_all(self, asked: Sequence[Case]) -> Case:
        """A case of the whole window; where it names a document, only that one answers."""
        whole = 0, len(self._window.tokens)
        if self._rng.random() < NAMED:
            return replace(self.named(asked[0]), scope=whole)
        case = next((case for case in asked if case.present), asked[0])
        words = self._rng.choice(_OF_ALL).format(case.gold.question)
        return replace(case, gold=replace(case.gold, question=words), scope=whole, every=True)

    def named(self, case: Case) -> Case:
        """The case with its document named in the question."""
        document = self._documents[case.segment.document.path]
        form = self._rng.choice(_NAMING)
        words = form.format(self._name(document), case.gold.question)
        return replace(case, gold=replace(case.gold, question=words))

    def _name(self, document: Labelled) -> str:
        """A document by its labelled title and one of its parties, or by its file."""
        held = {g.category: g.spans for g in document.golds}
        parts = [
            " ".join(document.text[slice(*self._rng.choice(held[label]))].split())
            for label in ("Document Name", "Parties")
            if label in held
        ]
        if not parts:
            return document.path.rpartition("/")[2]
        return f"the {parts[0]}" + "".join(f" of {party}" for party in parts[1:])

    def _cases(self, segment: Segment) -> list[Case]:
        """Questions the document answers, and about as many that it does not."""
        document = self._documents[segment.document.path]
        named = [g for g in document.golds if g.category is not None] * WORDINGS
        rest = [g for g in document.golds if g.category is None]
        there = named + self._rng.sample(rest, min(len(rest), ASIDE if named else UNNAMED))
        there = there[:PER_DOCUMENT]
        absent = self._pool.absent(document, len(there), self._rng)
        return [self._case(segment, g, True) for g in there] + [
            self._case(segment, g, False) for g in absent
        ]

    def _case(self, segment: Segment, gold: Gold, present: bool) -> Case:
        scope = segment.start, segment.end
        if not gold.alone and self._rng.random() < EVERYWHERE:
            scope = 0, len(self._window.tokens)
        return Case(segment, self._worded(gold), present, scope)

    def _worded(self, gold: Gold) -> Gold:
        if gold.category is None:
            return gold
        return replace(gold, question=self._rng.choice(wordings(gold.category)))

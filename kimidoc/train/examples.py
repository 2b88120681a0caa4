"""What the reader is trained on: passages as the product chooses them, and what to say to each.

The indexer ranks the blocks of a document, or of a window, for every question (``ranked``). The
best are the passages, whether they answer or not. Where the document answers and the passages do
not hold the place, one of them makes room for it, or the question is left out. A question is
*absent* where its category is not labelled, or where another document of the kind was asked.

What is to be found is a unit of the passages: each is worth the F1 of its tokens with the labelled
span it shares most with, and is 0 where it shares none. What is to be said stands behind the best
one, quoted: the labelled words where they are few, or nothing.

A labelled category is put to all documents of a window at once too, now and then naming the one
that is meant. The best blocks of each document are then taken in turn, so that passages of several
documents lie side by side.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from random import Random

from kimidoc.ask.prompts import INSTRUCTION
from kimidoc.engine.constrain import Unit
from kimidoc.engine.passages import PASSAGES, Cutter, Passages
from kimidoc.engine.writing import ANSWER, END_ANSWER, END_QUOTE, QUOTE, turn
from kimidoc.models.load import LoadedModel
from kimidoc.train.questions import categories, wordings
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

ANSWER_TOKENS = 16  # a labelled span of so many is a short answer
PER_DOCUMENT = 40  # questions that a document answers at most, and as many that it does not
WORDINGS = 2  # of a labelled category of a document
ASIDE, UNNAMED = 6, 16  # other questions of a document with labelled categories, and without
EVERYWHERE = 0.25  # share of questions put to the whole window, of those that one place answers
ACROSS = 12  # categories that are put to all documents of a window
NAMED, NAMED_ALONE = 0.4, 0.1  # share of these that name a document, and of those put to one
_OF_ALL = ("{}", "{}", "In which of the documents? {}", "Of all documents: {}", "Which ones? {}")
_NAMING = ("{1} {0}", "In {0}: {1}", "{1} ({0})", "About {0}. {1}", "Under {0}, {1}", "{0} - {1}")


@dataclass(frozen=True, slots=True)
class Example:
    """``context`` token ids are read; ``kind`` of document.

    ``ends``: where in the context the last token of each unit stands that may be quoted; ``worth``
    of each, all 0 where the question has no answer. ``target``: what is to be said behind the
    context, the best unit's quote first; its first ``given`` tokens are given and not learned.
    """

    context: list[int]
    target: list[int]
    kind: str
    present: bool
    question: str
    ends: list[int] = field(default_factory=list)
    worth: list[float] = field(default_factory=list)
    given: int = 0


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


class Writer:
    """The tokens of what is asked and of what is to be said, as the product feeds them."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._frame, self._tokenizer = loaded.frame, loaded.tokenizer

    def ids(self, text: str) -> list[int]:
        """A text's tokens."""
        return list(self._tokenizer.encode([text])[0].ids)

    def turn(self, question: str) -> list[int]:
        """What stands behind the passages."""
        return turn(self._tokenizer, self._frame, INSTRUCTION, question)[0]

    def said(self, quote: Sequence[int], answer: Sequence[int]) -> tuple[list[int], int]:
        """A quote and a short answer, if there is one; and how many of these tokens are given."""
        given = [*self.ids(QUOTE), *quote]
        end = [*self.ids(END_QUOTE), min(self._frame.stop_ids)]
        if answer:
            end = [*self.ids(ANSWER), *answer, *self.ids(END_ANSWER)]
        return [*given, *end], len(given)


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


class Builder:
    """Makes the examples of one window; ``documents`` are what stands in it.

    ``block``: of how many tokens the blocks are that are ranked.
    """

    def __init__(
        self,
        window: Window,
        loaded: LoadedModel,
        documents: Sequence[Labelled],
        pool: Pool,
        block: int,
        rng: Random,
    ) -> None:
        self._window, self._rng, self._pool, self._block = window, rng, pool, block
        self._documents = {d.path: d for d in documents}
        self._writer = Writer(loaded)
        preamble = loaded.frame.preamble_ids
        self._cutter = Cutter(self._window, loaded.tokenizer, preamble, self._block)

    def cases(self) -> list[Case]:
        """What is asked; in the order in which ``made`` takes the ranks."""
        return [case for segment in self._window.segments for case in self._cases(segment)]

    def made(self, cases: Sequence[Case], ranked: Sequence[Sequence[int]]) -> list[Example]:
        """One for every question whose place can be shown; ``ranked``: blocks, the best first."""
        found = [
            self._one(self._named(case) if self._rng.random() < NAMED_ALONE else case, best)
            for case, best in zip(cases, ranked, strict=True)
        ]
        found += [self._one(case, best) for case, best in self._across(cases, ranked)]
        return [example for example in found if example is not None]

    def _across(
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
            return replace(self._named(asked[0]), scope=whole)
        case = next((case for case in asked if case.present), asked[0])
        words = self._rng.choice(_OF_ALL).format(case.gold.question)
        return replace(case, gold=replace(case.gold, question=words), scope=whole, every=True)

    def _named(self, case: Case) -> Case:
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

    def _one(self, case: Case, ranked: Sequence[int]) -> Example | None:
        segment, best = case.segment, list(ranked[:PASSAGES])
        places = self._places(case) if case.present else []
        blocks = self._shown(best, places) if case.present else best
        if blocks is None:
            return None
        cut = self._cutter.cut(case.gold.question, blocks, (case.scope,))
        worth = [_worth(unit, places) for unit in cut.units]
        if case.present and not any(worth):
            return None
        said = self._said(cut, worth, places) if case.present else ([], 0)
        return Example(
            [*cut.ids, *self._writer.turn(case.gold.question)],
            said[0],
            self._documents[segment.document.path].kind,
            case.present,
            case.gold.question,
            list(cut.ends),
            worth,
            said[1],
        )

    def _places(self, case: Case) -> list[Unit]:
        """The window tokens of each labelled span that answers."""
        if not case.every:
            return self._tokens(case.segment, case.gold)
        return [
            place
            for segment in self._window.segments
            for gold in self._documents[segment.document.path].golds
            if gold.category == case.gold.category
            for place in self._tokens(segment, gold)
        ]

    def _tokens(self, segment: Segment, gold: Gold) -> list[Unit]:
        window, found = self._window, []
        for low, high in gold.spans:
            first = bisect_right(window.ends, low, segment.body, segment.end)
            last = bisect_left(window.starts, high, segment.body, segment.end)
            if first < last:
                found.append((first, last))
        return found

    def _shown(self, best: list[int], places: Sequence[Unit]) -> list[int] | None:
        """The blocks to read; a block that answers is put among them, seven times of ten."""
        answering = sorted({t // self._block for a, b in places for t in range(a, b)})
        if not answering or set(answering) & set(best):
            return best if answering else None
        if self._rng.random() > 0.7:
            return None
        return [*best[: PASSAGES - 1], self._rng.choice(answering)]

    def _said(
        self, cut: Passages, worth: Sequence[float], places: Sequence[Unit]
    ) -> tuple[list[int], int]:
        """What to say behind the best unit: the labelled words in it, where they are few."""
        start, end = cut.units[max(range(len(worth)), key=worth.__getitem__)]
        inside = [(a, b) for a, b in places if start <= a and b <= end and b - a <= ANSWER_TOKENS]
        a, b = inside[0] if inside else (0, 0)
        tokens = self._window.tokens
        return self._writer.said(list(tokens[start:end]), list(tokens[a:b]))


def _worth(unit: Unit, places: Sequence[Unit]) -> float:
    """The best F1 of a unit's tokens with those of a place."""
    start, end = unit
    shared = (2 * max(0, min(end, b) - max(start, a)) / (end - start + b - a) for a, b in places)
    return round(max(shared, default=0.0), 4)


def save(examples: Sequence[Example], file: Path) -> None:
    """Write them down, one a line; the file is there once it is whole."""
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8") as lines:
        for example in examples:
            lines.write(json.dumps(asdict(example)) + "\n")
    new.replace(file)


def load(folder: Path) -> list[Example]:
    """Every example kept in ``folder``, by file."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            found += [Example(**json.loads(line)) for line in lines]
    return found

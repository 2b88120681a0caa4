"""What the reader is trained on: passages as the product chooses them, and what to say to each.

The indexer ranks the blocks of a document, or of a window, for every question (``ranked``). The
best are the passages, whether they answer or not. Where the document answers and the passages do
not hold the place, one of them makes room for it, or the question is left out. A question is
*absent* where its category is not labelled, or where another document of the kind was asked.

The target is what the product writes: up to two units as quotes, then a short answer where the
labelled words are short; or NOT FOUND.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random

from kimidoc.ask.prompts import INSTRUCTION
from kimidoc.engine.constrain import Unit, units, words
from kimidoc.engine.passages import PASSAGES, Cutter
from kimidoc.engine.writing import ANOTHER, ANSWER, NOT_FOUND, QUOTE, turn
from kimidoc.models.load import LoadedModel
from kimidoc.train.questions import categories, wordings
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

ANSWER_TOKENS = 16  # a labelled span of so many is a short answer
QUOTES, QUOTE_TOKENS = 2, 96
PER_DOCUMENT = 40  # questions that a document answers at most, and as many that it does not
WORDINGS = 2  # of a labelled category of a document
ASIDE, UNNAMED = 6, 16  # other questions of a document with labelled categories, and without
EVERYWHERE = 0.25  # share of questions put to the whole window, of those that one place answers


@dataclass(frozen=True, slots=True)
class Example:
    """``context`` token ids are read, ``target`` ids are to be said; ``kind`` of document.

    ``begins``: where in the target the words of a quote begin.
    """

    context: list[int]
    target: list[int]
    kind: str
    present: bool
    question: str
    begins: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Case:
    """A question put to one document of the window, or to all of it (``scope``, in tokens)."""

    segment: Segment
    gold: Gold
    present: bool
    scope: Unit


class Writer:
    """The tokens of what is asked and of what is to be said, as the product feeds them."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._frame, self._tokenizer = loaded.frame, loaded.tokenizer
        self.not_found = [*self.ids(NOT_FOUND), min(loaded.frame.stop_ids)]

    def ids(self, text: str) -> list[int]:
        """A text's tokens."""
        return list(self._tokenizer.encode([text])[0].ids)

    def turn(self, question: str) -> list[int]:
        """What stands behind the passages."""
        return turn(self._tokenizer, self._frame, INSTRUCTION, question)[0]

    def said(self, quotes: Sequence[Sequence[int]], answer: str) -> tuple[list[int], list[int]]:
        """Quotes and a short answer, if there is one; and where each quote begins in it."""
        out, begins = list[int](), list[int]()
        for number, quote in enumerate(quotes):
            out += self.ids(ANOTHER if number else QUOTE)
            begins.append(len(out))
            out += quote
        if answer:
            out += [*self.ids(ANSWER), *self.ids(answer), *self.ids("</answer>")]
        else:
            out += self.ids("</quote>")
        return [*out, min(self._frame.stop_ids)], begins


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
        found = (self._one(case, best) for case, best in zip(cases, ranked, strict=True))
        return [example for example in found if example is not None]

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
        cut = self._cutter.cut(blocks, (case.scope,))
        said = self._said(places, cut.spans) if case.present else (self._writer.not_found, [])
        if said is None:
            return None
        return Example(
            [*cut.ids, *self._writer.turn(case.gold.question)],
            said[0],
            self._documents[segment.document.path].kind,
            case.present,
            case.gold.question,
            said[1],
        )

    def _places(self, case: Case) -> list[Unit]:
        """The window tokens of each labelled span."""
        window, segment, found = self._window, case.segment, []
        for low, high in case.gold.spans:
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
        self, places: Sequence[Unit], shown: Sequence[Unit]
    ) -> tuple[list[int], list[int]] | None:
        """What to write; None where no unit that begins in the passages holds labelled words."""
        quotes: list[Unit] = []
        answer = ""
        for low, high in places:
            for start, end in shown:
                a, b = max(start, low), min(end, high)
                if a >= b or len(quotes) == QUOTES:
                    continue
                whole = [
                    (p, q)
                    for p, q in units(self._window, a, b)
                    if p >= start and min(q, p + QUOTE_TOKENS) <= end  # what is quoted can be read
                ]
                if not whole:
                    continue
                like = [(min(q, b) - max(p, a)) / (q - p + high - low) for p, q in whole]  # F1 / 2
                unit = whole[like.index(max(like))]
                if unit in quotes:
                    continue
                quotes.append(unit)
                if not answer and high - low <= ANSWER_TOKENS:
                    answer = words(self._window, (low, high))
        tokens = self._window.tokens
        cut = [list(tokens[a : min(b, a + QUOTE_TOKENS)]) for a, b in quotes]
        return self._writer.said(cut, answer) if cut else None


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

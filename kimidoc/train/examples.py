"""What the reader is trained on: passages as the product chooses them, and what to say to each.

The indexer ranks the blocks of a document, or of a window, for every question (``ranked``). The
best are the passages, whether they answer or not. Where the document answers and the passages do
not hold the place, one of them makes room for it, or the question is left out.

What is to be found is a unit of the passages: each is worth the F1 of its tokens with the labelled
span it shares most with, and is 0 where it shares none. What is to be said stands behind the best
one, quoted: the labelled words where they are few, or nothing.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from kimidoc.ask.prompts import INSTRUCTION
from kimidoc.engine.constrain import Unit
from kimidoc.engine.passages import PASSAGES, Cutter, Passages
from kimidoc.engine.writing import ANSWER, END_ANSWER, END_QUOTE, QUOTE, turn
from kimidoc.models.load import LoadedModel
from kimidoc.train.cases import Asking, Case, Pool
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

ANSWER_TOKENS = 16  # a labelled span of so many is a short answer


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
        self._window, self._rng, self._block = window, rng, block
        self._documents = {d.path: d for d in documents}
        self._asking = Asking(window, self._documents, pool, rng)
        self._writer = Writer(loaded)
        preamble = loaded.frame.preamble_ids
        self._cutter = Cutter(self._window, loaded.tokenizer, preamble, self._block)

    def cases(self) -> list[Case]:
        """What is asked; in the order in which ``made`` takes the ranks."""
        return self._asking.cases()

    def made(self, cases: Sequence[Case], ranked: Sequence[Sequence[int]]) -> list[Example]:
        """One for every question whose place can be shown; ``ranked``: blocks, the best first."""
        found = [
            self._one(self._asking.now_and_then_named(case), best)
            for case, best in zip(cases, ranked, strict=True)
        ]
        found += [self._one(case, best) for case, best in self._asking.across(cases, ranked)]
        return [example for example in found if example is not None]

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

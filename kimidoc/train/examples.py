"""What the reader is trained on: passages as the product chooses them, and what to say to each.

Documents are read as the product reads them and the indexer ranks their blocks for every question.
The best of these are the passages, whether they answer or not. Where the document answers and the
passages do not hold the place, one of them makes room for it, or the question is left out. A
question is *absent* where its category is not labelled, or where it was asked of another document.

The target is what the product writes: up to two units as quotes, then a short answer where the
labelled words are short; or NOT FOUND.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kimidoc.ask.prompts import INSTRUCTION
from kimidoc.engine.base import Prompt
from kimidoc.engine.constrain import Unit, units, words
from kimidoc.engine.finding import Finder
from kimidoc.engine.passages import PASSAGES, Cutter
from kimidoc.engine.reading import Reader
from kimidoc.engine.writing import ANOTHER, ANSWER, NOT_FOUND, QUOTE, turn
from kimidoc.models.load import LoadedModel
from kimidoc.train.questions import wordings
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

ANSWER_TOKENS = 16  # a labelled span of so many is a short answer
QUOTES, QUOTE_TOKENS = 2, 96
PER_DOCUMENT = 24  # questions of one document at most, present and absent alike in number


@dataclass(frozen=True, slots=True)
class Example:
    """``context`` token ids are read, ``target`` ids are to be said; ``kind`` of document."""

    context: list[int]
    target: list[int]
    kind: str
    present: bool
    question: str


@dataclass(frozen=True, slots=True)
class _Case:
    """A question put to one document of the window."""

    segment: Segment
    gold: Gold
    present: bool


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

    def said(self, quotes: Sequence[Sequence[int]], answer: str) -> list[int]:
        """Quotes and a short answer, if there is one."""
        out: list[int] = []
        for number, quote in enumerate(quotes):
            out += [*self.ids(ANOTHER if number else QUOTE), *quote]
        if answer:
            out += [*self.ids(ANSWER), *self.ids(answer), *self.ids("</answer>")]
        else:
            out += self.ids("</quote>")
        return [*out, min(self._frame.stop_ids)]


class Builder:
    """Makes the examples of one window that was read; ``documents`` are what stands in it."""

    def __init__(
        self,
        window: Window,
        finder: Finder,
        documents: Sequence[Labelled],
        reader: Reader,
        rng: Random,
    ) -> None:
        self._finder, self._window, self._rng = finder, window, rng
        self._documents = {d.path: d for d in documents}
        self._block = reader.plan.budget.block_tokens
        self._writer = Writer(reader.loaded)
        preamble = reader.loaded.frame.preamble_ids
        self._cutter = Cutter(self._window, reader.loaded.tokenizer, preamble, self._block)

    def made(self) -> list[Example]:
        """One for every question whose place can be shown."""
        cases = [case for segment in self._window.segments for case in self._cases(segment)]
        prompts = [
            Prompt(str(n), case.gold.question, scope=((case.segment.start, case.segment.end),))
            for n, case in enumerate(cases)
        ]
        looks = self._finder.look(prompts)
        found = (self._one(case, look.scores) for case, look in zip(cases, looks, strict=True))
        return [example for example in found if example is not None]

    def _cases(self, segment: Segment) -> list[_Case]:
        """Questions the document answers, and as many that it does not."""
        document = self._documents[segment.document.path]
        there = self._rng.sample(document.golds, min(len(document.golds), PER_DOCUMENT // 2))
        held = {g.category for g in document.golds} | {g.question for g in document.golds}
        far = [g for d in self._documents.values() for g in d.golds]
        far = [g for g in far if not {g.category, g.question} & (held - {None})]
        if any(g.category for g in document.golds):  # its unlabelled categories are known absent
            far = [g for g in far if g.category is not None] or far
        absent = self._rng.sample(far, min(len(far), len(there)))
        cases = [_Case(segment, self._worded(g), True) for g in there]
        return cases + [_Case(segment, self._worded(g), False) for g in absent]

    def _worded(self, gold: Gold) -> Gold:
        if gold.category is None:
            return gold
        return replace(gold, question=self._rng.choice(wordings(gold.category)))

    def _one(self, case: _Case, scores: NDArray[np.float32]) -> Example | None:
        segment = case.segment
        allowed = np.arange(segment.start // self._block, -(-segment.end // self._block))
        best = allowed[np.argsort(-scores[allowed], kind="stable")][:PASSAGES].tolist()
        places = self._places(case) if case.present else []
        blocks = self._shown(best, places) if case.present else best
        if blocks is None:
            return None
        cut = self._cutter.cut(blocks, ((segment.start, segment.end),))
        said = self._said(places, cut.spans) if case.present else self._writer.not_found
        if said is None:
            return None
        return Example(
            [*cut.ids, *self._writer.turn(case.gold.question)],
            said,
            self._documents[segment.document.path].kind,
            case.present,
            case.gold.question,
        )

    def _places(self, case: _Case) -> list[Unit]:
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

    def _said(self, places: Sequence[Unit], shown: Sequence[Unit]) -> list[int] | None:
        """What to write; None where no unit that begins in the passages holds labelled words."""
        quotes: list[Unit] = []
        answer = ""
        for low, high in places:
            for start, end in shown:
                a, b = max(start, low), min(end, high)
                if a >= b or len(quotes) == QUOTES:
                    continue
                whole = units(self._window, a, b)
                if not whole:
                    continue
                held = [min(q, b) - max(p, a) for p, q in whole]
                unit = whole[held.index(max(held))]
                if unit[0] < start or unit in quotes:
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

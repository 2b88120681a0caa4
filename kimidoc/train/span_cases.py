"""What the span head is trained on: passages, a question before them, and the words that answer.

As the product cuts them (``engine.passages``): the blocks that hold the answer, and beside them
(``Beside``) blocks that share words with the question. An answer is some words of a unit, or the
whole unit where it fills most of it. Passages without one are asked too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from kimidoc.engine.constrain import Unit
from kimidoc.engine.lexical import LexicalPrior, content
from kimidoc.engine.passages import Cutter
from kimidoc.models.load import LoadedModel
from kimidoc.models.nano.spans import layout
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

MOST_BLOCKS = 4
FILLED = 0.7  # an answer that fills so much of a unit is all of it


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside an answer.

    ``counts``: how many blocks, one of these. ``from_all``: the share of cases in which they come
    from any document of the window. ``at_random``: so many of them need share no words.
    ``left_out``: the share of cases in which the answer's own blocks are left out and nothing
    answers, as in most of what a whole window is asked.
    """

    counts: tuple[int, ...] = (0, 0, 0, 1, 1, 1, 1, 2, 2)
    from_all: float = 0.3
    at_random: int = 0
    left_out: float = 0.0


ALONE = Beside()  # a document asked by itself


@dataclass(frozen=True, slots=True)
class SpanCase:
    """``context``: what is read. All else are ranges in it, end exclusive.

    ``question``: its words; ``units``: what may be quoted, in order; ``spans``: words that answer,
    each inside a unit; ``whole``: numbers of units that answer as they are. Neither: no answer.
    """

    path: str
    kind: str
    context: tuple[int, ...]
    question: Unit
    units: tuple[Unit, ...]
    spans: tuple[Unit, ...]
    whole: tuple[int, ...]

    @property
    def answered(self) -> bool:
        """Whether anything does."""
        return bool(self.spans or self.whole)

    @property
    def layout(self) -> tuple[list[int], list[int]]:
        """The places of all tokens that the head looks at, and the unit of each."""
        return layout(self.question, self.units)

    def answers(self) -> set[int]:
        """The numbers of the units that answer, by themselves or by words in them."""
        of = dict(zip(*self.layout, strict=True))
        return {*self.whole, *(of[first] for first, _ in self.spans)}


class SpanCases:
    """Makes the cases of one window; ``documents`` are what stands in it."""

    def __init__(
        self,
        window: Window,
        loaded: LoadedModel,
        documents: Sequence[Labelled],
        block: int,
        rng: Random,
        beside: Beside = ALONE,
    ) -> None:
        self._window, self._block, self._rng, self._beside = window, block, rng, beside
        self._documents = {d.path: d for d in documents}
        self._cutter = Cutter(window, loaded.tokenizer, loaded.frame.preamble_ids, block)
        self._prior = LexicalPrior(window, block)

    def made(self) -> Iterator[SpanCase]:
        """One for every question of every document, in the window's order."""
        for segment in self._window.segments:
            for gold in self._documents[segment.document.path].golds:
                case = self._one(segment, gold)
                if case is not None:
                    yield case

    def _one(self, segment: Segment, gold: Gold) -> SpanCase | None:
        places = [place for span in gold.spans for place in self._tokens(segment, *span)]
        blocks = self._blocks(segment, gold, places)
        if gold.spans and self._rng.random() < self._beside.left_out:
            others = self._without(segment, gold, places)
            gold, blocks = (Gold(gold.question, ()), others) if others else (gold, blocks)
        cut = self._cutter.cut(gold.question, blocks, ((0, len(self._window.tokens)),))
        units = [
            (last - (q - p) + 1, last + 1) for (p, q), last in zip(cut.units, cut.ends, strict=True)
        ]
        spans, whole = list[Unit](), list[int]()
        for number, ((p, q), (start, _)) in enumerate(zip(cut.units, units, strict=True)):
            for a, b in places:
                low, high = max(a, p), min(b, q)
                if high - low >= FILLED * (q - p):
                    whole.append(number)
                elif low < high and (a, b) == (low, high):
                    spans.append((start + low - p, start + high - p))
        if gold.spans and not spans and not whole:
            return None
        kind = self._documents[segment.document.path].kind
        told = tuple(spans), tuple(whole)
        return SpanCase(segment.document.path, kind, cut.ids, cut.question, tuple(units), *told)

    def _tokens(self, segment: Segment, low: int, high: int) -> Iterator[Unit]:
        first = bisect_right(self._window.ends, low, segment.body, segment.end)
        last = bisect_left(self._window.starts, high, segment.body, segment.end)
        if first < last:
            yield first, last

    def _blocks(self, segment: Segment, gold: Gold, places: Sequence[Unit]) -> list[int]:
        """Those of the answer, if not too many, and some that share the question's words."""
        own = self._own(places)[:MOST_BLOCKS]
        count = self._rng.choice(self._beside.counts) + (not own)
        more = [b for b in self._order(segment, gold.question) if b not in own]
        return [*own, *self._some(more, min(count, MOST_BLOCKS - len(own)))]

    def _without(self, segment: Segment, gold: Gold, places: Sequence[Unit]) -> list[int]:
        """Others, none of them so near that the answer could be read there."""
        own = self._own(places)
        far = (b for b in self._order(segment, gold.question) if all(abs(b - o) > 1 for o in own))
        return self._some(list(far), MOST_BLOCKS)

    def _own(self, places: Sequence[Unit]) -> list[int]:
        return sorted({t // self._block for a, b in places for t in (a, b - 1)})

    def _order(self, segment: Segment, question: str) -> list[int]:
        """The blocks of the document, or of all, that share most words first."""
        low, high = segment.body // self._block, -(-segment.end // self._block)
        if self._rng.random() < self._beside.from_all:
            low, high = 0, self._prior.blocks
        scores = self._prior.scores(content([question]))[low:high]
        return [low + int(n) for n in np.argsort(-scores, kind="stable")]

    def _some(self, order: Sequence[int], count: int) -> list[int]:
        """The first of them, and the last few at random."""
        sure = max(0, count - self._beside.at_random) if len(order) > count else count
        rest = order[sure:]
        return [*order[:sure], *self._rng.sample(rest, min(len(rest), count - sure))]

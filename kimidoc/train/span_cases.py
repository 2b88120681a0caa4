"""What the span head is trained on: passages, a question before them, and the words that answer.

As the product cuts them (``engine.passages``), but fewer: the blocks that hold the answer, and
blocks that share words with the question beside them. An answer is some words of a unit, or the
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
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Segment, Window

BESIDE = (0.35, 0.75)  # share of cases with no block beside the answer's, with at most one
FROM_ALL = 0.3  # share of cases whose blocks beside come from any document of the window
MOST_BLOCKS = 4
FILLED = 0.7  # an answer that fills so much of a unit is all of it


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


class SpanCases:
    """Makes the cases of one window; ``documents`` are what stands in it."""

    def __init__(
        self,
        window: Window,
        loaded: LoadedModel,
        documents: Sequence[Labelled],
        block: int,
        rng: Random,
    ) -> None:
        self._window, self._block, self._rng = window, block, rng
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
        own = sorted({t // self._block for a, b in places for t in (a, b - 1)})[:MOST_BLOCKS]
        drawn = self._rng.random()
        beside = sum(drawn >= share for share in BESIDE) + (not own)
        low, high = segment.body // self._block, -(-segment.end // self._block)
        if self._rng.random() < FROM_ALL:
            low, high = 0, self._prior.blocks
        scores = self._prior.scores(content([gold.question]))[low:high]
        order = [low + int(n) for n in np.argsort(-scores, kind="stable")]
        more = [b for b in order if b not in own][: min(beside, MOST_BLOCKS - len(own))]
        return [*own, *more]

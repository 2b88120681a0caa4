"""The linear model of clauses on a window: a named vote, where a question asks for a kind.

``indexer.kinds`` says which kind of clause a question asks for, and how surely; ``clauses`` scores
every passage for that kind by its words, fitted on labelled contracts. Both are asked for nothing
else: a question that asks for no kind is answered without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kimidoc.clauses.model import Model, Scored, shipped
from kimidoc.engine.constrain import Unit
from kimidoc.types import Segment, Window

Floats = NDArray[np.float64]
CLIP = 6.0  # a passage's log-odds beyond this say no more
SURE = 0.5  # a kind less likely than this has no vote


@dataclass(frozen=True, slots=True)
class Sought:
    """The kind of clause that a question asks for and how likely it does."""

    kind: str
    share: float


class ByClause:
    """Scores of a window's passages; a document is scored when it is first asked about."""

    def __init__(self, window: Window, model: Model | None = None) -> None:
        self.window, self._given = window, model
        self._known: dict[int, Scored] = {}

    @cached_property
    def _model(self) -> Model:
        """Parsed when a question first asks for a kind."""
        return self._given or shipped()

    def blocks(self, sought: Sought, block_tokens: int, scope: Sequence[Unit] | None) -> Floats:
        """The best clipped log-odds in every block, times how likely it is sought: [N].

        Blocks outside ``scope`` and without a passage get -CLIP.
        """
        count = -(-len(self.window.tokens) // block_tokens)
        best = np.full(count, -CLIP)
        for segment in self.window.segments:
            if scope is not None and not any(
                low < segment.end and segment.body < high for low, high in scope
            ):
                continue
            first, last, logits = self._placed(segment, sought.kind)
            for at in (first // block_tokens, last // block_tokens):
                np.maximum.at(best, at, logits)
        return best * sought.share

    def worth(self, sought: Sought, units: Sequence[Unit]) -> Floats:
        """The same of units, each by the passages that it shares half of the shorter with."""
        found = np.full(len(units), -CLIP)
        for number, (start, end) in enumerate(units):
            segment = self.window.segment_at(start)
            assert segment is not None
            first, last, logits = self._placed(segment, sought.kind)
            shared = np.minimum(end, last + 1) - np.maximum(start, first)
            near = 2 * shared >= np.minimum(end - start, last + 1 - first)
            if near.any():
                found[number] = logits[near].max()
        return found * sought.share

    def _placed(
        self, segment: Segment, kind: str
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """A document's passages: first and last token [P] each, clipped log-odds [P]."""
        scored = self._known.get(segment.start)
        if scored is None:
            scored = self._known[segment.start] = self._scored(segment)
        spans = scored.spans
        return spans[:, 0], spans[:, 1], scored.logits[:, self._model.kinds.index(kind)]

    def _scored(self, segment: Segment) -> Scored:
        """Spans in tokens of the window, the last one's place included."""
        scored = self._model.scored(segment.document.text)
        ends = np.frombuffer(self.window.ends, dtype=np.int32)[segment.body : segment.end]
        inside = scored.spans[:, 0] < (ends[-1] if len(ends) else 0)  # a document may be cut
        spans = scored.spans[inside]
        first = np.searchsorted(ends, spans[:, 0], side="right")
        starts = np.frombuffer(self.window.starts, dtype=np.int32)[segment.body : segment.end]
        last = np.searchsorted(starts, spans[:, 1], side="left") - 1
        placed = np.stack([first, last], 1) + segment.body
        return Scored(placed, np.clip(scored.logits[inside], -CLIP, CLIP))

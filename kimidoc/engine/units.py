"""How much of a question's wording a unit of text holds: a lexical rule, named and weighted.

A unit is what a quote may be: from one of ``constrain``'s starts to the next end. Its overlap is
the share of the question's words it holds, each weighted by how rare it is in the window (BM25's
idf), or, for a check that names lexical anchors, what those anchors earn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kimidoc.engine.constrain import Runs
from kimidoc.engine.lexical import LexicalPrior, content, terms
from kimidoc.types import Window

ANCHOR = 0.5  # what the first anchor in a unit earns; each further one half of what is left


def unit_end(source: Runs, start: int) -> int:
    """The last token of the unit that begins at ``start``."""
    end = start
    while end not in source.ends and end + 1 < source.limit[start] and end - start < 128:
        end += 1
    return end


class Overlap:
    """Scores units for one question. ``anchors`` are a check's terms; may be empty."""

    def __init__(
        self,
        window: Window,
        prior: LexicalPrior,
        question: str,
        anchors: Sequence[str],
    ) -> None:
        self._window = window
        self._weights = {term: prior.idf(term) for term in content([question])}
        self._total = sum(self._weights.values()) or 1.0
        self._anchors = [tuple(terms(anchor)) for anchor in anchors]

    def of(self, source: Runs) -> NDArray[np.float32]:
        """The overlap of the unit at every start: [len(source.starts)], in [0, 1]."""
        return np.array([self._unit(source, int(p)) for p in source.starts], dtype=np.float32)

    def _unit(self, source: Runs, start: int) -> float:
        end = unit_end(source, start)
        segment = self._window.segment_at(start)
        assert segment is not None
        text = segment.document.text[self._window.starts[start] : self._window.ends[end]]
        held = terms(text)
        words = set(held)
        share = sum(w for t, w in self._weights.items() if t in words) / self._total
        return max(share, self._anchored(held))

    def _anchored(self, held: Sequence[str]) -> float:
        joined = " " + " ".join(held) + " "
        left = 1.0
        for anchor in self._anchors:
            if f" {' '.join(anchor)} " in joined:
                left *= 1 - ANCHOR if len(anchor) > 1 else 1 - ANCHOR / 2
        return 1.0 - left

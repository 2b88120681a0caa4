"""The words of a window, and how unexpected each was to the model.

Words, not tokens: how a tokenizer cuts depends on the white space before a word, so the same
passage wrapped differently would not be the same passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kimidoc.types import Document, Window

# A run of letters and digits, or a sign; a rule of dashes, spaced or not, is one sign.
WORD = re.compile(r"\w+|([^\w\s])(?:[ \t]?\1)*")
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """All words of all packed documents, in window order: N of them.

    ``ids`` [N]: equal where the words are; ``starts``, ``ends`` [N]: characters in the word's own
    document; ``nats`` [N]: the surprisal of a word's tokens, added up. ``bounds[i]`` is the first
    word of document i, ``bounds[-1]`` is N.
    """

    documents: tuple[Document, ...]
    ids: Integers
    starts: Integers
    ends: Integers
    nats: Floats
    bounds: tuple[int, ...]

    def text(self, at: int) -> str:
        """The word itself."""
        document = self.documents[int(np.searchsorted(self.bounds, at, side="right")) - 1]
        return document.text[int(self.starts[at]) : int(self.ends[at])]


def of(window: Window, surprisal: Sequence[float] | npt.NDArray[Any]) -> Words:
    """The words of ``window``; ``surprisal`` has one figure per token of it, in nats."""
    assert len(surprisal) == len(window.tokens), (len(surprisal), len(window.tokens))
    nats = np.asarray(surprisal, dtype=np.float32)
    known: dict[str, int] = {}
    ids: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    heard: list[Floats] = []
    bounds = [0]
    for segment in window.segments:
        text = segment.document.text
        # A document may be packed in part: its words end where its tokens do.
        reach = max(window.ends[segment.body : segment.end], default=0)
        for match in WORD.finditer(text, 0, reach):
            ids.append(known.setdefault(match[0], len(known)))
            starts.append(match.start())
            ends.append(match.end())
        own = slice(bounds[-1], len(ids))
        tokens = np.asarray(window.ends[segment.body : segment.end], dtype=np.int64)
        heard.append(_added(starts[own], tokens, nats[segment.body : segment.end]))
        bounds.append(len(ids))
    return Words(
        tuple(segment.document for segment in window.segments),
        np.array(ids, dtype=np.int64),
        np.array(starts, dtype=np.int64),
        np.array(ends, dtype=np.int64),
        np.concatenate(heard) if heard else np.empty(0, np.float32),
        tuple(bounds),
    )


def _added(starts: Sequence[int], token_ends: Integers, nats: Floats) -> Floats:
    """Each token's nats go to the word that its last character stands in, or to the one before."""
    if not len(starts):
        return np.empty(0, np.float32)
    last = np.maximum(token_ends - 1, 0)
    word = np.searchsorted(np.asarray(starts), last, side="right") - 1
    held = word >= 0
    return np.bincount(word[held], weights=nats[held], minlength=len(starts)).astype(np.float32)

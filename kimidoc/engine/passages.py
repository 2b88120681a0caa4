"""The passages of a window that a question is answered from, as a short text of their own.

    preamble | header of a document, its passages, … | header of the next, …

Passages are the window's own tokens, whole units where they fit, in window order under the headers
that the window gave their documents; ``GAP`` stands where something was left out. Training packs
its examples with this very function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kimidoc.engine.constrain import Unit, units
from kimidoc.types import Tokenizer, Window

GAP = "\n[...]\n"
PASSAGES = 4  # blocks that are read again
REACH = 48  # tokens on either side of a block, up to which a unit that it cuts is completed


@dataclass(frozen=True, slots=True)
class Passages:
    """``ids`` are what is read; ``spans`` the window tokens among them, sorted and apart."""

    ids: tuple[int, ...]
    spans: tuple[Unit, ...]


class Cutter:
    """Cuts passages out of one window."""

    def __init__(
        self, window: Window, tokenizer: Tokenizer, preamble: Sequence[int], block_tokens: int
    ) -> None:
        self.window, self.block = window, block_tokens
        self._preamble = tuple(preamble)
        self._gap = tuple(tokenizer.encode([GAP])[0].ids)

    def cut(self, blocks: Sequence[int], scope: Sequence[Unit] | None = None) -> Passages:
        """What stands in and around ``blocks``, within the token ranges ``scope``."""
        spans = self._spans(sorted(set(blocks)), scope)
        ids, window = list(self._preamble), self.window
        last = None
        for start, end in spans:
            segment = window.segment_at(start)
            assert segment is not None
            if segment is not last:
                ids += window.tokens[segment.start : segment.body]
                if start > segment.body:
                    ids += self._gap
            else:
                ids += self._gap
            ids += window.tokens[start:end]
            last = segment
        return Passages(tuple(ids), tuple(spans))

    def _spans(self, blocks: Sequence[int], scope: Sequence[Unit] | None) -> list[Unit]:
        found: list[Unit] = []
        for block in blocks:
            start, end = block * self.block, (block + 1) * self.block
            for low, high in scope or ((start, end),):
                found += self._within(max(start, low), min(end, high))
        return _joined(sorted(found), self.window)

    def _within(self, start: int, end: int) -> list[Unit]:
        """The body tokens of [start, end), by document, each with the units it cuts completed."""
        out = []
        for segment in self.window.segments:
            low, high = max(start, segment.body), min(end, segment.end)
            if segment.start >= end:
                break
            if low < high:
                whole = units(self.window, low, high)
                first = whole[0][0] if whole else low
                last = whole[-1][1] if whole else high
                out.append((max(min(first, low), low - REACH), min(max(last, high), high + REACH)))
        return out


def _joined(spans: Sequence[Unit], window: Window) -> list[Unit]:
    """Ranges that touch or overlap in one document become one."""
    out: list[Unit] = []
    for start, end in spans:
        if (
            out
            and start <= out[-1][1]
            and window.segment_at(out[-1][0]) is window.segment_at(start)
        ):
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out

"""The passages of a window that a question is answered from, as a short text of their own.

    preamble | the question | header of a document, its passages, … | header of the next, …

Passages are the window's own tokens, whole units where they fit, in window order under the headers
that the window gave their documents; ``GAP`` stands where something was left out. The question
stands before them too: a causal model then reads every passage knowing what is asked. Training
packs its examples with this very function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from kimidoc.engine.constrain import Unit, units
from kimidoc.types import Tokenizer, Window

GAP = "\n[...]\n"
PASSAGES = 4  # blocks of a document that are read again, and of an example in training
OF_ALL, BY_WORDS = 5, 3  # of names and details: the finder's best, and by words the next best
REACH = 48  # tokens on either side of a block, up to which a unit that it cuts is completed
QUOTE_TOKENS = 96  # of a longer unit the beginning can be quoted
ASKED, ASKED_TOKENS = "Question: {}\n\n", 256  # a longer question stands whole behind them only


@dataclass(frozen=True, slots=True)
class Passages:
    """``ids`` are what is read; ``spans`` the window tokens among them, sorted and apart.

    ``units``: what a quote may be, of the window's tokens, in order: units that begin in the
    passages and can be read to their end there, or as far as a quote goes. ``ends``: where in
    ``ids`` the last token of each stands. ``question``: where the question stands before them.
    """

    ids: tuple[int, ...]
    spans: tuple[Unit, ...]
    units: tuple[Unit, ...]
    ends: tuple[int, ...]
    question: Unit

    def placed(self) -> list[Unit]:
        """Where in ``ids`` each unit stands."""
        pairs = zip(self.units, self.ends, strict=True)
        return [(last - (q - p) + 1, last + 1) for (p, q), last in pairs]


def by_both(best: Sequence[int], by_words: Iterable[int]) -> list[int]:
    """What is read for names and details, of both rankings of blocks."""
    blocks = list(best[:OF_ALL])
    more = (block for block in by_words if block not in blocks)
    return [*blocks, *islice(more, BY_WORDS)]


def apart(blocks: Iterable[int]) -> list[list[int]]:
    """Blocks in window order, in as few parts as hold ``PASSAGES`` each, of like size.

    The pointer was trained on so many: among more it finds less. Never fewer than one part.
    """
    order = sorted(set(blocks))
    parts = max(1, -(-len(order) // PASSAGES))
    edges = [-(-len(order) * n // parts) for n in range(parts + 1)]
    return [order[a:b] for a, b in pairwise(edges)]


class Cutter:
    """Cuts passages out of one window."""

    def __init__(
        self, window: Window, tokenizer: Tokenizer, preamble: Sequence[int], block_tokens: int
    ) -> None:
        self.window, self.block = window, block_tokens
        self._preamble = tuple(preamble)
        self._tokenizer = tokenizer
        self._gap = tuple(tokenizer.encode([GAP])[0].ids)

    def cut(
        self, question: str, blocks: Sequence[int], scope: Sequence[Unit] | None = None
    ) -> Passages:
        """What stands in and around ``blocks``, within the token ranges ``scope``."""
        spans = self._spans(sorted(set(blocks)), scope)
        ids, window = [*self._preamble, *self._asked(question)], self.window
        asked = len(self._preamble), len(ids)
        found, ends = list[Unit](), list[int]()
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
            own = quotable(window, (start, end))
            found += own
            ends += [len(ids) + q - 1 - start for _, q in own]
            ids += window.tokens[start:end]
            last = segment
        return Passages(tuple(ids), tuple(spans), tuple(found), tuple(ends), asked)

    def _asked(self, question: str) -> Sequence[int]:
        return self._tokenizer.encode([ASKED.format(question)])[0].ids[:ASKED_TOKENS]

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


def quotable(window: Window, span: Unit) -> list[Unit]:
    """The units of a span that can be quoted from it, cut to ``QUOTE_TOKENS``."""
    cut = ((p, min(q, p + QUOTE_TOKENS)) for p, q in units(window, *span))
    return [(p, q) for p, q in cut if span[0] <= p and q <= span[1]]


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

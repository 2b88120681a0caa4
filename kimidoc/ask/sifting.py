"""Which of many documents' quotes are cited, and in which order: by names, then by yes and no.

Two rules over words (``spread`` says why): one of names, over what documents are called by, and
that of ``leave``. Neither writes anything: quotes are kept, left out and ordered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kimidoc.ask.leave import reads
from kimidoc.ask.named import Openings
from kimidoc.types import Answer, Citation, Question, Window

_WORDS = re.compile(r"\w+")
_RANK = {"yes": 0, None: 1, "no": 2}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The names that a question holds, and the paths of the documents that are called by one."""

    names: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()

    @classmethod
    def of(cls, question: Question, window: Window, openings: Openings) -> Wanted:
        """Of a question put to every document of a window; numbers are no names here."""
        if not any(w[0].isupper() for w in _WORDS.findall(question.text)[1:]):
            return cls()
        names = frozenset(n for n in openings.names(question.text) if not any(map(str.isdigit, n)))
        called = openings.called(names)
        paths = (s.document.path for s in window.segments if (s.start, s.end) in called)
        return cls(names, frozenset(paths))

    def holds(self, quote: Citation) -> bool:
        """Whether a quote holds one of the names, or its document is called by one."""
        return quote.path in self.called or not self.names.isdisjoint(_folded(quote.text))


@dataclass(frozen=True, slots=True)
class Ordered:
    """The quotes to cite, in order. ``named``: how many come first for a name or number of the
    question; ``left_out``: how many hold none; ``yes``: documents whose quote reads as a yes;
    ``no``: how many read as a no."""

    quotes: tuple[Citation, ...]
    named: int
    left_out: int
    yes: tuple[str, ...]
    no: int


def ordered(question: Question, parts: Sequence[Answer], wanted: Wanted = Wanted()) -> Ordered:
    """The quote of each document that has one, sifted by both rules."""
    every = [quote for quote in map(_best, parts) if quote is not None]
    kept = [quote for quote in every if wanted.holds(quote)] or every
    names = frozenset(
        w.casefold()
        for w in _WORDS.findall(question.text)[1:]
        if w[0].isdigit() or (w[0].isupper() and len(w) > 1)
    )
    ranked = sorted(
        ((names.isdisjoint(_folded(q.text)), reads(question.text, q.text), q) for q in kept),
        key=lambda one: (one[0], _RANK[one[1]]),
    )
    return Ordered(
        quotes=tuple(quote for _, _, quote in ranked),
        named=sum(not plain for plain, _, _ in ranked),
        left_out=len(every) - len(kept),
        yes=tuple(quote.path or "" for _, reading, quote in ranked if reading == "yes"),
        no=sum(reading == "no" for _, reading, _ in ranked),
    )


def _best(part: Answer) -> Citation | None:
    return next((c for c in part.citations if c.verified), None) if part.status == "found" else None


def _folded(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORDS.findall(text))

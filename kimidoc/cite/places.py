"""Every place where a text says a quote, word for word or up to folding; a bounded number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kimidoc.cite.fold import Folded, Key, key

_OCCURRENCES = 256
_NEAR = 64

Span = tuple[int, int]


def exact(text: str, words: str, hints: Sequence[Span] = ()) -> list[Span]:
    """The first 256 occurrences, and where there are more, up to 64 around every hint."""
    found = list(_find(text, words, _OCCURRENCES))
    if len(found) == _OCCURRENCES:
        for start, end in hints:
            low, high = max(0, start - len(words)), end + len(words)
            found += (low + at for at in _find(text[low:high], words, _NEAR))
    return [(at, at + len(words)) for at in sorted(set(found))]


def same(text: str, folded: Folded, wanted: Key) -> Iterator[Span]:
    """Where ``text`` says ``wanted``, each checked anew on the characters themselves."""
    for at in _find(folded.text, wanted.text, _OCCURRENCES):
        span = folded.span(at, at + len(wanted.text))
        if span is not None and key(text[slice(*span)]).equals(wanted):
            yield span


def _find(text: str, words: str, limit: int) -> Iterator[int]:
    at = text.find(words) if words else -1
    for _ in range(limit):
        if at < 0:
            return
        yield at
        at = text.find(words, at + 1)


def away(span: Span, hints: Sequence[Span]) -> tuple[int, int]:
    """How far the nearest hint is, and which one that is."""
    gaps = ((max(0, h[0] - span[1], span[0] - h[1]), i) for i, h in enumerate(hints))
    return min(gaps, default=(0, 0))

"""What two texts have in common up to white space and typography, mapped back to characters.

Folding changes, in this order:

    invisible characters    to nothing: zero-width, bidi, variation selectors, tags, soft hyphens
    compatibility forms     to plain letters, composed (NFKC less what ``forms`` keeps apart)
    hyphens inside words    to nothing; what stood there is kept beside the text and compared
    white space             to one space, or to nothing between two CJK characters
    quotes and dashes       to ' " and -

Letter case stays. A hyphen at the end of a line may be the line break's or the word's own, so every
hyphen inside a word is taken out on both sides and judged afterwards: "agree-⏎ment" is "agreement",
"change-of-⏎control" is "change-of-control", but "re-sign" is not "resign".
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from unicodedata import category, is_normalized, normalize

from kimidoc.cite.forms import BREAK, BREAKING, CJK, HYPHENS, INVISIBLE, SOFT, forms, unified

_FLUSH = 1 << 16  # pieces; a list of millions of short strings costs more than the text


class Hyphen(Enum):
    """What stood where folding took a hyphen out of a word."""

    JOINING = "x-y"
    SPACED = "x- y"
    BROKEN = "x-⏎y, where the line break may have put the hyphen"
    DASH = "x—⏎y, where it cannot have"


@dataclass(frozen=True, slots=True)
class Key:
    """A folded text and the hyphens that were taken out of it, by their place in it."""

    text: str
    hyphens: dict[int, Hyphen]

    def equals(self, other: Key) -> bool:
        """Letter for letter the same, up to what folding removes."""
        places = self.hyphens.keys() | other.hyphens.keys()
        return self.text == other.text and all(
            _compatible(self.hyphens.get(at), other.hyphens.get(at)) for at in places
        )


def _compatible(one: Hyphen | None, other: Hyphen | None) -> bool:
    if one is None or other is None:
        return (one or other) is Hyphen.BROKEN
    return {one, other} != {Hyphen.JOINING, Hyphen.SPACED}


@dataclass(frozen=True, slots=True)
class Edits:
    """What one pass changed: its i-th run [in_starts, in_ends) became [out_starts, out_ends)."""

    out_starts: array[int]
    out_ends: array[int]
    in_starts: array[int]
    in_ends: array[int]

    def start(self, at: int, snap: bool) -> int | None:
        """The input character that output character ``at`` is; None inside a changed run."""
        i = bisect_right(self.out_starts, at) - 1
        if i < 0:
            return at
        if at >= self.out_ends[i]:
            return self.in_ends[i] + at - self.out_ends[i]
        return self.in_starts[i] if snap or at == self.out_starts[i] else None

    def end(self, at: int, snap: bool) -> int | None:
        """The input character behind output character ``at - 1``; None inside a changed run."""
        i = bisect_left(self.out_starts, at) - 1
        if i < 0:
            return at
        if at <= self.out_ends[i]:
            return self.in_ends[i] if snap or at == self.out_ends[i] else None
        return self.in_ends[i] + at - self.out_ends[i]


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back: the passes in the order they were applied."""

    text: str
    passes: tuple[Edits, ...]

    def span(self, start: int, end: int, *, snap: bool = False) -> tuple[int, int] | None:
        """The original characters that [start, end), which is not empty, came from.

        None where an end falls inside what one character became (``snap`` widens it instead) or
        between a letter and a mark that belongs to it.
        """
        assert 0 <= start < end <= len(self.text), (start, end, len(self.text))
        if not snap and (_is_mark(self.text, start) or _is_mark(self.text, end)):
            return None
        low: int | None = start
        high: int | None = end
        for edits in reversed(self.passes):
            low = None if low is None else edits.start(low, snap)
            high = None if high is None else edits.end(high, snap)
        return None if low is None or high is None else (low, high)


def _is_mark(text: str, at: int) -> bool:
    return at < len(text) and category(text[at]).startswith("M")


def fold(text: str) -> Folded:
    """Fold a whole document. Linear; keeps the text and 16 bytes per change of length."""
    return _fold(text, None)


def key(text: str) -> Key:
    """Fold a quote, or the stretch of a source it is compared with; white space around it goes."""
    hyphens: dict[int, Hyphen] = {}
    folded = _fold(INVISIBLE.sub("", text).strip(), hyphens)
    return Key(folded.text, hyphens)


def plain(text: str) -> str:
    """The text as it would be typed: forms unified, words rejoined that a line break cut."""
    text = INVISIBLE.sub("", text)
    text = re.sub(rf"(?<=[^\W\d_])[-{SOFT}][^\S{BREAK}]*[{BREAK}]\s*(?=[^\W\d_])", "", text)
    return text if text.isascii() else normalize("NFC", text.translate(forms().every))


def _fold(text: str, hyphens: dict[int, Hyphen] | None) -> Folded:
    alphabet = frozenset(text)
    passes: list[Edits] = []
    if not text.isascii() or "\x02" in alphabet:
        text, passes = _letters(text, alphabet)

    def spaced(match: re.Match[str], at: int) -> str:
        if match.lastgroup == "hyphen" and hyphens is not None:
            hyphens[at] = _kind(match)
        return " " if match.lastgroup == "space" else ""

    text, edits = _rewrite(text, _spacing(text.isascii()), spaced)
    passes.append(edits)
    return Folded(unified(text, alphabet), tuple(edits for edits in passes if edits.in_starts))


def _rewrite(
    text: str, pattern: re.Pattern[str], replace: Callable[[re.Match[str], int], str]
) -> tuple[str, Edits]:
    """``pattern.sub``, and what became what. ``replace`` is told its place in the output."""
    edits = Edits(array("I"), array("I"), array("I"), array("I"))
    done: list[str] = []
    parts: list[str] = []
    at = out = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        new = replace(match, out + start - at)
        if new == match[0]:
            continue
        out += start - at
        parts += (text[at:start], new)
        edits.out_starts.append(out)
        edits.in_starts.append(start)
        out += len(new)
        edits.out_ends.append(out)
        edits.in_ends.append(end)
        at = end
        if len(parts) > _FLUSH:
            done.append("".join(parts))
            parts.clear()
    return ("".join([*done, *parts, text[at:]]) if at else text), edits


def _letters(text: str, alphabet: frozenset[str]) -> tuple[str, list[Edits]]:
    """The passes over characters, those that ``alphabet`` calls for."""
    table, letters, passes = forms(), "".join(alphabet), []
    if table.to_drop.search(letters):
        text, edits = _rewrite(text, INVISIBLE, lambda match, at: "")
        passes.append(edits)
    joined = table.to_join.search(letters)
    apart = joined and not is_normalized("NFC", unified(text, alphabet))
    if apart or table.to_expand.search(letters):
        text, edits = _rewrite(text, table.clusters if apart else table.expanding, _composed)
        passes.append(edits)
    return text, passes


def _composed(match: re.Match[str], at: int) -> str:
    table = forms()
    new = normalize("NFC", match[0].translate(table.every))
    return match[0] if new == match[0].translate(table.single) else new


def _kind(match: re.Match[str]) -> Hyphen:
    text, dash, gap = match.string, match[0][0], match["hyphen"]
    if not gap:
        return Hyphen.JOINING
    if not any(c in BREAK for c in gap):
        return Hyphen.SPACED
    numeric = text[match.start() - 1].isnumeric() or text[match.end()].isnumeric()
    return Hyphen.BROKEN if dash in BREAKING and not numeric else Hyphen.DASH


@cache
def _spacing(ascii_only: bool) -> re.Pattern[str]:
    """Hyphens inside words, and white space that folds to another length than its own.

    Every alternative starts with the same class and looks back afterwards: that lets the regex
    engine skip to the next candidate.
    """
    marked = "" if ascii_only else f"|(?<=[{forms().marks}].)"
    return re.compile(
        rf"[\s{HYPHENS}](?:"
        rf"(?<=[{HYPHENS}])(?:(?<=[^\W_].){marked})(?P<hyphen>\s*)(?=[^\W_])"
        rf"|(?<=[{CJK}]\s)(?P<cjk>\s*)(?=[{CJK}])"
        rf"|(?<=\s)(?P<space>\s+))",
        re.DOTALL,
    )

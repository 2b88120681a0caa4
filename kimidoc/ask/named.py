"""Which document a question names: a rule over words, for a question put to a whole window.

"Supply Agreement between Quillon Ltd and Meridale Inc: who insures?" names a document with words
that stand in its path or its opening and in those of few others. Meaning does not find these words
(an indexer looks for what is said, and names are said everywhere), so such a question is put to
the document that it names. Files with the same text are one document. A question that names
nothing, or several documents alike, is left as it is.

A word counts with log(documents / documents that hold it), in units of a word that one document
alone holds. A document is named when what it counts for is more than ``CLEAR`` times what the next
one does, and at least ``NAMED`` units; of names at least ``NAME``. A name is a word with a capital,
not the question's first, that no document writes in small letters. Paths and openings are looked
at first; where they leave it open, paths alone: a register opens with the names of all contracts.

Where a name stands in some paths, not in more than half, it is one of those documents or none.

Chosen on contracts of CUAD train, twenty to a window: of 319 questions with title and parties 309
named theirs and 1 another; of 318 with one word of a party's name 186 and 0; of 2,624 questions
that name nothing 30 were taken to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray

from kimidoc.engine.lexical import content, has_content, terms
from kimidoc.types import Segment, Window

OPENING_TOKENS = 384  # of a document, in which its title and parties stand
READ_CHARS = 60_000  # of a document, looked through for words in small letters
NAMED, NAME = 2.5, 0.95
CLEAR = 1.25
Floats = NDArray[np.float32]
RARE = 4  # a word of every fourth opening, or fewer, names
_WORD = re.compile(r"[^\W_]{3,}")
_PARTS = re.compile(r"['\N{RIGHT SINGLE QUOTATION MARK}]s\b|[^\W_]+|[^\w\s]+|_+")
_JOINING = frozenset(
    "and between of the by with dated s inc incorporated ltd limited llc corp corporation company "
    "co party parties".split()
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What one document is called by: the stems and the words, in small letters, of its path, and
    of its path and opening; ``plain``: words that it writes in small letters."""

    path_stems: frozenset[str]
    path_words: frozenset[str]
    stems: frozenset[str]
    words: frozenset[str]
    plain: frozenset[str]

    def holds(self, word: str) -> bool:
        """Whether it, or what joins words, stands there; marks do."""
        folded = word.casefold().strip("'\N{RIGHT SINGLE QUOTATION MARK}")
        if folded in _JOINING:
            return True
        if word.islower() and len(word) > 2:
            return word in self.words
        return all(stem in self.stems for stem in terms(word))

    @classmethod
    def of(cls, path: str, text: str, opening_chars: int) -> Opening:
        """Of a document; ``path`` of files with the same text: all of theirs."""
        first = f"{path} {text[:opening_chars]}"
        plain = frozenset(w for w in _WORD.findall(text[:READ_CHARS]) if w.islower())
        return cls(
            frozenset(terms(path)), _words(path), frozenset(terms(first)), _words(first), plain
        )


@dataclass(frozen=True)
class Openings:
    """What every document of a window is called by, and where its text stands: token ranges,
    several where several files hold it."""

    every: tuple[Opening, ...]
    ranges: tuple[tuple[tuple[int, int], ...], ...]

    @cached_property
    def plain(self) -> frozenset[str]:
        """Words that any of them writes in small letters."""
        return frozenset().union(*(opening.plain for opening in self.every))

    @classmethod
    def of(cls, window: Window) -> Openings:
        """Of every document of a window."""
        copies = dict[str, list[Segment]]()
        for segment in window.segments:
            copies.setdefault(segment.document.text, []).append(segment)
        found = []
        for text, same in copies.items():
            first = same[0]
            last = min(first.body + OPENING_TOKENS, first.end) - 1
            chars = window.ends[last] if last >= first.body else 0
            found.append(Opening.of(" ".join(s.document.path for s in same), text, chars))
        ranges = (tuple((s.start, s.end) for s in same) for same in copies.values())
        return cls(tuple(found), tuple(ranges))

    def names(self, question: str) -> list[str]:
        """A question's words with a capital or a digit, but for its first, that no document writes
        in small letters; in small letters, sorted."""
        capital = {w.casefold() for w in _WORD.findall(question)[1:] if not w.islower()}
        return sorted(capital - self.plain)

    def called(self, names: Iterable[str]) -> frozenset[tuple[int, int]]:
        """The token ranges of documents that hold one of the names in their path or opening."""
        wanted = frozenset(names)
        holding = (r for o, r in zip(self.every, self.ranges, strict=True) if wanted & o.words)
        return frozenset(span for ranges in holding for span in ranges)

    def named(self, question: str) -> int | None:
        """The number of the document that a question names, if it names one."""
        if len(self.every) < 2:
            return None
        asked, names, every = content([question]), self.names(question), self.every
        ways = (
            (asked, [o.stems for o in every], NAMED),
            (names, [o.words for o in every], NAME),
            (asked, [o.path_stems for o in every], NAMED),
            (names, [o.path_words for o in every], NAME),
        )
        found = (_clear(words, holders, units) for words, holders, units in ways)
        number = next((n for n in found if n is not None), None)
        return number if number is None or self._may_be(number, names) else None

    def _may_be(self, number: int, names: Iterable[str]) -> bool:
        """Not of a document whose path lacks every name that stands in a few other paths: a
        register's opening holds all of them."""
        paths = [opening.path_words for opening in self.every]
        telling = [
            name
            for name in names
            if name not in _JOINING
            and not name.isdigit()
            and 0 < sum(name in words for words in paths) <= len(paths) // 2
        ]
        return not telling or any(name in paths[number] for name in telling)

    def unnamed(self, question: str) -> str:
        """The question without the words that name a document, if it names one.

        What is left asks for what is said; names are said everywhere, and first in a title. A run
        of words that the opening holds is left out where one of them is a name that is rare among
        openings; what is written small counts as a whole word ("limit" is not "Limited").
        """
        number = self.named(question)
        return question if number is None else self.without(question, number)

    def without(self, question: str, number: int) -> str:
        """The question without the words that name that document; see ``unnamed``."""
        kept, at = list[str](), 0
        for start, end in self._runs(question, self.every[number]):
            kept.append(question[at:start])
            at = end
        left = " ".join("".join([*kept, question[at:]]).split()).lstrip(".,:;-/() ")
        return left if has_content(left) else question

    def _runs(self, question: str, own: Opening) -> Iterator[tuple[int, int]]:
        """Where an opening's words stand side by side in a question, one of them a rare name."""
        most = max(1, len(self.every) // RARE)
        run: list[re.Match[str]] = []
        for part in [*_PARTS.finditer(question), None]:
            if part and own.holds(part.group()):
                run.append(part)
                continue
            names = (terms(p.group()) for p in run if not p.group().islower())
            if any(sum(s in o.stems for o in self.every) <= most for stems in names for s in stems):
                yield run[0].start(), part.start() if part else len(question)
            run = []

    def first(self, question: str, scores: Floats, block_tokens: int) -> Floats:
        """scores [N] of blocks, those of the document that the question names before all others."""
        number = self.named(question)
        if number is None or not len(scores):
            return scores
        own = np.zeros(len(scores), dtype=bool)
        for start, end in self.ranges[number]:
            own[start // block_tokens : -(-end // block_tokens)] = True
        return np.where(own, scores + (scores.max() - scores.min() + 1), scores).astype(np.float32)


def _words(text: str) -> frozenset[str]:
    return frozenset(w.casefold() for w in _WORD.findall(text))


def _clear(asked: Iterable[str], holders: Sequence[frozenset[str]], units: float) -> int | None:
    """Who holds clearly more of what is asked than all others, and at least so many units."""
    total = np.zeros(len(holders))
    for word in asked:
        holding = [n for n, held in enumerate(holders) if word in held]
        if holding:
            total[holding] += log(len(holders) / len(holding))
    best, second = np.argsort(-total, kind="stable")[:2]
    clear = total[best] > CLEAR * total[second]
    return int(best) if clear and total[best] >= units * log(len(holders)) else None

"""The lexical prior: BM25 over the window's blocks (Robertson & Zaragoza 2009).

A named, rule-based part of block choice. A small model's attention gate misses plain word matches
that any search would find; so the blocks BM25 ranks first for a question's words and terms are
always among those it attends to. It never answers.

Words are cut to five letters, a stem that needs no word list: on 210 clauses of 15 contracts that
finds the right block first for 0.41 of the clause names, whole words 0.34, seven letters 0.35.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kimidoc.types import Window

_C = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # scripts without spaces count as pairs of letters
_WORD = re.compile(rf"(?=([{_C}]{{2}}))[{_C}]|(?<![{_C}])[{_C}]|[^\W_{_C}]+")
_PARTS = re.compile(r"(?<=[a-z])(?=[A-Z])")
STEM = 5
K1, B = 1.2, 0.75

_ARRAYS = ("length", "block", "count", "first")

Integers = NDArray[np.int64]


def _occurrences(text: str) -> Iterable[tuple[str, int]]:
    return ((m.group(m.lastindex or 0), m.start()) for m in _WORD.finditer(text))


def _terms(word: str) -> list[str]:
    """The stems one word counts as: ``getUserName`` is get, user and name."""
    return [part.casefold()[:STEM] for part in _PARTS.split(word)]


def terms(text: str) -> list[str]:
    """The stems of a text, in order, repetitions kept."""
    return [term for word, _ in _occurrences(text) for term in _terms(word)]


# What questions are asked with, not about, in English. Other languages go without.
_ASKING = frozenset(
    terms(
        "a an and any about are as at be been being but by can could did do does each either every "
        "find for from give had has have how identify if in into is it its list locate may me "
        "might must of on or other our please quote say says shall should show state such tell "
        "than that the their them there these they this those to was we were what when where "
        "whether which who whom whose why will with would you your clause clauses provision "
        "provisions section passage document documents text sentence contain contains include "
        "includes mention mentions"
    )
)


def has_content(text: str) -> bool:
    """Whether any word of a question says what it is about."""
    return bool(set(terms(text)) - _ASKING)


def content(texts: Iterable[str]) -> list[str]:
    """The distinct stems that say what a question is about, sorted; all of them if none does."""
    every = {term for text in texts for term in terms(text)}
    return sorted(every - _ASKING or every)


class LexicalPrior:
    """Scores every block of a window for a bag of words. Built once, in one pass."""

    def __init__(self, window: Window, block_tokens: int) -> None:
        self.blocks = -(-len(window.tokens) // block_tokens)
        self._ids: dict[str, int] = {}
        block, term = self._postings(window, block_tokens)
        self._length = np.bincount(block, minlength=self.blocks).astype(np.float32)
        pairs, counts = np.unique(term * self.blocks + block, return_counts=True)
        self._block = (pairs % self.blocks).astype(np.int32)
        self._count = counts.astype(np.float32)
        edges = np.arange(len(self._ids) + 1) * self.blocks
        self._first = np.searchsorted(pairs, edges)  # where each term's postings begin
        self._norm = self._norms()

    def _norms(self) -> NDArray[np.float32]:
        mean = max(float(self._length.mean()), 1.0)
        found: NDArray[np.float32] = K1 * (1 - B + B * self._length / mean)
        return found

    def packed(self) -> bytes:
        """As a session keeps it, an ``npz`` file's bytes."""
        spelled = np.frombuffer("\n".join(self._ids).encode(), dtype=np.uint8)
        file = BytesIO()
        arrays = {name: getattr(self, f"_{name}") for name in _ARRAYS}
        np.savez(file, terms=spelled, **arrays)
        return file.getvalue()

    @classmethod
    def unpacked(cls, data: bytes) -> LexicalPrior:
        """What ``packed`` gave. Raises ValueError for anything else."""
        prior = cls.__new__(cls)
        if not data.startswith(b"PK"):
            raise ValueError("it is no npz file")
        try:
            with np.load(BytesIO(data), allow_pickle=False) as kept:
                names = kept["terms"].tobytes().decode().split("\n")
                for name in _ARRAYS:
                    setattr(prior, f"_{name}", kept[name])
        except (KeyError, OSError, BadZipFile) as reason:
            raise ValueError(str(reason)) from reason
        prior._ids = {term: number for number, term in enumerate(names)} if names[0] else {}
        if len(prior._first) != len(prior._ids) + 1 or len(prior._block) != len(prior._count):
            raise ValueError("its parts do not fit together")
        prior.blocks = len(prior._length)
        prior._norm = prior._norms()
        return prior

    def _postings(self, window: Window, block_tokens: int) -> tuple[Integers, Integers]:
        """Block and term of every occurrence; a word belongs where its first letter stands."""
        words: dict[str, int] = {}
        at, which = [], []
        ends = np.frombuffer(window.ends, dtype=np.int32)
        for segment in window.segments:
            own = ends[segment.body : segment.end]
            last = int(own[-1]) if len(own) else 0  # a document may be cut (``bench.text.cut``)
            found = [pair for pair in _occurrences(segment.document.text) if pair[1] < last]
            starts = np.fromiter((start for _, start in found), np.int64, len(found))
            inside = np.searchsorted(own, starts, side="right")
            at.append((segment.body + inside) // block_tokens)
            ids = (words.setdefault(word, len(words)) for word, _ in found)
            which.append(np.fromiter(ids, np.int64, len(found)))
        spelled = [
            [self._ids.setdefault(term, len(self._ids)) for term in _terms(word)] for word in words
        ]
        size = np.array([len(s) for s in spelled], dtype=np.int64)
        first = np.cumsum(size) - size
        flat = np.array([term for s in spelled for term in s], dtype=np.int64)
        block, word = (np.concatenate([np.empty(0, np.int64), *x]) for x in (at, which))
        often = size[word]
        nth = np.arange(int(often.sum())) - np.repeat(np.cumsum(often) - often, often)
        return np.repeat(block, often), flat[np.repeat(first[word], often) + nth]

    def idf(self, term: str) -> float:
        """How rare a stem is: BM25's weight of it; 0 for one that no block holds."""
        number = self._ids.get(term)
        if number is None:
            return 0.0
        holding = int(self._first[number + 1] - self._first[number])
        return float(np.log1p((self.blocks - holding + 0.5) / (holding + 0.5)))

    def scores(self, stems: Iterable[str]) -> NDArray[np.float32]:
        """BM25 of every block for distinct stems: [N], never negative."""
        out = np.zeros(self.blocks, dtype=np.float32)
        for stem in stems:
            number = self._ids.get(stem)
            if number is not None:
                a, b = self._first[number], self._first[number + 1]
                at, count = self._block[a:b], self._count[a:b]
                out[at] += self.idf(stem) * count * (K1 + 1) / (count + self._norm[at])
        return out

"""The lexical prior: BM25 over the window's blocks (Robertson & Zaragoza 2009).

A named, rule-based part of block choice. A small model's attention gate misses plain word matches
that any search would find; so the blocks BM25 ranks first for a question's words and terms are
always among those it attends to. It never answers, and what it adds is measured: run
``kimidoc ask --no-lexical`` to go without.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kimidoc.pack import sourcemap
from kimidoc.types import Window

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
K1, B = 1.2, 0.75


def words(text: str) -> list[str]:
    """Case-folded words, cut to 7 letters (a stem that needs no language); CJK as bigrams.

    ``snake_case`` and ``camelCase`` count as their parts.
    """
    out = []
    for word in _WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", text)):
        if _CJK.search(word):
            out += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            out.append(word.casefold()[:7])
    return out


class LexicalPrior:
    """Scores every block of a window for a bag of words. Built once, in one pass."""

    def __init__(self, window: Window, block_tokens: int) -> None:
        total = len(window.tokens)
        self.blocks = -(-total // block_tokens)
        length = np.zeros(self.blocks, dtype=np.float32)
        postings: dict[str, tuple[list[int], list[int]]] = {}
        for block in range(self.blocks):
            start, end = block * block_tokens, min(total, (block + 1) * block_tokens)
            spans = sourcemap.characters(window, start, end)
            counts = Counter(w for s, a, b in spans for w in words(s.document.text[a:b]))
            length[block] = sum(counts.values())
            for word, count in counts.items():
                at, how_often = postings.setdefault(word, ([], []))
                at.append(block)
                how_often.append(count)
        self._norm = K1 * (1 - B + B * length / max(float(length.mean()), 1.0))
        self._postings = {
            word: (np.array(at, dtype=np.int32), np.array(n, dtype=np.float32))
            for word, (at, n) in postings.items()
        }

    def scores(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """BM25 of every block for the words of ``texts``: [N]"""
        out = np.zeros(self.blocks, dtype=np.float32)
        for word in sorted({w for text in texts for w in words(text)}):
            if word not in self._postings:
                continue
            at, n = self._postings[word]
            idf = np.log1p((self.blocks - len(at) + 0.5) / (len(at) + 0.5))
            out[at] += idf * n * (K1 + 1) / (n + self._norm[at])
        return out

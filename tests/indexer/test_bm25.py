"""BM25 against its formula, and ranks fused."""

from __future__ import annotations

import math

import numpy as np

from kimidoc.indexer.bm25 import BM25, K1, B, fused, tokens

PASSAGES = [
    "The tenant pays the rent.",
    "The landlord pays nothing at all, the tenant says",
    "Oslo",
]


def test_scores_are_those_of_the_formula() -> None:
    lists = [tokens(p) for p in PASSAGES]
    mean = sum(map(len, lists)) / len(lists)
    for question in ("who pays rent", "TENANT tenant", "nobody knows"):
        expected = []
        for words in lists:
            total = 0.0
            for word in tokens(question):
                holding = sum(word in other for other in lists)
                times = words.count(word)
                if times:
                    idf = math.log(1 + (len(lists) - holding + 0.5) / (holding + 0.5))
                    norm = K1 * (1 - B + B * len(words) / mean)
                    total += idf * times * (K1 + 1) / (times + norm)
            expected.append(total)
        assert np.allclose(BM25(PASSAGES).scores(question), expected)


def test_fusing_adds_reciprocal_ranks() -> None:
    both = fused(np.array([3.0, 1.0, 2.0]), np.array([0.0, 5.0, 9.0]))
    assert np.allclose(both, [1 / 61 + 1 / 63, 1 / 63 + 1 / 62, 1 / 62 + 1 / 61])

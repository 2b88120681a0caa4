"""Blocks scored for questions by weighted MaxSim: a question token counts with its best match.

score(b) = sum_i w_i * max_{j in b} q_i . k_j;  then a share of the blocks beside it

T tokens, N blocks, B block size, D key width, Q question tokens, M questions
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from kimidoc.indexer.keys import Keys

CHUNK_TOKENS = 32_768  # whose keys are decoded at once; a multiple of every block size in use
AT_ONCE = 1_024  # tokens of questions; their matches with a chunk of keys take 128 MiB
Query = tuple[Tensor, Tensor]  # queries [Q, D], weights [Q]


def best_matches(queries: Tensor, keys: Tensor, block_tokens: int) -> Tensor:
    """queries [Q, D], keys [T, D] -> each query's best match in each block: [Q, N]"""
    short = -keys.shape[0] % block_tokens
    matches = queries @ keys.T
    if short:
        matches = F.pad(matches, (0, short), value=float("-inf"))
    return matches.view(queries.shape[0], -1, block_tokens).amax(-1)


def smooth(scores: Tensor, beside: Tensor) -> Tensor:
    """scores [..., N], each plus shares of the blocks beside it (at an end, of itself)."""
    before = torch.cat([scores[..., :1], scores[..., :-1]], -1)
    after = torch.cat([scores[..., 1:], scores[..., -1:]], -1)
    return scores + beside[0] * before + beside[1] * after


@torch.no_grad()
def block_scores(
    questions: Sequence[Query], keys: Keys, block_tokens: int, beside: Tensor
) -> Tensor:
    """Every block's score for every question, fp32: [M, N]; one pass over the keys."""
    assert CHUNK_TOKENS % block_tokens == 0
    parts = []
    for a in range(0, len(keys), CHUNK_TOKENS):
        chunk = keys.span(a, min(len(keys), a + CHUNK_TOKENS))
        weighed = [w for group in _groups(questions) for w in _weighed(group, chunk, block_tokens)]
        parts.append(torch.stack(weighed))
    return smooth(torch.cat(parts, -1), beside)


def _weighed(questions: Sequence[Query], keys: Tensor, block_tokens: int) -> list[Tensor]:
    """Every question's score of the blocks of ``keys`` [T, D]: [N] each"""
    best = best_matches(torch.cat([q for q, _ in questions]), keys, block_tokens)
    lengths = [len(w) for _, w in questions]
    return [w @ m for (_, w), m in zip(questions, torch.split(best, lengths), strict=True)]


def _groups(questions: Sequence[Query]) -> Iterator[Sequence[Query]]:
    """Questions side by side, of ``AT_ONCE`` tokens or one question; their matches stay small."""
    start = size = 0
    for n, (_, weights) in enumerate(questions):
        if n > start and size + len(weights) > AT_ONCE:
            yield questions[start:n]
            start, size = n, 0
        size += len(weights)
    yield questions[start:]

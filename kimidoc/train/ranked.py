"""Which blocks the indexer ranks first for each question of a window.

The states are those that the indexer's training reads (``states``), so a window is read up to the
highest tapped layer only, on whatever device ``Frozen`` is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kimidoc.engine.finding import question_states
from kimidoc.engine.reading import Reader
from kimidoc.indexer.model import Indexer
from kimidoc.indexer.score import Query, best_matches, smooth
from kimidoc.train.states import BLOCK, Frozen, with_embedding

MOST = 8  # blocks of a ranking that are kept
_AT_ONCE = 64  # questions
Asked = tuple[str, int, int]  # a question, and the window tokens [start, end) it is put to


class Ranker:
    """Ranks with one indexer; questions are read once, by a ``reader`` on the same device."""

    def __init__(self, frozen: Frozen, reader: Reader, indexer: Indexer) -> None:
        self._frozen, self._reader = frozen, reader
        self._indexer = indexer.to(frozen.device)
        model: Any = reader.loaded.model
        self._table: Tensor = model.get_input_embeddings().weight
        self._queries: dict[str, Query] = {}

    @torch.no_grad()
    def best(self, ids: Tensor, asked: Sequence[Asked]) -> list[list[int]]:
        """Of every question, the ``MOST`` best blocks that touch its range, the best first."""
        taps = self._indexer.shape.taps
        states = self._frozen.window(ids)
        if 0 in taps:
            states = with_embedding(states, ids, self._table)
        keys = self._indexer.keys(states.float())
        self._read({question for question, _, _ in asked})
        found: list[list[int]] = []
        for at in range(0, len(asked), _AT_ONCE):
            some = asked[at : at + _AT_ONCE]
            scores = self._scores([self._queries[question] for question, _, _ in some], keys)
            for row, (_, start, end) in zip(scores.cpu(), some, strict=True):
                first_block, end_block = start // BLOCK, -(-end // BLOCK)
                order = row[first_block:end_block].sort(descending=True, stable=True).indices
                found.append((order[:MOST] + first_block).tolist())
        return found

    def _read(self, questions: set[str]) -> None:
        new = sorted(questions - set(self._queries))
        if new:
            states = question_states(self._reader, new, self._indexer.shape.taps)
            self._queries |= {
                q: self._indexer.queries(s.to(self._table.device))
                for q, s in zip(new, states, strict=True)
            }

    def _scores(self, queries: Sequence[Query], keys: Tensor) -> Tensor:
        """[M, N]"""
        best = best_matches(torch.cat([q for q, _ in queries]), keys, BLOCK)
        parts = torch.split(best, [len(w) for _, w in queries])
        each = [w @ part for (_, w), part in zip(queries, parts, strict=True)]
        return smooth(torch.stack(each), self._indexer.beside)

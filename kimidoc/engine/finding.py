"""Where the evidence for a question stands, and whether there is any: two finders, one contract.

    ByWords     BM25 over blocks, the question's words over units; for any checkpoint
    ByMeaning   late interaction on the reader's hidden states (``kimidoc.indexer``); for the
                checkpoint that the indexer was trained on

A finder looks at the whole window once per question. What it says is a ranking and a verdict; the
quote itself is still taken from the window's own tokens and located by ``cite``. To add another:
give it ``look`` and ``blocks``, and measure it with ``kimidoc bench evidence`` and ``answers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kimidoc.engine import fresh
from kimidoc.engine.base import Progress, Prompt, silent
from kimidoc.engine.clausal import SURE, ByClause, Sought
from kimidoc.engine.constrain import Runs, Unit
from kimidoc.engine.lexical import LexicalPrior, content
from kimidoc.engine.prefill import layer_major, token_ids
from kimidoc.engine.reading import Reader
from kimidoc.engine.units import Overlap, unit_end
from kimidoc.indexer.bm25 import fused
from kimidoc.indexer.keys import Collector, Keys
from kimidoc.indexer.kinds import Kinds
from kimidoc.indexer.model import QUESTION, Indexer
from kimidoc.indexer.score import Query, block_scores
from kimidoc.types import Window

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
COVERED = 0.45  # by words: what the best block must hold of the question's words to be an answer
_QUESTIONS = 32  # read at once
ALIKE = 0.85  # by words: a further quote has at least this share of the first one's overlap


class Look(Protocol):
    """One question against the window."""

    @property
    def scores(self) -> Floats:
        """Every block's promise: [N]; 0 is none."""
        ...

    @property
    def another(self) -> float:
        """The share of the best unit's worth that a further quote must have."""
        ...

    @property
    def by_words(self) -> Floats:
        """Every block's promise by words alone: [N]; 0 is none."""
        ...

    @property
    def asks_for_clause(self) -> bool:
        """Whether it asks for a kind of clause that a model of words knows."""
        ...

    def found(self, allowed: Integers) -> bool:
        """Whether the blocks ``allowed`` answer the question at all."""
        ...

    def worth(self, source: Runs) -> Floats:
        """How well the unit at every start of ``source`` answers: [len(source.starts)], 0 to 1."""
        ...

    def worth_by_words(self, source: Runs) -> Floats:
        """The same by words alone."""
        ...

    def by_clause(self, units: Sequence[Unit]) -> NDArray[np.float64] | None:
        """The vote of the model of clauses on units of the window; None where it has none."""
        ...


class Finder(Protocol):
    """Looks for the evidence of many questions in one window."""

    @property
    def blocks(self) -> int:
        """How many blocks the window has."""
        ...

    def look(self, prompts: Sequence[Prompt]) -> Sequence[Look]:
        """In the order of the prompts."""
        ...


@dataclass(frozen=True, slots=True)
class _WordLook:
    scores: Floats
    overlap: Overlap
    coverage: Floats
    another: float = ALIKE
    asks_for_clause: bool = False

    @property
    def by_words(self) -> Floats:
        """See ``Look``."""
        return self.scores

    def found(self, allowed: Integers) -> bool:
        """The best block's BM25 as a share of what the question's words are worth, about 0 to 2.

        At COVERED, asked in plain words: found when present / not found when absent 0.97 / 0.98 on
        questions about encyclopaedia articles, 0.54 / 0.79 on contract clauses (train split; 0.56 /
        0.81 on the dev split, which the threshold was not chosen on).
        """
        return bool(self.coverage[allowed].max() >= COVERED)

    def worth(self, source: Runs) -> Floats:
        """See ``Look``."""
        return self.overlap.of(source)

    def worth_by_words(self, source: Runs) -> Floats:
        """See ``Look``."""
        return self.worth(source)

    def by_clause(self, units: Sequence[Unit]) -> None:
        """See ``Look``."""


class ByWords:
    """Rules that compare words; they know no meaning, and no checkpoint has to be trained."""

    def __init__(self, window: Window, prior: LexicalPrior) -> None:
        self.window, self.prior, self.blocks = window, prior, prior.blocks

    def look(self, prompts: Sequence[Prompt]) -> Sequence[_WordLook]:
        """See ``Finder``."""
        return [self._one(prompt) for prompt in prompts]

    def _one(self, prompt: Prompt) -> _WordLook:
        stems = content([prompt.question])
        worth = sum(self.prior.idf(stem) for stem in stems)
        covered = self.prior.scores(stems) / np.float32(worth or 1.0)
        scores = self.prior.scores(content([prompt.question, *prompt.terms]))
        overlap = Overlap(self.window, self.prior, prompt.question, prompt.terms)
        return _WordLook(scores, overlap, covered)


def read_keys(
    window: Window, reader: Reader, indexer: Indexer, progress: Progress = silent
) -> Keys:
    """The indexer's keys of a window alone: it is read as far as the highest tapped layer."""
    ids = token_ids(window)
    collect = Collector(indexer, len(ids))
    last = max(indexer.shape.taps)
    layer_major(
        reader.runner, reader.profile, ids, reader.plan, tap=collect, until=last, progress=progress
    )
    return collect.finish()


@torch.no_grad()
def question_states(reader: Reader, questions: Sequence[str], taps: Sequence[int]) -> list[Tensor]:
    """What enters the tapped layers when each question is read alone: [Q, P, C] fp32

    Questions of like length go through together. One longer than a chunk counts with its beginning.
    """
    encoded = reader.loaded.tokenizer.encode([QUESTION.format(q) for q in questions])
    runs = [list(e.ids)[: reader.plan.chunk_tokens] for e in encoded]
    order = sorted(range(len(runs)), key=lambda n: len(runs[n]))
    out: dict[int, Tensor] = {}
    for at in range(0, len(order), _QUESTIONS):
        group = order[at : at + _QUESTIONS]
        read = fresh.read(reader.loaded.model, [runs[n] for n in group], taps, last=False)
        out |= zip(group, (states.float() for states in read), strict=True)
    return [out[n] for n in range(len(runs))]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A logistic rule over what a look sees: ``bias + weights . features >= 0`` is an answer.

    What it sees: the best block's weighted mean cosine; how many deviations it stands above the
    mean of the blocks; the best block's BM25 coverage. Fitted on training data (``kimidoc.train``).
    """

    weights: tuple[float, float, float]
    bias: float

    @classmethod
    def of(cls, indexer: Indexer) -> Verdict | None:
        """The one that was fitted for these weights, if any was."""
        kept = indexer.about.get("verdict")
        if kept is None:
            return None
        *weights, bias = (float(x) for x in kept.split())
        assert len(weights) == 3
        return cls((weights[0], weights[1], weights[2]), bias)

    def packed(self) -> str:
        """As the indexer's file keeps it; ``of`` reads it."""
        return " ".join(f"{x:.6g}" for x in (*self.weights, self.bias))

    def says(self, features: Sequence[float]) -> bool:
        """Whether it is answered."""
        return self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True)) >= 0


def sought(kinds: Kinds, states: Tensor) -> Sought | None:
    """The kind of clause that a question asks for; its states [Q, P, C]."""
    likely = kinds.likely(states)
    best = int(likely.argmax())
    share = float(likely[best])
    return Sought(kinds.names[best], share) if share >= SURE else None


class _MeaningLook:
    another = 0.35  # a further quote is at most about one nat behind the best

    def __init__(
        self,
        logits: Floats,
        query: Query,
        finder: ByMeaning,
        words: _WordLook,
        prompt: Prompt,
        sought: Sought | None,
    ) -> None:
        """``logits`` [N]: the training's, so that their softmax is a share of belief."""
        self._query, self._finder, self._words, self._sought = query, finder, words, sought
        self._cosines = logits / float(query[1].sum())
        if sought is not None:
            vote = finder.clauses.blocks(sought, finder.block_tokens, prompt.scope)
            logits = (logits + finder.clause_weight * vote).astype(np.float32)
        scores = (logits - logits.min() + 1e-6).astype(np.float32)
        if prompt.terms:
            scores = fused(logits.astype(float), words.scores.astype(float)).astype(np.float32)
        self.scores: Floats = scores
        self.by_words: Floats = words.by_words
        self.asks_for_clause = sought is not None

    def found(self, allowed: Integers) -> bool:
        """By the fitted verdict; by words where none was fitted."""
        verdict = self._finder.verdict
        return self._words.found(allowed) if verdict is None else verdict.says(self.seen(allowed))

    def seen(self, allowed: Integers) -> tuple[float, float, float]:
        """What a verdict looks at, of the blocks ``allowed``; see ``Verdict``."""
        cosines = self._cosines[allowed]
        top, spread = float(cosines.max()), float(cosines.std())
        covered = float(self._words.coverage[allowed].max())
        return top, (top - float(cosines.mean())) / (spread or 1.0), covered

    def worth(self, source: Runs) -> Floats:
        """Late interaction with each unit, as a share of what the best one gets."""
        queries, weights = self._query
        logits = np.empty(len(source.starts), dtype=np.float32)
        for number, start in enumerate(source.starts.tolist()):
            keys = self._finder.keys.span(start, unit_end(source, start) + 1)
            logits[number] = float(weights @ (queries @ keys.T).amax(-1))
        return np.exp(logits - logits.max()) if len(logits) else logits

    def worth_by_words(self, source: Runs) -> Floats:
        """See ``Look``."""
        return self._words.worth(source)

    def by_clause(self, units: Sequence[Unit]) -> NDArray[np.float64] | None:
        """See ``Look``."""
        if self._sought is None:
            return None
        return self._finder.clauses.worth(self._sought, units)


class ByMeaning:
    """The trained indexer over the keys of a window that its reader collected.

    A prompt's ``terms`` are words that a check names: blocks that hold them are ranked too, and
    both rankings are fused. ``kinds``: where a question asks for a kind of clause that a model of
    words knows, that model has a vote (``clausal``).
    """

    def __init__(
        self,
        words: ByWords,
        keys: Keys,
        indexer: Indexer,
        reader: Reader,
        kinds: Kinds | None = None,
        clauses: ByClause | None = None,
    ) -> None:
        self.words, self.keys, self.indexer, self.reader = words, keys, indexer, reader
        self.blocks, self.verdict = words.blocks, Verdict.of(indexer)
        self.kinds, self.clauses = kinds, clauses or ByClause(words.window)
        self.block_tokens = reader.plan.budget.block_tokens
        self.clause_weight = 0.0 if kinds is None else float(kinds.about.get("blocks", 0))

    @torch.no_grad()
    def look(self, prompts: Sequence[Prompt]) -> Sequence[_MeaningLook]:
        """See ``Finder``."""
        taps = self.indexer.shape.taps
        texts = [p.sought or p.question for p in prompts]
        asked = list(dict.fromkeys(texts))
        states = dict(zip(asked, question_states(self.reader, asked, taps), strict=True))
        queries = {q: self.indexer.queries(s) for q, s in states.items()}
        keys, beside = self.keys, self.indexer.beside
        every = block_scores(list(queries.values()), keys, self.block_tokens, beside)
        rows = dict(zip(asked, every.numpy(), strict=True))
        seeks = {q: sought(self.kinds, s) if self.kinds else None for q, s in states.items()}
        known = self.words.look(prompts)
        return [
            _MeaningLook(rows[text], queries[text], self, words, p, seeks[text])
            for p, text, words in zip(prompts, texts, known, strict=True)
        ]

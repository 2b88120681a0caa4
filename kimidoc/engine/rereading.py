"""Answers from passages read again: for a model that was trained to.

The finder ranks the window's blocks; the best of them are read once more, alone and dense, with
the question before and behind them and the headers of their documents (``passages``). The reader's
pointer then says of every unit how likely it answers, and of "none of them"; the finder has a vote
on which unit. A question put to a whole window is about names and details as often as about a kind
of clause, so there the words it is asked in choose passages too, and have a vote. A short answer is
words of the first quote and nothing else, and only where the model would go on to one. The rules
that come with the trained weights (``Rules``) were chosen on documents nothing was trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kimidoc.engine import fresh
from kimidoc.engine.base import NOBODY, Attended, Draft, Listener, Progress, Prompt, silent
from kimidoc.engine.constrain import Unit, runs, words
from kimidoc.engine.decode import Result, Row
from kimidoc.engine.drafting import Drafting
from kimidoc.engine.finding import Look
from kimidoc.engine.passages import PASSAGES, Cutter, Passages
from kimidoc.engine.writing import ANSWER, END_ANSWER, END_QUOTE, LISTED, NOT_FOUND, QUOTE, Desk
from kimidoc.models.nano.reader import POINTER

BATCH, BATCH_TOKENS = 4, 8_192  # contexts read at once, and their tokens, padding included
OF_ALL, BY_WORDS = 5, 3  # blocks of a whole window: the finder's best, and by words the next best
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """What was fitted for the trained weights.

    ``found``: log p(some unit) - log p(none) must reach it. ``worth``: nats that the finder's full
    worth of a unit counts against the pointer's own choice. ``words``: the same of the question's
    words in it, of a whole window. ``another``: the share of the first unit's probability that a
    further one must have. Where the model of clauses has a vote (``clausal``): ``clause`` nats for
    each of its own on a unit, and on whether there is an answer ``shift`` and ``known`` for each of
    its best unit's.
    """

    found: float = 0.0
    worth: float = 1.0
    words: float = 2.0
    another: float = 0.35
    clause: float = 0.0
    known: float = 0.0
    shift: float = 0.0

    @classmethod
    def of(cls, about: Mapping[str, str]) -> Rules:
        """What a reader's file says of itself; the defaults where nothing was fitted."""
        fitted = {k: float(about[k]) for k in cls.__slots__ if k in about}
        return cls(**fitted)


@dataclass(slots=True)
class Asked:
    """A prompt made ready: what is read for it, and where in the window the finder sees it.

    ``worth``, ``words`` [U]: of each unit, the finder's and, of a whole window, that of the
    question's words;
    ``clause`` [U]: the vote of the model of clauses on each, where it has one.
    ``pointed`` [U + 1]: log p of each unit and of none, once it was read.
    """

    prompt: Prompt
    passages: Passages
    ids: tuple[int, ...]
    attended: tuple[Attended, ...]
    worth: _Floats
    words: _Floats
    clause: _Floats | None = None
    pointed: _Floats = field(default_factory=lambda: np.zeros(1))

    def belief(self, rules: Rules) -> float:
        """log p(some unit) - log p(none), and what the model of clauses adds to it"""
        units = self.pointed[:-1]
        if not units.size:
            return -np.inf
        vote = 0.0 if self.clause is None else rules.shift + rules.known * float(self.clause.max())
        return float(np.logaddexp.reduce(units) - self.pointed[-1]) + vote


class Rereading(Desk):
    """Satisfies what ``local`` asks of a desk."""

    def __init__(self, *given: Any, rules: Rules = Rules()) -> None:
        super().__init__(*given)
        self.rules = rules
        self._cutter = Cutter(self.window, self.tokenizer, self.frame.preamble_ids, self.block)
        self._pointer = getattr(self.reader.loaded.model, POINTER)
        self._end = [*self._ids(END_QUOTE), min(self.frame.stop_ids)]
        self._closing = self._ids(END_ANSWER)[0]

    def use(self, rules: Rules) -> None:
        """Answer by these rules from now on."""
        self.rules = rules

    def answer(
        self, prompts: Sequence[Prompt], progress: Progress, listener: Listener = NOBODY
    ) -> list[Draft]:
        """Drafts in the order of the prompts; contexts of like length share a batch."""
        return self._each(prompts, partial(self._reread, listener), progress)

    def read(self, prompts: Sequence[Prompt]) -> list[Asked]:
        """Every prompt with what the pointer says, for ``chosen`` under any rules."""
        return self._each(prompts, self._only_read, silent)

    def _each(
        self, prompts: Sequence[Prompt], row: Callable[[Asked], Row[Result]], progress: Progress
    ) -> list[Result]:
        """What ``row`` makes of every prompt, those of like length in a batch."""
        looks = self.finder.look(prompts)
        asked = [self._made(p, look) for p, look in zip(prompts, looks, strict=True)]
        order = sorted(range(len(prompts)), key=lambda i: len(asked[i].ids))
        found: dict[int, Result] = {}
        for group in _batches(order, [len(one.ids) for one in asked]):
            rows = [row(asked[i]) for i in group]

            def point(number: int, hidden: Tensor, group: Sequence[int] = group) -> None:
                self._point(asked[group[number]], hidden)

            found |= zip(group, fresh.lockstep(self.reader.loaded.model, rows, point), strict=True)
            progress("answer", len(found), len(prompts), "questions")
        return [found[i] for i in range(len(prompts))]

    def _made(self, prompt: Prompt, look: Look) -> Asked:
        """The passages for a prompt and its whole context."""
        allowed, _ = self._allowed(prompt)
        best = _ranked(look.scores, allowed)[: 2 * LISTED]
        listed = [(b, 1 / (n + 1)) for n, b in enumerate(best)]
        blocks = best[:PASSAGES]
        # names and details: asked of all, or of a document in words of its own
        free = prompt.scope is None or (prompt.sought is not None and not look.asks_for_clause)
        if free:
            blocks = best[:OF_ALL]
            more = (b for b in _ranked(look.by_words, allowed) if b not in blocks)
            blocks = [*blocks, *islice(more, BY_WORDS)]
        cut = self._cutter.cut(prompt.question, blocks, prompt.scope)
        places = [a for b, score in listed for a in self._places(prompt, b, score)]
        source = runs(self.window, cut.spans)
        at = np.searchsorted(source.starts, [start for start, _ in cut.units])
        by_words = np.zeros(len(at))
        if free:
            by_words = look.worth_by_words(source)[at].astype(np.float64)
        return Asked(
            prompt,
            cut,
            (*cut.ids, *self._feed(prompt)[0]),
            tuple(places[:LISTED]),
            look.worth(source)[at].astype(np.float64),
            by_words,
            look.by_clause(cut.units) if cut.units else None,
        )

    def _point(self, asked: Asked, hidden: Tensor) -> None:
        """hidden [S, C] of its whole context"""
        ends = torch.tensor(asked.passages.ends, dtype=torch.long, device=hidden.device)
        logits = self._pointer(hidden[-1:], hidden[ends][None])[0]
        asked.pointed = torch.log_softmax(logits, -1).double().cpu().numpy()

    def _only_read(self, asked: Asked) -> Row[Asked]:
        yield asked.ids
        return asked

    def _reread(self, listener: Listener, asked: Asked) -> Row[Draft]:
        prompt, draft = asked.prompt, Drafting(asked.prompt.id, listener)
        draft.attend(asked.attended)
        yield asked.ids
        if not asked.passages.units or asked.belief(self.rules) < self.rules.found:
            draft.add(NOT_FOUND)
            return draft.done()
        chosen = self.chosen(asked)
        for unit in chosen:
            draft.quote(words(self.window, unit))
        short = None
        if prompt.answer_tokens:
            short = yield from self._short(prompt, chosen[0])
        if short is not None:
            # the words that answer are a place of their own: a date in a page-long recital
            draft.quote(words(self.window, short))
            draft.add(f"\n<answer>{words(self.window, short)}</answer>")
        return draft.done()

    def chosen(self, asked: Asked) -> list[Unit]:
        """The units to quote, the best first; a further one only if the pointer nearly chose it."""
        units, pointed = asked.passages.units, asked.pointed[:-1]
        if not units:
            return []
        rules = self.rules
        total = pointed + rules.worth * asked.worth + rules.words * asked.words
        if asked.clause is not None:
            total = total + rules.clause * asked.clause
        order = np.argsort(-total, kind="stable").tolist()
        least = pointed[order[0]] + np.log(self.rules.another)
        kept = [n for n in order if n == order[0] or pointed[n] >= least]
        return [units[n] for n in kept[: asked.prompt.quotes]]

    def _short(self, prompt: Prompt, quote: Unit) -> Generator[Sequence[int], Tensor, Unit | None]:
        """The tokens of the quote that answer by themselves; None where the model stops at it."""
        tokens, answer = self.window.tokens, self._tags[ANSWER]
        same = next(n for n, (a, b) in enumerate(zip(answer, self._end, strict=False)) if a != b)
        after = yield [*self._tags[QUOTE], *tokens[quote[0] : quote[1]], *answer[:same]]
        if after[answer[same]] < after[self._end[same]]:
            return None
        after = yield answer[same:]
        at, written = list(range(*quote)), 0
        while at and written < prompt.answer_tokens:
            allowed = {int(tokens[p]) for p in at}
            token = max(sorted(allowed), key=lambda t: float(after[t]))
            if written and after[self._closing] >= after[token]:
                break
            at = [p + 1 for p in at if tokens[p] == token]
            first, written = at[0], written + 1
            at = [p for p in at if p < quote[1]]
            if at and written < prompt.answer_tokens:
                after = yield [token]
        return first - written, first


def _ranked(scores: NDArray[np.float32], allowed: NDArray[np.int64]) -> list[int]:
    """The allowed blocks that promise anything, the best first."""
    order = allowed[np.argsort(-scores[allowed], kind="stable")]
    return [int(b) for b in order if scores[b] > 0]


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """``order``, shortest first, in groups of ``BATCH``, or of ``BATCH_TOKENS`` if that is less."""
    group: list[int] = []
    for number in order:
        full = len(group) == BATCH or (len(group) + 1) * lengths[number] > BATCH_TOKENS
        if group and full:
            yield group
            group = []
        group.append(number)
    if group:
        yield group

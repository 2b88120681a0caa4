"""Answers from passages read again: for a model that was trained to.

The finder ranks the window's blocks; the best of them are read once more, alone and dense, with
the question before and behind them and the headers of their documents (``passages``). The reader's
pointer then says of every unit how likely it answers, and of "none of them"; the finder has a vote
on which unit. A question put to a whole window is about names and details as often as about a kind
of clause, so there the words it is asked in choose passages too, and have a vote. The span head
(``models.nano.spans``) looks at the same passages both ways: it has a vote on the unit and on
whether there is an answer, and says which words of the first quote are a short answer, if any.
The rules that come with the trained weights (``Rules``) were chosen on documents that nothing was
trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kimidoc.engine import continuing, fresh, naming
from kimidoc.engine.base import NOBODY, Attended, Draft, Listener, Progress, Prompt
from kimidoc.engine.constrain import Unit, runs, words
from kimidoc.engine.decode import Row
from kimidoc.engine.drafting import Drafting
from kimidoc.engine.finding import Look
from kimidoc.engine.passages import PASSAGES, Cutter, Passages, by_both
from kimidoc.engine.writing import ANSWER, END_ANSWER, END_QUOTE, LISTED, NOT_FOUND, QUOTE, Desk
from kimidoc.models.nano.reader import POINTER
from kimidoc.models.nano.spans import Spans, Told, layout, padded

BATCH, BATCH_TOKENS = 4, 8_192  # contexts read at once, and their tokens, padding included
CERTAIN = 8.0  # nats: no vote on whether there is an answer counts more
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """What was fitted for the trained weights.

    ``found``: log p(some unit) - log p(none) must reach it. ``another``: the share of the first
    unit's probability that a further one must have.

    ``words`` nats count, of a whole window, that all of the question's words are in a unit. Where
    the model of clauses has a vote (``clausal``): ``clause`` nats for each of its own on a unit,
    and on whether there is an answer ``shift`` and ``known`` for each of its best unit's.

    Elsewhere ``lacking`` nats count against an answer that none of the question's names stands in
    the passages (``naming``), and ``worth`` that the finder gives a unit its full worth, against
    the pointer's own choice. Of the span head's log shares ``spans`` counts
    that a unit answers, and ``answers`` that any does. Where words of a unit have at most ``short``
    nats less than all of it, they are the short answer.
    """

    found: float = 0.0
    worth: float = 1.0
    words: float = 2.0
    another: float = 0.35
    clause: float = 0.0
    known: float = 0.0
    shift: float = 0.0
    spans: float = 1.0
    answers: float = 1.0
    short: float = 0.0
    lacking: float = 0.0

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
    ``lacking``: the share of the question's names that stand nowhere in them.
    Once it was read, ``pointed`` [U + 1]: log p of each unit and of none; ``told``: what the span
    head says of the units.
    """

    prompt: Prompt
    passages: Passages
    ids: tuple[int, ...]
    attended: tuple[Attended, ...]
    worth: _Floats
    words: _Floats
    clause: _Floats | None = None
    lacking: float = 0.0
    pointed: _Floats = field(default_factory=lambda: np.zeros(1))
    told: Told | None = None

    def belief(self, rules: Rules) -> float:
        """log p(some unit) - log p(none), and what the model of clauses, or the span head and the
        question's names, add"""
        units = self.pointed[:-1]
        if not units.size:
            return -np.inf
        vote = 0.0
        if self.clause is not None:
            vote = rules.shift + rules.known * float(self.clause.max())
        else:
            vote = -rules.lacking * self.lacking
            if self.told is not None:
                some = torch.logsumexp(self.told.units, 0) - self.told.none
                vote += rules.answers * float(some.clamp(-CERTAIN, CERTAIN))
        return float(np.logaddexp.reduce(units) - self.pointed[-1]) + vote


class Rereading(Desk):
    """Satisfies what ``local`` asks of a desk."""

    def __init__(self, *given: Any, rules: Rules = Rules(), spans: Spans | None = None) -> None:
        super().__init__(*given)
        self.rules, self.spans = rules, spans
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
        drafts: dict[int, Draft] = {}
        asked = self._asked(prompts)
        drafting = [Drafting(prompt.id, listener) for prompt in prompts]
        for group in self._batches(asked):
            for i in group:
                drafting[i].attend(asked[i].attended)
            self._read([asked[i] for i in group])
            for i in group:
                drafts[i] = self._written(asked[i], drafting[i])
            progress("answer", len(drafts), len(prompts), "questions")
        return [drafts[i] for i in range(len(prompts))]

    def read(self, prompts: Sequence[Prompt]) -> list[Asked]:
        """Every prompt with what was said of its units, for ``chosen`` under any rules."""
        asked = self._asked(prompts)
        for group in self._batches(asked):
            self._read([asked[i] for i in group])
        return asked

    def _asked(self, prompts: Sequence[Prompt]) -> list[Asked]:
        looks = self.finder.look(prompts)
        return [self._made(p, look) for p, look in zip(prompts, looks, strict=True)]

    def _batches(self, asked: Sequence[Asked]) -> Iterator[list[int]]:
        order = sorted(range(len(asked)), key=lambda i: len(asked[i].ids))
        return _batches(order, [len(one.ids) for one in asked])

    def _made(self, prompt: Prompt, look: Look) -> Asked:
        """The passages for a prompt and its whole context."""
        allowed, _ = self._allowed(prompt)
        best = _ranked(look.scores, allowed)[: 2 * LISTED]
        listed = [(b, 1 / (n + 1)) for n, b in enumerate(best)]
        blocks = best[:PASSAGES]
        # names and details: asked of all, or of a document in words of its own
        free = prompt.scope is None or (prompt.sought is not None and not look.asks_for_clause)
        if free:
            blocks = by_both(best, _ranked(look.by_words, allowed))
        cut = self._cutter.cut(prompt.question, blocks, prompt.scope)
        places = [a for b, score in listed for a in self._places(prompt, b, score)]
        source = runs(self.window, cut.spans)
        at = np.searchsorted(source.starts, [start for start, _ in cut.units])
        by_words = np.zeros(len(at))
        if free:
            by_words = look.worth_by_words(source)[at].astype(np.float64)
        named = naming.names(prompt.question)
        passages = self.tokenizer.decode(cut.ids[cut.question[1] :]) if named else ""
        return Asked(
            prompt,
            cut,
            (*cut.ids, *self._feed(prompt)[0]),
            tuple(places[:LISTED]),
            look.worth(source)[at].astype(np.float64),
            by_words,
            look.by_clause(cut.units) if cut.units else None,
            naming.lacking(named, passages),
        )

    @torch.no_grad()
    def _read(self, asked: Sequence[Asked]) -> None:
        """Read the contexts together; the pointer and the span head say what they see in each."""
        taps = () if self.spans is None else self.spans.shape.taps
        seen = fresh.read(self.reader.loaded.model, [one.ids for one in asked], taps)
        for one, states in zip(asked, seen, strict=True):
            hidden, ends = states[:, -1], list(one.passages.ends)
            logits = self._pointer(hidden[-1:], hidden[ends][None])[0]
            one.pointed = torch.log_softmax(logits, -1).double().cpu().numpy()
            if self.spans is not None and one.passages.units:
                at, of = layout(one.passages.question, one.passages.placed())
                one.told = self.spans.read(padded([(states[at].cpu(), at, of)]))[0]

    def _written(self, asked: Asked, draft: Drafting) -> Draft:
        prompt = asked.prompt
        if not asked.passages.units or asked.belief(self.rules) < self.rules.found:
            draft.add(NOT_FOUND)
            return draft.done()
        chosen = self.chosen(asked)
        for unit in chosen:
            draft.quote(words(self.window, unit))
        short = self._short(asked, chosen[0]) if prompt.answer_tokens else None
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
        total = pointed + rules.words * asked.words
        if asked.clause is not None:
            total = total + rules.clause * asked.clause
        else:
            total = total + rules.worth * asked.worth
            if asked.told is not None:
                total = total + rules.spans * asked.told.units.double().numpy()
        order = np.argsort(-total, kind="stable").tolist()
        least = pointed[order[0]] + np.log(self.rules.another)
        kept = [n for n in order if n == order[0] or pointed[n] >= least]
        return [units[n] for n in kept[: asked.prompt.quotes]]

    def _short(self, asked: Asked, quote: Unit) -> Unit | None:
        """The tokens of the quote that answer by themselves; None where all of it does.

        Of a clause the model itself says them: it learnt from labelled contracts which of their
        words are a title, a party or a date; of all else the span head does.
        """
        if asked.clause is not None:
            row = self._by_model(asked, quote)
            return continuing.lockstep(self.reader.loaded.model, [row])[0]
        return self._by_head(asked, quote)

    def _by_head(self, asked: Asked, quote: Unit) -> Unit | None:
        if asked.told is None:
            return None
        number = asked.passages.units.index(quote)
        told = asked.told
        if told.words[number] + self.rules.short < told.whole[number]:
            return None
        places, _ = layout(asked.passages.question, asked.passages.placed())
        first, end = told.spans[number].tolist()
        start = quote[0] - asked.passages.placed()[number][0]  # from a place to its window token
        return start + places[first], start + places[end - 1] + 1

    def _by_model(self, asked: Asked, quote: Unit) -> Row[Unit | None]:
        """Where the model would go on to a short answer, and with which tokens of the quote."""
        tokens, answer = self.window.tokens, self._tags[ANSWER]
        same = next(n for n, (a, b) in enumerate(zip(answer, self._end, strict=False)) if a != b)
        yield asked.ids
        after = yield [*self._tags[QUOTE], *tokens[quote[0] : quote[1]], *answer[:same]]
        if after[answer[same]] < after[self._end[same]]:
            return None
        after = yield answer[same:]
        at, written = list(range(*quote)), 0
        while at and written < asked.prompt.answer_tokens:
            allowed = {int(tokens[p]) for p in at}
            token = max(sorted(allowed), key=lambda t: float(after[t]))
            if written and after[self._closing] >= after[token]:
                break
            at = [p + 1 for p in at if tokens[p] == token]
            first, written = at[0], written + 1
            at = [p for p in at if p < quote[1]]
            if at and written < asked.prompt.answer_tokens:
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

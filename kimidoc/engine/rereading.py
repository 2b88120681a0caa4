"""Answers from passages read again: for a model that was trained to.

The finder ranks the window's blocks; the best of them are read once more, alone and dense, with
the question before and behind them and the headers of their documents (``passages``). Of a kind of
clause the reader's pointer then says of every unit how likely it answers, and of "none of them"; of
all else the span head does (``models.nano.spans``), for which the reader's upper layers look both
ways, and which words of the first quote are a short answer, if any. The finder has a vote on which
unit; a question put to a whole window is about names and details as often as about a kind of
clause, so there the words it is asked in choose passages too, and have a vote.
The rules that come with the trained weights (``Rules``) were chosen on documents that nothing was
trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kimidoc.engine import continuing, fresh, likelihood, naming
from kimidoc.engine.base import NOBODY, Draft, Listener, Progress, Prompt
from kimidoc.engine.constrain import Unit, runs, words
from kimidoc.engine.decode import Row
from kimidoc.engine.drafting import Drafting
from kimidoc.engine.finding import Look
from kimidoc.engine.passages import PASSAGES, Cutter, apart, by_both
from kimidoc.engine.votes import PLAIN, Asked, Context, Rules
from kimidoc.engine.writing import ANSWER, END_ANSWER, END_QUOTE, LISTED, NOT_FOUND, QUOTE, Desk
from kimidoc.models.nano.reader import POINTER
from kimidoc.models.nano.spans import Spans, layout, padded

BATCH, BATCH_TOKENS = 4, 8_192  # contexts read at once, and their tokens, padding included
BLANKS = 2  # tokens between two units that stand together


class Rereading(Desk):
    """Satisfies what ``local`` asks of a desk."""

    def __init__(self, *given: Any, rules: Rules = PLAIN, spans: Spans | None = None) -> None:
        super().__init__(*given)
        self.rules, self.spans = rules, spans
        self._cutter = Cutter(self.window, self.tokenizer, self.frame.preamble_ids, self.block)
        self._pointer = getattr(self.reader.loaded.model, POINTER)
        self._end = [*self._ids(END_QUOTE), min(self.frame.stop_ids)]
        self._closing = self._ids(END_ANSWER)[0]
        self._asks = self._ids(likelihood.ASKED)
        self._words: dict[int, frozenset[str]] = {}  # of a document, by where its segment starts

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
        lengths = [max(len(context.ids) for context in one.contexts) for one in asked]
        return _batches(sorted(range(len(asked)), key=lengths.__getitem__), lengths)

    def _made(self, prompt: Prompt, look: Look) -> Asked:
        """The passages for a prompt and all that is known of them before they are read."""
        allowed, _ = self._allowed(prompt)
        best = _ranked(look.scores, allowed)[: 2 * LISTED]
        listed = [(b, 1 / (n + 1)) for n, b in enumerate(best)]
        blocks = best[:PASSAGES]
        # names and details: asked of all, or of a document in words of its own
        free = prompt.scope is None or (prompt.sought is not None and not look.asks_for_clause)
        if free:
            blocks = by_both(best, _ranked(look.by_words, allowed))
        places = [a for b, score in listed for a in self._places(prompt, b, score)]
        behind = self._feed(prompt)[0]
        cuts = [self._cutter.cut(prompt.question, part, prompt.scope) for part in apart(blocks)]
        contexts = tuple(Context(cut, (*cut.ids, *behind)) for cut in cuts)
        units = [unit for cut in cuts for unit in cut.units]
        source = runs(self.window, [span for cut in cuts for span in cut.spans])
        at = np.searchsorted(source.starts, [start for start, _ in units])
        by_words = np.zeros(len(units))
        if free:
            by_words = look.worth_by_words(source)[at].astype(np.float64)
        return Asked(
            prompt,
            contexts,
            tuple(places[:LISTED]),
            look.worth(source)[at].astype(np.float64),
            by_words,
            self._lacking(prompt.question, units),
            look.by_clause(units) if units else None,
            free,
        )

    def _lacking(self, question: str, units: Sequence[Unit]) -> NDArray[np.float64]:
        """[U]: the share of the question's names that the document of each does not hold, nor its
        path"""
        named, found = naming.names(question), np.zeros(len(units))
        if named:
            for number, (start, _) in enumerate(units):
                segment = self.window.segment_at(start)
                assert segment is not None
                if segment.start not in self._words:
                    document = segment.document
                    self._words[segment.start] = naming.words(f"{document.path} {document.text}")
                found[number] = naming.lacking(named, self._words[segment.start])
        return found

    @torch.no_grad()
    def _read(self, asked: Sequence[Asked]) -> None:
        """Read the contexts together; the pointer and the span head say what they see in each."""
        for headed in (False, True):  # of a clause the head says nothing that counts
            contexts = [c for one in asked if (one.clause is None) == headed for c in one.contexts]
            lengths = [len(context.ids) for context in contexts]
            for group in _batches(sorted(range(len(lengths)), key=lengths.__getitem__), lengths):
                self._read_group([contexts[n] for n in group], headed)
        for one in asked:
            if one.free and one.clause is None and one.units and self.rules.likely:
                one.likely = self._likely(one)

    def _likely(self, asked: Asked) -> NDArray[np.float64]:
        """Of the best units the question's likelihood, each behind the unit that stands before it
        if any does."""
        best = np.argsort(-asked.scores(self.rules), kind="stable")[: likelihood.UNITS]
        before = [[*self._led_to(asked.units, int(n)), *self._asks] for n in best]
        question = self._ids(asked.prompt.question)
        said = likelihood.of_question(self.reader.loaded.model, before, question)
        found = np.full(len(asked.units), said.min())
        found[best] = said
        return found

    def _led_to(self, units: Sequence[Unit], number: int) -> Sequence[int]:
        """The tokens of a unit, behind those of the one before it where they stand together."""
        start, end = units[number]
        before, ended = units[number - 1] if number else (start, start)
        near = 0 <= start - ended <= BLANKS
        if near and self.window.segment_at(before) is self.window.segment_at(start):
            start = before
        return self.window.tokens[start:end]

    def _read_group(self, contexts: Sequence[Context], headed: bool) -> None:
        seen = self._seen(contexts, headed)
        for one, (hidden, states) in zip(contexts, seen, strict=True):
            ends = list(one.passages.ends)
            one.pointed = np.zeros(len(ends))
            if hidden is not None:
                logits = self._pointer(hidden[-1:], hidden[ends][None])[0].double().cpu().numpy()
                one.pointed = logits[:-1] - logits[-1]
            if states is not None and self.spans is not None and one.passages.units:
                at, of = layout(one.passages.question, one.passages.placed())
                one.told = self.spans.read(padded([(states[at].cpu(), at, of)]))[0]

    def _seen(
        self, contexts: Sequence[Context], headed: bool
    ) -> Iterator[tuple[Tensor | None, Tensor | None]]:
        """Of each the last hidden states, for the pointer, and with ``headed`` what the span head
        takes of all that stands before the question is asked again."""
        model, ids = self.reader.loaded.model, [one.ids for one in contexts]
        spans = self.spans if headed else None
        if spans is not None and spans.both is not None:
            counts = [len(one.passages.ids) for one in contexts]
            last = bool(self.rules.pointed)
            taps, both = spans.shape.taps, spans.both
            yield from fresh.read_both_ways(model, ids, counts, taps, both, last=last)
            return
        taps = () if spans is None else spans.shape.taps
        for states in fresh.read(model, ids, taps):
            yield states[:, -1], None if spans is None else states

    def _written(self, asked: Asked, draft: Drafting) -> Draft:
        prompt = asked.prompt
        if not asked.units or asked.belief(self.rules) < self.rules.found:
            draft.add(NOT_FOUND)
            return draft.done()
        chosen = self._chosen(asked)
        for number in chosen:
            draft.quote(words(self.window, asked.units[number]))
        short = self._short(asked, chosen[0]) if prompt.answer_tokens else None
        if short is not None:
            # the words that answer are a place of their own: a date in a page-long recital
            draft.quote(words(self.window, short))
            draft.add(f"\n<answer>{words(self.window, short)}</answer>")
        return draft.done()

    def chosen(self, asked: Asked) -> list[Unit]:
        """The units to quote, the best first; a further one only if it was nearly chosen."""
        return [asked.units[number] for number in self._chosen(asked)]

    def _chosen(self, asked: Asked) -> list[int]:
        if not asked.units:
            return []
        scores = asked.scores(self.rules)
        order = np.argsort(-scores, kind="stable").tolist()
        headed = None if self.rules.pointed else asked.headed  # ``another`` is the pointer's
        alike = asked.pointed if headed is None else headed
        least = alike[order[0]] + np.log(self.rules.another)
        kept = dict[Unit, int]()  # one that two contexts hold is quoted once
        for number in order:
            if number == order[0] or alike[number] >= least:
                kept.setdefault(asked.units[number], number)
        return list(kept.values())[: asked.prompt.quotes]

    def _short(self, asked: Asked, number: int) -> Unit | None:
        """The tokens of a unit that answer by themselves; None where all of it does.

        Of a clause the model itself says them: it learnt from labelled contracts which of their
        words are a title, a party or a date; of all else the span head does.
        """
        context, own = asked.place(number)
        if asked.clause is not None:
            row = self._by_model(asked.prompt, context, asked.units[number])
            return continuing.lockstep(self.reader.loaded.model, [row])[0]
        return self._by_head(context, own)

    def _by_head(self, context: Context, number: int) -> Unit | None:
        told, cut = context.told, context.passages
        if told is None or told.words[number] + self.rules.short < told.whole[number]:
            return None
        places, _ = layout(cut.question, cut.placed())
        first, end = told.spans[number].tolist()
        # from a place to its window token
        start = cut.units[number][0] - cut.placed()[number][0]
        return start + places[first], start + places[end - 1] + 1

    def _by_model(self, prompt: Prompt, context: Context, quote: Unit) -> Row[Unit | None]:
        """Where the model would go on to a short answer, and with which tokens of the quote."""
        tokens, answer = self.window.tokens, self._tags[ANSWER]
        same = next(n for n, (a, b) in enumerate(zip(answer, self._end, strict=False)) if a != b)
        yield context.ids
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

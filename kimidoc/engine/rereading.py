"""Answers from passages read again: for a model that was trained to.

The finder ranks the window's blocks; the best of them are read once more, alone and dense, with
the headers of their documents and the question (``passages``). What the model then thinks of
``<quote>`` against ``NOT FOUND`` decides whether there is an answer, and the quotes are written
from the passages' own words, unit by unit, as everywhere (``constrain``). Two rules come with the
trained weights, both chosen on training data: from which difference on an answer counts as found,
and how many nats the finder's worth of a unit may weigh.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from kimidoc.engine import fresh
from kimidoc.engine.base import Draft, Progress, Prompt, silent
from kimidoc.engine.constrain import runs, words
from kimidoc.engine.decode import Result, Row
from kimidoc.engine.finding import Look
from kimidoc.engine.passages import PASSAGES, Cutter, Passages
from kimidoc.engine.writing import ANOTHER, LISTED, NOT_FOUND, QUOTE, Desk

BATCH = 8  # contexts of about a thousand tokens that are read at once


@dataclass(frozen=True, slots=True)
class Rules:
    """What was fitted for the trained weights.

    ``found``: log p(<quote>) - log p(NOT FOUND) must reach it. ``worth``: nats that the finder's
    full worth counts against the model's own choice of words.
    """

    found: float = 0.0
    worth: float = 3.0

    @classmethod
    def of(cls, about: Mapping[str, str]) -> Rules:
        """What a reader's file says of itself; the defaults where nothing was fitted."""
        fitted = {k: float(about[k]) for k in ("found", "worth") if k in about}
        return cls(**fitted)


@dataclass(frozen=True, slots=True)
class _Asked:
    prompt: Prompt
    look: Look
    passages: Passages
    ids: tuple[int, ...]
    blocks: tuple[tuple[int, float], ...]


class Rereading(Desk):
    """Satisfies what ``local`` asks of a desk."""

    def __init__(self, *given: Any, rules: Rules = Rules()) -> None:
        super().__init__(*given)
        self.use(rules)
        self._cutter = Cutter(self.window, self.tokenizer, self.frame.preamble_ids, self.block)
        self._yes, self._no = self._tags[QUOTE][0], self._ids(NOT_FOUND)[0]

    def use(self, rules: Rules) -> None:
        """Answer by these rules from now on."""
        self.rules, self._bonus = rules, rules.worth

    def answer(self, prompts: Sequence[Prompt], progress: Progress) -> list[Draft]:
        """Drafts in the order of the prompts; contexts of like length share a batch."""
        return self._each(prompts, self._reread, progress)

    def belief(self, prompts: Sequence[Prompt]) -> list[float]:
        """log p(<quote>) - log p(NOT FOUND) of every prompt: what ``Rules.found`` is held to."""
        return self._each(prompts, self._believed, silent)

    def _each(
        self, prompts: Sequence[Prompt], row: Callable[[_Asked], Row[Result]], progress: Progress
    ) -> list[Result]:
        """What ``row`` makes of every prompt, those of like length in a batch."""
        looks = self.finder.look(prompts)
        asked = [self._made(p, look) for p, look in zip(prompts, looks, strict=True)]
        order = sorted(range(len(prompts)), key=lambda i: len(asked[i].ids))
        found: dict[int, Result] = {}
        for at in range(0, len(order), BATCH):
            group = order[at : at + BATCH]
            rows = [row(asked[i]) for i in group]
            found |= zip(group, fresh.lockstep(self.reader.loaded.model, rows), strict=True)
            progress("answer", len(found), len(prompts), "questions")
        return [found[i] for i in range(len(prompts))]

    def _made(self, prompt: Prompt, look: Look) -> _Asked:
        """The passages for a prompt and its whole context."""
        allowed, _ = self._allowed(prompt)
        best = allowed[np.argsort(-look.scores[allowed], kind="stable")][: 2 * LISTED]
        listed = [(int(b), float(1 / (n + 1))) for n, b in enumerate(best) if look.scores[b] > 0]
        cut = self._cutter.cut([b for b, _ in listed[:PASSAGES]], prompt.scope)
        ids = (*cut.ids, *self._feed(prompt)[0])
        return _Asked(prompt, look, cut, ids, tuple(listed))

    def _believed(self, asked: _Asked) -> Row[float]:
        after = yield asked.ids
        return float(after[self._yes] - after[self._no])

    def _reread(self, asked: _Asked) -> Row[Draft]:
        prompt = asked.prompt
        places = [a for b, score in asked.blocks for a in self._places(prompt, b, score)]
        attended = tuple(places[:LISTED])
        after = yield asked.ids
        if not asked.passages.spans or after[self._yes] - after[self._no] < self.rules.found:
            return Draft(prompt.id, NOT_FOUND, attended)
        quotes = yield from self._quotes(asked)
        return (yield from self._drafted(prompt, quotes, attended))

    def _quotes(self, asked: _Asked) -> Generator[Sequence[int], Tensor, list[str]]:
        """As many quotes as the prompt asks for; a further one only if the model goes on so."""
        quotes: list[str] = []
        used: set[int] = set()
        while len(quotes) < asked.prompt.quotes:
            source = runs(self.window, asked.passages.spans, used)
            if not source.starts.size:
                break
            worth = asked.look.worth(source)
            after = yield self._tags[ANOTHER if quotes else QUOTE]
            start, end = yield from self._quote(asked.prompt, source, worth, after)
            quotes.append(words(self.window, (start, end)))
            used |= set(range(start, end))
            floor = asked.look.another * float(worth.max())
            left = runs(self.window, asked.passages.spans, used)
            if not left.starts.size or float(asked.look.worth(left).max()) < floor:
                break
        return quotes

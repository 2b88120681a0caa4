"""What every part said of the units that were read for a question, and how their votes are counted.

The pointer, the finder, the question's words and names, the model of clauses and the span head each
say something of each unit, or of whether there is an answer. ``Rules`` are the weights of these
votes, in nats; they come with the trained weights and were chosen on documents that nothing was
trained on (``kimidoc.train.calibrate``).

    U units of all contexts, in order; u those of one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kimidoc.engine.base import Attended, Prompt
from kimidoc.engine.constrain import Unit
from kimidoc.engine.passages import Passages
from kimidoc.models import nano
from kimidoc.models.nano.spans import Told

CERTAIN = 8.0  # nats: no vote on whether there is an answer counts more
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """What was fitted for the trained weights.

    ``found``: log p(some unit) - log p(none) must reach it. ``another``: the share of the first
    unit's probability that a further one must have.

    ``words`` nats count, of a whole window, that all of the question's words are in a unit, and
    ``likely`` every nat by which it makes the question likelier (``likelihood``). Where
    the model of clauses has a vote (``clausal``): ``clause`` nats for each of its own on a unit,
    and on whether there is an answer ``shift`` and ``known`` for each of its best unit's.

    Elsewhere ``lacking`` nats count against a unit in whose document none of the question's names
    stands (``naming``), and ``worth`` that the finder gives a unit its full worth. Of the span
    head's log shares ``spans`` counts that a unit answers, and ``answers`` that any does; of a
    whole window ``answers_of_all``, with ``shift_of_all`` beside. Beside the head's ``pointed`` of
    the pointer's own count; where that is nothing it is not asked. Where words of a unit have at
    most ``short`` nats less than all of it, they are the short answer.
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
    likely: float = 0.0
    answers_of_all: float = 1.0
    shift_of_all: float = 0.0
    pointed: float = 1.0

    @classmethod
    def of(cls, about: Mapping[str, float | str]) -> Rules:
        """What a file of rules says; the defaults where nothing was fitted."""
        fitted = {k: float(about[k]) for k in cls.__slots__ if k in about}
        return cls(**fitted)

    @classmethod
    def at(cls, file: Path | None) -> Rules:
        """The rules in a file, or the defaults. Raises ModelError as ``nano.rules``."""
        return cls() if file is None else cls.of(nano.rules(file))


PLAIN = Rules()  # where nothing was fitted


@dataclass(slots=True)
class Context:
    """What is read as one. Once it was, ``pointed`` [u]: log p of each unit less that of none;
    ``told``: what the span head says of them."""

    passages: Passages
    ids: tuple[int, ...]
    pointed: Floats = field(default_factory=lambda: np.zeros(0))
    told: Told | None = None


@dataclass
class Asked:
    """A prompt made ready: what is read for it, and where in the window the finder sees it.

    ``worth``, ``words`` [U]: of each unit, the finder's and, of a whole window, that of the
    question's words; ``lacking`` [U]: the share of the question's names that stand nowhere in its
    document; ``clause`` [U]: the vote of the model of clauses on each, where it has one.
    ``free``: it asks in words of its own, for names and details. Then, once it was read,
    ``likely`` [U]: log p of the question behind each of the best units; of others as of the worst
    of these.
    """

    prompt: Prompt
    contexts: tuple[Context, ...]
    attended: tuple[Attended, ...]
    worth: Floats
    words: Floats
    lacking: Floats
    clause: Floats | None = None
    free: bool = False
    likely: Floats | None = None

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """What a quote may be."""
        return tuple(unit for one in self.contexts for unit in one.passages.units)

    @property
    def pointed(self) -> Floats:
        """[U]: the pointer's log p of each less that of none, in its context"""
        return np.concatenate([one.pointed for one in self.contexts])

    def place(self, unit: int) -> tuple[Context, int]:
        """The context that a unit of that number stands in, and its number there."""
        for one in self.contexts:
            if unit < len(one.passages.units):
                return one, unit
            unit -= len(one.passages.units)
        raise AssertionError("there is no such unit")

    @property
    def headed(self) -> Floats | None:
        """[U]: the span head's log share of each less that of none, in its context"""
        told = [c.told.units.double().numpy() - float(c.told.none) for c in self.contexts if c.told]
        return np.concatenate(told) if told else None

    def scores(self, rules: Rules) -> Floats:
        """[U]: all votes on which unit answers"""
        if self.clause is not None:
            return self.pointed + rules.words * self.words + rules.clause * self.clause
        headed = self.headed
        total = self.pointed if headed is None else rules.pointed * self.pointed
        total = total + rules.words * self.words
        total = total + rules.worth * self.worth - rules.lacking * self.lacking
        if self.likely is not None:
            total = total + rules.likely * self.likely
        return total if headed is None else total + rules.spans * headed

    def belief(self, rules: Rules) -> float:
        """All votes on whether there is an answer: ``rules.found`` is what they must reach.

        The pointer's log p(some unit) - log p(none), and what the model of clauses, or the span
        head and the names of the question, add. Of several contexts any may answer: odds of the
        pointer are added up, and of what the head says of each the best counts.
        """
        if not self.units:
            return -np.inf
        odds = float(np.logaddexp.reduce(self.pointed))
        if self.clause is not None:
            return odds + rules.shift + rules.known * float(self.clause.max())
        whole = self.prompt.scope is None
        said = [c.told for c in self.contexts if c.told is not None]
        if said:
            some = max(float(torch.logsumexp(told.units, 0) - told.none) for told in said)
            weight = rules.answers_of_all if whole else rules.answers
            odds = rules.pointed * odds + weight * min(CERTAIN, max(-CERTAIN, some))
        odds -= rules.lacking * float(self.lacking[int(self.scores(rules).argmax())])
        return odds + rules.shift_of_all if whole else odds

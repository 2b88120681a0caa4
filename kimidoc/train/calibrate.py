"""The rules that go with a trained reader, chosen on documents it was not trained on.

    pointed, spans, worth, words, likely    what the pointer, the span head, the finder, a
             question's words and its likelihood (``engine.likelihood``) weigh on which unit
             answers: with most quotes right, of questions to a text by itself and to a whole set
    answers, found    what the head's log odds of an answer weigh, and the sum from which on there
             is one: where the shares right of what is present and of what is absent have their
             best sum
    lacking    the nats that names of the question which stand nowhere count against an answer
             (``engine.naming``), chosen with them
    answers_of_all, shift_of_all    the same of questions put to a whole set
    clause, known, shift    what the model of clauses (``engine.clausal``) weighs beside the pointer
             where a question asks for a kind of clause: on the choice, and on whether there is an
             answer, by a logistic regression and then as ``found`` is chosen

All but the last line are chosen on the texts and sets that were written for the span head and kept
from its training (``kept``), the last on every category asked of every contract, in one of its
wordings; without a span head contracts serve for all. For another checkpoint or another kind of
document, run it on documents of that kind. The model of clauses must not have been fitted on them
either: without one that was fitted so, what it weighs stays as it is in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kimidoc.clauses.model import Model
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.votes import Asked, Rules
from kimidoc.errors import UsageError
from kimidoc.models import nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import kept, sources
from kimidoc.train.kept import Case, Floats, Group, share
from kimidoc.train.sources import Labelled
from kimidoc.train.span_data import kept_from_training
from kimidoc.train.verdict import logistic
from kimidoc.types import Window

WORTHS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
CLAUSES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
TRIED = {
    "pointed": (0.0, 0.1, 0.25, 0.5, 1.0),
    "spans": (1.0, 0.5, 2.0),
    "worth": WORTHS,
    "words": (0.0, 0.5, 1.0, 2.0, 3.0),
    "likely": (0.0, 0.1, 0.25, 0.5, 1.0),
}
ANSWERS = (1.0, 0.5, 2.0, 0.25, 0.0)
LACKING = (0.0, 5.0, 10.0, 20.0)  # nats; more would be a rule without exception
TEXTS = 48  # of ours that are asked by themselves, at most
ALIKE = 0.005  # of the share right: less is no reason for a vote more
FITTED = (
    "found", *TRIED, "clause", "known", "shift", "answers", "lacking", "answers_of_all",
    "shift_of_all",
)  # fmt: skip


def threshold(beliefs: Floats, present: NDArray[np.bool_]) -> float:
    """Where found-when-present and not-found-when-absent have the best sum; between two beliefs.

    Of equal sums the one whose two shares are closest.
    """
    return best_threshold(beliefs, present, (~present,))[0]


def best_threshold(
    beliefs: Floats,
    present: NDArray[np.bool_],
    absent: Sequence[NDArray[np.bool_]],
    digits: int = 9,
) -> tuple[float, float]:
    """``threshold``, and the sum of the shares there. ``absent``: kinds of cases that count alike.

    ``digits`` of a sum that count: sums that differ by less are equal.
    """
    order = np.unique(beliefs[np.isfinite(beliefs)])  # of nothing read there is none
    if not order.size:
        return 0.0, 0.0
    places = [order[0] - 1, *((order[:-1] + order[1:]) / 2), order[-1] + 1]

    def merit(at: float) -> tuple[float, float]:
        hits = share(beliefs[present] >= at)
        rest = float(np.mean([share(beliefs[kind] < at) for kind in absent]))
        return round(hits + rest, digits), -abs(hits - rest)

    best = max(places, key=merit)
    return float(best), merit(best)[0]


def run(
    documents: Sequence[Labelled], checkpoint: Checkpoint, output: Path,
    threads: int | None = None, seed: int = 0, progress: Progress = silent,
    clauses: Model | None = None,
) -> dict[str, float]:  # fmt: skip
    """Choose them and write them; returns them and what was right with them.

    ``clauses``: a model of clauses that was fitted on none of the documents. Raises UsageError for
    a checkpoint without a trained reader.
    """
    if checkpoint.reader is None:
        raise UsageError(f"{checkpoint.id} has no trained reader.", hint="Use --model nano.")
    engine = LocalEngine(checkpoint, sessions_root=None, threads=threads)
    part = kept.read(
        engine, documents, lambda window: kept.cases(window, documents, Random(seed)), clauses,
        progress,
    )  # fmt: skip
    contracts, before = Group([part], own=False), Rules.at(checkpoint.rules)
    groups = {"": contracts}
    if checkpoint.spans is not None:
        groups |= _ours(engine, seed, progress)
    free, whole = groups.get("free_", contracts), groups.get("of_all_", contracts)
    rules = weighed([group for group in groups.values() if group.own] or [contracts], before)
    rules = _found(free, rules)
    rules = replace(rules, shift=before.shift + rules.found - before.found)
    if clauses is not None:
        beliefs = contracts.beliefs(replace(rules, known=0, shift=0))
        rules = decided(part.read, beliefs, contracts.present, rules)
        rules = _best([contracts], [replace(rules, clause=c) for c in CLAUSES])
    if whole.own:
        rules = found_of_all(whole, rules)
    nano.keep_rules(output, checkpoint.reader, asdict(rules))
    found = {name: float(getattr(rules, name)) for name in FITTED}
    for name, group in groups.items():
        said = group.beliefs(rules) >= rules.found
        found |= {
            f"{name}found_when_present": share(said[group.present]),
            f"{name}not_found_when_absent": share(~said[~group.present]),
            f"{name}right": group.right(rules),
        }
    kinds = np.array([one.clause is not None for one in part.read])
    return found | {"asks_for_a_kind": share(kinds)}


def _ours(engine: LocalEngine, seed: int, progress: Progress) -> dict[str, Group]:
    """What is ours and was kept from training: texts asked each by itself, and whole sets."""
    texts = [d for d in sources.paragraphs() if kept_from_training(d.path)]
    texts = Random(seed).sample(texts, min(TEXTS, len(texts)))
    sets = [s for s in sources.sets() if kept_from_training(s[0].path)]

    def ask(window: Window) -> list[Case]:
        every = kept.asked_of_each(window, texts)
        return every + kept.renamed(window, texts, Random(seed))

    found = {}
    if texts:
        found["free_"] = Group([kept.read(engine, texts, ask, None, progress)], own=True)
    if sets:
        rng = Random(seed)
        asked = [kept.asked_of_set(one, rng) for one in sets]
        parts = [
            kept.read(engine, one, partial(_these, cases), None, progress)
            for one, cases in zip(sets, asked, strict=True)
        ]
        found["of_all_"] = Group(parts, own=True)
    return found


def _these(cases: list[Case], _: Window) -> list[Case]:
    return cases


def weighed(groups: Sequence[Group], rules: Rules) -> Rules:
    """The weights of what has a vote on which unit answers, one after the other and once more."""
    tried = TRIED if groups[0].own else {"worth": WORTHS}
    for name, weights in [*tried.items(), *tried.items()]:
        tried_now = [replace(rules, **{name: weight}) for weight in weights]
        rules = _best(groups, tried_now, ALIKE)
    return rules


def _found(group: Group, rules: Rules) -> Rules:
    """The rules for whether there is an answer, without the vote of the model of clauses."""
    found = []
    for answers in ANSWERS if group.own else (0.0,):
        for lacking in LACKING if group.own else (rules.lacking,):
            one = replace(rules, answers=answers, lacking=lacking)
            beliefs = group.beliefs(replace(one, known=0.0, shift=0.0))
            at, best = best_threshold(beliefs, group.present, group.absent, 2)
            found.append((best, replace(one, found=at)))
    return max(found, key=lambda one: one[0])[1]


def found_of_all(group: Group, rules: Rules) -> Rules:
    """The rules for whether a whole window answers."""
    found = []
    for answers in ANSWERS:
        one = replace(rules, answers_of_all=answers, shift_of_all=0.0)
        at, best = best_threshold(group.beliefs(one), group.present, group.absent, 2)
        found.append((best, replace(one, shift_of_all=rules.found - at)))
    return max(found, key=lambda one: one[0])[1]


def _best(groups: Sequence[Group], tried: Sequence[Rules], alike: float = 0.0) -> Rules:
    """The first of those with most quotes right, up to ``alike`` less in the mean of the groups."""
    right = [float(np.mean([group.right(rules) for group in groups])) for rules in tried]
    return next(r for r, own in zip(tried, right, strict=True) if own >= max(right) - alike)


def decided(
    read: Sequence[Asked], beliefs: Floats, present: NDArray[np.bool_], rules: Rules
) -> Rules:
    """The rules for whether there is an answer, with the vote of the model of clauses.

    ``beliefs``: without it, which ``rules.found`` is for.
    """
    rules = replace(rules, known=0, shift=0)
    every = np.array([np.nan if one.clause is None else one.clause.max() for one in read])
    voted = np.isfinite(every) & np.isfinite(beliefs)
    if not (voted & present).any() or not (voted & ~present).any():
        return rules
    best = every[voted]
    weights, _ = logistic(np.stack([beliefs[voted], best], 1), present[voted].astype(float))
    if weights[0] <= 0:
        return rules
    known = float(max(0.0, weights[1] / weights[0]))
    at = threshold(beliefs[voted] + known * best, present[voted])
    return replace(rules, known=known, shift=rules.found - at)

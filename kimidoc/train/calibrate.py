"""The rules that go with a trained reader, chosen on documents it was not trained on.

    found    the difference log p(some unit) - log p(none) from which on there is an answer: where
             the shares right of what is present and of what is absent have their best sum
    worth    the nats that the finder's worth of a unit weighs beside the pointer's choice: the one
             with most quotes right
    clause, known, shift    what the model of clauses (``engine.clausal``) weighs beside both: on
             the choice, with ``worth``, and on whether there is an answer, by a logistic regression
             and then as ``found`` is chosen

Every category is asked of every document, in one of its wordings. How much words count in a whole
window (``words``) was chosen on questions about encyclopaedia articles, and is not fitted here. For
another checkpoint or another kind of document, run it on documents of that kind. The model of
clauses must not have been fitted on them either: without one that was fitted so, what it weighs
stays as it is in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from kimidoc import pack
from kimidoc.clauses.model import Model
from kimidoc.engine.base import Progress, Prompt, silent
from kimidoc.engine.clausal import ByClause
from kimidoc.engine.constrain import words
from kimidoc.engine.finding import ByMeaning
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.rereading import Asked, Rereading, Rules
from kimidoc.errors import UsageError
from kimidoc.indexer.bm25 import overlap
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import sources
from kimidoc.train.questions import wordings
from kimidoc.train.sources import Labelled, Span
from kimidoc.train.verdict import logistic
from kimidoc.types import Document, Window

WORTHS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
CLAUSES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
FITTED = ("found", "worth", "clause", "known", "shift")
LONGEST_CHARS = 60_000  # of a contract that is asked
RIGHT = 0.5  # token F1 with a labelled span, from which on a quote is right
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt about one document and the words that answer it; none where it is absent."""

    prompt: Prompt
    golds: tuple[str, ...]


def held_out(contracts: Path, count: int, seed: int = 0) -> list[Labelled]:
    """Contracts of CUAD's training split that nothing was trained on, in a drawn order.

    Raises UsageError where there are none.
    """
    if not contracts.is_dir():
        raise UsageError(f"{contracts} is not there.", hint="Put the data set there.")
    every = list(sources.cuad(contracts, "train", held=True))
    Random(seed).shuffle(every)
    return [d for d in every if len(d.text) <= LONGEST_CHARS][:count]


def cases(window: Window, documents: Sequence[Labelled], rng: Random) -> list[Case]:
    """Every category that any document has, asked of every document once."""
    by_path = {d.path: d for d in documents}
    every = sorted({g.category for d in documents for g in d.golds if g.category is not None})
    found = []
    for segment in window.segments:
        document = by_path[segment.document.path]
        for category in every:
            spans: list[Span] = [
                s for g in document.golds if g.category == category for s in g.spans
            ]
            prompt = Prompt(
                f"{document.path}:{category}", rng.choice(wordings(category)),
                scope=((segment.start, segment.end),), answer_tokens=0,
            )  # fmt: skip
            found.append(Case(prompt, tuple(document.text[a:b] for a, b in spans)))
    return found


def threshold(beliefs: Floats, present: NDArray[np.bool_]) -> float:
    """Where found-when-present and not-found-when-absent have the best sum; between two beliefs.

    Of equal sums the one whose two shares are closest.
    """
    order = np.unique(beliefs)
    places = [order[0] - 1, *((order[:-1] + order[1:]) / 2), order[-1] + 1]

    def merit(at: float) -> tuple[float, float]:
        hits, rest = _share(beliefs[present] >= at), _share(beliefs[~present] < at)
        return round(hits + rest, 9), -abs(hits - rest)

    return float(max(places, key=merit))


def _share(hits: NDArray[np.bool_]) -> float:
    """The share of hits; where there was nothing to hit, nothing was missed."""
    return float(hits.mean()) if hits.size else 1.0


def run(
    documents: Sequence[Labelled], checkpoint: Checkpoint, output: Path,
    threads: int | None = None, seed: int = 0, progress: Progress = silent,
    clauses: Model | None = None,
) -> dict[str, float]:  # fmt: skip
    """Choose them, write the reader's file again with them; returns what was right with them.

    ``clauses``: a model of clauses that was fitted on none of the documents. Raises UsageError for
    a checkpoint without a trained reader.
    """
    if checkpoint.reader is None:
        raise UsageError(f"{checkpoint.id} has no trained reader.", hint="Use --model nano.")
    engine = LocalEngine(checkpoint, sessions_root=None, threads=threads)
    files = [Document(d.path, "text", "read", d.text) for d in documents]
    window = pack.fit(files, engine.tokenizer, 1 << 30, preamble=engine.preamble)
    desk = engine.desk(engine.prefill(window, progress))
    assert isinstance(desk, Rereading)
    if clauses is not None:
        assert isinstance(desk.finder, ByMeaning), "only what was trained on asks for kinds"
        desk.finder.clauses = ByClause(window, clauses)
    asked = cases(window, documents, Random(seed))
    present = np.array([bool(case.golds) for case in asked])
    read = desk.read([case.prompt for case in asked])
    alone = np.array([one.belief(Rules()) for one in read])
    rules = replace(desk.rules, found=threshold(alone, present))
    if clauses is not None:
        rules = decided(read, alone, present, rules)
    there = [(case, one) for case, one in zip(asked, read, strict=True) if case.golds]
    tried = [
        replace(rules, worth=w, clause=c)
        for c in (CLAUSES if clauses is not None else (rules.clause,))
        for w in WORTHS
    ]
    shares = [_right(desk, there, one) for one in tried]
    rules = tried[int(np.argmax(shares))]
    _write(checkpoint.reader, output, rules)
    said = np.array([one.belief(rules) >= rules.found for one in read])
    return {
        **{name: getattr(rules, name) for name in FITTED},
        "asks_for_a_kind": _share(np.array([one.clause is not None for one in read])),
        "found_when_present": _share(said[present]),
        "not_found_when_absent": _share(~said[~present]),
        "right": max(shares),
        **{f"right_at_worth_{one.worth:g}": s for one, s in zip(tried, shares, strict=True)
           if one.clause == 0},
    }  # fmt: skip


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


def _right(desk: Rereading, there: Sequence[tuple[Case, Asked]], rules: Rules) -> float:
    """The share of cases whose first quote overlaps a labelled span."""
    desk.use(rules)
    hits = 0
    for case, asked in there:
        quotes = [words(desk.window, unit) for unit in desk.chosen(asked)[:1]]
        hits += any(overlap(quote, gold) >= RIGHT for quote in quotes for gold in case.golds)
    return hits / max(1, len(there))


def _write(source: Path, output: Path, rules: Rules) -> None:
    with safe_open(str(source), framework="pt") as file:
        about = dict(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    about |= {name: f"{getattr(rules, name):.6g}" for name in FITTED}
    new = output.with_name(f"{output.name}.new")  # the source is mapped, and may be the output
    save_file(tensors, str(new), about)
    new.replace(output)

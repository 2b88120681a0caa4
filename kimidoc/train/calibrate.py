"""The rules that go with a trained reader, chosen on documents it was not trained on.

    answers, found    what the span head's log odds of an answer weigh beside the pointer's, and the
             sum from which on there is one: where the shares right of what is present and of what
             is absent have their best sum
    lacking    the nats that names of the question which stand nowhere count against an answer
             (``engine.naming``), chosen with them
    answers_of_all, shift_of_all    the same of questions put to a whole window: half of those
             texts, asked what they hold, and what the other half does, by questions that name
             what they ask about (``sources.asked_of_all``)
    likely    what the likelihood of a question behind a unit (``engine.likelihood``) weighs there:
             with most quotes right
    worth, spans    the nats that the finder's worth of a unit and the span head's log share of it
             weigh beside the pointer's choice: those with most quotes right
    clause, known, shift    what the model of clauses (``engine.clausal``) weighs beside the pointer
             where a question asks for a kind of clause: on the choice, and on whether there is an
             answer, by a logistic regression and then as ``found`` is chosen

The first five are chosen on the questions of the texts that were written for the span head and
kept from its training, as they are and with another name in the place of theirs, which nothing
answers; the last on every category asked of every contract, in one of its wordings;
without a span head contracts serve for all. How much words count in a whole window (``words``) was
chosen on questions about encyclopaedia articles, and is not fitted here. For another checkpoint or
another kind of document, run it on documents of that kind. The model of clauses must not have been
fitted on them either: without one that was fitted so, what it weighs stays as it is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kimidoc import pack
from kimidoc.clauses.model import Model
from kimidoc.engine.base import Progress, Prompt, silent
from kimidoc.engine.clausal import ByClause
from kimidoc.engine.constrain import words
from kimidoc.engine.finding import ByMeaning
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.naming import names
from kimidoc.engine.rereading import Rereading
from kimidoc.engine.votes import Asked, Rules
from kimidoc.errors import UsageError
from kimidoc.indexer.bm25 import overlap
from kimidoc.models import nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import sources
from kimidoc.train.questions import wordings
from kimidoc.train.sources import Labelled, Span
from kimidoc.train.span_states import kept_from_training
from kimidoc.train.verdict import logistic
from kimidoc.types import Document, Window

WORTHS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
CLAUSES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
SPANS = (0.0, 0.25, 0.5, 1.0, 2.0)
ANSWERS = (0.0, 0.25, 0.5, 1.0, 2.0)
LIKELY = (0.0, 0.25, 0.5, 1.0, 2.0)
LACKING = (0.0, 5.0, 10.0, 20.0)  # nats; more would be a rule without exception
FITTED = (
    "found", "worth", "clause", "known", "shift", "spans", "answers", "lacking", "likely",
    "answers_of_all", "shift_of_all",
)  # fmt: skip
OF_ALL = 90  # questions of a whole window, of either kind at most
LONGEST_CHARS = 60_000  # of a contract that is asked
RIGHT = 0.5  # token F1 with a labelled span, from which on a quote is right
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt about one document and the words that answer it; none where it is absent.

    ``renamed``: absent because it names something else (see ``renamed``).
    """

    prompt: Prompt
    golds: tuple[str, ...]
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Cases of one window, as they were read. ``within``: a quote is right that holds the words."""

    desk: Rereading
    cases: Sequence[Case]
    read: Sequence[Asked]
    within: bool

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which cases have an answer."""
        return np.array([bool(case.golds) for case in self.cases])

    @property
    def absent(self) -> tuple[NDArray[np.bool_], ...]:
        """The others by kind: as they were asked, and with another name; each if there are any."""
        renamed = np.array([case.renamed for case in self.cases])
        kinds = (~self.present & ~renamed, renamed)
        return tuple(kind for kind in kinds if kind.any()) or kinds[:1]

    def beliefs(self, rules: Rules) -> Floats:
        """In an answer to each."""
        return np.array([one.belief(rules) for one in self.read])

    def right(self, rules: Rules) -> float:
        """The share of cases with an answer whose first quote is right."""
        self.desk.use(rules)
        hits = []
        for case, one in zip(self.cases, self.read, strict=True):
            if case.golds:
                quotes = [words(self.desk.window, unit) for unit in self.desk.chosen(one)[:1]]
                hits.append(any(self._is(q, gold) for q in quotes for gold in case.golds))
        return _share(np.array(hits))

    def _is(self, quote: str, gold: str) -> bool:
        return overlap(quote, gold) >= RIGHT or (self.within and gold in quote)


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


def asked_of_each(window: Window, documents: Sequence[Labelled]) -> list[Case]:
    """Every document's own questions, put to it."""
    found = []
    for document in documents:
        segment = window.segment_of(document.path)
        assert segment is not None
        for number, gold in enumerate(document.golds):
            prompt = Prompt(
                f"{document.path}:{number}", gold.question, scope=((segment.start, segment.end),)
            )
            found.append(Case(prompt, tuple(document.text[a:b] for a, b in gold.spans)))
    return found


def renamed(window: Window, documents: Sequence[Labelled], rng: Random) -> list[Case]:
    """Questions that name what their document does not: one name, or number, in the place of
    another that it holds, drawn from the other documents' questions."""
    every = [n for d in documents for g in d.golds if g.spans for n in _names(g.question)]
    found = []
    for case in asked_of_each(window, documents):
        text, question = _scoped(window, case.prompt).casefold(), case.prompt.question
        own = [n for n in _names(question) if n.casefold() in text]
        if not case.golds or not own:
            continue
        name = rng.choice(own)
        alike = [n for n in every if n.casefold() not in text and n.isdigit() == name.isdigit()]
        if alike:
            other = question.replace(name, rng.choice(alike))
            asked = replace(case.prompt, id=f"{case.prompt.id}'", question=other)
            found.append(Case(asked, (), renamed=True))
    return found


def _names(question: str) -> list[str]:
    named = names(question)
    return [w for w in re.findall(r"\w+", question) if w.casefold() in named]


def _scoped(window: Window, prompt: Prompt) -> str:
    assert prompt.scope is not None
    segment = window.segment_at(prompt.scope[0][0])
    assert segment is not None
    return segment.document.text


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
        hits = _share(beliefs[present] >= at)
        rest = float(np.mean([_share(beliefs[kind] < at) for kind in absent]))
        return round(hits + rest, digits), -abs(hits - rest)

    best = max(places, key=merit)
    return float(best), merit(best)[0]


def _share(hits: NDArray[np.bool_]) -> float:
    """The share of hits; where there was nothing to hit, nothing was missed."""
    return float(hits.mean()) if hits.size else 1.0


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
    contracts = _group(
        engine, documents, lambda window: cases(window, documents, Random(seed)), False, clauses,
        progress,
    )  # fmt: skip
    ours = [d for d in sources.paragraphs() if kept_from_training(d.path)]
    free = contracts
    if checkpoint.spans is not None and ours:
        free = _group(engine, ours, lambda w: _free(w, ours, seed), True, clauses, progress)
    before = contracts.desk.rules
    rules = _found(free, before)
    rules = replace(rules, shift=before.shift + rules.found - before.found)
    if clauses is not None:
        beliefs = contracts.beliefs(replace(rules, known=0, shift=0))
        rules = decided(contracts.read, beliefs, contracts.present, rules)
        rules = _best(contracts, [replace(rules, clause=c) for c in CLAUSES])
    whole = free
    if free is not contracts:
        of_set = [d for d in sources.asked_of_all() if kept_from_training(d.path)]
        whole = of_all(engine, of_set, seed, progress)
        rules = _best(whole, [replace(rules, likely=x) for x in LIKELY])
        rules = found_of_all(whole, rules)
    headed = SPANS if free is not contracts else (rules.spans,)
    rules = _best(free, [replace(rules, worth=w, spans=s) for s in headed for w in WORTHS])
    found = {name: float(getattr(rules, name)) for name in FITTED}
    nano.keep_rules(output, checkpoint.reader, asdict(rules))
    for name, group in {"": contracts, "free_": free, "of_all_": whole}.items():
        said = group.beliefs(rules) >= rules.found
        found |= {
            f"{name}found_when_present": _share(said[group.present]),
            f"{name}not_found_when_absent": _share(~said[~group.present]),
            f"{name}right": group.right(rules),
            f"{name}right_without_the_span_head": group.right(replace(rules, spans=0)),
        }
    kinds = np.array([one.clause is not None for one in contracts.read])
    return found | {"asks_for_a_kind": _share(kinds)}


def _free(window: Window, documents: Sequence[Labelled], seed: int) -> list[Case]:
    every = asked_of_each(window, documents)
    return every + renamed(window, documents, Random(seed))


def of_all(
    engine: LocalEngine, documents: Sequence[Labelled], seed: int, progress: Progress = silent
) -> Group:
    """Every second document in one window that is asked, as a whole, what they answer; and what the
    others do, which is absent."""
    rng = Random(seed)

    def ask(window: Window) -> list[Case]:
        found = []
        for part, present in ((documents[::2], True), (documents[1::2], False)):
            golds = [(d, g) for d in part for g in d.golds if g.spans]
            for number, (d, g) in enumerate(rng.sample(golds, min(OF_ALL, len(golds)))):
                said = tuple(d.text[a:b] for a, b in g.spans) if present else ()
                found.append(Case(Prompt(f"{d.path}:{number}", g.question), said))
        return found

    return _group(engine, documents[::2], ask, True, None, progress)


def found_of_all(group: Group, rules: Rules) -> Rules:
    """The rules for whether a whole window answers."""
    tried = []
    for answers in ANSWERS:
        one = replace(rules, answers_of_all=answers, shift_of_all=0.0)
        at, best = best_threshold(group.beliefs(one), group.present, group.absent, 2)
        tried.append((best, replace(one, shift_of_all=rules.found - at)))
    return max(tried, key=lambda one: one[0])[1]


def _group(
    engine: LocalEngine, documents: Sequence[Labelled], ask: Callable[[Window], list[Case]],
    within: bool, clauses: Model | None, progress: Progress,
) -> Group:  # fmt: skip
    files = [Document(d.path, "text", "read", d.text) for d in documents]
    window = pack.fit(files, engine.tokenizer, 1 << 30, preamble=engine.preamble)
    desk = engine.desk(engine.prefill(window, progress))
    assert isinstance(desk, Rereading)
    if clauses is not None:
        assert isinstance(desk.finder, ByMeaning), "only what was trained on asks for kinds"
        desk.finder.clauses = ByClause(window, clauses)
    asked = ask(window)
    return Group(desk, asked, desk.read([case.prompt for case in asked]), within)


def _found(group: Group, rules: Rules) -> Rules:
    """The rules for whether there is an answer, without the vote of the model of clauses."""
    tried = []
    for answers in ANSWERS if group.within else (0.0,):
        for lacking in LACKING if group.within else (rules.lacking,):
            one = replace(rules, answers=answers, lacking=lacking)
            beliefs = group.beliefs(replace(one, known=0.0, shift=0.0))
            at, best = best_threshold(beliefs, group.present, group.absent, 2)
            tried.append((best, replace(one, found=at)))
    return max(tried, key=lambda one: one[0])[1]


def _best(group: Group, tried: Sequence[Rules]) -> Rules:
    """The first of those with most quotes right."""
    return max(tried, key=group.right)


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

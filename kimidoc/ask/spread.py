"""A question about every document of a window: put to each by itself, on the one prefix.

Put to the whole window, "Which contracts can be assigned without consent?" is answered with two
quotes, whatever the number of contracts. Here it becomes a question of each document (its part),
and all parts go to the engine together.

    to_each   a question marked ``each`` -> one for every document, each with its own answer
    answer    as ``swarm.answer``, but what ``wording`` takes for a question about every document
              is put to each and the parts are joined into the one answer that was asked for

A joined answer cites one quote a document, documents in window order: what engines score is a rank
within the part's own document, and the first place of every document scores the same. Only quotes
that hold a name or a number of the question come before the others: of "governed by the laws of
Nevada" every contract has a clause, and those with the word are what is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kimidoc import cite
from kimidoc.ask import swarm
from kimidoc.ask.watch import EVIDENCE, Watcher
from kimidoc.ask.wording import asks_which
from kimidoc.engine.base import Engine, Prefix, Progress, silent
from kimidoc.errors import UsageError
from kimidoc.types import Answer, Citation, Evidence, Notice, Question, Window

MOST = 200  # documents that the rule puts a question to; ``each`` has no limit
_WORDS = re.compile(r"\w+")
METHOD, TOO_MANY, FAILED = "method.asked-of-each", "not-asked-of-each", "not-answered-of"
OF_NAMED = "method.asked-of-named"


def to_each(questions: Sequence[Question], window: Window) -> tuple[Question, ...]:
    """The questions, each one marked ``each`` replaced by one for every document that was read.

    Raises UsageError where ``id@path`` is the id of another question.
    """
    parts = {q.id: _parts(q, window) for q in questions if q.each and q.document is None}
    return tuple(_in_order(questions, parts))


def of_each(question: Question, window: Window) -> bool:
    """Whether ``answer`` puts the question to each document, by its wording.

    One of a playbook, one that names its document and one that says so itself are left as they are.
    """
    return _by_wording(question, window) and len(window.segments) <= MOST


def answer(
    engine: Engine,
    prefix: Prefix,
    questions: Sequence[Question],
    sources: cite.Sources,
    progress: Progress = silent,
    watcher: Watcher | None = None,
) -> tuple[list[Answer], float, list[Notice]]:
    """Every question's verified answer in the order given, the seconds verifying took, and how.

    A ``watcher`` is told of a spread question's quotes, one a document, and of no places: there is
    none that it looks at first. Raises what ``swarm.answer`` raises, and UsageError as ``to_each``.
    """
    window = prefix.window
    parts = {q.id: _parts(q, window) for q in questions if of_each(q, window)}
    asked = _in_order(questions, parts)
    whole = {part.id: q for q in questions for part in parts.get(q.id, ())}
    told = watcher and (_Joined(watcher, whole) if whole else watcher)
    found, seconds = swarm.answer(
        engine, prefix, asked, sources, progress, told, quotes_alone=whole.keys()
    )
    rest, answers, notices = iter(found), list[Answer](), list[Notice]()
    for question in questions:
        if question.id not in parts:
            answers.append(next(rest))
            notices += _of_named(answers[-1])
            if _by_wording(question, window):
                notices.append(_too_many(question, len(window.segments)))
            continue
        of_parts = [next(rest) for _ in parts[question.id]]
        answers.append(joined(question, of_parts))
        notices += _said(question, of_parts)
    return answers, seconds, notices


def joined(question: Question, parts: Sequence[Answer]) -> Answer:
    """One answer of what each document answered by itself, in their order.

    Found if any document has a located quote, and then it cites the first of each and nothing else,
    those with a name or number of the question before the others. An error if none has and one
    could not be asked. Evidence is the best of all documents', those that answer before others of
    the same score. There is no short answer: each quote has its own.
    """
    named, others = _quotes(question, parts)
    quotes = (*named, *others)
    failed = [part for part in parts if part.status == "error"]
    answering = {quote.path for quote in quotes}
    places = sorted(
        (place for part in parts for place in part.evidence),
        key=lambda place: (-place.score, place.path not in answering),
    )
    evidence = tuple(places[:EVIDENCE])
    if quotes:
        return Answer(question, "found", "", quotes, evidence)
    if failed:
        said = f"{len(failed)} of {len(parts)} documents: {failed[0].text}"
        return Answer(question, "error", said, evidence=evidence)
    offered = tuple(part.citations[0] for part in parts if part.citations)
    return Answer(question, "not_found", "", offered, evidence)


def _names(question: Question) -> frozenset[str]:
    """The names and numbers that a question holds: words with a capital, but for its first one."""
    named = (
        w
        for w in _WORDS.findall(question.text)[1:]
        if w[0].isdigit() or (w[0].isupper() and len(w) > 1)
    )
    return frozenset(w.casefold() for w in named)


def _quotes(question: Question, parts: Sequence[Answer]) -> tuple[list[Citation], list[Citation]]:
    """The quote of each document that has one: with a name or number of the question, or not."""
    names, named, others = _names(question), list[Citation](), list[Citation]()
    for quote in filter(None, map(_best, parts)):
        plain = names.isdisjoint(w.casefold() for w in _WORDS.findall(quote.text))
        (others if plain else named).append(quote)
    return named, others


def _best(part: Answer) -> Citation | None:
    return next((c for c in part.citations if c.verified), None) if part.status == "found" else None


def _by_wording(question: Question, window: Window) -> bool:
    free = question.each is None and question.document is None and question.playbook is None
    return free and len(window.segments) > 1 and asks_which(question.text)


def _parts(question: Question, window: Window) -> list[Question]:
    paths = [segment.document.path for segment in window.segments]
    return [replace(question, id=f"{question.id}@{path}", document=path) for path in paths]


def _in_order(
    questions: Sequence[Question], parts: Mapping[str, Sequence[Question]]
) -> list[Question]:
    """Every question, or its parts. Raises UsageError where ids are no longer apart."""
    found = [part for q in questions for part in parts.get(q.id, [q])]
    if parts:
        _demand_apart(found)
    return found


def _demand_apart(questions: Sequence[Question]) -> None:
    taken = set[str]()
    for question in questions:
        if question.id in taken:
            raise UsageError(
                f"The id {question.id!r} is that of a question and of another one's part for a "
                "document.",
                hint="Give every question an id of its own, without @ and a path.",
            )
        taken.add(question.id)


def _said(question: Question, parts: Sequence[Answer]) -> Iterator[Notice]:
    named, others = _quotes(question, parts)
    answering = len(named) + len(others)
    first = f" {len(named):,} with a name or number of the question come first." if named else ""
    yield Notice(
        METHOD,
        f"Question {question.id} asks, by its wording, which of the documents, and was put to "
        f"each of the {len(parts):,} by itself: {answering:,} answer{'s' * (answering == 1)}."
        f"{first} A quote is what its document says on the matter, which may be a no, and a "
        "document without one may have been overlooked. `kimidoc ask --no-each` puts the question "
        "once to all.",
    )
    for part in parts:
        if part.status == "error":
            said = f"Question {question.id} could not be put to this document: {part.text}"
            yield Notice(FAILED, said, part.question.document)


def _of_named(answer: Answer) -> Iterator[Notice]:
    if answer.named is not None:
        yield Notice(
            OF_NAMED,
            f"Question {answer.question.id} names this document, by a rule over words, and was put "
            "to it alone. `kimidoc ask --no-each` puts it to all.",
            answer.named,
        )


def _too_many(question: Question, documents: int) -> Notice:
    return Notice(
        TOO_MANY,
        f"Question {question.id} asks, by its wording, which of the documents. There are "
        f"{documents:,}, more than {MOST}, so it was put once to all of them and cites two places "
        "at most. `kimidoc ask --each` puts it to each by itself, which takes longer.",
    )


class _Joined:
    """Satisfies ``watch.Watcher`` for the parts: their quotes are told of as the whole's."""

    def __init__(self, watcher: Watcher, whole: dict[str, Question]) -> None:
        """``whole``: by the id of each part, the question that it is of."""
        self._watcher, self._whole, self._told = watcher, whole, set[str]()

    def looks(self, question: Question, places: Sequence[Evidence]) -> None:
        """See ``Watcher``; a part's places are nobody's."""
        if question.id not in self._whole:
            self._watcher.looks(question, places)

    def located(self, question: Question, citation: Citation) -> None:
        """See ``Watcher``; of a part the first quote, which the joined answer cites."""
        whole = self._whole.get(question.id)
        if whole is None:
            self._watcher.located(question, citation)
        elif question.id not in self._told:
            self._told.add(question.id)
            self._watcher.located(whole, citation)

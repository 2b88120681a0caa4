"""A question about every document of a window: put to each by itself, on the one prefix.

Put to the whole window, "Which contracts can be assigned without consent?" is answered with two
quotes, whatever the number of contracts. Here it becomes a question of each document (its part),
and all parts go to the engine together.

    to_each   a question marked ``each`` -> one for every document, each with its own answer
    answer    as ``swarm.answer``, but what ``wording`` takes for a question about every document
              is put to each and the parts are joined into the one answer that was asked for

A joined answer cites one quote a document, documents in window order: what engines score is a rank
within the part's own document, and the first place of every document scores the same. Two rules
over words change that, and the report says what they did. Of "governed by the laws of Nevada" every
contract has a clause: where a quote holds a name of the question, or its document is called by it
(``named``), the others are left out, and quotes with a name or number come first. And quotes that
read as a yes to what one may do (``leave``) come before those that read as a no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kimidoc import cite
from kimidoc.ask import swarm
from kimidoc.ask.sifting import Ordered, Wanted, ordered
from kimidoc.ask.watch import EVIDENCE, Watcher
from kimidoc.ask.wording import asks_which
from kimidoc.engine.base import Engine, Prefix, Progress, silent
from kimidoc.errors import UsageError
from kimidoc.types import Answer, Citation, Evidence, Notice, Question, Window

LISTED = 8  # documents that a notice names
MOST = 200  # documents that the rule puts a question to; ``each`` has no limit
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
    openings, wanted = swarm.called(questions, window), dict[str, Wanted]()
    if openings is not None:  # whatever is put to each may name one, too
        wanted = {q.id: Wanted.of(q, window, openings) for q in questions if q.id in parts}
    told = watcher and (_Joined(watcher, whole, wanted) if whole else watcher)
    found, seconds = swarm.answer(
        engine, prefix, asked, sources, progress, told, whole.keys(), openings
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
        sifted = ordered(question, of_parts, wanted[question.id])
        answers.append(joined(question, of_parts, sifted))
        notices += _said(question, of_parts, sifted)
    return answers, seconds, notices


def joined(question: Question, parts: Sequence[Answer], sifted: Ordered) -> Answer:
    """One answer of what each document answered by itself, in their order.

    Found if any document has a located quote, and then it cites the first of each, as ``sifted``
    has them, and nothing else. An error if none has and one could not be asked. Evidence is the
    best of all documents', those that answer before others of the same score. There is no short
    answer: each quote has its own.
    """
    quotes = sifted.quotes
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


def _said(question: Question, parts: Sequence[Answer], found: Ordered) -> Iterator[Notice]:
    count = len(found.quotes)
    told = [
        f"Question {question.id} asks, by its wording, which of the documents, and was put to each "
        f"of the {len(parts):,} by itself: {count:,} answer{'s' * (count == 1)}."
    ]
    if found.named:
        told.append(f"{found.named:,} with a name or number of the question come first.")
    if found.left_out:
        told.append(
            f"{found.left_out:,} more quotes hold no name of the question, nor is their document "
            "called by one: they are left out."
        )
    if found.yes or found.no:
        which = ", ".join(found.yes[:LISTED]) + ", …" * (len(found.yes) > LISTED)
        told.append(
            f"By a rule over words {len(found.yes):,} read as a yes{': ' * bool(which)}{which}; "
            f"{found.no:,} read as a no and come last. Rules err: read them."
        )
    else:
        told.append("A quote is what its document says on the matter, which may be a no.")
    told.append(
        "A document without one may have been overlooked. `kimidoc ask --each` gives an answer for "
        "every document, `--no-each` puts the question once to all."
    )
    yield Notice(METHOD, " ".join(told))
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

    def __init__(
        self, watcher: Watcher, whole: Mapping[str, Question], wanted: Mapping[str, Wanted]
    ) -> None:
        """``whole``: by the id of each part, the question that it is of; ``wanted`` by its own."""
        self._watcher, self._whole, self._wanted = watcher, whole, wanted
        self._told = set[str]()

    def looks(self, question: Question, places: Sequence[Evidence]) -> None:
        """See ``Watcher``; a part's places are nobody's."""
        if question.id not in self._whole:
            self._watcher.looks(question, places)

    def located(self, question: Question, citation: Citation) -> None:
        """See ``Watcher``; of a part the first quote, if the joined answer will surely cite it."""
        whole = self._whole.get(question.id)
        if whole is None:
            self._watcher.located(question, citation)
        elif question.id not in self._told:
            self._told.add(question.id)
            wanted = self._wanted[whole.id]
            if not wanted.names or wanted.holds(citation):
                self._watcher.located(whole, citation)

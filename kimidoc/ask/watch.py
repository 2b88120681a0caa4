"""Questions being answered, as they are watched: each quote when it is located, and not before.

An engine tells a listener of its drafts piece by piece (``engine.base.Listener``). What a draft
claims is nobody's business until code has found it in a document, so a watcher is told of places
and of located quotes. Short answers are verified against all quotes and come with the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from kimidoc import cite
from kimidoc.ask.parse import parse
from kimidoc.engine.base import Attended
from kimidoc.pack import sourcemap
from kimidoc.types import Citation, Evidence, Question, Window

EVIDENCE = 32  # places listed for a question
_END = "</quote>"


class Watcher(Protocol):
    """Looks on while questions are answered."""

    def looks(self, question: Question, places: Sequence[Evidence]) -> None:
        """Where the model looks for an answer, best first; once a question."""
        ...

    def located(self, question: Question, citation: Citation) -> None:
        """A quote of its draft was located word for word; each place is told of once."""
        ...


class Following:
    """Satisfies ``engine.base.Listener``: what an engine tells, as a watcher is told it.

    The citations are those that the answer will have, unless the draft says in the end that the
    documents do not answer.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        window: Window,
        sources: cite.Sources,
        watcher: Watcher,
    ) -> None:
        self._questions = {question.id: question for question in questions}
        self._window, self._sources, self._watcher = window, sources, watcher
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        self._text: defaultdict[str, str] = defaultdict(str)
        self._told: set[tuple[object, ...]] = set()
        self._quotes: defaultdict[str, int] = defaultdict(int)

    def attended(self, prompt: str, places_: Sequence[Attended]) -> None:
        """See ``Listener``."""
        self._evidence[prompt] = places(self._window, places_)
        self._watcher.looks(self._questions[prompt], self._evidence[prompt])

    def wrote(self, prompt: str, piece: str) -> None:
        """See ``Listener``."""
        seen = len(self._text[prompt])
        self._text[prompt] += piece
        end = self._text[prompt].rfind(_END) + len(_END)
        if end <= max(seen, len(_END)):  # no quote has ended
            return
        quotes = parse(self._text[prompt][:end]).quotes
        for quote in quotes[self._quotes[prompt] :]:
            question = self._questions[prompt]
            found = self._sources.locate(quote, self._evidence.get(prompt, ()), question.document)
            place = (prompt, found.path, found.start_char, found.end_char)
            if found.verified and place not in self._told:
                self._told.add(place)
                self._watcher.located(question, found)
        self._quotes[prompt] = len(quotes)


def places(window: Window, attended: Sequence[Attended]) -> tuple[Evidence, ...]:
    """Where in the documents the attended tokens stand, best first, at most ``EVIDENCE``."""
    found: list[Evidence] = []
    for run in attended:
        for segment, start, end in sourcemap.characters(window, run.start, run.end):
            found.append(Evidence(segment.document.path, start, end, run.score))
    return tuple(found[:EVIDENCE])

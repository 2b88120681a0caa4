"""A call's transcript as turns: who speaks, in the prepared remarks or after they ended.

A turn begins in a line with a name and a colon. Questions begin at a heading that says so, or at
the first turn, behind some remarks, that opens the line for them. Whoever speaks before is with the
company, whoever opens the line is the operator; who speaks only afterwards asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kimidoc.types import Document

FEWEST = 6  # turns of a transcript
REMARKS = 150  # words that are spoken before questions are taken
_TURN = re.compile(
    r"^[ \t]*(?:\*\*)?(?P<who>[A-Z][\w.'’-]+(?: [A-Z\d][\w.'’-]*){0,4})"
    r"(?: ?[-–—(,][^:\n]{0,60})?:(?:\*\*)?[ \t]+(?=\S)",
    re.MULTILINE,
)
_HEADING = re.compile(
    r"^\W*(?:q\s*&\s*a|questions?(?:[- ](?:and|&)[- ]answers?)?)(?: (?:session|period))?\W*$",
    re.IGNORECASE | re.MULTILINE,
)
_OPENS = re.compile(
    r"\bquestion[- ]and[- ]answer (?:session|period)\b|\bto ask a question\b"
    r"|\bfirst question (?:comes|is|will come) from\b|\bquestions?, please press\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said at once: [start, end) of the document's text."""

    who: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """A call: the prepared remarks, and what was said when questions were taken."""

    document: Document
    remarks: tuple[Turn, ...]
    questions: tuple[Turn, ...]
    operators: frozenset[str]

    def asks(self, turn: Turn) -> bool:
        """Whether a turn is an outsider's."""
        return turn.who not in self.operators and all(turn.who != t.who for t in self.remarks)

    def text(self, turn: Turn) -> str:
        """The words of a turn."""
        return self.document.text[turn.start : turn.end]


def transcript(document: Document) -> Transcript | None:
    """The transcript that a document is; None where it is none, or questions cannot be told."""
    text = document.text
    marks = list(_TURN.finditer(text))
    if len(marks) < FEWEST or len({mark["who"] for mark in marks}) < 3:
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    turns = [Turn(m["who"], m.end(), end) for m, end in zip(marks, ends, strict=True)]
    heading = next((m for m in _HEADING.finditer(text) if m.start() > turns[0].start), None)
    if heading is not None:
        at = next((n for n, turn in enumerate(turns) if turn.start > heading.start()), len(turns))
        before, operators = turns[:at], frozenset({"Operator"})
    else:
        opening = _opening(text, turns)
        if opening is None:
            return None
        at, before = opening, turns[:opening]
        operators = frozenset({"Operator", turns[at].who})
        before = [turn for turn in before if turn.who not in operators]
    if len(before) > len(turns) - at:  # the turn was missed at which questions began
        return None
    return Transcript(document, tuple(before), tuple(turns[at:]), operators)


def _opening(text: str, turns: list[Turn]) -> int | None:
    spoken = 0
    for at, turn in enumerate(turns):
        if spoken >= REMARKS and at > 1 and _OPENS.search(text, turn.start, turn.end):
            return at
        spoken += len(text[turn.start : turn.end].split())
    return None

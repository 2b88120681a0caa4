"""Nested scopes found from top to bottom -> marks: what a scanner of sections fills."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kimidoc.types import Mark

JOIN = " > "
_SPACE = re.compile(r"\s*+")
DEEPEST = 50  # a label is a path that people read


@dataclass(frozen=True, slots=True)
class _Scope:
    indent: int
    label: str


class Outline:
    """Open scopes, told apart by their indentation. Text outside of all has the label ""."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Scope] = []
        self._marks: list[Mark] = []

    def open(self, start: int, indent: int, name: str) -> None:
        """A scope begins; those that are indented less are around it."""
        around = self._open[-1].label if self._open else ""
        label = f"{around}{JOIN}{name}" if around and len(self._open) < DEEPEST else around or name
        self._open.append(_Scope(indent, label))
        self._mark(start, label)

    def close(self, indent: int, end: int) -> None:
        """Scopes that are indented as much or more have ended, at ``end``."""
        if self._open and self._open[-1].indent >= indent:
            while self._open and self._open[-1].indent >= indent:
                self._open.pop()
            self._mark(end, self._open[-1].label if self._open else "")

    def closes(self, indent: int) -> bool:
        """Whether a line with this indentation ends a scope."""
        return bool(self._open) and self._open[-1].indent >= indent

    def marks(self) -> tuple[Mark, ...]:
        """What was found, sorted by start."""
        return tuple(self._marks)

    def _mark(self, start: int, label: str) -> None:
        """The last word on a place counts, and white space is no section of its own."""
        while self._marks and self._blank(self._marks[-1].start, start):
            self._marks.pop()
        before = self._marks[-1].label if self._marks else ""
        if label != before:
            self._marks.append(Mark(start, label))

    def _blank(self, start: int, end: int) -> bool:
        match = _SPACE.match(self._text, start)
        return match is not None and match.end() >= end


def width(indent: str) -> int:
    """Columns of leading white space, tabs to the next multiple of eight; a form feed resets."""
    if indent.isspace() and indent.strip(" "):
        return len(indent.rpartition("\f")[2].expandtabs(8))
    return len(indent)


def code_end(text: str, line: int, floor: int, comments: tuple[str, ...]) -> int:
    """The end of the last line of code before ``line``, the start of one; not before ``floor``."""
    end = line
    while end > floor:
        start = text.rfind("\n", 0, end - 1) + 1
        before = text[start:end].strip()
        if start < floor or (before and not before.startswith(comments)):
            break
        end = start
    return end

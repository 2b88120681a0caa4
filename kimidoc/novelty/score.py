"""From words to lines, sections and documents.

    new      mean nats a word of a line costs a reader who knows the model's language and the rest
             of the set by heart: near 0 for what stands elsewhere word for word
    change   nats of the line's clearest change: the words before it stand elsewhere, the words
             after it too, and what is between differs; weighed by how sure both sides are

A line's score is the greater of the two. A sure change is worth more nats than plain new text, so
changes in what is otherwise known come first, then what is like nothing else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kimidoc.novelty import memory, stretches
from kimidoc.novelty.memory import Expected, Mask
from kimidoc.novelty.words import Floats, Integers, Words
from kimidoc.types import Document, Place

SPAN = 8  # words a change may be long, here and there
FEW = 6  # words
COPIED = 0.5  # nats a word: a line below this stands elsewhere


@dataclass(frozen=True, slots=True)
class Change:
    """Characters that differ, and the characters that stand in their place in ``path``.

    An empty range there is where words were put in here. None where more than one place elsewhere
    agrees, each with one side.
    """

    start_char: int
    end_char: int
    path: str | None = None
    other_start: int = 0
    other_end: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or a sentence or two of a long one. ``nats``: the model's own surprisal a word."""

    start_char: int
    end_char: int
    words: int
    nats: float
    new: float
    change: float
    changed: Change | None

    @property
    def score(self) -> float:
        """What lines are ranked by. Of few words the mean says little."""
        return max(self.new * self.words / (self.words + FEW), self.change)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it: the mean of ``new`` over its words, and its changes."""

    label: str
    start_char: int
    words: int
    new: float
    changes: int


@dataclass(frozen=True)
class Scored:
    """One document. ``copied``: share of its words in lines that stand elsewhere unchanged."""

    document: Document
    lines: tuple[Line, ...]
    sections: tuple[Section, ...]
    words: int
    nats: float
    new: float
    copied: float

    def place(self, line: Line) -> Place:
        """Where a line stands."""
        return self.document.place(line.start_char, line.end_char)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Words [first, stop) where [other, other_stop) stand elsewhere; other_stop -1: not known."""

    first: int
    stop: int
    other: int
    other_stop: int
    nats: float


def scored(words: Words, reference: Mask | None = None) -> list[Scored]:
    """Every document's lines. ``reference`` [N]: the words that count as known; None is all."""
    known = np.ones(len(words.ids), dtype=bool) if reference is None else reference
    before, after = memory.forwards(words, known), memory.backwards(words, known)
    # A passage that stands elsewhere is known from its first word to its last, seen from one side.
    new = np.minimum(memory.mixed(words.nats, before), memory.mixed(words.nats, after))
    edits = [_edits(words, i, before, after) for i in range(len(words.documents))]
    return [_document(words, i, new, own) for i, own in enumerate(edits)]


def of_documents(words: Words, paths: Sequence[str]) -> Mask:
    """The words of the documents ``paths``: [N]"""
    wanted = set(paths)
    chosen = [document.path in wanted for document in words.documents]
    return np.repeat(np.array(chosen, dtype=bool), np.diff(words.bounds))


def _edits(words: Words, at: int, before: Expected, after: Expected) -> list[_Edit]:
    """The changes of one document, in order and apart from each other.

    The first word of a change departs from what stands before it, the last from what stands after
    it; where words were only left out, the last comes before the first. What a document changes
    throughout, such as a party's name, counts the less the more often it does.
    """
    low, end = words.bounds[at], words.bounds[at + 1]
    left, right = before.departs()[low:end], after.departs()[low:end]
    found: list[_Edit] = []
    free = 0  # no word belongs to two changes
    for t in map(int, np.flatnonzero(left)):
        start = max(free, t - 1)
        closing = start + np.flatnonzero(right[start : t + SPAN])
        if t < free or not len(closing):
            continue
        other = int(before.where[low + t])
        ends = after.where[low + closing] - other
        near = np.flatnonzero(np.abs(ends) <= SPAN)
        # Both sides should stand around one place elsewhere; of several, only one is known.
        pick = int(near[0]) if len(near) else 0
        last = int(closing[pick])
        other_last = other + (int(ends[pick]) if len(near) else last - t)
        free = max(last, t) + 1
        sure = -math.expm1(-float(left[t])) * -math.expm1(-float(right[last]))
        odd = float(words.nats[low + t : low + free].max())
        nats = sure * (float(left[t] + right[last]) + odd) / (1 if len(near) else 2)
        # What was put in beside its like is counted by both sides, and so is what was left out.
        shared = max(0, t - last - 1, other - other_last - 1)
        other_stop = other_last + 1 + shared if len(near) else -1
        found.append(_Edit(low + t, low + last + 1 + shared, other, other_stop, nats))
    often = Counter(int(words.ids[edit.first]) for edit in found)
    return [replace(edit, nats=edit.nats / often[int(words.ids[edit.first])]) for edit in found]


def _change(words: Words, edit: _Edit) -> Change:
    here = _characters(words, edit.first, edit.stop)
    if edit.other_stop < 0:
        return Change(*here)
    where = int(np.searchsorted(words.bounds, edit.other, side="right")) - 1
    there = _characters(words, edit.other, edit.other_stop)
    return Change(*here, words.documents[where].path, *there)


def _characters(words: Words, first: int, stop: int) -> tuple[int, int]:
    start = int(words.starts[first])
    return start, int(words.ends[stop - 1]) if stop > first else start


def _document(words: Words, at: int, new: Floats, edits: Sequence[_Edit]) -> Scored:
    document = words.documents[at]
    first, end = words.bounds[at], words.bounds[at + 1]
    starts = words.starts[first:end]
    heads = [edit.first - first for edit in edits]
    lines = []
    for start, stop in stretches.lines(document):
        a, b = (int(n) for n in np.searchsorted(starts, (start, stop)))
        if a == b:
            continue
        own = edits[slice(*np.searchsorted(heads, (a, b)))]
        worst = max(own, key=lambda edit: edit.nats, default=None)
        lines.append(
            Line(
                start_char=start,
                end_char=stop,
                words=b - a,
                nats=_mean(words.nats[first + a : first + b]),
                new=_mean(new[first + a : first + b]),
                change=worst.nats if worst else 0.0,
                changed=_change(words, worst) if worst else None,
            )
        )
    held = sum(line.words for line in lines if line.new < COPIED and not line.change)
    return Scored(
        document=document,
        lines=tuple(lines),
        sections=tuple(_sections(document, starts, new[first:end], heads)),
        words=end - first,
        nats=_mean(words.nats[first:end]),
        new=_mean(new[first:end]),
        copied=held / max(1, end - first),
    )


def _sections(
    document: Document, starts: Integers, new: Floats, heads: Sequence[int]
) -> list[Section]:
    cuts = [int(np.searchsorted(starts, mark.start)) for mark in document.sections]
    return [
        Section(
            label=mark.label,
            start_char=mark.start,
            words=b - a,
            new=_mean(new[a:b]),
            changes=sum(a <= head < b for head in heads),
        )
        for mark, (a, b) in zip(document.sections, pairwise([*cuts, len(starts)]), strict=True)
        if b > a
    ]


def _mean(figures: Floats) -> float:
    return float(figures.mean()) if len(figures) else 0.0

"""What is read: files as documents, and documents as one run of tokens."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

ReadStatus = Literal["read", "partial", "skipped"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of a report must know; ``code`` is stable, ``message`` is prose.

    ``span``: the characters of the document's text it is about, where there are any.
    """

    code: str
    message: str
    path: str | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """From character ``start`` on, until the next mark, the text stands under ``label``."""

    start: int
    label: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run of characters stands, for a human."""

    start_line: int
    end_line: int
    page: int | None = None
    section: str | None = None


@dataclass(frozen=True)
class Document:
    """One file as read. Skipped files are documents too, with empty text and a reason.

    ``path`` is POSIX and relative to the root the user named: it is the document's name everywhere.
    ``pages[i]`` is the first character of page i+1 (slides count as pages); empty where the format
    has none. ``sections`` are sorted by ``start``; a label is a whole path (``"14 Term > 14.2"``,
    ``"Leases!A7:D7"``, ``"class Pool > def get"``).
    """

    path: str
    kind: str
    status: ReadStatus
    text: str = ""
    reason: str | None = None
    pages: tuple[int, ...] = ()
    sections: tuple[Mark, ...] = ()
    notices: tuple[Notice, ...] = ()
    sha256: str | None = None
    size_bytes: int = 0
    modified_ns: int = 0

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """First character of every line; lines end at LF only (CR LF and lone CR stay text)."""
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return tuple(starts)

    @cached_property
    def _section_starts(self) -> tuple[int, ...]:
        return tuple(mark.start for mark in self.sections)

    def place(self, start: int, end: int) -> Place:
        """Lines, page and section of the characters [start, end); O(log n)."""
        assert 0 <= start <= end <= len(self.text), (start, end, len(self.text))
        last = max(start, end - 1)
        section = bisect_right(self._section_starts, start) - 1
        return Place(
            start_line=bisect_right(self.line_starts, start),
            end_line=bisect_right(self.line_starts, last),
            page=(bisect_right(self.pages, start) or 1) if self.pages else None,
            section=self.sections[section].label if section >= 0 else None,
        )


@dataclass(frozen=True, slots=True)
class Encoding:
    """One text as tokens: ``ids[i]`` covers characters [starts[i], ends[i]) of that text."""

    ids: array[int]
    starts: array[int]
    ends: array[int]


class Tokenizer(Protocol):
    """What packing needs of a tokenizer. Special tokens in the text are never recognised."""

    @property
    def fingerprint(self) -> str:
        """sha256 over everything that decides its output."""
        ...

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Tokenise many texts as plain text, each on its own."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a run of tokens, special tokens shown as text."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A document's tokens in the window: header [start, body), text [body, end)."""

    document: Document
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Window:
    """Many documents as one run of tokens.

    ``tokens``, ``starts`` and ``ends`` (typecode "i") have one entry per token; the last two are
    characters in the token's own document, and 0 for header and preamble tokens. ``documents`` is
    every document, packed or not, in coverage order; ``segments`` those that were packed, in
    window order. ``nonce`` is in every header and in no document.
    """

    tokens: array[int]
    starts: array[int]
    ends: array[int]
    segments: tuple[Segment, ...]
    documents: tuple[Document, ...]
    budget: int
    nonce: str
    notices: tuple[Notice, ...] = ()

    @cached_property
    def _segment_starts(self) -> tuple[int, ...]:
        return tuple(segment.start for segment in self.segments)

    def segment_at(self, token: int) -> Segment | None:
        """The segment a token belongs to; None in the preamble. O(log n)."""
        at = bisect_right(self._segment_starts, token) - 1
        return self.segments[at] if at >= 0 and token < self.segments[at].end else None

    def segment_of(self, path: str) -> Segment | None:
        """The segment of the document at ``path``, if it was packed."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, Segment]:
        return {segment.document.path: segment for segment in self.segments}

"""What a reader is given and what it returns.

A reader turns one file into text with a source map. Everything around it (walking, limits, worker
processes, hashing, coverage) is not its business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kimidoc.types import Mark, Notice

TrackedChanges = Literal["accept", "reject", "both"]

Progress = Callable[[str, int, int, str], None]
"""Told (stage, done, total, unit)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read at most. The fields are settings of the same names."""

    file_bytes: int = 256 * 2**20
    text_bytes: int = 64 * 2**20
    total_files: int = 200_000
    worker_memory_bytes: int = 1536 * 2**20
    worker_timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the paths are read, and how. ``own``: globs of what this run writes or was given."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    stdin_name: str | None = None
    tracked_changes: TrackedChanges = "accept"


@dataclass(frozen=True, slots=True)
class Source:
    """One file for a reader. ``path`` is the document's name, ``file`` where its bytes are."""

    path: str
    file: Path
    kind: str
    limits: Limits
    tracked_changes: TrackedChanges = "accept"


@dataclass(frozen=True, slots=True)
class Extract:
    """What a reader got out of a file: ``Document``'s fields of the same names.

    ``partial`` says in one clause what is missing, and None when nothing is.
    """

    text: str
    pages: tuple[int, ...] = ()
    sections: tuple[Mark, ...] = ()
    notices: tuple[Notice, ...] = ()
    partial: str | None = None


class Unreadable(Exception):
    """A reader's word for a file it gives up on; the one argument is the coverage's reason."""


class Read(Protocol):
    """A reader's one function. Raises Unreadable; any other exception is reported as damage."""

    def __call__(self, source: Source) -> Extract: ...


class TextBuilder:
    """Collects text and remembers where pages and sections start in it.

    ``limit_bytes`` is counted in UTF-8; ``full`` turns true when it is reached, and what is
    written after that is dropped, so that the reader says ``partial``.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._parts: list[str] = []
        self._limit, self._bytes = limit_bytes, 0
        self.length = 0
        self.full = False
        self._pages: list[int] = []
        self._sections: list[Mark] = []

    def write(self, text: str) -> None:
        """Append ``text``, or as much of it as the limit leaves room for."""
        if self.full or not text:
            return
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self._bytes + size > self._limit:
            self.full = True
            raw = text.encode("utf-8", "surrogatepass")[: self._limit - self._bytes]
            text = raw.decode("utf-8", "ignore")
            size = len(raw)
        self._parts.append(text)
        self._bytes += size
        self.length += len(text)

    def page(self) -> None:
        """The next page starts here."""
        if not self.full:
            self._pages.append(self.length)

    def section(self, label: str) -> None:
        """From here on the text stands under ``label``; an empty section before it vanishes."""
        if self.full:
            return
        if self._sections and self._sections[-1].start == self.length:
            self._sections.pop()
        if not self._sections or self._sections[-1].label != label:
            self._sections.append(Mark(self.length, label))

    def extract(self, notices: tuple[Notice, ...] = (), partial: str | None = None) -> Extract:
        """Everything collected. A full builder is partial, whatever else is."""
        if self.full:
            cut = f"only the first {self._limit:,} bytes of its text were taken"
            partial = f"{partial}; {cut}" if partial else cut
        text = "".join(self._parts)
        pages, sections = tuple(self._pages), tuple(self._sections)
        return Extract(text, pages, sections, notices, partial)


def clause(said: object) -> str:
    """What a library or a file says, as one short clause: a line, printable, no full stop."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(said)[:400]).split())
    text = text.rstrip(".")
    return text if len(text) <= 120 else text[:119] + "…"


def said_bytes(count: int) -> str:
    """A size for a human: "1.5 GiB"."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count:,} bytes"

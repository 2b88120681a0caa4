"""What the paths of a command line mean: files, folders, globs and stdin.

A path that exists is taken literally, whatever characters it has; else one with ``*``, ``?`` or
``[`` is a glob, read as a shell would (``**`` as a whole segment is any number of folders, a
leading dot is matched only by a dot).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from kimidoc.errors import UsageError
from kimidoc.ingest.ignore import as_bytes
from kimidoc.ingest.wildmatch import matcher

STDIN = "-"
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Root:
    """One path. ``file`` is absolute; of a glob it is the fixed folder that ``segments`` are in."""

    given: str
    file: str
    segments: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder that this root's documents are in."""
        return (
            self.file if self.segments or os.path.isdir(self.file) else os.path.dirname(self.file)
        )


def roots(paths: Iterable[str]) -> list[Root]:
    """Every path but stdin. Raises UsageError for one that is not there."""
    found = [_root(path) for path in paths if path != STDIN]
    for root in found:
        there = os.path.isdir(root.file) if root.segments else os.path.lexists(root.file)
        if not root.given or not there:
            raise _missing(root)
    return found


def demand(paths: Iterable[str]) -> None:
    """Raises UsageError for a path that is not there; reads nothing, and no folder's content."""
    roots(paths)


def base_directory(paths: Sequence[str]) -> Path:
    """The folder that every document's path is relative to: that of all roots together.

    A folder is its own, a file stands in its parent, a glob in what comes before its first magic
    segment; stdin counts only when there is nothing else, and then it is the working directory.
    """
    folders = [root.folder for root in map(_root, (p for p in paths if p != STDIN))]
    try:
        return Path(os.path.commonpath(folders) if folders else os.getcwd())
    except ValueError:  # Windows: on several drives
        raise UsageError(
            "The paths are on different drives, and their documents need names under one folder.",
            hint="Run once for each drive.",
        ) from None


def repository_prefix(paths: Sequence[str]) -> str:
    """From the top of the repository around ``paths`` down to their base; "" outside of one."""
    base = base_directory(paths).resolve()
    for folder in (base, *base.parents):
        if (folder / ".git").exists():
            inner = base.relative_to(folder).as_posix()
            return "" if inner == "." else inner + "/"
    return ""


def _root(path: str) -> Root:
    if not os.path.lexists(path) and _MAGIC.search(path):
        segments = path.replace(os.sep, "/").split("/")
        first = next(i for i, segment in enumerate(segments) if _MAGIC.search(segment))
        fixed = "/".join(segments[:first]) or ("/" if first else ".")
        wanted = tuple(s for s in segments[first:] if s not in ("", "."))
        return Root(path, _absolute(fixed), wanted)
    return Root(path, _absolute(path))


def _absolute(path: str) -> str:
    """Absolute, links kept: but what stands before a ``..`` is what the link leads to."""
    head, tail = os.path.split(path)
    if os.pardir not in path.replace(os.sep, "/").split("/"):
        return os.path.abspath(path)
    if tail in ("", os.curdir, os.pardir):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(head), tail)


def _missing(root: Root) -> UsageError:
    shown = root.given or "(empty)"
    message = f"There is no {shown!r}."
    folder, name = os.path.split(root.file)
    while not os.path.isdir(folder):
        folder, name = os.path.split(folder)
    try:
        close = get_close_matches(name, os.listdir(folder), 3)
    except OSError:
        close = []
    if close:
        near = " or ".join(repr(_like(root.given, folder, other)) for other in close)
        return UsageError(message, hint=f"Did you mean {near}?")
    return UsageError(message, hint=f"{folder!r} is there: `ls` shows what it holds.")


def _like(given: str, folder: str, name: str) -> str:
    """A path as the user would have written it."""
    file = os.path.join(folder, name)
    return file if os.path.isabs(given) else os.path.relpath(file)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How far below a glob's fixed folder a walk has come: the segments that may come next.

    ``after(name)`` is what is wanted inside of a folder of that name; ``takes(name)`` whether
    the glob ends with it.
    """

    segments: tuple[str, ...]
    at: frozenset[int]

    @classmethod
    def of(cls, segments: tuple[str, ...]) -> Wanted:
        """Nothing matched so far."""
        return cls(segments, _past_stars(segments, {0}))

    def takes(self, name: str) -> bool:
        """Whether a file or folder of this name is what the glob asks for."""
        return len(self.segments) in self._next(name)

    def after(self, name: str) -> Wanted | None:
        """What is wanted inside the folder of this name; None when nothing is."""
        following = self._next(name)
        return Wanted(self.segments, following) if following else None

    def _next(self, name: str) -> frozenset[int]:
        steps: set[int] = set()
        for i in self.at:
            if i == len(self.segments):
                continue
            segment = self.segments[i]
            if segment == "**":
                if not name.startswith("."):
                    steps.update((i, i + 1) if i == len(self.segments) - 1 else (i,))
            elif name.startswith(".") <= segment.startswith(".") and matcher(
                as_bytes(segment), path=False
            )(as_bytes(name)):
                steps.add(i + 1)
        return _past_stars(self.segments, steps)


def _past_stars(segments: tuple[str, ...], at: set[int]) -> frozenset[int]:
    """``**`` may stand for no folder at all, unless it ends the glob."""
    reached = set(at)
    for i in sorted(at):
        while i < len(segments) - 1 and segments[i] == "**":
            i += 1
            reached.add(i)
    return frozenset(reached)

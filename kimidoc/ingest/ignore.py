"""Which paths are left out by rule: ignore files as git reads them, and --include and --exclude.

In rising precedence, each kind over all folders before the next kind is asked:

    .git/info/exclude     .gitignore     .ignore     .kimidocignore

Within a kind the deepest folder's file decides, within a file the last line that matches. Rules of
the folders above the root count too, up to the top of the repository that the root stands in. A
repository inside the tree hears no ``.gitignore`` from outside. Whether git tracks a file plays no
part, nor do the user's global git rules: the same tree gives the same documents everywhere.

A folder that is left out is not looked into, so nothing below it can be taken in again. Rules that
cannot be read, links in the place of rule files, lines over 4 KiB and what stands behind the first
MiB of a rule file count for nothing, which can only mean that more is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from kimidoc.ingest.wildmatch import Matcher, matcher

VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", ".jj", "_darcs"})
KINDS = (".kimidocignore", ".ignore", ".gitignore")
RULES_BYTES = 1 << 20
LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line. ``line`` is 1-based; ``whole``: it speaks of paths, not of names."""

    text: str
    line: int
    negated: bool
    folders_only: bool
    whole: bool
    matches: Matcher


def parse(text: bytes, line: int = 0) -> Pattern:
    """A pattern as git reads it; one that can match nothing matches nothing."""
    body = _without_trailing_spaces(text)
    negated = body.startswith(b"!")
    body = body[negated:]
    folders_only = body.endswith(b"/")
    body = body[: len(body) - folders_only]
    whole = b"/" in body
    body = body.removeprefix(b"/")
    matches = matcher(body, path=whole)
    return Pattern(os.fsdecode(text), line, negated, folders_only, whole, matches)


def _without_trailing_spaces(text: bytes) -> bytes:
    """An escaped space stays, and so do tabs."""
    bare = text.rstrip(b" ")
    escapes = len(bare) - len(bare.rstrip(b"\\"))
    return text[: len(bare) + 1] if escapes % 2 and len(bare) < len(text) else bare


class Rules:
    """The patterns of one file; ``base`` is the folder they are relative to, with a slash.

    ``source`` names the file in reasons.
    """

    def __init__(self, patterns: Iterable[Pattern], base: bytes, source: str) -> None:
        self._patterns = tuple(patterns)[::-1]
        self._base = len(base)
        self.source = source

    def decide(self, path: bytes, name: bytes, folder: bool) -> Pattern | None:
        """The last pattern that matches ``path``, which is below ``base`` and ends in ``name``."""
        relative = path[self._base :]
        for pattern in self._patterns:
            if (folder or not pattern.folders_only) and pattern.matches(
                relative if pattern.whole else name
            ):
                return pattern
        return None


@dataclass(frozen=True, slots=True)
class Level:
    """The rules that hold in one folder, for each kind the deepest first."""

    git: tuple[Rules, ...] = ()
    plain: tuple[Rules, ...] = ()
    own: tuple[Rules, ...] = ()

    def reason(self, path: str, folder: bool) -> str | None:
        """Why ``path``, which stands in this folder, is left out; None when it is not."""
        whole = as_bytes(path)
        name = whole[whole.rfind(b"/") + 1 :]
        for kind in (self.own, self.plain, self.git):
            for rules in kind:
                pattern = rules.decide(whole, name, folder)
                if pattern is not None:
                    said = f"ignored by {rules.source}:{pattern.line} ({pattern.text})"
                    return None if pattern.negated else said
        return None


class Ignores:
    """Finds and reads rule files. ``base``: what their names in reasons are relative to."""

    def __init__(self, base: str) -> None:
        self._base = base

    def above(self, folder: str) -> Level:
        """The rules that the folders above ``folder`` impose on what is in it."""
        chain = [folder]
        while not os.path.lexists(os.path.join(chain[-1], ".git")):
            parent = os.path.dirname(chain[-1])
            if parent == chain[-1]:
                return Level()  # in no repository: what stands above is none of its business
            chain.append(parent)
        level = Level()
        for upper in chain[:0:-1]:
            level = self.within(level, upper, _Present(upper))
        return level

    def within(self, above: Level, folder: str, names: Container[str]) -> Level:
        """The rules that hold in ``folder``, which holds ``names``."""
        own, plain, git = (
            self._read(os.path.join(folder, kind), folder) if kind in names else ()
            for kind in KINDS
        )
        inherited = above.git
        if ".git" in names:
            inherited = self._read(_exclude_file(os.path.join(folder, ".git")), folder)
        if not own and not plain and not git and inherited is above.git:
            return above
        return Level(git + inherited, plain + above.plain, own + above.own)

    def _read(self, file: str, folder: str) -> tuple[Rules, ...]:
        patterns = [
            parse(text, line)
            for line, text in enumerate(_lines(file), 1)
            if text and not text.startswith(b"#") and len(text) <= LINE_BYTES
        ]
        if not patterns:
            return ()
        source = os.path.relpath(file, self._base).replace(os.sep, "/")
        return (Rules(patterns, as_bytes(folder).rstrip(b"/") + b"/", source),)


class Globs:
    """The globs of an option, read as lines of an ignore file in ``base``."""

    def __init__(self, globs: Sequence[str], base: str) -> None:
        patterns = (parse(os.fsencode(glob), n) for n, glob in enumerate(globs, 1))
        self._rules = Rules(patterns, as_bytes(base).rstrip(b"/") + b"/", "")

    def decide(self, path: str, folder: bool) -> Pattern | None:
        """The last glob that matches."""
        whole = as_bytes(path)
        return self._rules.decide(whole, whole[whole.rfind(b"/") + 1 :], folder)


class _Present(Container[str]):
    """The names in a folder that nobody has listed."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __contains__(self, name: object) -> bool:
        return os.path.lexists(os.path.join(self._folder, str(name)))


def as_bytes(path: str) -> bytes:
    """A path as git sees it: bytes, with slashes."""
    raw = os.fsencode(path)
    return raw if os.sep == "/" else raw.replace(os.fsencode(os.sep), b"/")


def _lines(file: str) -> list[bytes]:
    """Lines as git ends them: at LF, one CR before it dropped, nothing behind a NUL."""
    text = _head(file).removeprefix(b"\xef\xbb\xbf")
    return [line.removesuffix(b"\r").partition(b"\0")[0] for line in text.split(b"\n")]


def _head(file: str) -> bytes:
    try:
        with open(file, "rb", opener=_unfollowed) as opened:
            regular = stat.S_ISREG(os.fstat(opened.fileno()).st_mode)
            return opened.read(RULES_BYTES) if regular else b""
    except (OSError, ValueError):  # ValueError: a NUL in the name, which a .git file can hold
        return b""


def _unfollowed(file: str, flags: int) -> int:
    """Opens no link, as git, and waits for no named pipe's other end."""
    return os.open(file, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _exclude_file(git: str) -> str:
    """Where info/exclude is: in .git, or where a .git file (worktree, submodule) leads."""
    if os.path.isdir(git):
        return os.path.join(git, "info", "exclude")
    where = os.fsdecode(_head(git).removeprefix(b"gitdir:").strip())
    folder = os.path.join(os.path.dirname(git), where)
    shared = os.fsdecode(_head(os.path.join(folder, "commondir")).strip())
    return os.path.join(folder, shared, "info", "exclude")

"""Roots on disk -> every file that might be read, in an order that no file system decides.

Each file comes once, under one name, however many roots and links lead to it. What is left out is
in the result too, with the reason; of a folder that is left out, one row whose path ends in a
slash. Nothing is opened here except folders and rule files.

A link is followed when it leads to something inside the named folders that is not read under its
own name anyway; a file or folder the user names is read wherever it is. Every folder is walked at
most once, so that links can neither loop nor multiply.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kimidoc.errors import UsageError
from kimidoc.ingest.base import Limits, Selection
from kimidoc.ingest.ignore import VERSION_CONTROL, Globs, Ignores, Level
from kimidoc.ingest.roots import Root, Wanted

NOT_INCLUDED = "not included by --include"
OWN = "excluded by kimidoc (a report that this run writes or was given)"
OUR_RULE = "ignored by rule (version control data)"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to be read, or with ``reason`` a file or folder that will not be.

    ``path`` is the document's name, ``file`` absolute, ``named`` whether a user named the file.
    """

    path: str
    file: str
    reason: str | None = None
    named: bool = False


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder still to be walked. ``real``: where it is, links resolved. ``above``: the rules
    of the folders above it. ``included``: what --include says of it. ``wanted``: a glob's rest.
    """

    file: str
    real: str
    above: Level
    included: bool
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True)
class _Link:
    file: str
    level: Level
    included: bool


def walk(
    roots: Sequence[Root], base: Path, selection: Selection, limits: Limits
) -> tuple[Entry, ...]:
    """Every file under the roots, read or not, sorted by path, folder by folder.

    Raises UsageError when there are more than ``total_files``.
    """
    walk = _Walk(str(base), selection, limits)
    walk.roots(roots)
    walk.links()
    return tuple(sorted(walk.entries.values(), key=order))


def order(entry: Entry) -> list[str]:
    """The sort key of the coverage: folder by folder, by code points."""
    return entry.path.split("/")


class _Walk:
    def __init__(self, base: str, selection: Selection, limits: Limits) -> None:
        self.entries: dict[str, Entry] = {}
        self._base = base.rstrip(os.sep) + os.sep
        self._most, self._met = limits.total_files, 0
        self._ignores = Ignores(base)
        self._include = Globs(selection.include, base) if selection.include else None
        self._exclude = Globs(selection.exclude, base) if selection.exclude else None
        self._own = Globs(selection.own, base) if selection.own else None
        self._inside: list[str] = []  # the named folders, links resolved
        self._named: set[str] = set()
        self._walked: dict[str, str] = {}  # real folder -> the path it was walked as
        self._taken: dict[str, str] = {}  # real file -> the path it is read as
        self._links: list[_Link] = []
        self._matched = False  # whether anything has matched the glob that is being walked

    def roots(self, roots: Sequence[Root]) -> None:
        """Named files first, then named folders, then globs: the more exact word counts."""
        folders = {r.file for r in roots if not r.segments and os.path.isdir(r.file)}
        self._named = folders
        self._inside = [
            os.path.realpath(r.folder) for r in roots if r.segments or r.file in folders
        ]
        for file in sorted({r.file for r in roots if not r.segments} - folders):
            self._named_file(file)
        for file in sorted(folders):
            self._named_folder(file, None)
        for root in roots:
            if root.segments:
                self._matched = False
                self._named_folder(root.file, Wanted.of(root.segments))
                if not self._matched:
                    raise UsageError(
                        f"Nothing matches {root.given!r}.",
                        hint=f"Looked for in {root.file!r}, but not in what is ignored; "
                        "** is any folders.",
                    )

    def links(self) -> None:
        """Follow the links that were met, and those met by following them."""
        while self._links:
            links, self._links = sorted(self._links, key=lambda link: link.file), []
            for link in links:
                self._follow(link)

    def _named_file(self, file: str) -> None:
        reason, included = self._from_base(file)
        reason = reason or self._by_globs(file, False, included)
        try:
            reason = reason or _special(os.stat(file).st_mode)
        except OSError as error:
            reason = _broken(error)
        self._read(file, os.path.realpath(file), reason, named=True)

    def _named_folder(self, file: str, wanted: Wanted | None) -> None:
        reason, included = self._from_base(file)
        if file + os.sep != self._base:
            reason = reason or self._by_globs(file, True, included)
            included = self._included(file, True, included)
        if reason is None:
            above = self._ignores.above(file)
            self._walk(_Folder(file, os.path.realpath(file), above, included, wanted))
        else:
            self._add(self._folder_name(file), file, reason)

    def _from_base(self, file: str) -> tuple[str | None, bool]:
        """What --exclude and --include say of the folders between the base and a named path."""
        included = self._include is None
        parts = file.removeprefix(self._base).split(os.sep)[:-1]
        for end in range(1, len(parts) + 1):
            folder = self._base + os.sep.join(parts[:end])
            reason = self._by_globs(folder, True, included)
            if reason is not None:
                return reason, included
            included = self._included(folder, True, included)
        return None, included

    def _walk(self, folder: _Folder) -> None:
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            if folder.real in self._walked:
                self._again(self._folder_name(folder.file), folder.file, self._walked[folder.real])
                continue
            if folder.wanted is None:
                self._walked[folder.real] = self._folder_name(folder.file)
            waiting.extend(self._list(folder))

    def _list(self, folder: _Folder) -> list[_Folder]:
        """Take in one folder's files; its folders are returned."""
        try:
            with os.scandir(folder.file) as scan:
                listed = self._counted(scan)
        except OSError as error:
            self._add(self._folder_name(folder.file), folder.file, unreadable(error))
            return []
        level = self._ignores.within(folder.above, folder.file, {item.name for item in listed})
        inner = []
        for item in listed:
            try:
                found = self._take(item, folder, level)
            except OSError as error:
                self._add(self._name(item.path), item.path, unreadable(error))
            else:
                inner += found
        return inner

    def _counted(self, scan: Iterable[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
        listed = []
        for item in scan:
            listed.append(item)
            self._met += 1
            if self._met > self._most:
                raise UsageError(
                    f"There are more than {self._most:,} files and folders.",
                    hint="Name fewer folders, leave some out with --exclude GLOB, or set "
                    "total_files higher.",
                )
        return listed

    def _take(self, item: os.DirEntry[str], folder: _Folder, level: Level) -> list[_Folder]:
        """Take in one item of a folder; if it is a folder to be walked, it is returned."""
        is_folder = item.is_dir(follow_symlinks=False)
        wanted = None
        if folder.wanted is not None:
            if folder.wanted.takes(item.name):
                self._matched = True
            else:
                wanted = folder.wanted.after(item.name) if is_folder else None
                if wanted is None:
                    return []
        if item.path in self._named:
            return []  # it has been walked on its own account, or will be
        reason = OUR_RULE if item.name in VERSION_CONTROL else None
        reason = reason or self._by_globs(item.path, is_folder, folder.included)
        reason = reason or level.reason(item.path, is_folder)
        real = os.path.join(folder.real, item.name)
        if is_folder:
            if reason is None:
                included = self._included(item.path, True, folder.included)
                return [_Folder(item.path, real, level, included, wanted)]
            self._add(self._folder_name(item.path), item.path, reason)
        elif reason is None and item.is_symlink():
            self._links.append(_Link(item.path, level, folder.included))
        else:
            if reason is None and not item.is_file():
                reason = _special(item.stat(follow_symlinks=False).st_mode)
            self._read(item.path, real, reason)
        return []

    def _follow(self, link: _Link) -> None:
        name = self._name(link.file)
        try:
            mode = os.stat(link.file).st_mode
        except OSError as error:
            self._add(name, link.file, _broken(error))
            return
        real = os.path.realpath(link.file)
        root = next((r for r in self._inside if Path(real).is_relative_to(r)), None)
        if root is None:
            self._add(name, link.file, "link that leads out of the named folders")
        elif VERSION_CONTROL & set(os.path.relpath(real, root).split(os.sep)):
            self._add(name, link.file, OUR_RULE)
        elif stat.S_ISDIR(mode):
            self._walk(_Folder(link.file, real, link.level, link.included))
        else:
            self._read(link.file, real, _special(mode))

    def _read(self, file: str, real: str, reason: str | None, named: bool = False) -> None:
        """A file that will be read unless there is a reason, or it is being read already."""
        name = self._name(file)
        if reason is not None:
            self._add(name, file, reason)
        elif real in self._taken:
            self._again(name, file, self._taken[real])
        elif name not in self.entries:
            self._taken[real] = name
            self.entries[name] = Entry(name, file, named=named)

    def _again(self, name: str, file: str, known_as: str) -> None:
        if name != known_as:
            self._add(name, file, f"not included again: the same as {known_as}")

    def _by_globs(self, file: str, folder: bool, included: bool) -> str | None:
        if self._own is not None and not folder and self._own.decide(file, folder):
            return OWN
        if self._exclude is not None:
            pattern = self._exclude.decide(file, folder)
            if pattern is not None and not pattern.negated:
                return f"excluded by --exclude {pattern.text}"
        return None if folder or self._included(file, False, included) else NOT_INCLUDED

    def _included(self, file: str, folder: bool, above: bool) -> bool:
        """What is included holds for all that is in it, until a deeper match says otherwise."""
        pattern = self._include.decide(file, folder) if self._include is not None else None
        return above if pattern is None else not pattern.negated

    def _add(self, name: str, file: str, reason: str | None) -> None:
        self.entries.setdefault(name, Entry(name, file, reason))

    def _name(self, file: str) -> str:
        name = file.removeprefix(self._base)
        return name.replace(os.sep, "/") if os.sep != "/" else name

    def _folder_name(self, file: str) -> str:
        return "./" if file + os.sep == self._base else self._name(file) + "/"


def unreadable(error: OSError) -> str:
    """The reason for what the system refuses to show."""
    said = (error.strerror or type(error).__name__).lower()
    return f"unreadable ({said})"


def _special(mode: int) -> str | None:
    """What a file is that is no plain file."""
    if stat.S_ISREG(mode):
        return None
    kinds = (
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    kind = next((kind for test, kind in kinds if test(mode)), "no plain file")
    return f"not a file: {kind}"


def _broken(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "link to a file that is not there"
    if error.errno == errno.ELOOP:
        return "link that leads back to itself"
    return unreadable(error)

"""Paths -> Documents: walks, reads, and gives every path its row in the coverage.

In a tree of mostly program code an HTML file is source, scripts and all, with its own lines: it is
read as code, under the kind ``template``. Elsewhere it is a page, and read as a browser shows it.

Files that parse as binary containers are handed to workers at once, in the order of the walk; text
is read meanwhile. The order of the result is the walk's, whoever finishes first. What a worker made
of the same bytes in an earlier run is taken instead, where the caller knows it (``texts``).
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from kimidoc.errors import UsageError
from kimidoc.ingest import integrity, reports, sniff, walk
from kimidoc.ingest.base import (
    Extract,
    Limits,
    Progress,
    Selection,
    Source,
    Unreadable,
    clause,
    said_bytes,
)
from kimidoc.ingest.languages import language, mostly_programs
from kimidoc.ingest.readers import READERS, Reader
from kimidoc.ingest.roots import STDIN, base_directory, roots
from kimidoc.ingest.texts import Texts, key_of
from kimidoc.ingest.workers import Pool, damaged
from kimidoc.types import Document, Notice

STDIN_NAME = "stdin.txt"
UNREAD_STYLES = "styles-not-read"  # readers.html says so, of one page
_CHUNK_BYTES = 1 << 20


def silent(stage: str, done: int, total: int, unit: str) -> None:
    """A Progress that says nothing."""


def read(
    paths: Sequence[str],
    selection: Selection = Selection(),  # noqa: B008
    limits: Limits = Limits(),  # noqa: B008
    progress: Progress = silent,
    known: Texts | None = None,
) -> tuple[Document, ...]:
    """Every file under ``paths`` as a Document, sorted by path; ``-`` is stdin.

    ``progress`` is told the stage "read" in files. ``known``: what isolated readers made of files
    before, and where what they make now is put; the documents are the same without it. A file that
    cannot be read is a skipped Document with the reason, never an error. Raises UsageError for a
    path that is not there, for more than ``total_files``, and for a name of stdin that is taken or
    is none.
    """
    entries = list(walk.walk(roots(paths), base_directory(paths), selection, limits))
    with ExitStack() as stack:
        if STDIN in paths:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kimidoc-"))
            entries.append(_stdin(Path(folder), selection, limits))
            _named_apart(entries)
            entries.sort(key=walk.order)
        pool = stack.enter_context(Pool(limits))
        return _told_once(_Reading(selection, limits, pool, progress, known).all(entries))


def _stdin(folder: Path, selection: Selection, limits: Limits) -> walk.Entry:
    """stdin as a file: readers want one. No more is kept than shows that it is too large."""
    name = PurePosixPath(selection.stdin_name or STDIN_NAME)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise UsageError(
            f"{str(name)!r} is no name for what comes from stdin.",
            hint="Give one without .. and without a leading slash: --stdin-name notes.md.",
        )
    file, left = folder / "stdin", limits.file_bytes + 1
    with file.open("wb") as spool:
        while left and (chunk := sys.stdin.buffer.read(min(left, _CHUNK_BYTES))):
            spool.write(chunk)
            left -= len(chunk)
    return walk.Entry(name.as_posix(), str(file), named=True)


def _named_apart(entries: Sequence[walk.Entry]) -> None:
    name = entries[-1].path
    if any(entry.path == name for entry in entries[:-1]):
        raise UsageError(
            f"stdin is to be called {name!r}, and so is a file that is read.",
            hint="Give it another name with --stdin-name.",
        )


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file that is about to be read: the document without its text, and who reads it."""

    document: Document
    source: Source
    reader: Reader

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""
        assert self.document.sha256 is not None
        return self.document.sha256

    @property
    def still_there(self) -> bool:
        """Whether the file is, by its size and time, the one that was opened."""
        try:
            facts = self.source.file.stat()
        except OSError:
            return False
        seen = self.document.size_bytes, self.document.modified_ns
        return (facts.st_size, facts.st_mtime_ns) == seen


class _Reading:
    """One run over the entries."""

    def __init__(
        self,
        selection: Selection,
        limits: Limits,
        pool: Pool,
        progress: Progress,
        known: Texts | None,
    ) -> None:
        self._selection, self._limits = selection, limits
        self._pool, self._progress, self._known = pool, progress, known
        self._pages_are_source = False

    def all(self, entries: Sequence[walk.Entry]) -> tuple[Document, ...]:
        """A document for every entry, in their order."""
        wanted = [entry.path for entry in entries if entry.reason is None]
        total, self._pages_are_source = len(wanted), mostly_programs(wanted)
        self._progress("read", 0, total, "files")
        documents: list[Document | None] = []
        waiting: list[tuple[int, _Begun, Future[Extract]]] = []
        done = 0
        for entry in entries:
            begun = self._begin(entry)
            if isinstance(begun, _Begun):
                result = self._result(begun)
                if isinstance(result, Future):
                    waiting.append((len(documents), begun, result))
                    documents.append(None)
                    continue
                begun = _finish(begun, result)
            documents.append(begun)
            if entry.reason is None:
                done += 1
                self._progress("read", done, total, "files")
        for at, begun, future in waiting:
            documents[at] = _finish(begun, partial(self._waited, begun, future))
            done += 1
            self._progress("read", done, total, "files")
        return tuple(document for document in documents if document is not None)

    def _result(self, begun: _Begun) -> Callable[[], Extract] | Future[Extract]:
        """What reads the file here, or what a worker will have made of it."""
        name, source = begun.reader.full_name, begun.source
        if not begun.reader.isolated:
            return partial(begun.reader.read, source)
        if self._known is not None:
            extract = self._known.get(key_of(name, source, begun.sha256), source.path)
            if extract is not None:
                return lambda: extract
        return self._pool.submit(name, source)

    def _waited(self, begun: _Begun, future: Future[Extract]) -> Extract:
        """What a worker made of a file, kept if the file is still the one that was hashed."""
        extract = future.result()
        if self._known is not None and begun.still_there:
            key = key_of(begun.reader.full_name, begun.source, begun.sha256)
            self._known.put(key, extract)
        return extract

    def _begin(self, entry: walk.Entry) -> Document | _Begun:
        """Open, hash and sniff a file; it is a Document at once when it will not be read."""
        kind = "folder" if entry.path.endswith("/") else language(entry.path, b"")
        document = Document(entry.path, kind, "skipped", reason=entry.reason)
        if entry.reason is not None:
            return document
        try:
            with open(entry.file, "rb", opener=_unwaiting) as opened:
                return self._open(entry, document, opened)
        except OSError as error:
            return replace(document, reason=walk.unreadable(error))

    def _open(self, entry: walk.Entry, document: Document, opened: BinaryIO) -> Document | _Begun:
        facts = os.fstat(opened.fileno())
        document = replace(document, size_bytes=facts.st_size, modified_ns=facts.st_mtime_ns)
        if not stat.S_ISREG(facts.st_mode):
            return replace(document, reason="no longer a file")
        digest = _digest(opened, facts.st_size, self._limits.file_bytes)
        if digest is None:
            size, limit = said_bytes(facts.st_size), said_bytes(self._limits.file_bytes)
            reason = f"too large: {size}, the limit is {limit} (setting file_bytes)"
            return replace(document, reason=reason)
        sniffed = sniff.sniff(entry.path, opened, facts.st_size)
        if sniffed.kind == "html" and self._pages_are_source:
            sniffed = replace(sniffed, kind="template")
        document = replace(document, kind=sniffed.kind, reason=sniffed.reason, sha256=digest)
        if sniffed.reason is not None:
            return document
        opened.seek(0)
        if not entry.named and reports.written_by_kimidoc(opened.read(reports.HEAD_BYTES)):
            return replace(document, reason=reports.REASON)
        if sniffed.mismatch is not None:
            said = f"Its name says that it is {sniffed.mismatch}; it is text, and was read as text."
            notice = Notice("ingest.name", said, entry.path)
            document = replace(document, notices=(notice,))
        reader = READERS.get(sniffed.kind, READERS["text"])
        file, changes = Path(entry.file), self._selection.tracked_changes
        return _Begun(
            document, Source(entry.path, file, sniffed.kind, self._limits, changes), reader
        )


def _unwaiting(file: str, flags: int) -> int:
    """Opens a file that may have become a named pipe or a terminal since it was listed."""
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _digest(opened: BinaryIO, size: int, limit: int) -> str | None:
    """The sha256 of a file; None if it is larger than the limit, also if it grows meanwhile."""
    if size > limit:
        return None
    hasher, left = sha256(), limit
    while chunk := opened.read(_CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            return None
        hasher.update(chunk)
    return hasher.hexdigest()


def _told_once(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """What is said of every page with style sheets elsewhere is said once, with how many."""
    pages = [at for at, d in enumerate(documents) if any(map(_of_styles, d.notices))]
    if len(pages) < 2:
        return documents
    first = documents[pages[0]]
    said = (
        f"{len(pages):,} pages have style sheets in other files, the first is {first.path!r}; "
        "what these hide was not looked for."
    )
    told = list(documents)
    for at in pages:
        kept = tuple(notice for notice in told[at].notices if not _of_styles(notice))
        once = (Notice(UNREAD_STYLES, said),) if at == pages[0] else ()
        told[at] = replace(told[at], notices=(*kept, *once))
    return tuple(told)


def _of_styles(notice: Notice) -> bool:
    return notice.code == UNREAD_STYLES


def _finish(begun: _Begun, result: Callable[[], Extract]) -> Document:
    document = begun.document
    try:
        extract = result()
    except Unreadable as error:
        return replace(document, reason=clause(error))
    except OSError as error:
        return replace(document, reason=walk.unreadable(error))
    except MemoryError:
        return replace(document, reason="needed more memory than there is")
    except Exception as error:  # the boundary: whatever a document does to a reader ends here
        return replace(document, reason=damaged(error))
    hostile = integrity.check(document.path, extract.text)
    return replace(
        document,
        status="partial" if extract.partial else "read",
        text=extract.text,
        reason=extract.partial and clause(extract.partial),
        pages=extract.pages,
        sections=extract.sections,
        notices=(*document.notices, *extract.notices, *hostile),
    )

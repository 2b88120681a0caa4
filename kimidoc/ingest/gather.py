"""Paths -> Documents: walks, reads, and gives every path its row in the coverage."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from kimidoc.errors import UsageError
from kimidoc.ingest import integrity, sniff, walk
from kimidoc.ingest.base import Extract, Limits, Selection, Source, Unreadable
from kimidoc.ingest.languages import language
from kimidoc.ingest.readers import READERS
from kimidoc.ingest.roots import STDIN, base_directory, roots
from kimidoc.ingest.workers import Pool, damaged
from kimidoc.types import Document, Notice

Progress = Callable[[str, int, int, str], None]
_CHUNK = 1 << 20


def _silent(stage: str, done: int, total: int, unit: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _File:
    """A file that is being read."""

    entry: walk.Entry
    sniffed: sniff.Sniffed
    sha256: str
    size_bytes: int
    modified_ns: int


def read(
    paths: Sequence[str],
    selection: Selection = Selection(),  # noqa: B008
    limits: Limits = Limits(),  # noqa: B008
    progress: Progress = _silent,
) -> tuple[Document, ...]:
    """Every file under ``paths`` as a Document, sorted by path; ``-`` is stdin.

    Raises UsageError for a path that is not there. A file that cannot be read is a skipped
    Document with the reason, never an error.
    """
    found = walk.walk(roots(paths), base_directory(paths), selection, limits)
    with ExitStack() as stack:
        entries = list(found)
        if STDIN in paths:
            entries.append(_stdin(stack, selection, {entry.path for entry in found}))
        pool = stack.enter_context(Pool(limits))
        return _all(entries, selection, limits, pool, progress)


def _stdin(stack: ExitStack, selection: Selection, taken: set[str]) -> walk.Entry:
    """stdin as a file: readers want one."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kimidoc-"))
    file = Path(folder) / "stdin"
    with open(file, "wb") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool, _CHUNK)
    parts = [p for p in PurePosixPath(selection.stdin_name or "stdin.txt").parts if p != "/"]
    name = "/".join(p for p in parts if p != "..") or "stdin.txt"
    if name in taken:
        raise UsageError(
            f"stdin is to be called {name!r}, and so is a file that is read.",
            hint="Give it another name with --stdin-name.",
        )
    return walk.Entry(name, str(file))


def _all(
    entries: Sequence[walk.Entry],
    selection: Selection,
    limits: Limits,
    pool: Pool,
    progress: Progress,
) -> tuple[Document, ...]:
    done: dict[str, Document] = {}
    waiting: list[tuple[_File, Future[Extract]]] = []
    total = sum(entry.reason is None for entry in entries)
    count = 0
    for entry in entries:
        if entry.reason is not None:
            done[entry.path] = _skipped(entry, entry.reason)
            continue
        result = _begin(entry, selection, limits, pool)
        if isinstance(result, Document):
            done[entry.path] = result
            count += 1
            progress("read", count, total, "files")
        else:
            waiting.append(result)
    for file, future in waiting:
        done[file.entry.path] = _finished(file, future.result)
        count += 1
        progress("read", count, total, "files")
    return tuple(done[entry.path] for entry in entries)


def _begin(
    entry: walk.Entry, selection: Selection, limits: Limits, pool: Pool
) -> Document | tuple[_File, Future[Extract]]:
    """Read a file, or hand it to a worker."""
    path = Path(entry.file)
    try:
        facts = path.stat()
        if facts.st_size > limits.file_bytes:
            size, limit = facts.st_size / 2**20, limits.file_bytes / 2**20
            return _skipped(
                entry, f"too large: {size:,.0f} MiB, and file_bytes is {limit:,.0f} MiB"
            )
        digest, head = _digested(path)
        sniffed = sniff.sniff(entry.path, path, head)
    except OSError as error:
        return _skipped(entry, walk.unreadable(error))
    file = _File(entry, sniffed, digest, facts.st_size, facts.st_mtime_ns)
    if sniffed.reason is not None:
        return _document(file, None, sniffed.reason)
    reader = READERS.get(sniffed.kind, READERS["text"])
    source = Source(entry.path, path, sniffed.kind, limits, selection.tracked_changes)
    if reader.isolated:
        return file, pool.submit(source)
    return _finished(file, lambda: reader.read(source))


def _digested(path: Path) -> tuple[str, bytes]:
    hasher, head = sha256(), b""
    with open(path, "rb") as opened:
        while chunk := opened.read(_CHUNK):
            if not head:
                head = chunk[: sniff.HEAD_BYTES]
            hasher.update(chunk)
    return hasher.hexdigest(), head


def _finished(file: _File, result: Callable[[], Extract]) -> Document:
    try:
        return _document(file, result(), None)
    except Unreadable as reason:
        return _document(file, None, str(reason))
    except OSError as error:
        return _document(file, None, walk.unreadable(error))
    except Exception as error:  # the boundary: whatever a document does to a reader ends here
        return _document(file, None, damaged(error))


def _document(file: _File, extract: Extract | None, reason: str | None) -> Document:
    path, kind = file.entry.path, file.sniffed.kind
    facts = (file.sha256, file.size_bytes, file.modified_ns)
    if extract is None:
        return Document(path, kind, "skipped", "", reason, (), (), (), *facts)
    notices = (*extract.notices, *integrity.check(path, extract.text))
    if file.sniffed.mismatch is not None:
        said = f"Its name says {file.sniffed.mismatch.upper()}, its content is text: read as text."
        notices = (Notice("name-and-content-differ", said, path), *notices)
    return Document(
        path,
        kind,
        "partial" if extract.partial else "read",
        extract.text,
        extract.partial,
        extract.pages,
        extract.sections,
        notices,
        *facts,
    )


def _skipped(entry: walk.Entry, reason: str) -> Document:
    kind = "folder" if entry.path.endswith("/") else language(entry.path, b"")
    return Document(entry.path, kind, "skipped", reason=reason)

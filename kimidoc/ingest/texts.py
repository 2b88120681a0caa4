"""What isolated readers made of files, kept so that an unchanged file is not parsed again.

An extract is known by a key over everything that decides it: the file's bytes, its kind, what its
reader is told, the readers' own code and the libraries they use. Only what was read to its end is
kept, never a failure. The form on disk is that of ``wire``: one message for each extract, with a
digest of its own, so that a damaged one costs only itself.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from importlib import metadata
from io import BytesIO
from pathlib import Path
from platform import python_version
from typing import Any

from kimidoc import __version__
from kimidoc.ingest import wire
from kimidoc.ingest.base import Extract, Source

MOST_CHARS = 1 << 28  # kept in all: of what is larger, memory and disk would be all texts
LIBRARIES = (
    "pypdfium2", "pypdf", "python-calamine", "openpyxl", "selectolax", "olefile", "defusedxml",
    "charset-normalizer",
)  # fmt: skip


class Texts:
    """Extracts by key: those of an earlier run, and those of this one.

    ``data``: what ``packed`` gave. ``unusable``: of how many entries of it that cannot be said.
    ``fresh``: whether this run read what ``data`` does not have.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.unusable, self.fresh = 0, False
        self._earlier = self._parsed(data)
        self._used: dict[str, Extract] = {}
        self._chars = 0

    def _parsed(self, data: bytes) -> dict[str, tuple[dict[str, Any], bytes]]:
        found, stream = {}, BytesIO(data)
        while stream.tell() < len(data):
            try:
                message, text = wire.receive(stream, len(data))
                facts, key, digest = message["extract"], message["key"], message["digest"]
            except (EOFError, ValueError, KeyError, RecursionError):
                self.unusable += 1  # and what stands behind it is not found
                break
            if _digest(key, facts, text) == digest:
                found[key] = facts, text
            else:
                self.unusable += 1
        return found

    @property
    def used(self) -> bool:
        """Whether there is anything to be kept."""
        return bool(self._used)

    def get(self, key: str, path: str) -> Extract | None:
        """The extract of the file that ``path`` is called now; None where it is not known."""
        if (found := self._earlier.get(key)) is None:
            return None
        try:
            extract = wire.extract(*found, path)
        except (ValueError, TypeError, KeyError):
            self.unusable += 1
            return None
        self._take(key, extract)
        return extract

    def put(self, key: str, extract: Extract) -> None:
        """Keep what has just been read."""
        self.fresh = self._take(key, extract) or self.fresh

    def _take(self, key: str, extract: Extract) -> bool:
        if key in self._used or self._chars + len(extract.text) > MOST_CHARS:
            return False
        self._chars += len(extract.text)
        self._used[key] = extract
        return True

    def packed(self) -> bytes:
        """All that this run took or put, as a session keeps it."""
        stream = BytesIO()
        for key, extract in self._used.items():
            message, text = wire.answer(extract)
            digest = _digest(key, message["extract"], text)
            wire.send(stream, {"key": key, "digest": digest, **message}, text)
        return stream.getvalue()


def _digest(key: str, facts: dict[str, Any], text: bytes) -> str:
    hasher = sha256(json.dumps([key, facts]).encode("ascii"))
    hasher.update(text)
    return hasher.hexdigest()


def key_of(module: str, source: Source, digest: str) -> str:
    """What the extract of a file with this sha256 is known by, read by this reader."""
    asked = wire.request(module, source)
    told = {name: asked[name] for name in asked if name not in ("path", "file")}
    return sha256(json.dumps([digest, told, _readers()], sort_keys=True).encode()).hexdigest()


@cache
def _readers() -> str:
    """What decides an extract beside the file and what the reader is told."""
    hasher = sha256(f"{__version__} {python_version()}\0".encode())
    for name in LIBRARIES:
        try:
            hasher.update(f"{name} {metadata.version(name)}\0".encode())
        except metadata.PackageNotFoundError:
            continue
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*.py")):
        hasher.update(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes())
    return hasher.hexdigest()

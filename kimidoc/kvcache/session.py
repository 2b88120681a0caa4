"""Sessions as directories: found, listed, described and removed. No torch here.

    <root>/<id>/manifest.json     what was read, by which model, and every file with its checksum
    <root>/<id>/tokens.i32        the window's token ids, little-endian
    <root>/<id>/layer-007.k …     arrays, see ``snapshot``

A session is written under a name that starts with a dot and renamed when complete: a directory
without a leading dot is whole. Ids are derived from the roots and the model, so that a changed
document set finds the session it changed from.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from array import array
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from kimidoc.errors import SessionError

VERSION = 1
MANIFEST = "manifest.json"
TOKENS = "tokens.i32"
_KEYS = {"created", "model", "fingerprint", "tokens", "documents", "roots", "layers", "files"}


def root(cache_dir: Path) -> Path:
    """Where sessions are kept in a cache folder."""
    return cache_dir / "sessions"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What ``sessions list`` says of one session. ``documents``: (path, sha256), window order."""

    id: str
    path: Path
    created: str
    model: str
    fingerprint: str
    tokens: int
    bytes: int
    documents: tuple[tuple[str, str], ...]
    roots: tuple[str, ...]


def derive_id(roots: tuple[str, ...], fingerprint: str, settings: str) -> str:
    """The automatic id of a session over ``roots`` (absolute), a model and engine settings."""
    key = "\0".join((*roots, fingerprint, settings, str(VERSION)))
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def check_name(name: str) -> str:
    """A session name given by the user, if it is safe as a folder name. Raises SessionError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise SessionError(
            f"{name!r} is not a session name",
            hint="use letters, digits, dots, dashes and underscores, at most 64, a letter or "
            "digit first",
        )
    return name


def read_manifest(path: Path) -> dict[str, Any] | None:
    """A session's manifest; None when there is no whole session of this version there."""
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("version") != VERSION:
        return None
    return manifest if _KEYS <= manifest.keys() else None


def info(path: Path) -> SessionInfo | None:
    """Describe the session at ``path``; None when there is none that this version can read."""
    manifest = read_manifest(path)
    if manifest is None:
        return None
    return SessionInfo(
        id=path.name,
        path=path,
        created=manifest["created"],
        model=manifest["model"],
        fingerprint=manifest["fingerprint"],
        tokens=manifest["tokens"],
        bytes=sum(f.stat().st_size for f in path.iterdir() if f.is_file()),
        documents=tuple((p, s) for p, s in manifest["documents"]),
        roots=tuple(manifest["roots"]),
    )


def list_sessions(root: Path) -> list[SessionInfo]:
    """Every whole session under ``root``, newest first."""
    if not root.is_dir():
        return []
    found = (info(p) for p in sorted(root.iterdir()) if p.is_dir() and p.name[0] != ".")
    return sorted((s for s in found if s), key=lambda s: s.created, reverse=True)


def show(root: Path, session_id: str) -> SessionInfo:
    """The session called ``session_id`` (a unique beginning will do). Raises SessionError."""
    sessions = list_sessions(root)
    hits = [s for s in sessions if s.id == session_id] or [
        s for s in sessions if s.id.startswith(session_id)
    ]
    if len(hits) != 1:
        raise SessionError(
            f"{'no session' if not hits else 'more than one session'} is called {session_id!r}",
            hint="`kimidoc sessions list` shows what there is",
        )
    return hits[0]


def remove(root: Path, session_id: str) -> SessionInfo:
    """Delete a session; returns what it was. Raises SessionError."""
    gone = show(root, session_id)
    shutil.rmtree(gone.path)
    return gone


def remove_unfinished(root: Path) -> int:
    """Delete what dead writers left behind; returns how many directories.

    A writer that died between its two renames left a session nowhere but under ``.replaced-``:
    that one is put back where it was.
    """
    count = 0
    for path in sorted(root.glob(".*-*")) if root.is_dir() else ():
        found = re.fullmatch(r"\.(writing|replaced)-(.+)-(\d+)", path.name)
        if found is None or _alive(int(found[3])):
            continue
        if found[1] == "replaced" and not (root / found[2]).exists():
            path.rename(root / found[2])
            continue
        shutil.rmtree(path, ignore_errors=True)
        count += 1
    return count


def _alive(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_tokens(path: Path) -> array[int]:
    """The token ids the session was read from. Raises SessionError when the file is cut."""
    tokens = array("i")
    manifest = read_manifest(path)
    try:
        tokens.frombytes((path / TOKENS).read_bytes())
        if manifest is None or len(tokens) != manifest["tokens"]:
            raise ValueError(f"{len(tokens)} tokens")
    except (OSError, ValueError) as e:
        raise SessionError(
            f"session file {path / TOKENS} is damaged",
            hint=f"remove it with `kimidoc sessions rm {path.name}`",
        ) from e
    if sys.byteorder == "big":
        tokens.byteswap()
    return tokens


def common_prefix(a: array[int], b: array[int]) -> int:
    """How many leading tokens two windows share."""
    low, high = 0, min(len(a), len(b))
    while low < high:  # compare halves: memoryview equality runs at memory speed
        middle = (low + high + 1) // 2
        if memoryview(a)[low:middle] == memoryview(b)[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low

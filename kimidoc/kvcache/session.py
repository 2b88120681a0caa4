"""Sessions as directories: found, listed, described and removed. No torch here.

    <root>/<id>/manifest.json     what was read, by which model, and every file with its checksum
    <root>/<id>/tokens.i32        the window's token ids, little-endian
    <root>/<id>/layer-007.k …     arrays, see ``snapshot``
    <root>/<id>/words.npz         what the engine keeps beside: words by block,
    <root>/<id>/cuts.npz          the characters of every token,
    <root>/<id>/texts.wire        what was read of files that take long to read,
    <root>/<id>/indexer.keys      where the model has an indexer, its keys,
    <root>/<id>/surprisal.f16     and where it was asked for, how unexpected every token was
    <root>/.reading-<id>/         a reading that was interrupted, and ``progress.json``: how far it
                                  came. Kept, because the next run goes on from there

A session is written under a name that starts with a dot and renamed when complete: a directory
without a leading dot is whole. Ids are derived from the roots and the model, so that a changed
document set finds the session it changed from. When a session was last used is its manifest's
modification time. ``lock`` says who may write, ``limit`` what goes when there are too many.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import psutil  # type: ignore[import-untyped]

from kimidoc.errors import SessionError
from kimidoc.kvcache import lock

VERSION = 4
MANIFEST = "manifest.json"
TOKENS = "tokens.i32"
PROGRESS = "progress.json"
READING = ".reading-"
PROGRESS_VERSION = 1
RESUMABLE_TOKENS = 32_768  # shorter readings are over in a minute and start again
_KEYS = {"created", "model", "fingerprint", "tokens", "documents", "roots", "layers", "files"}
_PROGRESS_KEYS = {
    "model", "fingerprint", "settings", "tokens", "tokens_sha256", "layers_done", "layers", "roots",
}  # fmt: skip

# whole: can be used. unfinished: the next run goes on reading. outdated (another version's) and
# damaged: it only takes room.
State = Literal["whole", "unfinished", "outdated", "damaged"]


def root(cache_dir: Path) -> Path:
    """Where sessions are kept in a cache folder."""
    return cache_dir / "sessions"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What ``sessions list`` says of one session. ``documents``: (path, sha256), window order.

    ``used``: seconds since the epoch. ``layers``: (read, of), where it is unfinished.
    """

    id: str
    path: Path
    created: str
    model: str
    fingerprint: str
    tokens: int
    bytes: int
    documents: tuple[tuple[str, str], ...]
    roots: tuple[str, ...]
    used: float
    state: State = "whole"
    layers: tuple[int, int] = (0, 0)


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
    manifest = _read(path / MANIFEST)
    whole = manifest is not None and manifest.get("version") == VERSION and _KEYS <= manifest.keys()
    return manifest if whole else None


def read_progress(path: Path) -> dict[str, Any] | None:
    """How far the reading in ``path`` came; None when this version cannot go on from it.

    Keys: model, fingerprint, settings, tokens, tokens_sha256, layers_done, layers, roots.
    """
    found = _read(path / PROGRESS)
    if found is None or found.get("version") != PROGRESS_VERSION:
        return None
    if not found.keys() >= _PROGRESS_KEYS:
        return None
    counts = [found[key] for key in ("layers_done", "layers", "tokens")]
    if not all(isinstance(n, int) for n in counts) or not 0 <= counts[0] <= counts[1]:
        return None
    return found


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def info(path: Path) -> SessionInfo | None:
    """Describe the session at ``path``; None when there is none that this version can read."""
    manifest = read_manifest(path)
    if manifest is None:
        return None
    try:
        return SessionInfo(
            id=path.name,
            path=path,
            created=manifest["created"],
            model=manifest["model"],
            fingerprint=manifest["fingerprint"],
            tokens=manifest["tokens"],
            bytes=_bytes(path),
            documents=tuple((p, s) for p, s in manifest["documents"]),
            roots=tuple(manifest["roots"]),
            used=(path / MANIFEST).stat().st_mtime,
        )
    except FileNotFoundError:  # another process has just removed it
        return None


def touch(path: Path) -> None:
    """Remember that the session at ``path`` was used now; the limit takes the others first."""
    with suppress(OSError):  # of a cache that cannot be written to, nothing is removed either
        os.utime(path / MANIFEST)


def list_sessions(root: Path) -> list[SessionInfo]:
    """Every whole session under ``root``, newest first."""
    whole = (s for s in kept(root) if s.state == "whole")
    return sorted(whole, key=lambda s: s.created, reverse=True)


def kept(root: Path) -> list[SessionInfo]:
    """All that takes room under ``root``, in whatever state; the last used first."""
    if not root.is_dir():
        return []
    found = (_describe(path) for path in sorted(root.iterdir()) if path.is_dir())
    return sorted((s for s in found if s), key=lambda s: s.used, reverse=True)


def _describe(path: Path) -> SessionInfo | None:
    if path.name.startswith(READING):
        progress = read_progress(path)  # without it, ``remove_unfinished`` deletes the folder
        return None if progress is None else _room_taken(path, PROGRESS, "unfinished", progress)
    if path.name.startswith("."):
        return None
    if (whole := info(path)) is not None:
        return whole
    version = (_read(path / MANIFEST) or {}).get("version", VERSION)
    return _room_taken(path, MANIFEST, "damaged" if version == VERSION else "outdated", {})


def _room_taken(path: Path, file: str, state: State, facts: dict[str, Any]) -> SessionInfo | None:
    try:
        used, size = (path / file).stat().st_mtime, _bytes(path)
    except OSError:  # without a manifest it is no session; or it was removed just now
        return None
    return SessionInfo(
        id=path.name.removeprefix(READING),
        path=path,
        created="",
        model=facts.get("model", ""),
        fingerprint=facts.get("fingerprint", ""),
        tokens=facts.get("tokens", 0),
        bytes=size,
        documents=(),
        roots=tuple(facts.get("roots", ())),
        used=used,
        state=state,
        layers=(facts.get("layers_done", 0), facts.get("layers", 0)),
    )


def _bytes(path: Path) -> int:
    return sum(f.stat().st_size for f in path.iterdir() if f.is_file())


def find(root: Path, session_id: str) -> list[SessionInfo]:
    """All that is kept under one name: the whole session, then an unfinished reading.

    ``session_id``: the name, or a beginning that no other has. Raises SessionError.
    """
    everything = kept(root)
    names = {s.id for s in everything}
    hits = names & {session_id} or {name for name in names if name.startswith(session_id)}
    if len(hits) != 1:
        raise SessionError(
            f"{'no session' if not hits else 'more than one session'} is called {session_id!r}",
            hint="`kimidoc sessions list` shows what there is",
        )
    return sorted((s for s in everything if s.id in hits), key=lambda s: s.state == "unfinished")


def remove(gone: SessionInfo) -> None:
    """Delete a session. Raises SessionError when a process is writing it.

    It is renamed first: what is half deleted has no session's name, and Windows refuses the rename
    while a process has files of it mapped (on POSIX they stay readable to whoever mapped them).
    """
    root = gone.path.parent
    hidden = root / f".removing-{gone.path.name.lstrip('.')}-{os.getpid()}"
    with lock.attempt(root, gone.id) as free:
        if not free:
            raise SessionError(
                f"the session {gone.id} is being written by another process",
                hint="try again when that process has ended",
            )
        try:
            gone.path.rename(hidden)
            shutil.rmtree(hidden)
        except FileNotFoundError:
            return  # another process was faster
        except OSError as reason:
            raise SessionError(
                f"the session {gone.id} could not be removed: {reason.strerror or reason}",
                hint="close what uses it, or check the folder's permissions, and try again",
            ) from reason


def set_aside(path: Path, names: Iterable[str]) -> None:
    """Rename damaged files of a session (``layer-000.k.damaged``), so that no run uses them.

    The next run meets a missing file, which it names, where it would have met wrong numbers.
    """
    for name in names:
        with suppress(FileNotFoundError):
            (path / name).replace(path / f"{name}.damaged")


def remove_unfinished(root: Path) -> int:
    """Delete what dead processes left behind and nothing can go on from; returns how many folders.

    To be called before a lock is taken: whatever belongs to a name whose lock is held is left. A
    reading with its ``progress.json`` is kept. A writer that died between its two renames left a
    session nowhere but under ``.replaced-``: that one is put back where it was.
    """
    count = 0
    for path in sorted(root.glob(".*-*")) if root.is_dir() else ():
        found = re.fullmatch(r"\.(writing|replaced|removing)-(.+)-(\d{1,9})", path.name)
        if path.name.startswith(READING) and path.is_dir():
            count += _remove_reading(path)
        elif found is None or psutil.pid_exists(int(found[3])) or lock.held(root, found[2]):
            continue
        elif found[1] == "replaced" and not (root / found[2]).exists():
            with suppress(OSError):  # another process was faster
                path.rename(root / found[2])
        else:
            shutil.rmtree(path, ignore_errors=True)
            count += 1
    return count


def _remove_reading(path: Path) -> int:
    if read_progress(path) is not None:
        return 0
    with lock.attempt(path.parent, path.name.removeprefix(READING)) as free:
        if not free or read_progress(path) is not None:  # somebody has just begun
            return 0
        shutil.rmtree(path, ignore_errors=True)
        return 1


def read_part(path: Path, name: str) -> bytes:
    """A file of a whole session. Raises OSError, and ValueError when it is not as written."""
    files, data = (read_manifest(path) or {}).get("files", {}), (path / name).read_bytes()
    if sha256(data).hexdigest() != files.get(name):
        raise ValueError("it is not what was written")
    return data


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

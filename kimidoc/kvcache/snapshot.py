"""A session's arrays: written layer by layer, loaded as maps.

The writer works in a hidden directory beside its destination and renames it when everything,
manifest included, is on the disk; a crash leaves the earlier session as it was. Every array is
listed with its size and sha256; sizes are checked on every load, checksums by ``verify``.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
from array import array
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kimidoc.errors import SessionError
from kimidoc.kvcache import session
from kimidoc.kvcache.layer import Kept, Recent
from kimidoc.kvcache.local import Reach, Tail
from kimidoc.kvcache.storage import (
    DTYPES,
    NAMES,
    ArraySpec,
    SealedBlocks,
    disk_error,
    map_array,
    write_array,
    write_file,
)

Layer = Kept | Recent | Tail


class Writer:
    """Writes one session. Use as a context manager; nothing is left behind on an error.

    With ``resumable``, how a reading is known again (``session.read_progress``), an interruption
    leaves the layers that are done, and the next Writer of the same facts has them in ``done``.
    Its caller holds the name's lock.
    """

    def __init__(self, root: Path, name: str, resumable: dict[str, Any] | None = None) -> None:
        self.final = root / name
        kind = f".writing-{name}-{os.getpid()}" if resumable is None else session.READING + name
        self.work = root / kind
        self.layers: list[dict[str, Any]] = []
        self.beside: set[str] = set()  # files that others write into ``work`` and that stay
        self.done: list[Layer] = []
        self.progress: dict[str, Any] = {}
        self._resumable = resumable

    def __enter__(self) -> Writer:
        try:
            if self._resumable is not None:
                self._go_on(self._resumable)
            self.work.mkdir(parents=True, exist_ok=self._resumable is not None)
        except OSError as e:
            raise disk_error(self.work, e) from e
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        stopped = kind is not None and not issubclass(kind, Exception)  # Ctrl-C, not a failure
        if not (stopped and self.progress):
            shutil.rmtree(self.work, ignore_errors=True)

    def _go_on(self, facts: dict[str, Any]) -> None:
        """Take over what an interrupted reading of the same facts left, or clear it away."""
        found = session.read_progress(self.work)
        if found is not None and all(found.get(key) == value for key, value in facts.items()):
            try:
                self.done = [_open_layer(self.work, entry) for entry in found["entries"]]
            except (SessionError, KeyError, TypeError):
                found = None
            else:
                self.layers, self.progress = list(found["entries"]), found
        if not self.progress:
            shutil.rmtree(self.work, ignore_errors=True)

    def forget(self) -> None:
        """Start anew: what was taken over cannot be gone on from after all."""
        self.layers, self.done, self.progress = [], [], {}
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def note(self, layers: int, **facts: Any) -> None:
        """Write down how far a resumable reading came: everything before is on the disk."""
        assert self._resumable is not None
        self.progress = {
            "version": session.PROGRESS_VERSION,
            **self._resumable,
            "layers_done": len(self.layers),
            "layers": layers,
            "entries": self.layers,
            **facts,
        }
        fresh = self.work / f"{session.PROGRESS}.new"
        write_file(fresh, json.dumps(self.progress).encode())
        try:
            os.replace(fresh, self.work / session.PROGRESS)
        except OSError as e:
            raise disk_error(self.work, e) from e

    def add(self, layer: Layer) -> Layer:
        """Write the next layer and return it as mapped from its files."""
        stem = f"layer-{len(self.layers):03d}"
        if isinstance(layer, Recent):
            k, v = layer.last()
            arrays = {"k": k, "v": v}
            entry: dict[str, Any] = {"kind": "recent", "window": layer.window}
        elif isinstance(layer, Tail):
            arrays, entry = _of_tail(layer)
        else:
            s = layer.sealed
            arrays = {
                "k": s.k,
                "v": s.v,
                "means": layer.all_means,
                "value_means": layer.all_value_means,
            }
            if s.k_scale is not None and s.v_scale is not None:
                arrays |= {"k_scale": s.k_scale, "v_scale": s.v_scale}
            entry = {
                "kind": "kept",
                "length": s.length,
                "block_tokens": s.block_tokens,
                "dtype": NAMES[s.dtype],
            }
        entry["arrays"] = {
            name: asdict(write_array(self.work, f"{stem}.{name}", x)) for name, x in arrays.items()
        }
        self.layers.append(entry)
        return _open_layer(self.work, entry)

    def finish(self, tokens: array[int], facts: dict[str, Any]) -> Path:
        """Write the manifest, then take the place of any earlier session of this name.

        ``facts``: model, fingerprint, settings, roots, documents [(path, sha256)].
        """
        data = tokens.tobytes()
        self._tidy()
        write_file(self.work / session.TOKENS, data)
        try:
            manifest = {
                "version": session.VERSION,
                "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "tokens": len(tokens),
                "tokens_sha256": sha256(data).hexdigest(),
                **facts,
                "layers": self.layers,
                "files": {p.name: _checksum(p) for p in sorted(self.work.iterdir())},
            }
            write_file(self.work / session.MANIFEST, json.dumps(manifest).encode())
            self._replace()
        except OSError as e:
            raise disk_error(self.work, e) from e
        return self.final

    def _tidy(self) -> None:
        """Only what the session is made of stays: no hidden states, no progress."""
        own = {array["file"] for layer in self.layers for array in layer["arrays"].values()}
        own |= self.beside
        for path in self.work.iterdir():
            if path.name not in own:
                path.unlink()

    def _replace(self) -> None:
        """Two renames; should the second fail, the first is undone."""
        old = self.final.with_name(f".replaced-{self.final.name}-{os.getpid()}")
        if self.final.exists():
            self.final.rename(old)
        try:
            self.work.rename(self.final)
        except OSError:
            if old.exists():
                old.rename(self.final)
            raise
        shutil.rmtree(old, ignore_errors=True)
        _flush_directory(self.final.parent)


def _flush_directory(path: Path) -> None:
    """Have the renames on the disk too, where directories can be flushed."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load(path: Path) -> list[Layer]:
    """Every layer of the session at ``path``, mapped. Raises SessionError when it is damaged."""
    manifest = session.read_manifest(path)
    if manifest is None:
        raise SessionError(
            f"there is no readable session at {path}",
            hint="`kimidoc sessions list` shows what there is",
        )
    return [_open_layer(path, entry) for entry in manifest["layers"]]


def replace(path: Path, parts: Mapping[str, bytes]) -> None:
    """Give a whole session other versions of files beside its layers; the caller holds its lock.

    Each takes its place whole, and the manifest last: a crash before that leaves files that are not
    what it says, which is damage to those files and to nothing else. Raises SessionError.
    """
    manifest = session.read_manifest(path)
    assert manifest is not None, path
    for name, data in parts.items():
        manifest["files"][name] = sha256(data).hexdigest()
    for name, data in (*parts.items(), (session.MANIFEST, json.dumps(manifest).encode())):
        fresh = path / f"{name}.new"
        write_file(fresh, data)
        try:
            os.replace(fresh, path / name)
        except OSError as e:
            raise disk_error(path, e) from e


def verify(path: Path) -> tuple[str, ...]:
    """The files of a session whose checksum is not the manifest's; empty when it is sound."""
    manifest = session.read_manifest(path)
    if manifest is None:
        return (session.MANIFEST,)
    return tuple(
        name
        for name, digest in manifest["files"].items()
        if not (path / name).is_file() or _checksum(path / name) != digest
    )


def _open_layer(directory: Path, entry: dict[str, Any]) -> Layer:
    x, maps = {}, []
    for name, s in entry["arrays"].items():
        x[name], mapped = map_array(directory, ArraySpec(s["file"], s["dtype"], tuple(s["shape"])))
        maps += [mapped] if mapped is not None else []
    if entry["kind"] == "recent":
        recent = Recent(entry["window"])
        recent.k, recent.v = x["k"], x["v"]
        return recent
    if entry["kind"] == "tail":
        return _as_tail(entry, x, tuple(maps))
    sealed = SealedBlocks(
        length=entry["length"],
        block_tokens=entry["block_tokens"],
        k=x["k"],
        v=x["v"],
        k_scale=x.get("k_scale"),
        v_scale=x.get("v_scale"),
        dtype=DTYPES[entry["dtype"]],
    )
    return Kept(sealed, x["means"], x["value_means"], tuple(maps))


def _of_tail(tail: Tail) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A local layer's arrays and what the manifest says of it; anchors lie in one array."""
    places = sorted(tail.anchors)
    arrays = {"k": tail.last[0], "v": tail.last[1]}
    arrays |= {"sink_k": tail.sinks[0], "sink_v": tail.sinks[1]}
    if places:
        for name, i in (("anchor_k", 0), ("anchor_v", 1)):
            arrays[name] = torch.cat([tail.anchors[p][i] for p in places], 1)
    entry = {"kind": "tail", "reach": asdict(tail.reach), "length": tail.length}
    return arrays, entry | {"first": tail.first, "anchors": places}


def _as_tail(entry: dict[str, Any], x: dict[str, Tensor], maps: tuple[mmap.mmap, ...]) -> Tail:
    reach, anchors, at = Reach(**entry["reach"]), {}, 0
    for p in entry["anchors"]:
        end = at + p - reach.first(p)
        anchors[p] = (x["anchor_k"][:, at:end], x["anchor_v"][:, at:end])
        at = end
    return Tail(
        reach=reach,
        length=entry["length"],
        first=entry["first"],
        sinks=(x["sink_k"], x["sink_v"]),
        last=(x["k"], x["v"]),
        anchors=anchors,
        maps=maps,
    )


def _checksum(path: Path) -> str:
    digest = sha256()
    with open(path, "rb") as f:
        while chunk := f.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()

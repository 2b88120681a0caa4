"""What a pulled model's folder holds, by checksum: ``kimidoc-model.json`` beside the weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from kimidoc.errors import ModelError
from kimidoc.models import Progress, megabytes, silent

NAME = "kimidoc-model.json"
SCHEMA = "kimidoc.model/1"
RECIPE = 1  # raised when ``convert`` writes other bytes: what an older one wrote is pulled anew
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """One file of a model's folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a model came from and what its files are. ``source_sha256`` is "" for a folder."""

    id: str
    licence: str
    source: str
    source_sha256: str
    files: tuple[Held, ...]
    recipe: int = RECIPE
    schema: str = SCHEMA


def digest(file: Path, count: Callable[[int], None] = lambda done: None) -> str:
    """sha256 of a file's bytes, in hex; ``count`` is told the bytes of every piece read."""
    hasher = sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            hasher.update(chunk)
            count(len(chunk))
    return hasher.hexdigest()


def describe(folder: Path) -> tuple[Held, ...]:
    """Every file in ``folder`` but the manifest."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != NAME)
    return tuple(Held(file.name, file.stat().st_size, digest(file)) for file in files)


def write(folder: Path, manifest: Manifest) -> None:
    """Put the manifest beside the files it describes."""
    text = json.dumps(asdict(manifest), indent=2)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Manifest | None:
    """The manifest in ``folder``; None where there is none. Raises ModelError if damaged."""
    file = folder / NAME
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        files = tuple(Held(**held) for held in fields.pop("files"))
        _only_names(files)
        return Manifest(**fields, files=files)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as reason:
        raise ModelError(
            f"{file} is damaged ({reason}).", hint=f"Remove the folder {folder} and pull again."
        ) from None


def _only_names(files: tuple[Held, ...]) -> None:
    """Raises ValueError unless every path is a plain file name."""
    for held in files:
        if Path(held.path).name != held.path or held.path in ("", ".", ".."):
            raise ValueError(f"{held.path!r} is not a file name")


def misfits(folder: Path, manifest: Manifest) -> list[str]:
    """Files that are missing or of another size; nothing is read."""
    return [
        f"{held.path} ({'missing' if size is None else f'{size:,} bytes, not {held.bytes:,}'})"
        for held in manifest.files
        if (size := _size(folder / held.path)) != held.bytes
    ]


def damaged(folder: Path, manifest: Manifest, progress: Progress = silent) -> list[str]:
    """Files whose bytes are not those that were pulled; every file is read."""
    wrong = misfits(folder, manifest)
    total, done = sum(held.bytes for held in manifest.files), 0

    def count(gained: int) -> None:
        nonlocal done
        done += gained
        progress("verifying the model", megabytes(done), megabytes(total), "MB")

    for held in manifest.files:
        if _size(folder / held.path) == held.bytes:
            if digest(folder / held.path, count) != held.sha256:
                wrong.append(f"{held.path} (other bytes)")
        else:
            count(held.bytes)
    return wrong


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None

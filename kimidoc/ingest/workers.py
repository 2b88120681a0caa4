"""Readers of binary formats in processes of their own, with a memory and a time limit per file.

A worker is a fresh interpreter that imports one reader at a time and never torch. Requests and
replies are JSON with a length before them (never pickle: a reader that a document has taken over
must not be able to run code here). A worker that crashes, hangs or runs out of memory costs one
file: it is replaced.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any

from kimidoc.ingest.base import Extract, Limits, Source, Unreadable
from kimidoc.types import Mark, Notice

WORKERS = 2
_LENGTH = struct.Struct("<Q")
_ROOT = str(Path(__file__).resolve().parents[2])
_SERVE = "import sys; sys.path.insert(0, {root!r}); from {module} import serve; serve({memory})"


class Pool:
    """Workers for one run; started by the first file, ended by ``close``."""

    def __init__(self, limits: Limits, module: str = "kimidoc.ingest.workers") -> None:
        self._limits, self._module = limits, module
        self._threads = ThreadPoolExecutor(WORKERS)
        self._idle: list[_Worker] = []
        self._lock = Lock()

    def submit(self, source: Source) -> Future[Extract]:
        """Read a file in a worker; the result raises Unreadable for whatever went wrong."""
        return self._threads.submit(self._read, source)

    def close(self) -> None:
        """End every worker; files that were not begun are dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._idle:
            worker.end()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read(self, source: Source) -> Extract:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker(self._limits, self._module)
        try:
            extract = worker.read(source)
        except BaseException as error:
            if isinstance(error, Unreadable) and worker.sound:
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.end()
            raise
        with self._lock:
            self._idle.append(worker)
        return extract


class _Worker:
    """One process. ``sound``: it can take another file."""

    def __init__(self, limits: Limits, module: str) -> None:
        self._limits, self.sound = limits, True
        code = _SERVE.format(root=_ROOT, module=module, memory=limits.worker_memory_bytes)
        # -P: the working directory may be the analysed tree, and nothing in it is ever imported.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def read(self, source: Source) -> Extract:
        assert self._process.stdin and self._process.stdout
        late: list[bool] = []

        def stop() -> None:
            late.append(True)
            self.kill()

        timer = Timer(self._limits.worker_timeout_s, stop)
        timer.daemon = True
        timer.start()
        self.sound = False
        try:
            _send(self._process.stdin, _asked(source))
            reply = _receive(self._process.stdout)
        except (OSError, ValueError):
            reply = None
        finally:
            timer.cancel()
        if late:
            raise Unreadable(f"timed out after {self._limits.worker_timeout_s:g} s")
        if reply is None:
            code = self._process.wait()
            raise Unreadable(f"its reader crashed (exit code {code})")
        if reply["state"] == "memory":
            raise Unreadable(f"needed more than {self._limits.worker_memory_bytes >> 20:,} MiB")
        self.sound = True
        if reply["state"] != "read":
            raise Unreadable(str(reply["reason"]))
        return _extract(reply["extract"])

    def kill(self) -> None:
        with suppress(OSError):
            self._process.kill()

    def end(self) -> None:
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def serve(memory_bytes: int) -> None:
    """The worker's side: answer requests until stdin ends."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)  # libraries that print or read must not reach the pipes
    os.dup2(nowhere, 1)
    _limit(memory_bytes)
    while (request := _receive(requests)) is not None:
        _send(replies, _answered(request))


def _limit(memory_bytes: int) -> None:
    if sys.platform == "win32":
        return  # no such limit there; the time limit still holds
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    from kimidoc.ingest.readers import READERS

    limits = Limits(**request.pop("limits"))
    file = os.fsdecode(bytes.fromhex(request.pop("file")))
    source = Source(file=Path(file), limits=limits, **request)
    try:
        return {"state": "read", "extract": asdict(READERS[source.kind].read(source))}
    except Unreadable as reason:
        return {"state": "unreadable", "reason": str(reason)}
    except MemoryError:
        return {"state": "memory"}
    except Exception as error:  # the boundary: whatever a document does to a reader ends here
        return {"state": "unreadable", "reason": damaged(error)}


def damaged(error: BaseException) -> str:
    """The reason for a file whose reader failed in a way it did not foresee."""
    said = " ".join(str(error).split())[:120]
    return f"damaged ({type(error).__name__}{': ' + said if said else ''})"


def _asked(source: Source) -> dict[str, Any]:
    asked = asdict(source)
    asked["file"] = os.fsencode(source.file).hex()
    return asked


def _extract(data: dict[str, Any]) -> Extract:
    return Extract(
        text=str(data["text"]),
        pages=tuple(int(at) for at in data["pages"]),
        sections=tuple(Mark(int(m["start"]), str(m["label"])) for m in data["sections"]),
        notices=tuple(_notice(n) for n in data["notices"]),
        partial=None if data["partial"] is None else str(data["partial"]),
    )


def _notice(data: dict[str, Any]) -> Notice:
    span = data["span"]
    return Notice(
        str(data["code"]), str(data["message"]), data["path"], span and (int(span[0]), int(span[1]))
    )


def _send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    data = json.dumps(message).encode("ascii")
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> dict[str, Any] | None:
    size = pipe.read(_LENGTH.size)
    if len(size) < _LENGTH.size:
        return None
    data = pipe.read(_LENGTH.unpack(size)[0])
    message = json.loads(data)
    assert isinstance(message, dict)
    return message

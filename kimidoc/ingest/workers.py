"""Readers in processes of their own, so that no file can cost the run.

    parent                                    worker (``serve`` in this module)
      | -- {"module", "path", "file", ...} --> |  its memory is limited, Ctrl-C is not its business
      | <-- {"extract"} and text, or ----------|
      |     {"unreadable"} or {"memory"}       |
      |        killed when its time is up      |

A worker is started by the first file that needs it, reused, and replaced once it was killed, died
or ran out of memory. What it says is checked (``wire``). Where the system has no memory limit for
a process (Windows, macOS), the time limit alone holds.

``-P`` keeps the working directory, which may be what is analysed, off the worker's import path.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any

from kimidoc.ingest import wire
from kimidoc.ingest.base import Extract, Limits, Source, Unreadable, clause, said_bytes

START_SECONDS = 60.0
_NONSENSE = "its answer made no sense"
_TOO_LONG = "its answer was longer than any may be"
MOST_WORKERS = 4
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); from kimidoc.ingest.workers import serve; serve()"
)
# Threads of numeric libraries do nothing for one file but fill its address space.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Pool:
    """A few workers. Close it, also when something goes wrong: that ends them."""

    def __init__(self, limits: Limits, most: int | None = None) -> None:
        self._limits = limits
        most = most or min(MOST_WORKERS, max(2, os.cpu_count() or 1))
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="reader")
        self._lock = Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._closed = False

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            workers = [*self._idle, *self._busy]
        for worker in workers:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()

    def submit(self, module: str, source: Source) -> Future[Extract]:
        """What ``module.read(source)`` returns in a worker; the future raises Unreadable."""
        return self._threads.submit(self._read, module, source)

    def _read(self, module: str, source: Source) -> Extract:
        worker, fresh = self._take()
        try:
            return self._with(worker, module, source)
        except _Lost:
            if fresh:
                raise
        # What earlier files left behind in a worker must not decide about this one.
        return self._with(self._take(fresh=True)[0], module, source)

    def _with(self, worker: _Worker, module: str, source: Source) -> Extract:
        try:
            return worker.read(module, source)
        finally:
            with self._lock:
                self._busy.discard(worker)
                if worker.alive and not self._closed:
                    self._idle.append(worker)
                else:
                    worker.close()

    def _take(self, fresh: bool = False) -> tuple[_Worker, bool]:
        """A worker, and whether no file has been through it."""
        with self._lock:
            if self._closed:
                raise Unreadable("the run was stopped")
            while self._idle and not fresh:
                worker = self._idle.pop()
                if worker.alive:
                    self._busy.add(worker)
                    return worker, False
                worker.close()
            worker = _Worker(self._limits)
            self._busy.add(worker)
            return worker, True


class _Lost(Unreadable):
    """The worker died, ran out of memory, or said what made no sense."""


class _Worker:
    """One process; dead as soon as anything about it was out of order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._timed_out, self._seconds, self._greeted = False, 0.0, False
        self._answer = ""  # what was wrong with it
        package = str(Path(__file__).resolve().parents[2])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CODE, package, str(limits.worker_memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise Unreadable(f"its reader could not be started ({clause(error)})") from error

    @property
    def alive(self) -> bool:
        """Whether it can be given another file."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()

    def close(self) -> None:
        """End it and let go of it; nobody may be waiting for it."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what it was sent and never read
                continue

    def read(self, module: str, source: Source) -> Extract:
        """One file. Raises Unreadable."""
        if not self._greeted:
            if self._exchange(None, START_SECONDS) is None:
                raise Unreadable(f"its reader could not be started: {self._cause()}")
            self._greeted = True
        reply = self._exchange(wire.request(module, source), self._limits.worker_timeout_s)
        if reply is None:
            raise (Unreadable if self._timed_out else _Lost)(self._cause())
        facts, text = reply
        if "memory" in facts:
            self._end()
            raise _Lost(needed_more(self._limits))
        if isinstance(reason := facts.get("unreadable"), str):
            raise Unreadable(reason)
        try:
            return wire.extract(facts["extract"], text, source.path)
        except (KeyError, TypeError, ValueError):
            self._answer = _NONSENSE
            self.close()
            raise _Lost(self._cause()) from None

    def _exchange(
        self, message: dict[str, Any] | None, seconds: float
    ) -> tuple[dict[str, Any], bytes] | None:
        """Send a message, wait for one; None when none comes, and then the worker is dead.

        Reading blocks, so a timer kills the worker: that works where pipes cannot be polled.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        timer = Timer(seconds, self._time_out)
        timer.daemon = True
        self._timed_out, self._seconds = False, seconds
        timer.start()
        try:
            if message is not None:
                wire.send(self._process.stdin, message)
            return wire.receive(self._process.stdout, 2 * self._limits.text_bytes)
        except (ValueError, RecursionError) as error:
            self._answer = _TOO_LONG if isinstance(error, wire.TooLong) else _NONSENSE
            self.close()
            return None
        except (OSError, EOFError):
            self._end()
            return None
        finally:
            timer.cancel()

    def _time_out(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _end(self) -> None:
        """Dead for certain, and its exit code known. One that closed its pipe is on its way out."""
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _cause(self) -> str:
        if self._timed_out:
            return f"timed out after {self._seconds:g} s"
        if self._answer:
            return f"reader crashed ({self._answer})"
        code = self._process.returncode
        try:
            return f"reader crashed ({signal.Signals(-code).name})"
        except ValueError:
            return f"reader crashed (exit code {code})"


def needed_more(limits: Limits) -> str:
    """The reason for a reader that ran out of memory."""
    return f"needed more than {said_bytes(limits.worker_memory_bytes)} of memory"


def damaged(error: Exception) -> str:
    """The reason for a reader that met what it did not expect."""
    said = clause(error)
    if isinstance(error, ImportError):  # no document's fault: a limit on memory too low to begin
        return f"its reader could not be loaded ({said})"
    return f"damaged ({type(error).__name__}{': ' if said else ''}{said})"


def serve() -> None:
    """A worker's whole life; ``sys.argv[2]`` is its memory limit in bytes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(int(sys.argv[2]))
    os.environ.update(_ENVIRONMENT)
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes where stderr goes
    answer(requests, replies)


def _limit_memory(limit_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    for what, most in ((resource.RLIMIT_AS, limit_bytes), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # macOS refuses the first; a lower limit may stand already
            continue


def answer(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Greet, then read file after file until the parent is gone."""
    wire.send(replies, {"ready": True})
    while True:
        try:
            message, _ = wire.receive(requests, 0)
        except EOFError:
            return
        facts, text = _attempt(message)
        try:
            wire.send(replies, facts, text)
        except MemoryError:
            wire.send(replies, {"memory": True})
        del text


def _attempt(message: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        found = import_module(message["module"]).read(wire.source(message))
        return wire.answer(found)
    except Unreadable as error:
        return {"unreadable": str(error)}, b""
    except MemoryError:
        return {"memory": True}, b""
    except Exception as error:  # anything at all may go wrong in a damaged file
        return {"unreadable": damaged(error)}, b""

"""A reader for workers to run that goes wrong in the way its source's kind says."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable

from kimidoc.ingest.base import Extract, Source, Unreadable
from kimidoc.types import Mark, Notice


def read(source: Source) -> Extract:
    """What the kind names, or the file's own text."""
    if source.kind in WRONG:
        return WRONG[source.kind](source)
    if source.kind in TOO_LONG or source.kind in NONSENSE:
        return _say({**TOO_LONG, **NONSENSE}[source.kind])
    text = source.file.read_text("utf-8")
    return Extract(
        text, (0, 1), (Mark(0, "a > b"),), (Notice("n", "m", source.path, (0, 1)),), "some of it"
    )


def _say(raw: bytes) -> Extract:
    """Write to the parent past the protocol, as a process that was taken over could."""
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, raw)
        except OSError:  # not open
            continue
    return Extract("")


def _lengths(facts: int, text: int) -> bytes:
    return facts.to_bytes(8, "big") + text.to_bytes(8, "big")


def _message(facts: object, text: bytes = b"") -> bytes:
    raw = json.dumps(facts).encode()
    return _lengths(len(raw), len(text)) + raw + text


def _sleep(source: Source) -> Extract:
    time.sleep(600)
    return Extract("")


def _ignore_signals(source: Source) -> Extract:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return _sleep(source)


def _exit(source: Source) -> Extract:
    os._exit(7)


def _crash(source: Source) -> Extract:
    ctypes.string_at(1)
    return Extract("")


def _memory(source: Source) -> Extract:
    return Extract("x" * (4 * source.limits.worker_memory_bytes))


def _answer_memory(source: Source) -> Extract:
    """Fits while it is read, and no more once it is to be sent."""
    return Extract("x" * int(source.limits.worker_memory_bytes * 0.45))


def _error(source: Source) -> Extract:
    raise KeyError("w:document\n\x1b[2J" + "x" * 500)


def _import(source: Source) -> Extract:
    raise ImportError("lib.so: failed to map segment from shared object")


def _give_up(source: Source) -> Extract:
    raise Unreadable("encrypted")


def _print(source: Source) -> Extract:
    print("library chatter")
    os.write(1, b"more of it")
    sys.stdout.flush()
    return Extract("quiet")


def _once(source: Source) -> Extract:
    """Dies of what an earlier file left behind, and reads well in a fresh process."""
    if "kimidoc_test_left" in os.environ:
        os._exit(9)
    os.environ["kimidoc_test_left"] = "1"
    return Extract("read")


def _facts(**more: object) -> dict[str, object]:
    return {"pages": [], "sections": [], "notices": [], "partial": None} | more


WRONG: dict[str, Callable[[Source], Extract]] = {
    "sleep": _sleep,
    "ignore-signals": _ignore_signals,
    "exit": _exit,
    "crash": _crash,
    "memory": _memory,
    "answer-memory": _answer_memory,
    "error": _error,
    "import": _import,
    "give-up": _give_up,
    "print": _print,
    "once": _once,
    "long-text": lambda source: Extract("x" * (2 * source.limits.text_bytes + 1)),
}
TOO_LONG = {"long-facts": _lengths(1 << 40, 0), "long-text-said": _lengths(2, 1 << 40)}
NONSENSE = {
    "no-json": _lengths(5, 0) + b"{]}{[",
    "no-object": _message([1, 2]),
    "deep": _lengths(50_000, 0) + b"[" * 50_000,
    "no-facts": _message({"extract": {}}),
    "no-extract": _message({"something": 1}),
    "extract-is-list": _message({"extract": []}),
    "not-utf8": _message({"extract": _facts()}, b"\xff\xfe"),
    "pages-past-end": _message({"extract": _facts(pages=[0, 9])}, b"ab"),
    "negative": _message({"extract": _facts(pages=[-1])}, b"ab"),
    "pages-unsorted": _message({"extract": _facts(pages=[2, 1])}, b"ab"),
    "pages-are-words": _message({"extract": _facts(pages="01")}, b"ab"),
    "page-is-true": _message({"extract": _facts(pages=[True])}, b"ab"),
    "label-is-list": _message({"extract": _facts(sections=[[0, []]])}, b"ab"),
    "partial-is-number": _message({"extract": _facts(partial=5)}, b"ab"),
    "notice-of-two": _message({"extract": _facts(notices=[["a", "b"]])}, b"ab"),
    "span-of-three": _message({"extract": _facts(notices=[["a", "b", [0, 1, 1]]])}, b"ab"),
    "span-backwards": _message({"extract": _facts(notices=[["a", "b", [2, 1]]])}, b"ab"),
}

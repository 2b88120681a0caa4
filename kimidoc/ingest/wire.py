"""What a reader's process and its parent say to each other.

A message is two lengths, JSON facts and a text. A process that a file has taken over can say wrong
things, which are checked here, but it can run nothing in the parent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from kimidoc.ingest.base import Extract, Limits, Source
from kimidoc.types import Mark, Notice


class TooLong(ValueError):
    """A message that announces more than anyone has to say."""


_LENGTH = 8  # bytes, big-endian
_FACTS_BYTES = 1 << 28


def request(module: str, source: Source) -> dict[str, Any]:
    """A source as a message."""
    limits = {name: getattr(source.limits, name) for name in Limits.__dataclass_fields__}
    return {
        "module": module,
        "path": source.path,
        "file": str(source.file),
        "kind": source.kind,
        "limits": limits,
        "tracked_changes": source.tracked_changes,
    }


def source(message: dict[str, Any]) -> Source:
    """The source that ``request`` made a message of."""
    return Source(
        message["path"],
        Path(message["file"]),
        message["kind"],
        Limits(**message["limits"]),
        message["tracked_changes"],
    )


def answer(found: Extract) -> tuple[dict[str, Any], bytes]:
    """An extract as a message."""
    facts = {
        "pages": found.pages,
        "sections": [(mark.start, mark.label) for mark in found.sections],
        "notices": [(notice.code, notice.message, notice.span) for notice in found.notices],
        "partial": found.partial,
    }
    return {"extract": facts}, found.text.encode("utf-8", "surrogatepass")


def extract(facts: dict[str, Any], raw: bytes, path: str) -> Extract:
    """An extract out of a message. Raises ValueError, TypeError or KeyError."""
    text = raw.decode("utf-8", "surrogatepass")
    pages = tuple(_offsets(facts["pages"], len(text)))
    starts = _offsets([start for start, _ in facts["sections"]], len(text))
    labels = [_words(label) for _, label in facts["sections"]]
    notices = []
    for code, message, span in facts["notices"]:
        where = None
        if span is not None:
            start, end = _offsets(span, len(text))
            where = (start, end)
        notices.append(Notice(_words(code), _words(message), path, where))
    partial = None if facts["partial"] is None else _words(facts["partial"])
    return Extract(text, pages, tuple(map(Mark, starts, labels)), tuple(notices), partial)


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("words that are no text")
    return value


def _offsets(values: list[int], most: int) -> list[int]:
    """The values, if they are offsets into a text of that length in ascending order."""
    if any(type(value) is not int for value in values):
        raise TypeError("an offset that is no number")
    if (values and not 0 <= values[0] <= values[-1] <= most) or values != sorted(values):
        raise ValueError("offsets out of order")
    return values


def send(stream: IO[bytes], facts: dict[str, Any], text: bytes = b"") -> None:
    """Write a message: two lengths, JSON, text."""
    raw = json.dumps(facts).encode("ascii")
    for part in (len(raw).to_bytes(_LENGTH, "big"), len(text).to_bytes(_LENGTH, "big"), raw, text):
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes], most_text: int) -> tuple[dict[str, Any], bytes]:
    """Read a message. Raises EOFError when there is none, ValueError when it is not one.

    Nothing is read of a message that is longer than any may be: TooLong.
    """
    facts, text = (int.from_bytes(_exactly(stream, _LENGTH), "big") for _ in range(2))
    if facts > _FACTS_BYTES or text > most_text:
        raise TooLong("a message longer than any")
    message = json.loads(_exactly(stream, facts))
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message, _exactly(stream, text)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data

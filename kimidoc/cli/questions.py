"""Questions from the command line: the one in words, or many from a ``--questions`` file.

One JSON object a line: ``{"id": "q1", "question": "…", "document": "path as packed"}``, the last
key if it concerns one document only. ``"each": true`` puts it to every document by itself, false
once to all of them, whatever its wording. Empty lines are allowed, anything else unknown is an
error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from kimidoc.cli.streams import Streams
from kimidoc.errors import ConfigError, UsageError
from kimidoc.types import Question

KEYS = ("id", "question", "document", "each")
_HINT = 'A line is like {"id": "q1", "question": "Who signs?", "document": "a/b.pdf"}.'


def split(words: Sequence[str], streams: Streams) -> tuple[tuple[str, ...], Question]:
    """``PATH... QUESTION`` as paths and the question. Raises UsageError when one is missing."""
    *paths, text = words
    if not paths:
        if Path(text).exists() or text == "-":
            raise UsageError(
                f"There is no question, only the path {text!r}.",
                hint=f'Put it last, in quotes: kimidoc ask {text} "What is this about?"',
            )
        raise UsageError(
            "There is no path to read, only a question.",
            hint=f'Put what to read first: kimidoc ask . "{text[:40]}"',
        )
    if not text.strip():
        raise UsageError("The question is empty.", hint="The last argument is the question.")
    if Path(text).exists():
        raise UsageError(
            f"The last argument, {text!r}, is a path: is the question missing?",
            hint="The last argument is the question; put it after the paths, in quotes.",
        )
    if _like_a_path(text):
        streams.warning(f"the question {text!r} looks like a path; was a question forgotten?")
    return tuple(paths), Question("q1", text)


def marked(questions: Iterable[Question], each: bool | None) -> list[Question]:
    """The questions with ``--each`` or ``--no-each``, where they do not say so themselves."""
    return [
        replace(q, each=each) if q.each is None and q.document is None else q for q in questions
    ]


def _like_a_path(text: str) -> bool:
    if any(c.isspace() for c in text) or text.endswith("?"):
        return False
    return "/" in text or "\\" in text or (Path(text).suffix != "" and not text.endswith("."))


def read(file: str) -> tuple[Question, ...]:
    """The questions in a JSON Lines file, or stdin for ``-``. Raises ConfigError with the line."""
    lines = _text(file).split("\n")
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        question = _question(line, f"{file}:{number}")
        if question.id in questions:
            raise ConfigError(
                f"{file}:{number}: the id {question.id!r} is taken by an earlier line.",
                hint="Give every question its own id.",
            )
        questions[question.id] = question
    if not questions:
        raise ConfigError(f"{file}: there is no question in it.", hint=_HINT)
    return tuple(questions.values())


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as reason:
        raise ConfigError(
            f"{file}: cannot be read ({reason.strerror}).", hint="Name a JSON Lines file, or -."
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line = data.count(b"\n", 0, reason.start) + 1
        raise ConfigError(f"{file}:{line}: not UTF-8.", hint="Save the file as UTF-8.") from None


def _question(line: str, where: str) -> Question:
    def wrong(what: str) -> NoReturn:
        raise ConfigError(f"{where}: {what}.", hint=_HINT)

    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as reason:
        wrong(f"not JSON ({reason})")
    if not isinstance(given, dict):
        wrong("not an object")
    for key in given:
        if key not in KEYS:
            wrong(f"unknown key {key!r}; keys are {', '.join(KEYS)}")
    for key in ("id", "question"):
        if not isinstance(given.get(key), str) or not given[key].strip():
            wrong(f"{key!r} must be a text that is not empty")
    document = given.get("document")
    if document is not None and (not isinstance(document, str) or not document):
        wrong("'document' must be a path as packed, or null")
    each = given.get("each")
    if each is not None and not isinstance(each, bool):
        wrong("'each' must be true, false or null")
    if each and document is not None:
        wrong("'each' is for every document, and 'document' names one")
    return Question(given["id"], given["question"], document, each=each)

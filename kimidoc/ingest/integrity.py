"""What in a text may be meant for a machine and not for a person. Text is never removed.

    integrity.special-tokens   the written form of a model's control tokens
    integrity.instructions     words addressed to an AI reader
    integrity.invisible        tag characters, zero-width runs, direction overrides
    integrity.header           an imitation of the line that opens a document in the window

Patterns, and conservative ones: they report what is worth a look, and do not claim to find
everything. All are linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimidoc.types import Notice

MOST = 1000  # occurrences counted of one kind

_SPECIAL = re.compile(
    r"<\|(?:im_start|im_end|endoftext|begin_of_text|end_of_text|eot_id|start_header_id|"
    r"end_header_id|system|user|assistant|end|pad)\|>|\[/?INST\]|<</?SYS>>|"
    r"<(?:start|end)_of_turn>|<｜[^｜\n]{1,40}｜>"
)
_INSTRUCTIONS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,30}"
    r"\b(?:previous|prior|above|earlier|preceding|system)\b"
    r"[^.\n]{0,20}\b(?:instructions?|prompts?|messages?|rules)\b"
    r"|\b(?:as|you are|to) an? (?:AI|artificial intelligence|language model|LLM)\b[^.\n]{0,40}"
    r"\b(?:must|should|shall|do not|don't|never|respond|answer|report|conclude|say)\b"
    r"|\b(?:note|instructions?|message) (?:to|for) (?:the |any )?"
    r"(?:AI|LLM|language models?|assistants?|automated reviewers?)\b"
    r"|\b(?:do not|don't|never) (?:report|mention|flag|cite|reveal)\b[^.\n]{0,60}"
    r"\b(?:AI|summary|reviewer|report|user)\b"
    r"|\bignoriere[^.\n]{0,30}\b(?:vorherigen|obigen|bisherigen)\b[^.\n]{0,20}\bAnweisungen\b"
    r"|\bignore[zr]?\b[^.\n]{0,20}\binstructions? précédentes\b"
    r"|\bignora[^.\n]{0,30}\b(?:instrucciones anteriores|istruzioni precedenti)\b",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(
    "[\U000e0000-\U000e007f]+|[\u202a-\u202e\u2066-\u2069]|"
    "[\u200b\u2060-\u2064\u180e]{2,}|(?<=[A-Za-z0-9])[\u200b-\u200d\u2060](?=[A-Za-z0-9])"
)
_HEADER = re.compile(r"\[\[[0-9a-f]{8} \d{1,9} \"")
_TAGGED_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,10}\U000e007f")

_CHECKS = (
    ("special-tokens", _SPECIAL, "control tokens of a language model, as text"),
    ("instructions", _INSTRUCTIONS, "words addressed to an AI reader"),
    ("invisible", _INVISIBLE, "invisible or direction-changing characters"),
    ("header", _HEADER, "an imitation of the line with which kimidoc opens a document"),
)


def check(path: str, text: str) -> tuple[Notice, ...]:
    """A notice for each kind of hostile text, with its count and first occurrence."""
    return tuple(
        _notice(path, text, name, what, spans)
        for name, pattern, what in _CHECKS
        if (spans := list(_spans(pattern, text)))
    )


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    flags: set[int] = set()
    if pattern is _INVISIBLE and "\U0001f3f4" in text:  # flags of regions are spelled with tags
        flags = {at for m in _TAGGED_FLAG.finditer(text) for at in range(m.start(), m.end())}
    for count, match in enumerate(pattern.finditer(text), 1):
        if match.start() not in flags:
            yield match.span()
        if count >= MOST:
            return


def _notice(path: str, text: str, name: str, what: str, spans: list[tuple[int, int]]) -> Notice:
    first = spans[0]
    line = text.count("\n", 0, first[0]) + 1
    times = f"{MOST:,} times or more" if len(spans) >= MOST else f"{len(spans):,} times"
    often = "once" if len(spans) == 1 else times
    message = f"The text holds {what}: {often}, first in line {line:,}. It was read as text."
    return Notice(f"integrity.{name}", message, path, first)

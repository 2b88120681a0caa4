"""What a document does that honest ones do not: noticed, never removed, never obeyed.

    integrity.special-tokens   the written form of a model's control tokens
    integrity.instructions     text addressed to a language model
    integrity.invisible        characters that do not show, or that reorder those that do
    integrity.header           an imitation of the line that opens a document in the window

Notices become findings that cannot be switched off (``playbooks.integrity``), so patterns err on
the side of silence: they are well-known phrasings, no defence. The defences are that special tokens
are tokenised as text, that headers carry a word no document has, and that code checks quotes.

One notice for each kind and document: the count, the line of the first place, its characters. All
repeats are bounded, patterns of words begin with a literal, and a search stops at ``MOST`` places,
so the time is linear in the text.

To look for one more thing, add a pattern below, in lower case, and an example of it and of an
innocent neighbour to ``tests/ingest/test_integrity.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kimidoc.ingest.phrases import INSTRUCTIONS
from kimidoc.types import Notice

MOST = 1000

_SPECIAL_TOKENS = re.compile(
    rb"<\|[A-Za-z][\w\-]{1,40}\|>"  # ChatML, Llama 3, Qwen, Kimi, GPT
    rb"|<\xef\xbd\x9c[^<>\s]{2,90}?\xef\xbd\x9c>"  # DeepSeek: fullwidth bars
    rb"|<(?:start|end)_of_turn>|<<SYS>>|<</SYS>>"  # Gemma, Llama 2
    rb"|\[/?INST\]|\[[BE]OS\]"
    rb"|</?s>(?=\s{0,3}\[/?INST\])"  # elsewhere it is HTML's struck-out text
)
_HEADER = re.compile(rb"\[\[\s{0,8}+[0-9a-f]{8}\s{1,8}+[0-9]{1,9}\s{1,8}+[\"']")
_INVISIBLE = re.compile(
    # The flags of England, Scotland and Wales are spelled in tags, and fine.
    "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    "|([\U000e0000-\U000e007f]{1,4096}"
    "|[\u202b\u202d\u202e\u2067]"
    # Joiners and selectors are part of emoji and of many scripts; four in a row are not.
    "|[\u180e\u200b-\u200d\u2060-\u2064\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0100-\U000e01ef]{4,4096})"
)
_EMBEDDINGS = ("\u202b", "\u2067")  # right to left: of use where such text stands
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_IN_NAMES = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")

_SAID = {
    "special-tokens": "control tokens of a language model",
    "instructions": "text addressed to a language model",
    "invisible": "characters that do not show or that reorder others",
    "header": "an imitation of kimidoc's own document headers",
}


def check(path: str, text: str) -> tuple[Notice, ...]:
    """What is wrong with one document's text, and with its name."""
    found = []
    raw = text.encode("utf-8", "surrogatepass")
    lower = raw.lower()  # ASCII letters only, so that places stay where they are
    for name, spans in (
        ("special-tokens", _spans(_SPECIAL_TOKENS.finditer(raw))),
        ("instructions", _instructions(lower)),
        ("header", _spans(_HEADER.finditer(lower))),
    ):
        if spans:
            span = _characters(raw, *min(spans))
            found.append(_notice(name, path, text, len(spans), span))
    hidden = [] if text.isascii() else _invisible(text)
    if hidden:
        found.append(_notice("invisible", path, text, len(hidden), hidden[0]))
    if _IN_NAMES.search(path):
        said = "Its name has characters that do not show or that reorder others."
        found.append(Notice("integrity.invisible", said, path))
    return tuple(found)


def _spans(matches: Iterable[re.Match[bytes]]) -> list[tuple[int, int]]:
    spans = []
    for match in matches:
        spans.append(match.span())
        if len(spans) == MOST:
            break
    return spans


def _instructions(lower: bytes) -> list[tuple[int, int]]:
    places: dict[int, int] = {}
    for literal, patterns in INSTRUCTIONS.items():
        if literal in lower:
            for pattern in patterns:
                for start, end in _spans(pattern.finditer(lower)):
                    places[start] = max(end, places.get(start, 0))
    return sorted(places.items())[:MOST]


def _invisible(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    right_to_left: bool | None = None
    for match in _INVISIBLE.finditer(text):
        if match.group(1) is None:
            continue
        if match.group() in _EMBEDDINGS:
            if right_to_left is None:
                right_to_left = _RIGHT_TO_LEFT.search(text) is not None
            if right_to_left:
                continue
        spans.append(match.span())
        if len(spans) == MOST:
            break
    return spans


def _characters(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """A span of bytes as one of characters."""
    before = len(raw[:start].decode("utf-8", "surrogatepass"))
    return before, before + len(raw[start:end].decode("utf-8", "surrogatepass"))


def _notice(name: str, path: str, text: str, count: int, span: tuple[int, int]) -> Notice:
    line = text.count("\n", 0, span[0]) + 1
    if count == 1:
        where = f"It has {_SAID[name]} in line {line:,}."
    else:
        places = f"{count:,} places" if count < MOST else f"{count:,} places or more"
        where = f"It has {_SAID[name]} in {places}, the first in line {line:,}."
    return Notice(f"integrity.{name}", where, path, span)

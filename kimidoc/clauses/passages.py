"""A document as passages: the sentences that a clause may stand in, and the words each holds.

A passage is a sentence, or what stands between two semicolons or paragraphs; a heading or a number
goes with what follows it, and what does not end is cut. Its features are its words, pairs and
triples of words (British spelling folded into American, numbers into 0), and whether it stands
where a contract names itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

QUOTE_CHARS = 900  # of a sentence that does not end
ABBREVIATED = r"(?<!\bNo)(?<!\bNos)(?<!\bInc)(?<!\bLtd)(?<!\bCo)(?<!\bCorp)(?<!\bDr)(?<!\bMr)"
"""Stands before a full stop that ends a sentence, not a word that is cut short."""
# Behind a sentence's mark, or at a line feed; not where a line of prose was only wrapped.
END = re.compile(
    rf"{ABBREVIATED}[.!?][\"')\]”’]*(?=\s+[^\sa-z])|;(?=\s)|\n\s*\n"
    r"|(?<![^\n]{49}[\w,’')])\n(?![a-z])"
)
FEW = 5  # words: a heading goes with what follows it
MOST = 160  # words of a passage that are looked at
FIRST, BEGINNING = 300, 1_500  # characters in which a contract says what it is, and who makes it
_WORD = re.compile(r"[^\W\d_]+|\d+|[$£€%]")
# British spelling that differs from American: -our, -ise, -ce, in the words contracts use.
_FOLD = re.compile(
    r"(?<=\bfav)our|(?<=\bhon)our|(?<=\blab)our|(?<=\bcol)our|(?<=\bbehavi)our|(?<=\bendeav)our"
    r"|(?:(?<=organ)|(?<=recogn)|(?<=author)|(?<=util)|(?<=real)|(?<=final)|(?<=minim)|(?<=custom)"
    r"|(?<=summar)|(?<=capital))is(?=e|ing|ation)|(?<=\blicen)ce|(?<=\bdefen)ce|(?<=\boffen)ce"
)
_SPELLED = {"our": "or", "is": "iz", "ce": "se"}


def passages(text: str) -> list[tuple[int, int]]:
    """Where each passage begins and ends, in order, white space around it left out."""
    found: list[tuple[int, int]] = []
    for start, end in _sentences(text):
        if found and _goes_with(text, found[-1], start, end):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for stop in [*(match.end() for match in END.finditer(text)), len(text)]:
        start, end = at, stop
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        while end - start > QUOTE_CHARS:
            cut = text.rfind(" ", start + 1, start + QUOTE_CHARS)
            cut = cut if cut > 0 else start + QUOTE_CHARS
            yield start, cut
            start = cut + (text[cut] == " ")
        if start < end:
            yield start, end
        at = stop


def _goes_with(text: str, before: tuple[int, int], start: int, end: int) -> bool:
    few = len(_WORD.findall(text, *before)) < FEW
    return few and end - before[0] < QUOTE_CHARS and text.count("\n", before[1], start) < 3


def words(text: str) -> list[str]:
    """The words of a text in small letters, one spelling for both sides of the Atlantic."""
    plain = _FOLD.sub(lambda match: _SPELLED[match[0]], text.casefold())
    return ["0" if word[0].isdigit() else word for word in _WORD.findall(plain)]


def features(text: str) -> Iterator[tuple[int, int, set[str]]]:
    """Each passage of a text with what is known of it: start, end, features."""
    for start, end in passages(text):
        said = words(text[start:end])[:MOST]
        found = {" ".join(said[at : at + n]) for n in (1, 2, 3) for at in range(len(said) - n + 1)}
        if start < BEGINNING:
            found.add("^beginning")
        if start < FIRST:
            found.add("^first")
        yield start, end, found

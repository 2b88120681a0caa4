"""Where a quote may begin and end: never inside a word or a number.

A quote that was cut off in the middle of a word (a model ran out of tokens) is shortened to the
words it has whole. But "30" stands in "300", "able" in "unable" and "£1" in "£1,000,000", and none
of those says so: a place where the cut word states another fact is no place for the quote. Scripts
that put no space between words have no such edges.
"""

from __future__ import annotations

import re
from unicodedata import category

from kimidoc.cite import lexicon
from kimidoc.cite.facts import disagreement

_LONGEST_WORD = 48  # what is longer is no word: base64, minified code
_SEPARATORS = ".,'’:/-–"
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_NEGATING = re.compile(r"(?<!\w)(?:non|un|anti)[-‐‑]$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_SIGNIFICANT = 3
_NOT = ("n't", "n’t", "N'T", "N’T")
_OPENING = ("Ps", "Pi", "Pd", "Sc")


def whole(text: str, start: int, end: int) -> tuple[int, int] | None:
    """[start, end) less a word that is cut at either edge.

    None if that leaves nothing, or if a cut word states something else than the whole one.
    """
    low, high = start, end
    while low < end and low - start < _LONGEST_WORD and cut(text, low):
        low += 1
    while high > low and end - high < _LONGEST_WORD and cut(text, high):
        high -= 1
    low = start if low - start == _LONGEST_WORD else low
    high = end if end - high == _LONGEST_WORD else high
    if (low, high) == (start, end):
        return start, end
    first, last = widened(text, start, end)
    for claim, source in (((start, low), (first, low)), ((high, end), (high, last))):
        if disagreement(text[slice(*claim)], text[slice(*source)]) is not None:
            return None
    low, high = stripped(text, low, high)
    return (low, high) if low < high else None


def stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """[start, end) without white space around it, nor what opens something that is not there."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and (text[end - 1].isspace() or category(text[end - 1]) in _OPENING):
        end -= 1
    return start, end


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """[start, end) and the rest of the words that it cuts."""
    for _ in range(_LONGEST_WORD):
        start -= cut(text, start)
        end += cut(text, end)
    return start, end


def cut(text: str, at: int) -> bool:
    """Does the place before character ``at`` fall inside a word or a number?"""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if _in_word(before) and _in_word(after):
        return not (_SPACELESS.match(before) or _SPACELESS.match(after))
    if category(after).startswith("M"):
        return True
    ahead, behind = text[at + 1 : at + 2], text[at - 2 : at - 1] if at > 1 else ""
    if before.isdigit() and (after in "%‰" or (after in _SEPARATORS and ahead.isdigit())):
        return True
    if after.isdigit() and before in _SEPARATORS and behind.isdigit():
        return True
    if after.isdigit() and before in "-−" and not (behind.isalnum() or behind == ")"):
        return True  # a sign
    if before + after + ahead in _NOT or behind + before + after in _NOT:
        return True
    return _in_word(after) and bool(_NEGATING.search(text[max(0, at - 6) : at]))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or category(character).startswith("M")


def significant(text: str) -> bool:
    """Is there anything to look for: three letters or digits, and not stop words alone?"""
    count = 0
    content = False
    for match in _WORD.finditer(text):
        count += len(match[0])
        content = content or match[0].casefold() not in lexicon.STOP_WORDS
        if content and count >= _SIGNIFICANT:
            return True
    return False

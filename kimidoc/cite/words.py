"""A text as words, each with the fact it states, if it states one.

Numbers are found as digits of any script, as single characters (½, 三), and as words: English ones
are computed, those of other languages are compared as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from unicodedata import decimal

from kimidoc.cite import fold, lexicon
from kimidoc.cite.forms import CJK

Kind = Literal["number", "date", "currency", "percentage", "negation"]

_SPELLED = 16  # words of one number; a page of "hundred" is not one
_PHRASES = re.compile(
    "|".join(f"(?P<{name}>\\b(?:{words})\\b)" for name, words in lexicon.PHRASES.items()),
    re.IGNORECASE,
)
# Possessive, longest part first: "sieben" is also "sieb" and "en", and a page of it is no trap.
_PARTS = "|".join(sorted(lexicon.GERMANIC_PARTS, key=lambda part: (-len(part), part)))
_GERMANIC = re.compile(f"(?:{_PARTS})++")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:([,'])\d{3})(?:\1\d{3})*(?:\.\d+)?")
_LETTER = rf"(?:(?![{CJK}])[^\W_])"  # or digit
_TOKEN = re.compile(
    rf"(?P<number>(?:(?<![\w)\]])-)?{_LETTER}*\d{_LETTER}*(?:[.,:/'-]\d{_LETTER}*)*)"
    rf"|(?P<sign>[%‰$¢£¤¥฿\u20a0-\u20cf<>≤≥±≈≠])|(?P<cjk>[{CJK}])"
    r"|(?P<nt>[^\W\d_]+n't\b|cannot\b)|(?P<elided>\bn')(?=\w)"
    rf"|(?P<word>{_LETTER}(?:{_LETTER}|[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0dff])*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word or sign: what it is compared by, how it is written, and what fact it states."""

    key: str
    shown: str
    kind: Kind | None
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words and signs of a text, with numbers put together that are written in several."""
    text = _PHRASES.sub(lambda match: match.lastgroup or "", fold.plain(text))
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        shown, start, end = match[0], match.start(), match.end()
        key = shown.casefold()
        if match.lastgroup == "nt":
            cut = len(shown) - 3
            found.append(Word(key[:cut], shown[:cut], None, start, start + cut))
            found.append(Word("not", shown, "negation", start + cut, end))
        elif match.lastgroup == "elided":
            found.append(Word("ne", shown, "negation", start, end))
        else:
            kind = _kind(shown, key)
            if kind == "number":
                key = _number(key)
            elif kind == "percentage":
                key = "%" if key in lexicon.PER_HUNDRED else key
            found.append(Word(key, shown, kind, start, end))
    return _once(_spelled(found, text), text)


def _kind(shown: str, key: str) -> Kind | None:
    if key in lexicon.PERCENT:
        return "percentage"
    if key in lexicon.CURRENCIES or shown in lexicon.CURRENCY_CODES or shown in _money():
        return "currency"
    if any(c.isnumeric() for c in key) or key in lexicon.NUMBERS or _english(key):
        return "number"
    if key in lexicon.DATES or shown in ("May", "MAY"):
        return "date"
    if key in lexicon.NEGATIONS:
        return "negation"
    if key not in lexicon.GERMANIC_ALONE and _GERMANIC.fullmatch(key):
        return "number"
    return "number" if shown in "<>≤≥±≈≠" else None


@cache
def _money() -> frozenset[str]:
    return frozenset("$¢£¤¥฿") | frozenset(map(chr, range(0x20A0, 0x20D0)))


def _english(key: str) -> bool:
    return key in lexicon.ENGLISH_NUMBERS or key in lexicon.ENGLISH_SCALES


def _number(key: str) -> str:
    """Digits as ASCII, without separators of thousands that cannot be anything else."""
    ascii_digits = "".join(c if c.isascii() else str(decimal(c, c)) for c in key)
    if _THOUSANDS.fullmatch(ascii_digits):
        return re.sub("[,']", "", ascii_digits)
    return ascii_digits


def _spelled(found: list[Word], text: str) -> list[Word]:
    """English number words in a row as one number: "one hundred and fifty" is 150."""
    out: list[Word] = []
    at = 0
    while at < len(found):
        if not _english(found[at].key):
            out.append(found[at])
            at += 1
            continue
        end = at + 1
        while end < min(len(found), at + _SPELLED) and (
            _english(found[end].key)
            or (found[end].key == "and" and end + 1 < len(found) and _english(found[end + 1].key)
                and found[end - 1].key in lexicon.ENGLISH_SCALES)
        ):  # fmt: skip
            end += 1
        first, last = found[at], found[end - 1]
        value = str(_value([w.key for w in found[at:end]]))
        out.append(Word(value, text[first.start : last.end], "number", first.start, last.end))
        at = end
    return out


def _value(names: Sequence[str]) -> int:
    total = part = 0
    for name in names:
        if name in lexicon.ENGLISH_NUMBERS:
            part += lexicon.ENGLISH_NUMBERS[name]
        elif name == "hundred":
            part = max(part, 1) * 100
        elif name in lexicon.ENGLISH_SCALES:
            total += max(part, 1) * lexicon.ENGLISH_SCALES[name]
            part = 0
    return total + part


def _once(found: list[Word], text: str) -> list[Word]:
    """A number that is repeated in brackets counts once: "thirty (30)"."""
    out: list[Word] = []
    for word in found:
        before = out[-1] if out else None
        repeated = (
            before is not None
            and before.kind == word.kind == "number"
            and before.key == word.key
            and re.fullmatch(r"\s*\(\s*", text[before.end : word.start])
            and text[word.end : word.end + 1] == ")"
        )
        if not repeated:
            out.append(word)
    return out

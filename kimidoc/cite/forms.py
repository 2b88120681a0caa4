"""Which characters are written another way: the tables and patterns of ``fold``.

The tables follow Unicode's compatibility decompositions (UAX #15), as Python's ``unicodedata`` has
them, less those that change what is said: super- and subscripts, fractions, circled numbers, and
forms that unfold to a digit beside something else. "10²" is not "102", "㎡" stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from unicodedata import category, decomposition, normalize

BREAK = "\n\r\x0b\x0c\x85\u2028\u2029"
SOFT = "\xad\x02\ufffe"  # what PDF readers write for a hyphen that only the line break put there
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
HYPHENS = f"\\-{DASHES}{SOFT}"
BREAKING = frozenset("-\u2010" + SOFT)  # these a line break may have put there
CJK = (
    "\u2e80-\u2fdf\u3000-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff9f\U00020000-\U0003ffff"
)
# Format characters that show (Arabic number signs and the like) are not among these.
_INVISIBLE = (
    "\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
INVISIBLE = re.compile(
    f"[{_INVISIBLE}]+"
    # a soft hyphen, unless a word goes on behind it in the next line
    f"|(?<![^\\W_])(?<![\u0300-\u036f])[{SOFT}]|[{SOFT}](?![^\\S{BREAK}]*[{BREAK}]\\s*[^\\W_])"
)
TYPED = (
    dict.fromkeys((c for c in range(0x3001) if chr(c).isspace()), " ")
    | dict.fromkeys(map(ord, "‘’‚‛‹›′´"), "'")
    | dict.fromkeys(map(ord, "“”„‟«»″〝〞〟"), '"')
    | dict.fromkeys(map(ord, DASHES + SOFT), "-")
)
_KEPT_APART = ("<super>", "<sub>", "<fraction>", "<circle>")
# Han, Hangul and private use decompose to nothing else and are not looked at.
_SCANNED = ((0x80, 0x3400), (0xA000, 0xAC00), (0xF900, 0x20000), (0x2F800, 0x2FA20))
_FEW = 200
_JAMO = "\u1160-\u11ff\ud7b0-\ud7ff"  # vowels and finals, which join the letter before them


@dataclass(frozen=True, slots=True)
class Forms:
    """``single`` maps a code point to one character, ``every`` to one or more; ``marks`` (a
    character class) join the character before them. ``to_drop``, ``to_expand`` and ``to_join``
    match the characters that call for a pass over a text."""

    single: dict[int, str]
    every: dict[int, str]
    marks: str
    expanding: re.Pattern[str]
    clusters: re.Pattern[str]
    to_drop: re.Pattern[str]
    to_expand: re.Pattern[str]
    to_join: re.Pattern[str]


@cache
def forms() -> Forms:
    """The tables; 0.1 s once per process, and never for ASCII."""
    scanned = list(chain(*(range(*bounds) for bounds in _SCANNED)))
    changed = {c: new for c in scanned if (new := _unfolded(chr(c))) != chr(c)}
    every = changed | TYPED
    single = {c: new for c, new in every.items() if len(new) == 1}
    marks = ranges(c for c in (*scanned, *range(0xE0100, 0xE01F0)) if category(chr(c))[0] == "M")
    many = ranges(c for c in every if c not in single)
    expanding = f"[{many}][{marks}{_JAMO}]*"
    return Forms(
        single,
        every,
        marks,
        re.compile(expanding),
        re.compile(f"{expanding}|\\S[{marks}{_JAMO}]+"),
        re.compile(f"[{_INVISIBLE}{SOFT}]"),
        re.compile(f"[{many}]"),
        re.compile(f"[{marks}{_JAMO}]"),
    )


def unified(text: str, alphabet: frozenset[str]) -> str:
    """``text``, made of ``alphabet``, with every form of one character as that character.

    Replacing one character after the other is a hundred times faster than ``str.translate``,
    which looks up each; no replacement is itself replaced.
    """
    single = TYPED if text.isascii() else forms().single
    found = [c for c in sorted(alphabet) if ord(c) in single and c != single[ord(c)]]
    if len(found) > _FEW:
        return text.translate(single)
    for character in found:
        text = text.replace(character, single[ord(character)])
    return text


def _unfolded(character: str) -> str:
    if decomposition(character).startswith(_KEPT_APART):
        return character
    new = normalize("NFKC", character)
    kept = " " in new or (len(new) > 1 and any(c.isnumeric() for c in new))
    return character if kept else "".join(TYPED.get(ord(c), c) for c in new)


def ranges(codes: Iterable[int]) -> str:
    """The inside of a character class; ``codes`` are not special in one."""
    out: list[list[int]] = []
    for code in sorted(codes):
        if out and code == out[-1][1] + 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return "".join(f"{chr(a)}-{chr(b)}" if a < b else chr(a) for a, b in out)

"""What document, model and file-name text may become in an output.

Such text is hostile: it may carry terminal escapes, direction overrides that show a reader other
words than a machine reads (CVE-2021-42574), invisible characters that smuggle instructions, and
code points no UTF-8 file can hold. ``visible`` shows them instead of obeying or dropping them.
"""

from __future__ import annotations

import re
import unicodedata

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u206a-\u206f"
_INVISIBLE = "\u180e\u200b\u2028\u2029\u2060-\u2064\ufeff\U000e0000-\U000e007f"
_UNENCODABLE = "\ud800-\udfff"
_NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff"
_UNSAFE = re.compile(
    f"[\x00-\x09\x0b-\x1f\x7f-\x9f{_BIDI}{_INVISIBLE}{_UNENCODABLE}{_NONCHARACTERS}]"
)
_JSON_UNSAFE = re.compile(f"[\x7f-\x9f{_BIDI}{_INVISIBLE}{_NONCHARACTERS}]")
_LONE_SURROGATE = re.compile(f"[{_UNENCODABLE}]")
_SPACE = re.compile(r"\s+")


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # U+2400 block: a picture of each C0 control
    if code == 0x7F:
        return "\u2421"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """The text with every control, direction and invisible character shown, not emitted.

    Line feeds stay, CR LF becomes one, tabs become spaces. Joiners (U+200C, U+200D) stay: Persian,
    Indic scripts and emoji cannot be written without them.
    """
    return _UNSAFE.sub(_shown, text.replace("\r\n", "\n").expandtabs(4))


def line(text: str) -> str:
    """``visible`` on one line: runs of white space become one space."""
    return _SPACE.sub(" ", visible(text)).strip()


def encodable(text: str) -> str:
    """Lone surrogates become U+FFFD, one for one, so that offsets into the text still hold."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def json_escaped(json_text: str) -> str:
    r"""JSON whose strings hold invisible and C1 characters as ``\uXXXX``: the same values, inert.

    ``json_text`` is valid JSON; these characters can only stand inside its strings. C0 controls
    are escaped by every JSON writer already.
    """

    def escape(match: re.Match[str]) -> str:
        units = match.group().encode("utf-16-be")
        return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))

    return _JSON_UNSAFE.sub(escape, json_text)


def shorten(text: str, limit: int) -> str:
    """At most about ``limit`` characters, cut out of the middle, between words where there are any.

    Words are never altered: what is left out is replaced by " … " (on lines of its own where the
    text has several lines and the cut spans them).
    """
    if len(text) <= limit:
        return text
    head = _back_to_boundary(text, limit * 2 // 3)
    tail = _on_to_boundary(text, len(text) - limit // 3)
    return f"{text[:head].rstrip()} … {text[tail:].lstrip()}"


def clip(text: str, limit: int) -> str:
    """The first ``limit`` characters at most, and how many more there are."""
    if len(text) <= limit:
        return text
    end = _back_to_boundary(text, limit)
    return f"{text[:end].rstrip()} … [{len(text) - end:,} more characters]"


_SEARCH = 40  # how far a cut may move to reach a word boundary; CJK has none and needs none


def _back_to_boundary(text: str, at: int) -> int:
    for candidate in range(at, max(0, at - _SEARCH), -1):
        if text[candidate].isspace():
            return candidate
    while at > 0 and _joins(text[at]):
        at -= 1
    return at


def _on_to_boundary(text: str, at: int) -> int:
    for candidate in range(at, min(len(text), at + _SEARCH)):
        if text[candidate - 1].isspace() and not _trails(text[candidate]):
            return candidate
    while at < len(text) and _trails(text[at]):
        at += 1
    return at


def _trails(character: str) -> bool:
    return character.isspace() or _joins(character)


def _joins(character: str) -> bool:
    """Whether a cut before this character would tear a grapheme apart."""
    return bool(unicodedata.combining(character)) or character in "\u200d\ufe0e\ufe0f"

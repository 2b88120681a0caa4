"""Bytes -> text, without ever losing a character silently.

In this order: byte order marks (UTF-8, -16, -32); UTF-16 and -32 without one, known by where their
zero bytes stand; UTF-8; what the text says of itself in its first two lines; UTF-8 with a few wrong
bytes, where valid sequences clearly outnumber them; else what charset-normalizer thinks of a sample
of the lines that are not ASCII, with Windows-1252 winning what is as good as a draw. What does not
decode becomes U+FFFD, one for each bad run, and is counted. NUL, control characters and every kind
of line end stay as they are.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from kimidoc.ingest.base import Limits
from kimidoc.types import Notice

BAD = "\ufffd"
FALLBACK = "cp1252"
SAMPLE_BYTES = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with UTF-16's mark, so it is asked first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDTHS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_EVEN_COHERENCE = 0.03  # charset-normalizer's scores this close are a draw
_FROM_HIGH_BYTE = re.compile(rb"[\x80-\xff][^\n]*\n?")
_LEAD_BYTES = 200
_PRINTABLE = range(0x20, 0x7F)
_NAMED = re.compile(
    rb"(?:<\?xml[^>]{1,200}\bencoding|[#;*/].{0,200}?coding)[ \t]*[:=][ \t]*[\"']?([\w.:-]{2,40})"
)
# Not guessed: EBCDIC, which any run of one letter resembles, and what is decided above.
_UNLIKELY = ["cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140", "utf_7"]
_UNLIKELY += [f"utf_{width}{order}" for width in (16, 32) for order in ("", "_le", "_be")]
# Python counts these as text encodings; no document is written in one, and punycode is quadratic.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and how it was come by.

    ``replaced``: how many U+FFFD stand where bytes did not decode. ``cut``: the limit was reached.
    ``guessed``: nothing in the bytes proves the encoding.
    """

    text: str
    encoding: str
    replaced: int = 0
    cut: bool = False
    guessed: bool = False

    def partial(self, limit_bytes: int) -> str | None:
        """What is missing, in one clause; None when nothing is."""
        reasons = []
        if self.replaced:
            characters = "character" if self.replaced == 1 else "characters"
            reasons.append(
                f"{self.replaced:,} {characters} could not be decoded as {self.encoding}"
            )
        if self.cut:
            reasons.append(f"only the first {limit_bytes:,} bytes of its text were taken")
        return "; ".join(reasons) or None

    def notices(self, path: str) -> tuple[Notice, ...]:
        """That the encoding was guessed, if it was."""
        if not self.guessed:
            return ()
        said = f"Nothing proves its encoding; it was read as {self.encoding}."
        return (Notice("ingest.encoding", said, path),)


def read(file: Path, limits: Limits) -> Decoded:
    """The text of a whole file, cut after ``text_bytes`` counted in UTF-8. Raises OSError.

    Memory: no more bytes are held than can become that much text.
    """
    with file.open("rb") as opened:
        head = opened.read(SAMPLE_BYTES)
        width = _WIDTHS.get(wide_or_marked(head) or "", 1)
        most = max(SAMPLE_BYTES, limits.text_bytes * width + 8)
        raw = head + opened.read(most - len(head))
        whole = not opened.read(1)
    return decode(raw, limit_bytes=limits.text_bytes, whole=whole)


def decode(
    raw: bytes, *, declared: str | None = None, limit_bytes: int | None = None, whole: bool = True
) -> Decoded:
    """Decode bytes; a byte order mark is taken off.

    ``declared`` is what a header or a meta tag claims: it counts when it decodes everything.
    ``whole=False``: more bytes follow, so a character cut at the end is dropped, not replaced.
    """
    codec, mark = _signed(raw)
    body = raw[len(mark) :]
    guessed = False
    if codec is None:
        codec = _declared(body, declared, whole) or wide(body[:SAMPLE_BYTES])
    if codec is None and _strictly(body, "utf-8", whole) is None:
        codec = _declared(body, _own_word(body), whole)
        if codec is None:
            codec = "utf-8" if _mostly_utf8(body) else _guess(body)
            guessed = codec != "utf-8"
    codec = codec or "utf-8"
    text, replaced = _strictly(body, codec, whole), 0
    if text is None:
        text = codecs.getincrementaldecoder(codec)("replace").decode(body, whole)
        replaced = max(1, text.count(BAD) - _own_marks(body, codec))
    text, cut = _cut(text, limit_bytes)
    return Decoded(text, codec, replaced, cut or not whole, guessed)


def wide(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, by where the zero bytes of the sample stand; else None.

    They stand mostly in the high halves, and what the bytes decode to is what texts are made of.
    Valid UTF-8 that has zero bytes is it only if pairs of letters hardly occur: those are records
    separated by zeros.
    """
    if b"\0" not in sample or len(sample) < 2:
        return None
    if len(sample) >= 8:
        body = sample[: len(sample) // 4 * 4]
        for codec, zero, plane in (("utf-32-le", 3, 2), ("utf-32-be", 0, 1)):
            if not any(body[zero::4]) and max(body[plane::4]) <= 0x10 and _plausible(body, codec):
                return codec
    body = sample[: len(sample) // 2 * 2]
    first, second = body[0::2], body[1::2]
    pairs = sum(a in _PRINTABLE and b in _PRINTABLE for a, b in zip(first, second, strict=True))
    if pairs > len(first) // 20 and _strictly(sample, "utf-8", whole=False) is not None:
        return None
    zeros = first.count(0), second.count(0)
    for codec, high, low in (("utf-16-le", *zeros[::-1]), ("utf-16-be", *zeros)):
        if high > 2 * low and _plausible(body, codec):
            return codec
    return None


def wide_or_marked(sample: bytes) -> str | None:
    """UTF-16 or UTF-32, if the beginning of a file shows that it is either."""
    codec = _signed(sample)[0] or wide(sample)
    return codec if codec in _WIDTHS else None


def is_utf8(sample: bytes) -> bool:
    """Whether bytes from the middle of a file may be UTF-8; characters may be cut at both ends."""
    begin = next((i for i, byte in enumerate(sample[:4]) if byte & 0xC0 != 0x80), 0)
    return _strictly(sample[begin:], "utf-8", whole=False) is not None


def _signed(raw: bytes) -> tuple[str | None, bytes]:
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return codec, mark
    return None, b""


def _declared(body: bytes, name: str | None, whole: bool) -> str | None:
    if not name:
        return None
    try:
        codec = codecs.lookup(name.strip())
    except (LookupError, ValueError):  # ValueError: a name with a NUL in it
        return None
    # A codec such as rot13 or zlib is no text encoding, and says so.
    if not codec._is_text_encoding or codec.name in _NO_CHARSETS:
        return None
    # The Web's rule: who says Latin-1 or ASCII means Windows-1252.
    chosen = FALLBACK if codec.name in ("iso8859-1", "ascii") else codec.name
    return chosen if _strictly(body, chosen, whole) is not None else None


def _own_word(body: bytes) -> str | None:
    """The encoding that the text itself names: XML 1.0 (4.3.3), Python (PEP 263) or Emacs."""
    lines = body[:512].split(b"\n", 2)[:2]
    match = next(filter(None, map(_NAMED.search, lines)), None)
    return match[1].decode("ascii") if match else None


def _strictly(body: bytes, codec: str, whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(codec)("strict").decode(body, whole)
    except (UnicodeError, LookupError):
        return None


def _plausible(body: bytes, codec: str) -> bool:
    """Whether the bytes decode to assigned characters, hardly any of them control characters."""
    text = codecs.getincrementaldecoder(codec)("replace").decode(body)
    return bool(text) and sum(map(_odd, text)) <= len(text) // 50


def _odd(character: str) -> bool:
    if character in "\t\n\r\f":
        return False
    return character == BAD or unicodedata.category(character) in ("Cn", "Co", "Cc")


def _mostly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    bad = text.count(BAD)
    return len(text) - len(text.encode("ascii", "ignore")) - bad > 3 * bad


def _own_marks(body: bytes, codec: str) -> int:
    """How many U+FFFD the text has of its own."""
    try:
        return body.count(BAD.encode(codec))
    except UnicodeError:
        return 0


def _guess(body: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(_telling(body), cp_exclusion=_UNLIKELY)
    best = matches.best()
    if best is None:
        return FALLBACK if _strictly(body, FALLBACK, True) is not None else "latin-1"
    for match in matches:
        even = match.chaos <= best.chaos and match.coherence >= best.coherence - _EVEN_COHERENCE
        if match.encoding == FALLBACK and even:
            return FALLBACK
    return best.encoding


def _telling(body: bytes) -> bytes:
    """The lines that are not ASCII, up to a sample's size; of a long one, from just before that."""
    parts, size = [], 0
    for match in _FROM_HIGH_BYTE.finditer(body):
        first = max(0, match.start() - _LEAD_BYTES)
        start = body.rfind(b"\n", first, match.start()) + 1 or first
        parts.append(body[start : min(match.end(), start + SAMPLE_BYTES - size)])
        size += len(parts[-1])
        if size >= SAMPLE_BYTES:
            break
    return b"".join(parts)


def _cut(text: str, limit_bytes: int | None) -> tuple[str, bool]:
    if limit_bytes is None or len(text) * 4 <= limit_bytes:
        return text, False
    if text.isascii():
        return text[:limit_bytes], len(text) > limit_bytes
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= limit_bytes:
        return text, False
    return raw[:limit_bytes].decode("utf-8", "ignore"), True

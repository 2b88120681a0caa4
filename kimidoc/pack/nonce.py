"""The word in every header that occurs in no document, so that no document can forge a header.

It is the first member of a fixed public sequence that no packed text or path contains. Nothing
about it is secret: a document can name any members it likes, and thereby only rules those out.
Unlike a random word it gives the same bytes on every machine, and it survives edits, so that
sessions stay reusable.

Texts are compared as a reader may see them: compatibility forms resolved (NFKC), case folded, and
white space, control and invisible characters removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from hashlib import blake2b
from itertools import count
from unicodedata import normalize

DIGITS = 8
_CHUNK_CHARS = 1 << 20
_FIRST_TRIES = 16

# Unicode's Default_Ignorable_Code_Point and format characters, white space above ASCII, and the
# blank Braille pattern: what can stand between two letters without showing.
_INVISIBLE = re.compile(
    "[\x80-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_BLANK = bytes([*range(0x21), 0x7F])
_RUN = re.compile(rb"[0-9a-f]{%d,}" % DIGITS)


def sequence() -> Iterator[str]:
    """The public sequence: the same words in the same order for ever."""
    for counter in count():
        yield blake2b(b"kimidoc nonce %d" % counter, digest_size=DIGITS // 2).hexdigest()


def choose(texts: Iterable[str]) -> str:
    """The first word of the sequence that occurs in none of ``texts`` (which is read repeatedly).

    One pass over the texts rules out many words at a time, and their number grows, so that a text
    made of the sequence costs a few passes, not one for each of its words.
    """
    words = sequence()
    tries = _FIRST_TRIES
    while True:
        candidates = [next(words) for _ in range(tries)]
        taken = _occurring(texts, set(candidates))
        for word in candidates:
            if word not in taken:
                return word
        tries *= 16


def _occurring(texts: Iterable[str], words: Set[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        for run in _runs(text):
            found.update(
                word
                for at in range(len(run) - DIGITS + 1)
                if (word := run[at : at + DIGITS]) in words
            )
    return found


def _runs(text: str) -> Iterator[str]:
    """Every run of hexadecimal digits that is long enough to hold a word."""
    carry = b""
    for at in range(0, len(text), _CHUNK_CHARS):
        seen = carry + _as_seen(text[at : at + _CHUNK_CHARS])
        for match in _RUN.finditer(seen):
            yield match.group().decode("ascii")
        carry = seen[-(DIGITS - 1) :]


def _as_seen(text: str) -> bytes:
    if not text.isascii():
        text = _INVISIBLE.sub("", normalize("NFKC", text).casefold())
    return text.encode("utf-8", "surrogatepass").lower().translate(None, _BLANK)

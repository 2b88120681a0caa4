"""Many texts -> tokens, in batches that keep memory bounded.

Tokenising costs up to 450 bytes per character while it runs, so a batch holds about a million
characters, and a longer text is cut into pieces. A cut (``_seam``) is made where the result is
the same as without it:

- between a letter and one space that a letter follows, or behind a line feed that stands between a
  non-space and a letter. The pre-tokenisers of GPT-2, cl100k, o200k, Llama 3, Qwen, DeepSeek, Kimi
  and SmolLM all split there, whatever else the text holds: runs of letters end at a space, a space
  joins the letters behind it, and a lone line feed never joins letters that follow;
- and only if the tokenizer at hand, given the surroundings whole and in two, returns the same
  tokens. This turns down tokenizers that put something before every text.

A stretch without any such place (128 KiB of base64, minified code, or one Chinese line) is cut
where that second test alone holds, and if that fails too, where no grapheme is torn: there a token
may differ from those of the text encoded whole. Either way offsets are exact, the tokens spell the
text, and the same text always gives the same tokens: those of an earlier run can be taken instead
(``cuts``). Sessions keep them, so whatever changes a cut here makes another ``session.VERSION``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category

import numpy as np

from kimidoc.pack.cuts import Cuts, Integers, digest
from kimidoc.types import Encoding, Tokenizer

PIECE_CHARS = 1 << 18
BATCH_CHARS = 1 << 20
BATCH_TEXTS = 1 << 12
_SURROUNDINGS = 64
_ATTEMPTS = 8

SEAM = re.compile(r"(?<=[^\W\d_])(?= [^\W\d_])|(?<=\S\n)(?=[^\W\d_])")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of (a part of) text ``number``: ``ids[i]`` covers its characters
    [starts[i], ends[i]); ``chars`` characters are done with this piece, and ``last`` says that
    the text is complete."""

    number: int
    ids: Integers
    starts: Integers
    ends: Integers
    chars: int
    last: bool


_Part = tuple[int, int, str, bool]  # of text ``number`` from character ``at`` on; its last?


def pieces(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    piece_chars: int = PIECE_CHARS,
    *,
    known: Cuts | None = None,
) -> Iterator[Piece]:
    """The tokens of every text, in order; a text of any length comes as one or more pieces.

    A text that is ``known`` comes as one piece, and the tokenizer does not see it.
    """
    batch: list[Piece | _Part] = []
    chars = 0
    for number, text in enumerate(texts):
        if known and (cut := known.get(digest(text))) is not None:
            batch.append(Piece(number, cut.ids, cut.starts, cut.ends, len(text), True))
            continue
        for at, part, last in _cut(text, tokenizer, piece_chars):
            batch.append((number, at, part, last))
            chars += len(part)
            if chars >= BATCH_CHARS or len(batch) >= BATCH_TEXTS:
                yield from _encode(batch, tokenizer)
                batch, chars = [], 0
    yield from _encode(batch, tokenizer)


def _encode(batch: Sequence[Piece | _Part], tokenizer: Tokenizer) -> Iterator[Piece]:
    parts = [_encodable(part[2]) for part in batch if not isinstance(part, Piece)]
    encodings = iter(tokenizer.encode(parts) if parts else ())
    for entry in batch:
        if isinstance(entry, Piece):
            yield entry
            continue
        number, at, part, last = entry
        encoding = next(encodings)
        starts, ends = _offsets(encoding, len(part))
        yield Piece(number, _integers(encoding.ids), starts + at, ends + at, len(part), last)


def _offsets(encoding: Encoding, length: int) -> tuple[Integers, Integers]:
    starts, ends = _integers(encoding.starts), _integers(encoding.ends)
    assert len(encoding.ids) == len(starts) == len(ends)
    if len(starts):
        ordered = np.all(starts[1:] >= starts[:-1]) and np.all(ends[1:] >= ends[:-1])
        assert ordered and starts[0] >= 0 and ends[-1] <= length, "offsets are not sorted"
        assert np.all(starts <= ends)
    return starts, ends


def _integers(values: Sequence[int]) -> Integers:
    return np.asarray(values, dtype=np.int32)


def _encodable(text: str) -> str:
    """A lone surrogate has no UTF-8 form; U+FFFD in its place keeps every offset."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text)
    return text


def _cut(text: str, tokenizer: Tokenizer, piece_chars: int) -> Iterator[tuple[int, str, bool]]:
    at = 0
    while len(text) - at > piece_chars:
        end = _seam(text, at + piece_chars // 2, at + piece_chars, tokenizer)
        yield at, text[at:end], False
        at = end
    yield at, text[at:], True


def _seam(text: str, low: int, high: int, tokenizer: Tokenizer) -> int:
    """Where to cut ``text``, in (low, high]: the last place that changes no token."""
    attempts = 0
    for at in _candidates(text, low, high):
        if _same(text, at, tokenizer):
            return at
        attempts += 1
        if attempts == _ATTEMPTS:
            break
    whole = [at for at in range(high, max(low, high - _SURROUNDINGS), -1) if _may_cut(text, at)]
    for at in whole[:_ATTEMPTS]:
        if _same(text, at, tokenizer):
            return at
    return whole[0] if whole else high


def _candidates(text: str, low: int, high: int) -> Iterator[int]:
    """Seams in (low, high], last first; looks at 4096 characters at a time."""
    while high > low:
        start = max(low, high - 4096)
        found = [m.start() for m in SEAM.finditer(text, start + 1, min(len(text), high + 2))]
        yield from (at for at in reversed(found) if at <= high)
        high = start


def _same(text: str, at: int, tokenizer: Tokenizer) -> bool:
    """Does the tokenizer itself split at ``at``, as far as its surroundings show?"""
    left = _encodable(text[max(0, at - _SURROUNDINGS) : at])
    right = _encodable(text[at : at + _SURROUNDINGS])
    whole, before, after = tokenizer.encode([left + right, left, right])
    return list(whole.ids) == [*before.ids, *after.ids]


def _may_cut(text: str, at: int) -> bool:
    """No combining mark, joiner, variation selector, emoji modifier or CR LF is torn apart."""
    before, after = text[at - 1], text[at]
    joined = category(after) in ("Mn", "Mc", "Me", "Cf", "Sk") or category(before) == "Cf"
    return not joined and (before, after) != ("\r", "\n")

"""One pattern of a ``.gitignore`` -> a matcher for one path, exactly as git reads it.

After git's ``wildmatch.c`` and ``dir.c``. pathspec is not used: its expressions also match what
lies below a match, which makes ``!folder/`` re-include files that git leaves out; they know no
``[[:classes:]]``, raise on a trailing backslash, and take exponential time on ``*a*a*a*a*a*b``,
which any analysed tree may hold. Here every star but the last of a segment is atomic: taking the
leftmost match of what follows it loses nothing, so time grows with pattern times path.

Paths and patterns are bytes: that is what git compares, and file names need not be UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SPECIAL = b"*?[\\"
_CLASSES = {
    b"alnum": b"0-9A-Za-z",
    b"alpha": b"A-Za-z",
    b"blank": rb"\t ",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": b"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": b"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb"\t\n\v\f\r\x20",
    b"upper": b"A-Z",
    b"xdigit": b"0-9A-Fa-f",
}

Matcher = Callable[[bytes], bool]


def matcher(pattern: bytes, *, path: bool) -> Matcher:
    """Whether a whole name (``path=False``) or relative path matches.

    In a path, ``*``, ``?`` and ``[...]`` match no slash and ``**`` as a whole segment matches any
    number of folders. A malformed pattern matches nothing.
    """
    prefix, rest = _split(pattern)
    if not rest:
        return pattern.__eq__
    if rest[:1] == b"*" and not path and _split(rest[1:])[1] == b"":
        return _EndsWith(prefix, rest[1:])
    source = _translate(rest, path)
    if source is None:
        return _nothing
    # git matches the literal prefix on its own, so that a ** behind it counts as a segment.
    compiled = re.compile(re.escape(prefix) + source, re.DOTALL)
    return _Matches(compiled)


class _EndsWith:
    def __init__(self, prefix: bytes, suffix: bytes) -> None:
        self._prefix, self._suffix = prefix, suffix

    def __call__(self, name: bytes) -> bool:
        return (
            len(name) >= len(self._prefix) + len(self._suffix)
            and name.endswith(self._suffix)
            and name.startswith(self._prefix)
        )


class _Matches:
    def __init__(self, compiled: re.Pattern[bytes]) -> None:
        self._compiled = compiled

    def __call__(self, name: bytes) -> bool:
        return self._compiled.fullmatch(name) is not None


def _nothing(name: bytes) -> bool:
    return False


def _split(pattern: bytes) -> tuple[bytes, bytes]:
    """The literal beginning of a pattern, and the rest from its first special character on."""
    at = next((i for i, byte in enumerate(pattern) if byte in _SPECIAL), len(pattern))
    return pattern[:at], pattern[at:]


_STAR, _DEEP, _DEEP_SLASH = b"[^/]*?", b".*?", b"(?:.*?/)??"  # gaps, as regular expressions


def _translate(pattern: bytes, path: bool) -> bytes | None:
    """The pattern as a regular expression's source; None when it is malformed."""
    tokens = _tokens(pattern, path)
    return None if tokens is None else _leftmost(tokens, (_DEEP, _DEEP_SLASH), _segments)


def _segments(tokens: list[bytes]) -> bytes:
    parts: list[list[bytes]] = [[]]
    for token in tokens:
        if token == b"/":
            parts.append([])
        else:
            parts[-1].append(token)
    return b"/".join(_leftmost(part, (_STAR,), b"".join) for part in parts)


def _leftmost(
    tokens: list[bytes], gaps: tuple[bytes, ...], inner: Callable[[list[bytes]], bytes]
) -> bytes:
    """What stands between gaps, joined; all gaps but the last keep the first match they find."""
    at = [i for i, token in enumerate(tokens) if token in gaps]
    out = inner(tokens[: at[0]] if at else tokens)
    for i, end in zip(at, [*at[1:], len(tokens)], strict=False):
        step = tokens[i] + inner(tokens[i + 1 : end])
        out += step if i == at[-1] else b"(?>" + step + b")"
    return out


def _tokens(pattern: bytes, path: bool) -> list[bytes] | None:
    """Gaps, single characters and sets, each as a regular expression."""
    tokens: list[bytes] = []
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        if byte == b"*":
            end = at + len(pattern[at:]) - len(pattern[at:].lstrip(b"*"))
            token, at = _gap(pattern, at, end, path)
        elif byte == b"?":
            token, at = b"[^/]", at + 1
        elif byte == b"[":
            members, at = _set(pattern, at + 1)
            if members is None:
                return None
            token = _class(members - {ord("/")} if path else members)
        elif byte == b"\\":
            if at + 1 == len(pattern):
                return None
            token, at = re.escape(pattern[at + 1 : at + 2]), at + 2
        else:
            token, at = re.escape(byte), at + 1
        tokens.append(token)
    return tokens


def _gap(pattern: bytes, start: int, end: int, path: bool) -> tuple[bytes, int]:
    """The stars in [start, end), and where the pattern goes on."""
    behind = pattern[end : end + 2]
    whole = (start == 0 or pattern[start - 1 : start] == b"/") and (
        behind[:1] in (b"", b"/") or behind == b"\\/"
    )
    if not path or end - start == 1 or not whole:
        return _STAR, end
    return (_DEEP_SLASH, end + 1) if behind[:1] == b"/" else (_DEEP, end)


def _set(pattern: bytes, at: int) -> tuple[frozenset[int] | None, int]:
    """The bytes that ``[...]`` from ``at`` on matches, and where it ends; None if it does not."""
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    members: set[int] = set()
    before = -1  # what a range may begin with
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        if at >= len(pattern):
            return None, at
        byte = pattern[at]
        if pattern[at : at + 2] == b"[:" and (end := pattern.find(b"]", at + 2)) > 0:
            name = pattern[at + 2 : end]
            if name.endswith(b":"):
                if name[:-1] not in _CLASSES:
                    return None, at
                members.update(_members(_CLASSES[name[:-1]]))
                before, at = -1, end + 1
                continue
        elif pattern[at : at + 2] == b"[:":
            return None, at
        ranged = byte == ord("-") and before >= 0 and pattern[at + 1 : at + 2] not in (b"", b"]")
        at += ranged
        if pattern[at : at + 1] == b"\\":
            at += 1
            if at >= len(pattern):
                return None, at
        byte = pattern[at]
        members.update(range(before, byte + 1) if ranged else (byte,))
        before = -1 if ranged else byte
        at += 1
    return frozenset(range(256)) - members if negated else frozenset(members), at + 1


def _members(source: bytes) -> list[int]:
    return [byte for byte in range(256) if re.match(b"[" + source + b"]", bytes((byte,)))]


def _class(members: frozenset[int]) -> bytes:
    return (
        b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(members)) + b"]"
        if members
        else b"(?!)"
    )

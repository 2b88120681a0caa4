"""The arguments of a call in program text, over as many lines as it has.

Brackets are counted, not parsed, so that one rule serves every language with C's brackets; what
stands in strings and comments opens and closes nothing. A call that does not end within CHARS, or
at all, has the arguments that were seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CHARS = 3_000
_STRING = r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"
_HASH = frozenset({"python", "ruby", "shell", "php", "r", "perl"})  # "//" divides in some of them
_TOKENS = {
    hashes: re.compile(rf"(?P<string>{_STRING})|(?P<comment>{comment})|[()\[\]{{}},]", re.DOTALL)
    for hashes, comment in ((True, r"\#[^\n]*"), (False, r"//[^\n]*|/\*.*?\*/"))
}


def arguments(text: str, at: int, kind: str) -> Iterator[str]:
    """Each argument, comments left out, of the call whose "(" stands at ``at``."""
    assert text[at] == "("
    depth, said, last = 0, "", at + 1
    end = min(len(text), at + CHARS)
    for token in _TOKENS[kind in _HASH].finditer(text, at, end):
        word = token[0]
        if token["string"]:
            continue
        depth += (word in "([{") - (word in ")]}")
        if token["comment"] or depth == 0 or (word == "," and depth == 1):
            said, last = said + text[last : token.start()], token.end()
            if not token["comment"]:
                yield said.strip()
                said = ""
            if depth == 0:
                return
    yield (said + text[last:end]).strip()


def has(text: str, match: re.Match[str], kind: str, wanted: tuple[str, ...]) -> bool:
    """Whether an argument of the call that a match opens begins with one of some expressions."""
    at = text.find("(", match.start(), match.end())
    return at >= 0 and any(
        re.match(pattern.replace(" ", r"\s+"), argument, re.DOTALL)
        for argument in arguments(text, at, kind)
        for pattern in wanted
    )

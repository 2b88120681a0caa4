"""Where the names that a statement's text is built with come from: a rule over nearby lines.

A value put into a text is fixed if it was made, further up in the same function or as a constant of
the module, from nothing but literals, counting, numbers or a look-up in a table written in
capitals: ``", ".join("?" for _ in ids)``, ``SORTS.get(key, SORTS["name"])``, ``int(text)``. Such a
text holds nothing that came from outside, whatever the sign says. Names, and not flows, are
followed: what cannot be traced in one step is not fixed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kimidoc.types import Citation, Document

AROUND = 6  # lines after a match in which an ``unless`` may stand
_FUNCTION = re.compile(r"^[ \t]*(?:async +)?(?:def|function|func|fn)\b|=>\s*\{\s*$", re.MULTILINE)
_INSERTED = re.compile(
    r"\$?\{(?P<brace>[^{}\n]+)\}|[\"'`]\s*(?:\+|%(?!\w*[\"']))\s*(?P<added>[A-Za-z_][\w.]*(?:\([^()\n]*\))?)"
)
_LITERAL = r"(?:[rbuf]?\"[^\"{}\n]*\"|'[^'{}\n]*')"
_TABLE = r"[A-Z][A-Z0-9_]+"
_JOINED = rf"\.join\(\s*\[?\s*{_LITERAL}\s*\]?\s*(?:(?:for\b|\*)[^\n\"']*)?\)"
_FIXED = re.compile(
    rf"(?:{_LITERAL}(?:{_JOINED})?(?:\s*\*\s*(?:len\([^()]*\)|\w+))?"
    rf"|{_TABLE}(?:\[[^\]\n]*\]"
    rf"|\.get\([^,()\n]*(?:,\s*(?:{_LITERAL}|{_TABLE}(?:\[[^\]\n]*\])?|None))?\s*\))?"
    r"|(?:int|float|len|Number|parseInt)\([^\n]*\)|\d+)\s*;?\s*$"
)


def fixed(document: Document, citation: Citation) -> bool:
    """Whether all that a cited line puts into its text is fixed; False if it puts nothing."""
    assert citation.start_char is not None
    names = [m["brace"] or m["added"] for m in _INSERTED.finditer(citation.text)]
    return bool(names) and all(_is_fixed(document.text, citation.start_char, n) for n in names)


def _is_fixed(text: str, at: int, name: str) -> bool:
    said = re.sub(r"[:!][^\]\"')]*$", "", name.strip()) if "(" not in name else name.strip()
    if _FIXED.match(said):
        return True
    if not re.fullmatch(r"\w+", said):
        return False
    begins = [m.start() for m in _FUNCTION.finditer(text, 0, at)]
    made = re.compile(
        rf"^[ \t]*(?:const |let |var )?{said}\s*(?::[^=\n]+)?=(?!=)\s*(.+)$", re.MULTILINE
    )
    own = list(made.finditer(text, begins[-1] if begins else 0, at))
    return bool(own) and all(_FIXED.match(match[1].strip()) for match in own)


def excused(document: Document, citation: Citation, unless: Sequence[str]) -> bool:
    """Whether the cited lines or the next few hold what makes the match harmless."""
    assert citation.start_char is not None and citation.end_char is not None
    end = citation.end_char
    for _ in range(AROUND):
        end = document.text.find("\n", end + 1)
        if end < 0:
            end = len(document.text)
            break
    near = document.text[citation.start_char : end]
    return any(re.search(sign.replace(" ", r"\s+"), near) for sign in unless)

"""Sections of text, so that a place can be called by its name.

    scopes         Python: classes and functions, exact
    declarations   other languages: approximate, one pattern each
    headings       plain text: numbered clauses, articles, lines of capitals

Each is linear in the text and runs nothing. A label of "" says that the text from there on stands
outside of all sections.
"""

from __future__ import annotations

from kimidoc.ingest import declarations, headings, scopes
from kimidoc.types import Mark

# Files beyond this were written by a program, and are not cited by the names in them.
MOST_CHARS = 8_000_000
_PLAIN = frozenset({"text", "rst", "latex"})


def sections(text: str, kind: str) -> tuple[Mark, ...]:
    """The sections of a text of this kind, sorted by start; none for most kinds of data."""
    if len(text) > MOST_CHARS:
        return ()
    if kind == "python":
        return scopes.sections(text)
    if kind in _PLAIN:
        return headings.sections(text)
    language = declarations.language(kind)
    return declarations.sections(text, language) if language is not None else ()

"""Python's classes and functions as sections, by scanning, not by parsing.

``ast`` would need seconds for a standard library, gigabytes for a hostile file, and a file without
an error in it. In Python a ``def`` or ``class`` is always the first word of a line, so what must be
told apart is only code, strings, comments and open brackets; where a scope ends, its indentation
says. ``tests/ingest/test_symbols.py`` compares this with ``ast`` on the running standard library.

A section begins with its decorators and ends with its last line of code: comments behind it belong
to what is around it.
"""

from __future__ import annotations

import re
from itertools import chain

from kimidoc.ingest.outline import Outline, code_end, width
from kimidoc.types import Mark

# Possessive throughout: a string that never ends must not be tried again from every quote in it.
_LINE = r"""
      (?P<indent> [ \t\f]*+ )
      (?: (?: async [ \t]++ )? (?P<word> def | class ) [ \t]++ (?P<name> \w++ )
        | (?P<decorator> @ )
        | (?= [^\s\#] ) )
    """
_FIRST_LINE = re.compile(r"\ufeff?" + _LINE, re.VERBOSE)
# Every branch begins with a certain character, so that the search may skip all others fast.
_TOKEN = re.compile(
    r"""
      (?P<string>
          \"{3} [^"\\]*+ (?: (?:\\. | "(?!"")) [^"\\]*+ )*+ (?:\"{3})?
        | '{3}  [^'\\]*+ (?: (?:\\. | '(?!'')) [^'\\]*+ )*+ (?:'{3})?
        | "     [^"\\\n]*+ (?: \\. [^"\\\n]*+ )*+ "?
        | '     [^'\\\n]*+ (?: \\. [^'\\\n]*+ )*+ '?
      )
    | \# [^\n]*+
    | \\ \r? \n
    | [(\[{] [^()\[\]{}"'\#\\\n]*+ [)\]}]
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | \n
    """
    + _LINE,
    re.VERBOSE | re.DOTALL,
)


def sections(text: str) -> tuple[Mark, ...]:
    """Classes and functions as paths: ``class Pool > def get``."""
    outline = Outline(text)
    depth = 0
    decorated: int | None = None  # where the decorators of what comes next begin
    floor = (
        0  # the end of the last string or bracket: code stands before it, whatever it looks like
    )
    first = _FIRST_LINE.match(text)
    for token in chain([first] if first else [], _TOKEN.finditer(text)):
        kind = token.lastgroup
        if kind == "string":
            floor = token.end()
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth, floor = max(0, depth - 1), token.end()
        elif kind == "name" or (kind is not None and not depth):
            depth = 0  # no def stands inside brackets: one of them was never closed
            start, indent = token.start("indent"), width(token["indent"])
            if outline.closes(indent):
                outline.close(indent, code_end(text, start, floor, ("#",)))
            if kind == "name":
                begin = start if decorated is None else decorated
                outline.open(begin, indent, f"{token['word']} {token['name']}")
            if kind != "decorator":
                decorated = None
            elif decorated is None:
                decorated = start
    return outline.marks()

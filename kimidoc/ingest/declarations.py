"""Classes, functions and their like in languages that are not parsed: one pattern each.

Approximate, and good for a label only: a line is taken for what it looks like, comments and strings
of several lines are told by how their lines begin, and a scope ends with the first line that is
indented as little as its own and is more than a closing bracket. Code on one line (minified) has
no sections.

To add a language: its pattern below, tried at the first character of a line that is not white
space, and an example in ``tests/ingest/test_symbols.py``. What its groups capture, in their order,
is the label ("class" "Pool"); where that is a name alone it is shown as "get()". Every repeat is
bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kimidoc.ingest.outline import Outline, code_end, width
from kimidoc.types import Mark

_NAME = r"([A-Za-z_$][\w$]{0,100}+)"
_PATH = r"([A-Za-z_$][\w$]{0,100}+(?:(?:::|\.)[\w$]{1,100}+){0,8}+)"
_NO_CALL = r"(?!(?:if|for|foreach|while|switch|catch|return|using|lock|synchronized|else|new)\b)"
_NO_TYPE = r"(?!(?:return|throw|await|else|new|assert|yield|case|goto|typedef|delete)\b)"
_TYPE = r"(?:[A-Za-z_][\w.:<>\[\],?]{0,80}+[\s*&]{1,4}+)"  # or a piece of one
# The rest of a line that a signature fills: a call ends in a semicolon, or has no type before it.
_SIGNATURE = r"\s{0,4}\([^;\n]{0,300}(?:[{(,]|\)[\w\s:,<>|.\[\]&?]{0,80})\r?$"


def _modifiers(words: str) -> str:
    return rf"(?:(?:{'|'.join(words.split())})\s{{1,8}}+){{0,8}}+"


_PATTERNS = {
    "javascript": _modifiers(
        "export default declare public private protected static async abstract readonly override"
        " get set"
    )
    + rf"(?:(class|interface|enum|namespace|function)\b\*?\s+{_NAME}"
    rf"|(?:const|let|var)\s+{_NAME}[^=\n]{{0,200}}=\s*(?:async\s+)?"
    r"(?:function\b|\([^\n]{0,300}?=>|[\w$]{1,60}+\s*=>|\(\r?$)"
    rf"|(?![^\n]{{1,300}}\bfunction\b){_NO_CALL}([\w$#]{{1,100}}+)\s?\([^;\n]{{0,300}}\)(?:\s?:[^{{\n]{{1,120}})?\s*\{{\r?$)",
    "java": _modifiers(
        "public private protected internal static final abstract async override virtual sealed"
        " synchronized native default partial extern unsafe readonly new file required"
    )
    + rf"(?:(class|interface|enum|record|struct|namespace|@interface)\s+{_PATH}"
    rf"|{_NO_TYPE}(?:<[^>\n]{{1,80}}>\s+)?{_TYPE}{{1,5}}{_NO_CALL}{_NAME}{_SIGNATURE}"
    rf"|(?<=[a-z] ){_NAME}{_SIGNATURE}"  # a constructor, behind a modifier or before its body
    rf"|{_NO_CALL}{_NAME}\s?\([^;\n]{{0,300}}\)[\w\s,.:]{{0,60}}\{{\r?$)",
    "go": rf"(func)\s+(\([^)\n]{{1,80}}\))?\s*{_NAME}"
    rf"|(type)\s+{_NAME}(?:\[[^\]\n]{{1,80}}\])?\s+(?:struct|interface)\b",
    "rust": r"(?:pub(?:\([^)\n]{1,40}\))?\s+)?"
    + _modifiers("default async const unsafe")
    + r'(?:extern\s+"[^"\n]{1,20}"\s+)?'
    rf"(?:(fn|struct|enum|trait|mod|union)\s+{_NAME}|(macro_rules)!\s*{_NAME}"
    r"|(impl)(?:<[^>\n]{0,120}>)?\s+([^\n{]{1,120}?)\s*(?:\bwhere\b|\{|\r?$))",
    "c": r"(?:template\s*<[^>\n]{0,120}>\s*)?"
    rf"(?:(?:typedef\s+)?(struct|class|union|enum|namespace)\s+(?:class\s+)?{_PATH}(?:\s+final)?"
    r"\s*(?::[^;{\n]{1,120})?\s*(?:\{[^\n]{0,200})?\r?$"
    rf"|{_NO_TYPE}{_TYPE}{{1,5}}{_NO_CALL}(~?[A-Za-z_][\w:~]{{0,100}}+){_SIGNATURE}"
    rf"|(?<![ \t]){_NO_CALL}([A-Za-z_][\w:~]{{0,100}}+){_SIGNATURE})",
    "ruby": r"(?:private\s+|public\s+|protected\s+)?(class|module|def)\s+"
    r"((?:self\.)?[\w:]{1,100}+[?!=]?)",
    "php": _modifiers("public private protected static final abstract readonly")
    + rf"(class|interface|trait|enum|function)\s+&?{_NAME}",
    "kotlin": _modifiers(
        "public private protected internal open abstract final override suspend inline data sealed"
        " enum annotation inner companion operator infix tailrec external value expect actual"
    )
    + rf"(?:(class|interface|object)\s+{_NAME}"
    r"|(fun)\s+(?:<[^>\n]{1,80}>\s*)?([\w.<>?]{1,120}+))",
    "swift": _modifiers(
        "public private fileprivate internal open static final override mutating required"
        " convenience indirect nonisolated @objc @MainActor"
    )
    + rf"(?:(class|struct|enum|protocol|extension|actor|func)\s+{_PATH}|(init)\b[?!]?[(<])",
    "scala": _modifiers(
        "private protected final abstract sealed implicit lazy override case inline"
    )
    + rf"(class|object|trait|enum|def)\s+{_NAME}",
    "shell": r"(function)\s+([\w:.-]{1,100}+)|([\w:.-]{1,100}+)\s*\(\)",
    "perl": r"(sub|package)\s+([\w:']{1,100}+)",
    "lua": r"(?:local\s+)?(function)\s+([\w.:]{1,100}+)",
    "elixir": r"(defmodule|defp?|defmacrop?|defimpl|defprotocol)\s+([\w.?!]{1,100}+)",
    "proto": r"(message|service|enum|rpc|oneof)\s+(\w{1,100}+)",
    "hcl": r'(resource|data|module|variable|output|provider)\s+("[^\n{]{1,150}?")\s*\{',
}
# In these a section lasts until the next one; the second pattern is a line that only ends one.
_FLAT = {
    "sql": (
        r"create\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unique|materialized|"
        r"external|unlogged)\s+){0,3}(table|view|function|procedure|index|trigger|type|schema|"
        r"sequence|package|database)\s+(?:body\s+)?(?:if\s+not\s+exists\s+)?([\w.\"`\[\]$]{1,150}+)",
        r"(?:insert|update|delete|alter|drop|grant|revoke|commit|copy|truncate|comment)\b",
    ),
    "toml": (r"\[{1,2}([^\]\n]{1,150})\]", r"(?!)"),
    "ini": (r"\[([^\]\n]{1,150})\]", r"(?!)"),
}
_SAME = {
    "typescript": "javascript",
    "vue": "javascript",
    "svelte": "javascript",
    "solidity": "javascript",
    "csharp": "java",
    "groovy": "java",
    "dart": "java",
    "cpp": "c",
    "cuda": "c",
}
_COMMENTS = ("//", "/*", "*", "#", "--", ";")
# What may stand at the indentation of a scope and not end it: brackets, ``end``, continued
# signatures, else and catch, labels of C++, preprocessor lines, comments, decorators.
_GOES_ON = (
    r"[{}()\[\]<*#:&|?.,=>@]|//|--|/\*|(?:end|else|elsif|elif|catch|finally|rescue|ensure|when|then|do|"
    r"fi|done|where|throws|public:|private:|protected:|signals:|slots:)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is scanned."""

    pattern: re.Pattern[str]
    flat: bool


_known: dict[str, Language] = {}


def language(kind: str) -> Language | None:
    """None for a language that has no pattern. Compiled when it is first asked for."""
    kind = _SAME.get(kind, kind)
    if kind not in _known:
        if kind in _FLAT:
            pattern, end = _FLAT[kind]
        elif kind in _PATTERNS:
            pattern, end = _PATTERNS[kind], r"\S"
        else:
            return None
        goes_on = "(?!)" if kind in _FLAT else _GOES_ON
        flags = re.MULTILINE | (re.IGNORECASE if kind == "sql" else 0)
        line = rf"^([ \t]*+)(?:{pattern}|(?P<on>{goes_on})|(?P<end>{end}))"
        _known[kind] = Language(re.compile(line, flags), kind in _FLAT)
    return _known[kind]


def sections(text: str, language: Language) -> tuple[Mark, ...]:
    """Declarations as paths: ``class Pool > get()``."""
    outline = Outline(text)
    for line in language.pattern.finditer(text):
        if line["on"] is not None:
            continue
        start, indent = line.start(), 0 if language.flat else width(line[1])
        if outline.closes(indent):
            outline.close(indent, code_end(text, start, 0, _COMMENTS))
        if line["end"] is None:
            outline.open(start, indent, _label(line.groups()[1:-2], language.flat))
    return outline.marks()


def _label(groups: tuple[str | None, ...], flat: bool) -> str:
    words = [" ".join(group.split()) for group in groups if group is not None]
    if len(words) == 1:
        return words[0] if flat else f"{words[0]}()"
    return " ".join([words[0].lower(), *words[1:]])

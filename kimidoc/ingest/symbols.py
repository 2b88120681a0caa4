"""Where classes, functions and headings begin, so that a place can be called by its name.

Python is parsed. Other languages are scanned line by line with one pattern each: approximate, good
for a label and for nothing else. Plain text knows numbered and capital headings.
"""

from __future__ import annotations

import ast
import re
import warnings

from kimidoc.types import Mark

_PARSE_CHARS = 4_000_000
_LONGEST_LINE = 2_000
_NAME = r"([A-Za-z_$][\w$]*)"
_MODIFIERS = (
    r"(?:(?:export|default|declare|public|private|protected|internal|static|final|abstract|async|"
    r"open|override|virtual|sealed|partial|inline|unsafe|pub(?:\([^)]*\))?|extern|const|suspend|"
    r"data|case|implicit)\s+)*"
)
_PATTERNS = {
    "javascript": rf"(class|function\*?)\s+{_NAME}",
    "java": rf"(class|interface|enum|record)\s+{_NAME}",
    "go": rf"(func|type)\s+(?:\([^)]*\)\s*)?{_NAME}",
    "rust": rf"(fn|struct|enum|trait|mod|impl)\s+(?:<[^>]*>\s*)?{_NAME}",
    "ruby": r"(class|module|def)\s+(?:self\.)?([A-Za-z_][\w?!]*)",
    "php": rf"(class|interface|trait|function)\s+{_NAME}",
    "kotlin": rf"(class|interface|object|fun)\s+{_NAME}",
    "swift": rf"(class|struct|enum|protocol|func|extension)\s+{_NAME}",
    "scala": rf"(class|object|trait|def)\s+{_NAME}",
    "shell": r"(function\s+)?([A-Za-z_][\w-]*)\s*\(\)",
    "sql": r"(create\s+(?:or\s+replace\s+)?(?:table|view|function|procedure|index|trigger))\s+"
    r"(?:if\s+not\s+exists\s+)?([\w.\"`]+)",
    "c": rf"(?:[A-Za-z_][\w*\s]*?\b)?(struct|enum|union|class|namespace)\s+{_NAME}\s*\{{",
}
_ALIASES = {"typescript": "javascript", "csharp": "java", "cpp": "c", "groovy": "java"}
_COMPILED = {
    kind: re.compile(rf"^[ \t]*{_MODIFIERS}{pattern}", re.IGNORECASE if kind == "sql" else 0)
    for kind, pattern in _PATTERNS.items()
}
_NUMBERED = re.compile(
    r"^[ \t]{0,8}(?:(?:article|section|clause|schedule|annex|appendix|exhibit|item|part)\s+"
    r"[\dIVXLC]+[A-Z]?\b[.:]?|\d{1,3}(?:\.\d{1,3}){0,3}\.?)[ \t]+(?=[A-Z\"“(])([^\n]{2,200})",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"^[ \t]*[A-Z][A-Z0-9 ,&'()/-]{3,70}[ \t]*$")
_HEADING_CHARS = 90


def marks(text: str, kind: str) -> tuple[Mark, ...]:
    """The sections of a text of this kind, sorted by start."""
    if kind == "python":
        return _python(text)
    pattern = _COMPILED.get(_ALIASES.get(kind, kind))
    if pattern is not None:
        return _scanned(text, pattern)
    return _headings(text) if kind in ("text", "log", "rst") else ()


def _python(text: str) -> tuple[Mark, ...]:
    if len(text) > _PARSE_CHARS:
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found: list[Mark] = []
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, above = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            word = "class" if isinstance(child, ast.ClassDef) else "def"
            label = f"{above} > {word} {child.name}" if above else f"{word} {child.name}"
            first = min([child.lineno, *(d.lineno for d in child.decorator_list)])
            found.append(Mark(starts[first - 1], label))
            last = starts[child.end_lineno or first]
            if last < len(text):
                found.append(Mark(last, above or "module"))
            waiting.append((child, label))
    # Where one ends and another begins, the later in the text, then the deeper, gives the label.
    by_start: dict[int, str] = {}
    for mark in sorted(found, key=lambda m: (m.start, m.label != "module", m.label.count(" > "))):
        by_start[mark.start] = mark.label
    return tuple(Mark(start, label) for start, label in sorted(by_start.items()))


def _scanned(text: str, pattern: re.Pattern[str]) -> tuple[Mark, ...]:
    found, at = [], 0
    for line in text.split("\n"):
        if len(line) <= _LONGEST_LINE and (match := pattern.match(line)):
            word = " ".join((match[1] or "function").lower().split())
            found.append(Mark(at, f"{word} {match[2]}"))
        at += len(line) + 1
    return tuple(found)


def _headings(text: str) -> tuple[Mark, ...]:
    """Numbered lines ("14.2 Assignment", "ARTICLE IV") and short lines in capitals."""
    found, at, blank = [], 0, True
    for line in text.split("\n"):
        if len(line) <= _LONGEST_LINE and line.strip():
            numbered = _NUMBERED.match(line)
            if numbered or (blank and _CAPITALS.match(line) and sum(map(str.isalpha, line)) > 3):
                found.append(Mark(at, _short(line)))
        blank = not line.strip()
        at += len(line) + 1
    return tuple(found)


def _short(line: str) -> str:
    label = " ".join(line.split())
    if len(label) <= _HEADING_CHARS:
        return label
    sentence = re.split(r"(?<=[.:;])\s", label, maxsplit=1)[0]
    return sentence if len(sentence) <= _HEADING_CHARS else label[: _HEADING_CHARS - 1] + "…"

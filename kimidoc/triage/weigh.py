"""A result and the window -> a verdict, its reason, and quotes from elsewhere.

Each rule decides one kind of result and leaves every other alone. They read program text; none
asks a model, and none is right about what its reason does not say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kimidoc.triage import origins
from kimidoc.triage.load import Result
from kimidoc.triage.place import document_of, lines, quoted, trimmed
from kimidoc.triage.program import Module, Program
from kimidoc.types import Citation, Document, Imported, Notice, Verdict

QUOTES = 5
METHOD = Notice(
    "method.other-tools",
    "Rules over the text of Python programs, not the model, judged the results of other tools: by "
    "where a value comes from, who imports a name, where a literal recurs and what is a test. "
    "What no rule decides stays open; none of these results counts for --fail-on.",
)
# What matters is where a value comes from: injection, code and file names from outside, fetches.
_FLOW = frozenset({20, 22, 74, 77, 78, 79, 88, 89, 90, 91, 94, 95, 98, 502, 601, 611, 643, 918})
_FLOW_RULES = re.compile(r"[SB](?:102|30[12]|307|310|50[06]|60[1-689]|61[0-2]|70[1-4])$")
_SECRET = frozenset({259, 321, 798})
_SECRET_RULES = re.compile(r"[SB]10[567]$")
_ASSERT_RULES = re.compile(r"[SB]101$")
_SECURITY_RULES = re.compile(r"[SB]\d{3}$")
_UNUSED = re.compile(r"\b(?:unused|never used|not used|never accessed|not accessed)\b", re.I)
_NAMED = re.compile(r"[`'\"‘“]([A-Za-z_][\w.]*)[`'\"’”]")
_LITERAL_CHARS = 8
OPEN = "No rule decides this from program text; read the place."


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a rule concludes."""

    verdict: Verdict
    reason: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """A result, its document and the window around it."""

    result: Result
    document: Document
    first: int
    last: int
    documents: Sequence[Document]
    program: Program

    @property
    def module(self) -> Module | None:
        return self.program.modules.get(self.document.path)


def weighed(
    results: Iterable[Result], documents: Sequence[Document], base: Path, prefix: str
) -> tuple[Imported, ...]:
    """Every result with its verdict, in the order given. See ``place`` for base and prefix."""
    by_path = {document.path: document for document in documents}
    program = Program(documents)
    return tuple(_weighed(r, by_path, program, base.resolve(), prefix) for r in results)


def _weighed(
    result: Result, documents: dict[str, Document], program: Program, base: Path, prefix: str
) -> Imported:
    document = document_of(result, documents, base, prefix)
    place = quoted(result, document) if document is not None else None
    opinion = Opinion("unread", "Its file is not among the documents that were read.")
    if document is not None and (place is None or place.start_line is None):
        opinion = Opinion("open", "It names no line that its document has.")
    elif document is not None and place is not None:
        first, last = place.start_line or 1, place.end_line or place.start_line or 1
        case = _Case(result, document, first, last, tuple(documents.values()), program)
        opinion = _opinion(case)
    return Imported(
        tool=result.tool,
        rule_id=result.rule_id,
        level=result.level,
        message=result.message,
        uri=result.uri,
        path=document.path if document is not None else None,
        first_line=result.first_line,
        verdict=opinion.verdict,
        reason=opinion.reason,
        place=place,
        citations=opinion.citations[:QUOTES],
    )


def _opinion(case: _Case) -> Opinion:
    for rule in RULES:
        try:
            found = rule(case)
        except RecursionError:  # an expression that is nested too deeply to be followed
            continue
        if found is not None:
            return found
    return Opinion("open", OPEN)


def _flow(case: _Case) -> Opinion | None:
    """Where the value comes from that a statement, a command or a path is built with."""
    concerned = _FLOW & set(case.result.weaknesses) or _FLOW_RULES.match(case.result.rule_id)
    if not concerned or case.module is None:
        return None
    origin = origins.of_lines(case.program, case.module, case.first, case.last)
    if origin is None:
        return None
    cited = _quotes(case, origin.places)
    if origin.kind == "outside":
        return Opinion(
            "confirmed",
            "Followed through assignments and calls, the value comes from outside the program. "
            "Checks on the way were not looked at.",
            cited,
        )
    return Opinion(
        "doubted",
        "Followed through assignments and calls, every source of the value is written in the "
        "program: literals, entries of a constant, numbers or quoted words.",
        cited,
    )


def _callers(case: _Case) -> Opinion | None:
    """Who calls the function that a security tool complains of, where nothing else is known."""
    concerned = case.result.weaknesses or _SECURITY_RULES.match(case.result.rule_id)
    if case.module is None or not concerned:
        return None
    function = case.module.around(case.first)
    if function is None:
        return None
    calls = list(case.program.calls(case.module, function))
    places = [(module, c.lineno, c.end_lineno or c.lineno) for module, c in calls]
    if not places:
        return None
    said = f"{function.name}() is called {len(places):,} time{'s' * (len(places) != 1)}."
    return Opinion("open", f"{OPEN} {said}", _quotes(case, places))


def _unused(case: _Case) -> Opinion | None:
    """Whether another module uses what a tool that sees one file calls unused."""
    named = _NAMED.search(case.result.message)
    if case.module is None or named is None or not _UNUSED.search(case.result.message):
        return None
    name = named[1].rpartition(".")[2]
    if name not in case.module.imports and name not in case.module.top:
        return None  # a local name: no other module can use it
    places = []
    for other in case.program.modules.values():
        if other is not case.module:
            places += [(other, n, n) for n in _users(case.program, case.module, other, name)]
    if places:
        reason = f"Other modules take {name} from this one: there it is used."
        return Opinion("doubted", reason, _quotes(case, places))
    unparsed = [
        document.path
        for document in case.documents
        if document.kind == "python" and document.path not in case.program.modules
    ]
    if unparsed:
        return Opinion("open", f"{unparsed[0]} could not be parsed, and may take {name} from here.")
    count = len(case.program.modules) - 1
    reason = (
        f"None of the {count:,} other Python modules that were read takes {name} from this one."
    )
    return Opinion("confirmed", reason)


def _users(program: Program, module: Module, other: Module, name: str) -> list[int]:
    """The lines of another module that import the name from this one, or reach for it there."""
    found = []
    for node in ast.walk(other.tree):
        if isinstance(node, ast.ImportFrom) and any(a.name in (name, "*") for a in node.names):
            kept = {(dotted, n) for dotted, n in other.imports.values()}
            if any(n in (name, "*") and program.is_module(d, module) for d, n in kept):
                found.append(node.lineno)
        elif (
            isinstance(node, ast.Attribute)
            and node.attr == name
            and isinstance(node.value, ast.Name)
            and program.named_module(other, node.value.id) is module
        ):
            found.append(node.lineno)
    return found


def _secret(case: _Case) -> Opinion | None:
    """Whether the literal that is called a secret stands elsewhere, and who reads its name."""
    concerned = _SECRET & set(case.result.weaknesses) or _SECRET_RULES.match(case.result.rule_id)
    if not concerned or case.module is None:
        return None
    names, literals = set[str](), set[str]()
    for node in ast.walk(case.module.tree):
        if getattr(node, "lineno", 0) in range(case.first, case.last + 1):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals |= {node.value} if len(node.value) >= _LITERAL_CHARS else set()
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    spread = [c for literal in sorted(literals) for c in _standing(case, literal)]
    if spread:
        reason = "The same words stand elsewhere in the documents: they are no placeholder."
        return Opinion("confirmed", reason, tuple(spread))
    users = [
        (other, line, line)
        for name in sorted(names)
        for other in case.program.modules.values()
        if other is not case.module
        for line in _users(case.program, case.module, other, name)
    ]
    if users:
        reason = "Its words stand nowhere else; other modules read it by its name."
        return Opinion("open", reason, _quotes(case, users))
    return None


def _standing(case: _Case, literal: str) -> list[Citation]:
    """Other documents' lines that hold the same words."""
    found = []
    for document in case.documents:
        at = document.text.find(literal) if document is not case.document else -1
        if at >= 0:
            start = document.text.rfind("\n", 0, at) + 1
            end = document.text.find("\n", at)
            cited = trimmed(document, start, end if end >= 0 else len(document.text))
            found += [cited] if cited is not None else []
    return found


def _assert(case: _Case) -> Opinion | None:
    """An assert in a test is what a test is made of."""
    if not _ASSERT_RULES.match(case.result.rule_id) or case.module is None:
        return None
    function = case.module.around(case.first)
    if function is None or not function.name.startswith("test"):
        return None
    where = _quotes(case, [(case.module, function.lineno, function.lineno)])
    return Opinion("doubted", "It stands in a test function, which asserts are for.", where)


def _quotes(case: _Case, places: Iterable[tuple[Module, int, int]]) -> tuple[Citation, ...]:
    """Lines of modules as citations, those of the result itself left out."""
    found: dict[Citation, None] = {}
    for module, first, last in places:
        if module is case.module and case.first <= first and last <= case.last:
            continue
        cited = lines(module.document, first, last)
        if cited is not None:
            found[cited] = None
    return tuple(found)


RULES: tuple[Callable[[_Case], Opinion | None], ...] = (
    _flow,
    _secret,
    _unused,
    _assert,
    _callers,
)

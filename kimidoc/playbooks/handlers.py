"""What only a whole repository shows: the handler without its guard, the address nobody serves.

Rules over the text of Python web code and of the scripts that call it:

- among the routes of one module most carry a further decorator, and one carries none;
- a script asks for a path below a prefix that is served, and no route of that path is.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimidoc.playbooks.sweep import Found
from kimidoc.types import Citation, Document

VERBS = frozenset({"route", "get", "post", "put", "patch", "delete", "websocket", "api_route"})
SCRIPTS = frozenset({"javascript", "typescript", "html", "template"})
_PREFIX = re.compile(
    r"(?P<name>\w+)\s*=\s*(?:\w+\.)?(?:Blueprint|APIRouter)\((?P<rest>[^)]*)\)", re.DOTALL
)
_GIVEN = re.compile(r"(?:url_)?prefix\s*=\s*[\"'](?P<prefix>[^\"']*)[\"']")
_ROUTE = re.compile(
    rf"(?P<on>\w+)\.(?:{'|'.join(sorted(VERBS))}|use|all)\(\s*[\"'`](?P<path>/[^\"'`\s]*)[\"'`]"
)
_CALL = re.compile(r"\b\w*(?:fetch|call|get|post|put|patch|delete|request|axios|ajax)\w*\(\s*"
                   r"[\"'`](?P<path>/[\w./${}-]*)[\"'`?]", re.IGNORECASE)  # fmt: skip
_PARAMETER = re.compile(r"<[^>]*>|\{[^}]*\}|\$\{[^}]*\}|:\w+")


@dataclass(frozen=True, slots=True)
class _Handler:
    name: str
    guards: frozenset[str]
    start: int
    end: int


def unguarded(documents: Sequence[Document]) -> Iterator[Found]:
    """Handlers that lack the decorator which the others of their module carry."""
    for document in documents:
        handlers = _handlers(document) if document.kind == "python" else []
        often = Counter(guard for handler in handlers for guard in handler.guards)
        if len(handlers) < 3 or not often:
            continue
        guard, count = often.most_common(1)[0]
        bare = [handler for handler in handlers if not handler.guards]
        if count <= len(handlers) // 2 or len(bare) > len(handlers) // 3:
            continue
        for handler in bare:
            said = f"{handler.name} has no @{guard}; {count} of {len(handlers)} handlers here have"
            yield Found(document.path, said, (Citation.of(document, handler.start, handler.end),))


def unserved(documents: Sequence[Document]) -> Iterator[Found]:
    """Paths that a script asks for and that no route of the set serves."""
    served = [path for document in documents for path in _served(document)]
    roots = {path.split("/")[1] for path in served if path.count("/") > 1}
    seen: set[tuple[str, str]] = set()
    for document in documents:
        for match in _CALL.finditer(document.text) if document.kind in SCRIPTS else ():
            path = match["path"].rstrip("/") or "/"
            if path.split("/")[1] not in roots or (document.path, path) in seen:
                continue
            seen.add((document.path, path))
            if not any(_same(path, other) for other in served):
                yield Found(document.path, path, (Citation.of(document, *match.span()),))


def _handlers(document: Document) -> list[_Handler]:
    try:
        tree = ast.parse(document.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [(_name(each), each.lineno) for each in node.decorator_list]
            routes = [
                line for name, line in names if name.rpartition(".")[2] in VERBS and "." in name
            ]
            if routes:
                guards = frozenset(n for n, _ in names if n and n.rpartition(".")[2] not in VERBS)
                start = document.line_starts[min(routes) - 1]
                end = document.text.find("\n", document.line_starts[node.lineno - 1])
                end = len(document.text) if end < 0 else end
                found.append(_Handler(node.name, guards, start, end))
    return found


def _name(node: ast.expr) -> str:
    """The dotted name of a decorator, called or not."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _served(document: Document) -> Iterator[str]:
    prefixes = {
        match["name"]: given["prefix"]
        for match in _PREFIX.finditer(document.text)
        if (given := _GIVEN.search(match["rest"]))
    }
    for match in _ROUTE.finditer(document.text):
        if document.kind not in SCRIPTS or match["on"] in ("app", "router", "server"):
            yield prefixes.get(match["on"], "") + match["path"]


def _same(asked: str, served: str) -> bool:
    """Whether a path fits a route, parts that vary standing for anything."""
    one, two = ([*path.rstrip("/").split("/")] for path in (asked, served))
    return len(one) == len(two) and all(
        a == b or _PARAMETER.search(a) or _PARAMETER.search(b)
        for a, b in zip(one, two, strict=True)
    )

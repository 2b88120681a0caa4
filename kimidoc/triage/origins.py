"""Where a value in a flagged line comes from, followed through assignments and across modules.

    outside   a request, the command line, standard input, a URL's placeholder
    fixed     literals, entries of a constant, numbers, what shlex.quote made
    None      cannot be told: a file, an attribute of an object, a call that is not known

Rules over program text, and narrow ones: only a value whose every source is fixed is called fixed,
and one source from outside makes it outside, whatever is checked on the way.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kimidoc.triage.program import Function, Module, Program

DEPTH = 4  # functions that a value is followed back through
_OUTSIDE = re.compile(
    r"\b(?:request|req)\.(?:args|form|values|json|get_json|data|files|cookies|headers|GET|POST|body"
    r"|params|query|query_params|stream)\b|(?<![\w.])input\(|\bsys\.(?:argv|stdin)\b"
)
_ROUTE = re.compile(r"\.(?:route|get|post|put|patch|delete|api_route|websocket)\(")
_NUMBERS = frozenset({"int", "float", "len", "bool", "abs", "round", "ord", "hash", "sum", "id"})
_KEPT = frozenset(
    "strip lstrip rstrip lower upper casefold title replace format encode decode split splitlines "
    "join removeprefix removesuffix get copy items keys values".split()
)
_QUOTED = frozenset({"shlex.quote", "shlex.join", "quote_plus"})


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a value, and the places that say so: module, first and last line."""

    kind: Literal["outside", "fixed"]
    places: tuple[tuple[Module, int, int], ...]


def of_lines(program: Program, module: Module, first: int, last: int) -> Origin | None:
    """Where what is built or passed on in these lines comes from."""
    function = module.around(first)
    values = list(_values(module, first, last))
    return _together(_origin(program, module, function, value, DEPTH) for value in values)


def _values(module: Module, first: int, last: int) -> Iterator[ast.expr]:
    """What a text is built from in these lines; where none is, the first arguments of calls."""
    nodes = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.expr) and first <= node.lineno <= last
    ]
    built = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    if built:
        for text in built:
            yield from (v.value for v in text.values if isinstance(v, ast.FormattedValue))
        return
    joined = [n for n in nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Mod)]
    if joined:
        yield max(joined, key=lambda n: (n.end_lineno or 0, n.end_col_offset or 0))
        return
    calls = [n for n in nodes if isinstance(n, ast.Call) and n.args and n.lineno == first]
    yield from (call.args[0] for call in calls[:1])


def _together(found: Iterable[Origin | None]) -> Origin | None:
    """One source from outside makes it outside; only if all are fixed is it fixed."""
    origins = list(found)
    outside = [o for o in origins if o is not None and o.kind == "outside"]
    if outside:
        return Origin("outside", outside[0].places)
    if not origins or None in origins:
        return None
    places = dict.fromkeys(p for o in origins if o is not None for p in o.places)
    return Origin("fixed", tuple(places))


def _origin(
    program: Program, module: Module, function: Function | None, value: ast.expr, depth: int
) -> Origin | None:
    here = (module, value.lineno, value.end_lineno or value.lineno)
    if isinstance(value, ast.Constant):
        return Origin("fixed", ())
    if isinstance(value, ast.Compare):
        return Origin("fixed", (here,))
    if isinstance(value, ast.IfExp):  # what decides is no part of the value
        return _together(
            _origin(program, module, function, v, depth) for v in (value.body, value.orelse)
        )
    made = _looked_up(program, module, function, value, depth)
    if made is not None:
        return made
    if _OUTSIDE.search(ast.unparse(value)):
        return Origin("outside", (here,))
    if isinstance(value, ast.Name):
        return _name(program, module, function, value, depth)
    if isinstance(value, ast.Call):
        return _call(program, module, function, value, depth)
    if isinstance(value, ast.Attribute):
        return _attribute(program, module, value)
    if isinstance(value, ast.GeneratorExp | ast.ListComp | ast.SetComp):
        return _origin(program, module, function, value.elt, depth)
    if isinstance(value, ast.Subscript):
        return _origin(program, module, function, value.value, depth)
    parts = _parts(value)
    if parts is None:
        return None
    return _together(_origin(program, module, function, p, depth) for p in parts) or (
        Origin("fixed", ()) if not parts else None
    )


def _looked_up(
    program: Program, module: Module, function: Function | None, value: ast.expr, depth: int
) -> Origin | None:
    """A number, quoted words, or an entry of a constant: fixed, whatever was asked for."""
    here = (module, value.lineno, value.end_lineno or value.lineno)
    entry: list[ast.expr] = []
    if isinstance(value, ast.Call):
        if ast.unparse(value.func) in _NUMBERS | _QUOTED:
            return Origin("fixed", (here,))
        if isinstance(value.func, ast.Attribute) and value.func.attr == "get":
            entry = [value.func.value, *value.args[1:]]
    elif isinstance(value, ast.Subscript):
        entry = [value.value]
    if not entry or not isinstance(entry[0], ast.Name | ast.Attribute):
        return None
    found = _together(_origin(program, module, function, part, depth) for part in entry)
    return found if found is not None and found.kind == "fixed" else None


def _parts(value: ast.expr) -> list[ast.expr] | None:
    """The values that one is put together from; None for a kind that is not known."""
    if isinstance(value, ast.JoinedStr):
        return [v.value for v in value.values if isinstance(v, ast.FormattedValue)]
    if isinstance(value, ast.BinOp):
        return [value.left, value.right]
    if isinstance(value, ast.BoolOp):
        return list(value.values)
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return list(value.elts)
    if isinstance(value, ast.Dict):
        return list(value.values)
    if isinstance(value, ast.Starred | ast.Await | ast.NamedExpr | ast.FormattedValue):
        return [value.value]
    return None


def _call(
    program: Program, module: Module, function: Function | None, value: ast.Call, depth: int
) -> Origin | None:
    name = ast.unparse(value.func)
    if name in ("str", "list", "tuple", "sorted", "set") and value.args:
        return _origin(program, module, function, value.args[0], depth)
    if isinstance(value.func, ast.Attribute) and value.func.attr in _KEPT:
        parts = [value.func.value]
        if value.func.attr in ("join", "format", "replace"):
            parts += value.args
        if value.func.attr == "get":  # of a constant: what it may return besides
            parts += value.args[1:]
        return _together(_origin(program, module, function, p, depth) for p in parts)
    return None


def _attribute(program: Program, module: Module, value: ast.Attribute) -> Origin | None:
    """``module.CONSTANT`` of another module of the window."""
    if not isinstance(value.value, ast.Name):
        return None
    other = program.named_module(module, value.value.id)
    return _constant(program, other, value.attr) if other is not None else None


def _name(
    program: Program, module: Module, function: Function | None, value: ast.Name, depth: int
) -> Origin | None:
    if function is not None:
        if value.id in _parameters(function):
            return _parameter(program, module, function, value.id, depth)
        assigned = [n for n in ast.walk(function) if value.id in _bound(n)]
        if assigned:
            found = [_assigned(program, module, function, n, value.id, depth) for n in assigned]
            return _together(found)
    bound = program.binding(module, value.id)
    return _constant(program, *bound) if bound is not None else None


def _bound(node: ast.AST) -> set[str]:
    """The names that a statement binds."""
    if isinstance(node, ast.Assign):
        return {t.id for t in node.targets if isinstance(t, ast.Name)} | {
            e.id
            for t in node.targets
            if isinstance(t, ast.Tuple | ast.List)
            for e in t.elts
            if isinstance(e, ast.Name)
        }
    if isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr | ast.For | ast.AsyncFor):
        return {node.target.id} if isinstance(node.target, ast.Name) else set()
    if isinstance(node, ast.With | ast.AsyncWith):
        return {
            item.optional_vars.id for item in node.items if isinstance(item.optional_vars, ast.Name)
        }
    return set()


def _assigned(
    program: Program, module: Module, function: Function, node: ast.AST, name: str, depth: int
) -> Origin | None:
    value = getattr(node, "value", None) or getattr(node, "iter", None)
    if not isinstance(value, ast.expr) or depth <= 0:
        return None
    if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value)):
        return None  # made from itself: a loop would have to be followed
    found = _origin(program, module, function, value, depth - 1)
    if found is None:
        return None
    here = (module, value.lineno, value.end_lineno or value.lineno)
    return Origin(found.kind, tuple(dict.fromkeys((here, *found.places))))


def _constant(program: Program, module: Module, name: str) -> Origin | None:
    """A literal at a module's own level."""
    node = module.top.get(name)
    value = getattr(node, "value", None)
    if node is None or not isinstance(value, ast.expr):
        return None
    found = _origin(program, module, None, value, 0)
    here = (module, node.lineno, node.end_lineno or node.lineno)
    return Origin(found.kind, (here, *found.places)) if found is not None else None


def _parameters(function: Function) -> list[str]:
    told = function.args
    return [a.arg for a in (*told.posonlyargs, *told.args, *told.kwonlyargs)]


def _parameter(
    program: Program, module: Module, function: Function, name: str, depth: int
) -> Origin | None:
    """What every caller passes; a placeholder of a route's path comes from outside."""
    for decorator in function.decorator_list:
        said = ast.unparse(decorator)
        if _ROUTE.search(said) and re.search(rf"[<{{:]{re.escape(name)}[>}}:]", said):
            line = (module, decorator.lineno, decorator.end_lineno or decorator.lineno)
            return Origin("outside", (line, (module, function.lineno, function.lineno)))
    if depth <= 0:
        return None
    found: list[Origin | None] = []
    for caller, call in program.calls(module, function):
        passed = _passed(function, call, name)
        inside = caller.around(call.lineno)
        origin = _origin(program, caller, inside, passed, depth - 1) if passed else None
        here = (caller, call.lineno, call.end_lineno or call.lineno)
        found.append(origin and Origin(origin.kind, tuple(dict.fromkeys((here, *origin.places)))))
    return _together(found)


def _passed(function: Function, call: ast.Call, name: str) -> ast.expr | None:
    """The value that a call gives a parameter, its default where it gives none."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(not k.arg for k in call.keywords):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    told = function.args
    by_place = [a.arg for a in (*told.posonlyargs, *told.args)]
    if name in by_place[: len(call.args)]:
        return call.args[by_place.index(name)]
    defaults = dict(zip(reversed(by_place), reversed(told.defaults), strict=False))
    named = zip((a.arg for a in told.kwonlyargs), told.kw_defaults, strict=True)
    return defaults.get(name) or dict(named).get(name)

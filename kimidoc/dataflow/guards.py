"""What a condition says about values where it holds, and where it does not.

A text that equals a literal, stands in a list of literals or matches a pattern does no harm there;
a number that was compared has a bound. What is cleared is the source: every value made from the
same read of it. Only conditions that are spelled out count; a function called ``isValid`` whose
text is not in the set does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from kimidoc.dataflow import constants
from kimidoc.dataflow.run import Run
from kimidoc.dataflow.tree import Call, Name, Node, Op, Put
from kimidoc.dataflow.values import Key, Literal, Spot, State, Taint, Value, content, taints

_AND, _OR = ("&&", "and"), ("||", "or")
_EQUAL = frozenset({"equals", "equalsIgnoreCase", "contentEquals"})
_MATCHES = frozenset({"matches", "fullmatch", "isdigit", "isalnum", "isalpha", "isidentifier"})
_MEMBER = frozenset({"contains", "containsKey", "containsValue"})
_INSIDE = frozenset({"startsWith", "startswith", "is_relative_to"})
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_SITE = re.compile(r"/|https?://")
TEXT = frozenset({"text"})


def truth(made: Value) -> bool | None:
    """Whether a condition certainly holds; None where it may or may not."""
    found = made.literal
    return found[1] if found is not None and isinstance(found[1], bool) else None


def parted(run: Run, test: Node, state: State) -> tuple[State, State]:
    """The state where a condition holds, and where it does not."""
    run.spend(state)
    one, two = state.copy(), state.copy()
    _refine(run, test, one, True)
    _refine(run, test, two, False)
    return one, two


def _refine(run: Run, test: Node, state: State, holds: bool, depth: int = 8) -> None:
    if depth == 0:
        return
    if isinstance(test, Put):
        test = test.value
    if isinstance(test, Op):
        if test.op in ("!", "not"):
            _refine(run, test.parts[0], state, not holds, depth - 1)
        elif test.op in (_AND if holds else _OR):
            for part in test.parts:
                _refine(run, part, state, holds, depth - 1)
        elif test.op in ("in", "not in") and holds is (test.op == "in"):
            _listed(run, test.parts[0], test.parts[1], state)
        elif test.op in _OPPOSITE and len(test.parts) == 2:
            op = test.op if holds else _OPPOSITE[test.op]
            _compared(run, test.parts[0], op, test.parts[1], state)
            _compared(run, test.parts[1], _TURNED[op], test.parts[0], state)
    elif isinstance(test, Call) and holds:
        _called(run, test, state)


def _called(run: Run, test: Call, state: State) -> None:
    if test.name in _EQUAL and test.of is not None and len(test.args) == 1:
        for one, other in ((test.of, test.args[0]), (test.args[0], test.of)):
            if not _quiet(run, other, state).taints:
                _clear(run, one, state, TEXT)
    elif test.name in _MATCHES and test.of is not None:
        for part in (test.of, *test.args):
            _clear(run, part, state, TEXT)
    elif test.name in _MEMBER and test.of is not None and test.args:
        _listed(run, test.args[0], test.of, state)
    elif test.name in _INSIDE and test.of is not None and test.args:
        begins = _quiet(run, test.args[0], state)
        if not begins.taints:
            _clear(run, test.of, state, {"path-traversal"}, only="canonical")
        if not begins.taints and (begins.literal is None or _SITE.match(str(begins.literal[1]))):
            _clear(run, test.of, state, {"open-redirect"})


def _listed(run: Run, one: Node, among: Node, state: State) -> None:
    """``one`` stands in a list that holds nothing from outside; a text is no list."""
    of = _quiet(run, among, state)
    texts = any(isinstance(k[1], str) for k in of.known) or of.type in ("String", "str")
    if not of.taints and not texts and not (isinstance(among, Name) and of == Value()):
        _clear(run, one, state, TEXT)
    elif not of.taints and isinstance(among, Name) and among.name.isupper():
        _clear(run, one, state, TEXT)


def _compared(run: Run, one: Node, op: str, other: Node, state: State) -> None:
    bound = _quiet(run, other, state)
    if bound.taints:
        return
    known = bound.literal
    if known is not None and isinstance(one, Name):
        _kept(run, one.name, op, known[1], state)
    if known is not None and isinstance(known[1], str) and op == "==":
        _clear(run, one, state, TEXT)
        return
    if known is not None and known[1] is None:
        return
    number = known[1] if known is not None and isinstance(known[1], int | float) else None
    what = set[str]()
    if isinstance(one, Call) and one.name == "abs":
        what = {"low", "high"} if op in ("<", "<=") else {"nonzero"} if op in (">", ">=") else what
        one = one.args[0] if one.args else one
    elif op in ("<", "<="):
        what = {"high"} | ({"nonzero"} if number is not None and number <= 0 else set())
    elif op in (">", ">="):
        positive = number is not None and (number > 0 or (number == 0 and op == ">"))
        extreme = number in (constants.LEAST_INT, float(constants.LEAST_INT)) and op == ">="
        what = set() if extreme else {"low"} | ({"nonzero"} if positive else set())
    elif op == "==" and number is not None:
        what = {"low", "high"} | ({"nonzero"} if number != 0 else set())
    elif op == "!=" and number == 0:
        what = {"nonzero"}
    elif op == "!=" and number is not None:
        # "if (x == MAX_VALUE) return": the one value that does not fit is out
        what = {"high"} if number == constants.MOST_INT else (
            {"low"} if number == constants.LEAST_INT else set())  # fmt: skip
    if what:
        _clear(run, one, state, what)


def _kept(run: Run, name: str, op: str, bound: Literal, state: State) -> None:
    """Of the literals that a variable may be, those for which the comparison holds."""
    value = state.names.get(name)
    if value is None or not value.exact or len(value.known) < 2:
        return
    kept = set[Key]()
    for key in value.known:
        try:
            if constants.folded(op, (key[1], bound), run.tables.language) is True:
                kept.add(key)
        except constants.Unfoldable:
            return
    if kept:
        state.names[name] = replace(value, known=frozenset(kept))


def _quiet(run: Run, node: Node, state: State) -> Value:
    return content(run.value(node, state.copy()), state.heap)


def _clear(
    run: Run, node: Node, state: State, what: Iterable[str], only: str | None = None
) -> None:
    """Clear the sources of an expression wherever their values are."""
    sources = {
        t.source for t in _quiet(run, node, state).taints if only is None or only in t.cleared
    }
    if sources:
        run.spend(state)
        clear_sources(state, sources, frozenset(what))


def clear_sources(state: State, sources: set[Spot], what: frozenset[str]) -> None:
    """Every value in the state that was made from these reads is harmless for some checks."""

    def made(value: Value) -> Value:
        if not any(t.source in sources for t in value.taints):
            return value
        return replace(value, taints=taints(
            replace(t, cleared=t.cleared | what) if _own(t) else t for t in value.taints
        ))  # fmt: skip

    def _own(taint: Taint) -> bool:
        return taint.source in sources

    state.names = {name: made(value) for name, value in state.names.items()}
    for ref, thing in list(state.heap.items()):
        items = tuple(made(v) for v in thing.items) if thing.items is not None else None
        entries = (
            tuple((k, made(v)) for k, v in thing.entries) if thing.entries is not None else None
        )
        state.heap[ref] = replace(thing, items=items, entries=entries, rest=made(thing.rest))

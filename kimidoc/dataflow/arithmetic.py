"""Numbers from outside where the size of a number matters: forms of the language, not calls.

What is raised needs a number that nobody compared: an index without both bounds, a divisor that may
be zero, a size or a count without an upper bound, an operation whose outcome may not fit, a cast
into fewer bits. A literal that certainly does not fit is raised as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from kimidoc.dataflow import constants
from kimidoc.dataflow.run import Flow, Run
from kimidoc.dataflow.tree import Cast, Item, Node, Op, Span
from kimidoc.dataflow.values import Literal, Value

_NARROW = frozenset({"byte", "short", "char"})
_NEEDS = {
    "array-index": ({"low", "high"}, "an index"),
    "division": ({"nonzero"}, "a divisor"),
    "allocation": ({"high"}, "the size of what is made"),
    "narrowing": ({"low", "high"}, "a cast into fewer bits"),
    "endless-work": ({"high"}, "how often the loop runs"),
}


def reaches(run: Run, check: str, span: Span, made: Value, needs: set[str], words: str) -> None:
    """Raise a number from outside that lacks one of the bounds it needs."""
    if check not in run.tables.checks:
        return
    for taint in made.taints:
        is_number = "text" in taint.cleared or taint.kind == "number"
        if is_number and not needs <= taint.cleared and check not in taint.cleared:
            run.flows(Flow(check, run.spot(span), words, taint))
            run.looked(check, span, "reached")


def _form(run: Run, check: str, span: Span, made: Value) -> None:
    needs, words = _NEEDS[check]
    reaches(run, check, span, made, needs, words)


def index(run: Run, node: Item, key: Value) -> None:
    """``of[key]``."""
    _form(run, "array-index", node.span, key)


def size(run: Run, node: Node, made: Value) -> None:
    """``new byte[size]``."""
    _form(run, "allocation", node.span, made)


def cast(run: Run, node: Cast, made: Value) -> None:
    """``(byte) value``."""
    if node.type in _NARROW and made.type not in _NARROW:
        _form(run, "narrowing", node.span, made)


def bound(run: Run, test: Node, parts: Sequence[Value]) -> None:
    """A loop's condition compares with a number from outside."""
    for made in parts:
        _form(run, "endless-work", test.span, made)


def operands(run: Run, node: Op, parts: Sequence[Value]) -> None:
    """An operator whose operands may be any number."""
    if node.op in ("/", "%") and len(parts) == 2:
        _form(run, "division", node.span, parts[1])
    if node.op in ("+", "-", "*") and not any(_text(part) for part in parts):
        for part in parts:
            if part.type in ("double", "float", "BigInteger", "BigDecimal"):
                continue
            needs = {"low"} if node.op == "-" else {"high"}
            reaches(run, "integer-overflow", node.span, part, needs, "arithmetic")


def _text(part: Value) -> bool:
    return part.type in ("String", "str") or any(isinstance(k[1], str) for k in part.known)


def certain(run: Run, node: Op, given: Sequence[Literal]) -> None:
    """Literals whose outcome does not fit, or has none."""
    if run.tables.language != "java":
        return
    if constants.overflows(node.op, given):
        said = f" {node.op} ".join(str(one) for one in given)
        run.flows(Flow("integer-overflow", run.spot(node.span), "arithmetic", None, said))
    if node.op in ("/", "%") and len(given) == 2 and given[1] == 0:
        zero = type(given[1]) in (int, float)
        if zero:
            run.flows(Flow("division", run.spot(node.span), "a divisor", None, "0"))

"""Numbers from outside where the size of a number matters: forms of the language, not calls.

What is raised needs a number that nobody compared: an index without both bounds, a divisor that may
be zero, a size or a count without an upper bound, an operation whose outcome may not fit, a cast
into fewer bits. A literal that certainly does not fit is raised as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kimidoc.dataflow import constants
from kimidoc.dataflow.run import Flow, Run
from kimidoc.dataflow.tree import Cast, Item, Node, Op, Span
from kimidoc.dataflow.values import Literal, Value, taints

# What integers of so many bits hold; the order is that of their width.
RANGES = {
    "byte": (-(2**7), 2**7 - 1),
    "char": (0, 2**16 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (constants.LEAST_INT, constants.MOST_INT),
}
_WIDTH = {"byte": 1, "char": 2, "short": 2, "int": 4, "float": 4, "long": 8, "double": 8}
_ARITHMETIC = ("+", "-", "*")
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


def cast(run: Run, node: Cast, made: Value) -> Value:
    """``(byte) value``: afterwards it may be any number of so many bits."""
    if node.type not in RANGES:
        return made
    sums = isinstance(node.value, Op) and node.value.op in _ARITHMETIC
    if made.exact:
        least, most = RANGES[node.type]
        numbers = sorted(v for kind, v in made.known if kind == "int" and isinstance(v, int))
        for number in [n for n in numbers if not least <= n <= most][:1]:
            check = "integer-overflow" if sums else "narrowing"
            words = "arithmetic" if sums else _NEEDS["narrowing"][1]
            run.flows(Flow(check, run.spot(node.span), words, None, str(number)))
        return made
    if not sums and _WIDTH.get(made.type or "int", 4) > _WIDTH[node.type]:
        _form(run, "narrowing", node.span, made)
    if node.type == "int":
        return made
    again = (replace(t, cleared=t.cleared - {"low", "high"}) for t in made.taints)
    return replace(made, taints=taints(again), type=node.type)


def bound(run: Run, test: Node, parts: Sequence[Value]) -> None:
    """A loop's condition compares with a number from outside."""
    for made in parts:
        _form(run, "endless-work", test.span, made)


def operands(run: Run, node: Op, parts: Sequence[Value]) -> None:
    """An operator whose operands may be any number."""
    if node.op in ("/", "%") and len(parts) == 2:
        _form(run, "division", node.span, parts[1])
    if node.op in _ARITHMETIC and not any(_text(part) for part in parts):
        for part in parts:
            if part.type in ("double", "float", "BigInteger", "BigDecimal"):
                continue
            needs = {"+": {"high"}, "-": {"low"}}.get(node.op, {"low", "high"})
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

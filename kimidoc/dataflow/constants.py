"""Operators and methods over literals: what a condition comes to, what a text is.

``folded`` and ``called`` give None where the outcome is not certain. Integers are 32-bit where the
language has them so; ``overflows`` says when a result does not fit.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from kimidoc.dataflow.values import Literal

MOST_CHARS = 2_000  # of a text that is computed
LEAST_INT, MOST_INT = -(2**31), 2**31 - 1
_NUMBERS: dict[str, Callable[[int | float, int | float], int | float | bool]] = {
    "-": operator.sub, "*": operator.mul,
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_BITS: dict[str, Callable[[int, int], int]] = {
    "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip


class Unfoldable(Exception):
    """There is no certain outcome."""


def folded(op: str, parts: Sequence[Literal], language: str) -> Literal:
    """The outcome of an operator. Raises Unfoldable."""
    if len(parts) == 1:
        return _single(op, parts[0])
    result = parts[0]
    for part in parts[1:]:
        result = _two(op, result, part, language)
    return result


def _single(op: str, one: Literal) -> Literal:
    if op in ("!", "not") and isinstance(one, bool):
        return not one
    if op == "neg" and _number(one):
        return -one  # type: ignore[operator]
    if op == "~" and type(one) is int:
        return ~one
    raise Unfoldable


def _two(op: str, one: Literal, two: Literal, language: str) -> Literal:
    if op in ("==", "is"):
        return one == two and isinstance(one, bool) == isinstance(two, bool)
    if op in ("!=", "is not"):
        return not _two("==", one, two, language)
    if op in ("&&", "and", "||", "or") and isinstance(one, bool) and isinstance(two, bool):
        return (one and two) if op in ("&&", "and") else (one or two)
    if op == "+" and (isinstance(one, str) or isinstance(two, str)):
        return _glued(one, two, language)
    if not _number(one) or not _number(two):
        raise Unfoldable
    assert isinstance(one, int | float) and isinstance(two, int | float)
    return _arithmetic(op, one, two, language)


def _arithmetic(op: str, one: int | float, two: int | float, language: str) -> Literal:
    if op == "+":
        return one + two
    if op in _NUMBERS:
        return _NUMBERS[op](one, two)
    if op in ("/", "%", "//") and two != 0:
        if op == "%":
            return _remainder(one, two, language)
        if op == "//" or (language == "java" and isinstance(one, int) and isinstance(two, int)):
            whole = abs(one) // abs(two)
            if op == "//":
                return one // two
            return whole if (one < 0) == (two < 0) else -whole
        return one / two
    if op in _BITS and isinstance(one, int) and isinstance(two, int):
        return _BITS[op](one, two)
    raise Unfoldable


def _remainder(one: int | float, two: int | float, language: str) -> int | float:
    if language != "java":
        return one % two
    left = abs(one) % abs(two)
    return -left if one < 0 else left


def _number(value: Literal) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**70


def _glued(one: Literal, two: Literal, language: str) -> str:
    if language != "java" and not (isinstance(one, str) and isinstance(two, str)):
        raise Unfoldable
    if isinstance(one, float) or isinstance(two, float):
        raise Unfoldable
    made = _shown(one) + _shown(two)
    if len(made) > MOST_CHARS:
        raise Unfoldable
    return made


def _shown(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def overflows(op: str, parts: Sequence[Literal]) -> bool:
    """Whether 32-bit integers do not hold the outcome."""
    if op not in ("+", "-", "*") or not all(type(part) is int for part in parts):
        return False
    try:
        made = folded(op, parts, "java")
    except Unfoldable:
        return False
    return type(made) is int and not LEAST_INT <= made <= MOST_INT


def called(name: str, of: Literal, args: Sequence[Literal]) -> Literal:
    """A method of a text. Raises Unfoldable."""
    if not isinstance(of, str):
        raise Unfoldable
    try:
        return _METHODS[name](of, *args)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise Unfoldable from None


def counted(name: str, args: Sequence[Literal]) -> Literal:
    """A function of numbers: ``Math.abs``, ``abs``. Raises Unfoldable."""
    if name not in _FUNCTIONS or not args or not all(_number(one) for one in args):
        raise Unfoldable
    try:
        made = _FUNCTIONS[name](*args)
    except (TypeError, ValueError):
        raise Unfoldable from None
    return made


def _substring(text: str, start: int, end: int | None = None) -> str:
    if start < 0 or start > len(text) or (end is not None and not start <= end <= len(text)):
        raise ValueError
    return text[start:end]


def _char(text: str, at: int) -> str:
    if at < 0:
        raise IndexError
    return text[at]


_METHODS: dict[str, Callable[..., Literal]] = {
    "charAt": _char,
    "substring": _substring,
    "length": len,
    "isEmpty": lambda text: not text,
    "equals": lambda text, other: text == other,
    "equalsIgnoreCase": lambda text, other: text.casefold() == other.casefold(),
    "contains": lambda text, other: other in text,
    "indexOf": lambda text, other: text.find(other),
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "toUpperCase": lambda text: text.upper(),
    "toLowerCase": lambda text: text.lower(),
    "upper": str.upper,
    "lower": str.lower,
    "trim": lambda text: text.strip(" \t\r\n"),
    "strip": str.strip,
    "concat": lambda text, other: text + other,
    "toString": lambda text: text,
    "toCharArray": lambda text: text,
    "getBytes": lambda text, *_: text,
    "replace": lambda text, old, new: text.replace(old, new) if len(text) < 200 else None,
}
_FUNCTIONS: dict[str, Callable[..., int | float]] = {
    "abs": abs,
    "sqrt": math.sqrt,
    "max": max,
    "min": min,
}

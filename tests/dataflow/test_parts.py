"""Literals, containers and tables on their own."""

from __future__ import annotations

import pytest

from kimidoc.dataflow import checks, constants, tables
from kimidoc.dataflow.constants import Unfoldable, called, folded, overflows
from kimidoc.dataflow.tables import LANGUAGES, read
from kimidoc.dataflow.values import Spot, Taint, Value, joined, literal


@pytest.mark.parametrize(
    ("op", "parts", "java", "python"),
    [
        ("/", (500, 42), 11, 500 / 42),
        ("/", (-7, 2), -3, -3.5),
        ("%", (-7, 2), -1, 1),
        ("+", ("a", 1), "a1", None),
        ("+", ("a", True), "atrue", None),
        ("-", (7, 9), -2, -2),
        ("<", (1, 2), True, True),
        ("==", (1, True), False, False),
        ("&&", (True, False), False, False),
    ],
)
def test_operators(op: str, parts: tuple[object, ...], java: object, python: object) -> None:
    assert folded(op, parts, "java") == java  # type: ignore[arg-type]
    if python is None:
        with pytest.raises(Unfoldable):
            folded(op, parts, "python")  # type: ignore[arg-type]
    else:
        assert folded(op, parts, "python") == python  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("op", "parts"), [("/", (1, 0)), ("%", (1, 0)), ("**", (2, 9)), ("<", ("a", 1))]
)
def test_what_has_no_certain_outcome(op: str, parts: tuple[object, ...]) -> None:
    with pytest.raises(Unfoldable):
        folded(op, parts, "java")  # type: ignore[arg-type]


def test_texts_do_not_grow_without_end() -> None:
    text: object = "x" * 1_500
    with pytest.raises(Unfoldable):
        folded("+", (text, text), "java")  # type: ignore[arg-type]


def test_methods_of_texts() -> None:
    assert called("charAt", "ABC", [2]) == "C" and called("substring", "ABC", [1]) == "BC"
    for name, args in (("charAt", [3]), ("charAt", [-1]), ("substring", [4]), ("nonsense", [])):
        with pytest.raises(Unfoldable):
            called(name, "ABC", args)


def test_what_32_bits_hold() -> None:
    most = constants.MOST_INT
    assert overflows("+", (most, 1)) and overflows("*", (most, 2)) and overflows("-", (-most, 2))
    assert not overflows("+", (most, 0)) and not overflows("+", ("a", most))


def test_joined_values_know_less_and_carry_more() -> None:
    taint = Taint(Spot("a", 0, 1), "x", "remote")
    both = joined(literal("a"), Value(taints=(taint,)))
    assert both.taints == (taint,) and both.literal is None and not both.fixed
    assert joined(literal(1), literal(2)).fixed and joined(literal(1), literal(1)) == literal(1)
    assert joined(literal(1), literal(True)).literal is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_are_whole(language: str) -> None:
    loaded = tables.load(language)
    assert loaded.language == language and checks(language) == set(loaded.checks)
    assert {"sql-injection", "command-execution", "path-traversal"} <= checks(language)


def test_a_user_may_add_a_pattern() -> None:
    data = {
        "source": [{"label": "queue", "kind": "remote", "calls": ["Queue.take"]}],
        "checks": {"sql-injection": {"sinks": ["Store.find:1,where?raw=True"]}},
    }
    made = read(data, "java")
    assert made.sources.of(("Queue",), "take")[0].label == "queue"
    assert not made.sources.of(("Other",), "take")
    sink = made.sinks.of(("Store",), "find")[0]
    assert sink.args == (1, "where") and sink.demands == (("raw", "True"),)

"""A small program tree that every language is lowered to; the engine knows nothing else.

A span is [start, end) in characters of the document's text. What a language has beyond this is an
``Other`` with its parts: its value holds what the parts hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Span = tuple[int, int]


@dataclass(slots=True)
class Node:
    """Anything that stands somewhere."""

    span: Span


@dataclass(slots=True)
class Const(Node):
    """A literal: text, number, truth value or None. A character is a text of one."""

    value: str | int | float | bool | None


@dataclass(slots=True)
class Name(Node):
    """A variable, a class, a module."""

    name: str


@dataclass(slots=True)
class Member(Node):
    """``of.name``."""

    of: Node
    name: str


@dataclass(slots=True)
class Item(Node):
    """``of[key]``."""

    of: Node
    key: Node


@dataclass(slots=True)
class Call(Node):
    """``of.name(args, word=…)``; ``of`` is None for a bare name."""

    of: Node | None
    name: str
    args: list[Node]
    words: dict[str, Node] = field(default_factory=dict)


@dataclass(slots=True)
class New(Node):
    """``new type(args)``."""

    type: str
    args: list[Node]


@dataclass(slots=True)
class Op(Node):
    """``+`` of any number of parts, another operator of two, ``!``, ``~`` or ``neg`` of one."""

    op: str
    parts: list[Node]


@dataclass(slots=True)
class Text(Node):
    """A text with values put into it: an f-string, a template."""

    parts: list[Node]


@dataclass(slots=True)
class Choice(Node):
    """``test ? one : other``."""

    test: Node
    one: Node
    other: Node


@dataclass(slots=True)
class Put(Node):
    """An assignment; its value is what was assigned. ``step``: x++ and its like."""

    target: Node
    value: Node
    type: str | None = None
    step: bool = False


@dataclass(slots=True)
class Cast(Node):
    """``(type) value``."""

    type: str
    value: Node


@dataclass(slots=True)
class Many(Node):
    """A list, an array, a tuple or a set with its items. ``size``: of an array made empty."""

    items: list[Node]
    size: Node | None = None


@dataclass(slots=True)
class Pairs(Node):
    """A map with its entries."""

    pairs: list[tuple[Node, Node]]


@dataclass(slots=True)
class Lambda(Node):
    """A function without a name, with its body."""

    params: list[str]
    body: list[Node]


@dataclass(slots=True)
class Comprehension(Node):
    """``[value for target in over if test]``: a list of any number of ``value``."""

    over: list[tuple[Node, Node]]
    tests: list[Node]
    value: Node


@dataclass(slots=True)
class Other(Node):
    """Anything else: holds what its parts hold."""

    parts: list[Node]


@dataclass(slots=True)
class If(Node):
    """Both branches are lists of statements."""

    test: Node
    then: list[Node]
    other: list[Node]


@dataclass(slots=True)
class Loop(Node):
    """``for(;test;step)`` and ``while``; ``late``: the test stands after the body."""

    test: Node | None
    body: list[Node]
    step: list[Node]
    late: bool = False


@dataclass(slots=True)
class Each(Node):
    """``for target in over``."""

    target: Node
    over: Node
    body: list[Node]


@dataclass(slots=True)
class Switch(Node):
    """Cases in order: their labels (None among them for the default) and statements."""

    subject: Node
    cases: list[tuple[list[Node | None], list[Node]]]
    falls: bool = True


@dataclass(slots=True)
class Try(Node):
    """``last`` runs whatever happens."""

    body: list[Node]
    handlers: list[tuple[str, list[Node]]]
    last: list[Node]


@dataclass(slots=True)
class Block(Node):
    """Statements in a scope of their own."""

    body: list[Node]


@dataclass(slots=True)
class Return(Node):
    """Out of the function."""

    value: Node | None


@dataclass(slots=True)
class Leave(Node):
    """``break``, ``continue`` or ``throw``."""

    how: str
    value: Node | None = None


@dataclass(slots=True)
class Param:
    """A parameter; ``marks``: annotations on it."""

    name: str
    type: str | None = None
    marks: tuple[str, ...] = ()
    default: Node | None = None
    span: Span | None = None


@dataclass(slots=True, eq=False)
class Function:
    """A function or method with a body. ``owner``: its class. ``marks``: decorators."""

    name: str
    owner: str | None
    params: list[Param]
    body: list[Node]
    span: Span
    path: str
    marks: tuple[str, ...] = ()


@dataclass(slots=True)
class Class:
    """A class: bases, its fields as assignments, its methods' names."""

    name: str
    bases: tuple[str, ...]
    outer: str | None
    fields: list[tuple[str, str | None, Node | None]]
    assigned: set[str] = field(default_factory=set)  # fields that some method writes


@dataclass(slots=True)
class Module:
    """One file. ``imports``: the name here -> the whole name."""

    path: str
    language: str
    imports: dict[str, str]
    classes: list[Class]
    functions: list[Function]
    body: list[Node]
    cut: bool = False  # some of it was nested too deeply to be lowered


def walk(nodes: list[Node]) -> Iterator[Node]:
    """Every node below, no order promised; no recursion."""
    stack: list[object] = list(nodes)
    while stack:
        one = stack.pop()
        if isinstance(one, Node):
            yield one
            stack += [getattr(one, name) for name in type(one).__dataclass_fields__]
        elif isinstance(one, list | tuple):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()

"""What is known of a value while a program is followed, and of all values at one place.

A lattice: joined values know less and carry more. Everything is frozen; a state is copied where
the program parts and joined where it meets again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

Literal = str | int | float | bool | None
Key = tuple[str, Literal]  # a literal with its kind: True is not 1
MOST_TAINTS, MOST_CONSTANTS, MOST_STEPS, MOST_ITEMS = 6, 8, 10, 32


@dataclass(frozen=True, slots=True)
class Spot:
    """Characters of a document."""

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Taint:
    """That a value holds something from outside. ``cleared``: what it can do no harm to any more.

    ``kind``: "remote" (whoever sends a request), "local" (files, the environment, a database),
    "number" (any number at all), "null" (it may be missing).
    """

    source: Spot
    label: str
    kind: str
    steps: tuple[Spot, ...] = ()
    cleared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Value:
    """``known``: literals it may be; ``exact``: it is one of them. ``fixed``: of literals only.

    ``type``: what it was made or declared as; ``static``: the class or module of that name itself.
    ``ref``: the object it stands for in ``State.heap``.
    """

    taints: tuple[Taint, ...] = ()
    known: frozenset[Key] = frozenset()
    exact: bool = False
    fixed: bool = False
    type: str | None = None
    static: bool = False
    ref: int | None = None

    @property
    def literal(self) -> Key | None:
        """The one literal it is, if it is one."""
        return next(iter(self.known)) if self.exact and len(self.known) == 1 else None


UNKNOWN = Value()


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: a list, a map, a text builder, anything with attributes.

    ``items``: its items in order, where they are known; ``entries``: by key; ``rest``: what it
    holds besides, nobody knows where.
    """

    kind: str
    items: tuple[Value, ...] | None = None
    entries: tuple[tuple[Key, Value], ...] | None = None
    rest: Value = UNKNOWN


@dataclass(slots=True)
class State:
    """Names and objects at one place. ``names``: locals, and ``Class.field`` for fields."""

    names: dict[str, Value] = field(default_factory=dict)
    heap: dict[int, Thing] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.names), dict(self.heap))


def literal(value: Literal) -> Value:
    """A value that the program spells out."""
    return Value(known=frozenset({key(value)}), exact=True, fixed=True)


def key(value: Literal) -> Key:
    return type(value).__name__, value


def held(values: Iterable[Value], *, fixed: bool = True) -> Value:
    """What is made from values: it carries what they carry, and is none of them."""
    each = list(values)
    return Value(
        taints=taints(t for v in each for t in v.taints),
        fixed=fixed and all(v.fixed for v in each),
    )


def taints(found: Iterable[Taint]) -> tuple[Taint, ...]:
    """One taint of each source and clearing, the shortest way; not more than a few."""
    best: dict[tuple[Spot, frozenset[str]], Taint] = {}
    for taint in found:
        at = (taint.source, taint.cleared)
        if at not in best or len(taint.steps) < len(best[at].steps):
            best[at] = taint
    kept = sorted(best.values(), key=_first)
    return tuple(kept[:MOST_TAINTS])


def _first(taint: Taint) -> tuple[bool, int, str, int, list[str]]:
    """What can still do most harm comes first, so that it is not what a limit drops."""
    source = taint.source
    remote = taint.kind != "remote"
    return remote, len(taint.cleared), source.path, source.start, sorted(taint.cleared)


def joined(one: Value, two: Value) -> Value:
    """Either of two values."""
    if one == two:
        return one
    known = one.known | two.known
    many = len(known) > MOST_CONSTANTS
    return Value(
        taints=taints((*one.taints, *two.taints)) if one.taints or two.taints else (),
        known=frozenset() if many else known,
        exact=one.exact and two.exact and not many,
        fixed=one.fixed and two.fixed,
        type=one.type if one.type == two.type or two.type is None else two.type if one.type is None
        else None,
        static=one.static and two.static,
        ref=one.ref if one.ref == two.ref else None,
    )  # fmt: skip


def either(values: Iterable[Value]) -> Value:
    """One of several values; unknown of none."""
    found: Value | None = None
    for value in values:
        found = value if found is None else joined(found, value)
    return UNKNOWN if found is None else found


def met(states: Iterable[State | None]) -> State | None:
    """Where ways of the program meet; None where none arrives."""
    found: State | None = None
    for state in states:
        if state is not None:
            found = state if found is None else _met(found, state)
    return found


def _met(one: State, two: State) -> State:
    heap = dict(one.heap)
    for ref, thing in two.heap.items():
        own = heap.get(ref)
        if own is not thing:
            heap[ref] = thing if own is None else _either_thing(own, thing)
    names = dict(one.names)
    for name, value in two.names.items():
        mine = names.get(name)
        if mine is value:
            continue
        if mine is None or mine == value:
            names[name] = value
            continue
        made = joined(mine, value)
        if made.ref is None and (mine.ref is not None or value.ref is not None):
            # two objects under one name: what they hold is held by the value itself
            inner = (content(v, heap) for v in (mine, value))
            made = replace(
                made, taints=taints((*made.taints, *(t for v in inner for t in v.taints)))
            )
        names[name] = made
    return State(names, heap)


def _either_thing(one: Thing, two: Thing) -> Thing:
    if one == two:
        return one
    if one.items is not None and two.items is not None and len(one.items) == len(two.items):
        items = tuple(joined(a, b) for a, b in zip(one.items, two.items, strict=True))
        return Thing(one.kind, items, None, joined(one.rest, two.rest))
    if one.entries is not None and two.entries is not None:
        a, b = dict(one.entries), dict(two.entries)
        names = [*a, *(k for k in b if k not in a)]
        both = tuple((k, joined(a[k], b[k]) if k in a and k in b else a.get(k, b.get(k, UNKNOWN)))
                     for k in names)  # fmt: skip
        return Thing(one.kind, None, both, joined(one.rest, two.rest))
    return Thing(one.kind, None, None, either((everything(one), everything(two))))


def everything(thing: Thing) -> Value:
    """Any of what an object holds."""
    parts = [*(thing.items or ()), *(v for _, v in thing.entries or ())]
    if thing.rest != UNKNOWN or not parts:
        parts.append(thing.rest)
    return either(parts)


def content(value: Value, heap: dict[int, Thing], depth: int = 2) -> Value:
    """A value with all that the object it stands for holds, as one."""
    thing = heap.get(value.ref) if value.ref is not None else None
    if thing is None or depth == 0:
        return value
    parts = [*(thing.items or ()), *(v for _, v in thing.entries or ())]
    if thing.rest != UNKNOWN or not parts:
        parts.append(thing.rest)
    inner = [content(part, heap, depth - 1) for part in parts]
    found = taints((*value.taints, *(t for v in inner for t in v.taints)))
    return replace(value, taints=found, fixed=all(v.fixed for v in inner))


def adopted(value: Value, state: State, above: State, depth: int = 3) -> Value:
    """A value of another state, with the object it stands for."""
    ref = value.ref
    if ref is None or ref in state.heap or ref not in above.heap or depth == 0:
        return value
    thing = above.heap[ref]
    state.heap[ref] = thing
    for inner in (*(thing.items or ()), *(v for _, v in thing.entries or ()), thing.rest):
        adopted(inner, state, above, depth - 1)
    return value


def through(value: Value, spot: Spot) -> Value:
    """The value after a step of the program that it passed."""
    if not value.taints:
        return value
    made = tuple(
        replace(t, steps=(*t.steps, spot))
        if len(t.steps) < MOST_STEPS and (not t.steps or t.steps[-1] != spot) and t.source != spot
        else t
        for t in value.taints
    )
    return replace(value, taints=made)


def cleared(value: Value, what: Iterable[str]) -> Value:
    """The value made harmless for some checks."""
    if not value.taints:
        return value
    gone = frozenset(what)
    return replace(value, taints=taints(replace(t, cleared=t.cleared | gone) for t in value.taints))


def uncleared(value: Value) -> Value:
    """The value with every clearing undone: it was decoded."""
    return replace(
        value,
        taints=taints(replace(t, cleared=t.cleared & {"text"}) for t in value.taints),
    )

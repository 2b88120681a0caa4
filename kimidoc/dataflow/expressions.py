"""The value of an expression; the state is changed in place by what the expression does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from kimidoc.dataflow import arithmetic, calls, constants, containers, guards
from kimidoc.dataflow.run import Run
from kimidoc.dataflow.tree import (
    Call,
    Cast,
    Choice,
    Comprehension,
    Const,
    Item,
    Lambda,
    Many,
    Member,
    Name,
    New,
    Node,
    Op,
    Other,
    Pairs,
    Put,
    Text,
)
from kimidoc.dataflow.values import (
    MOST_CONSTANTS,
    MOST_ITEMS,
    UNKNOWN,
    State,
    Taint,
    Thing,
    Value,
    adopted,
    cleared,
    content,
    either,
    everything,
    held,
    joined,
    literal,
    met,
    through,
)

_PLAIN_MEMBERS = frozenset({"length"})
_OWN_SITE = re.compile(r"https?://[^/]+/|/[^/]|[\w.-]+[/?]")
_TRUTHS = frozenset("! not && || and or == != < > <= >= is in".split())


def value(run: Run, node: Node, state: State) -> Value:
    """What is known of an expression's value."""
    method = _KINDS.get(type(node))
    return method(run, node, state) if method is not None else UNKNOWN


def _const(run: Run, node: Const, state: State) -> Value:
    return literal(node.value)


def _name(run: Run, node: Name, state: State) -> Value:
    name = node.name
    if name in state.names:
        return state.names[name]
    if name in ("this", "super", "self"):
        return Value(type=run.frame.owner)
    found = run.program.field(run.frame.module, run.frame.owner, name)
    if found is not None:
        return field(run, state, found, name)
    if (whole := run.frame.module.imports.get(name)) is not None:
        bound = f"{whole}"
        return Value(type=bound, static=True)
    if run.program.named(run.frame.module, name) is not None:
        return Value(type=name, static=True)
    at = f"{run.frame.module.path}:{name}"
    globally = state.names.get(at) or run.above.names.get(at)
    if globally is not None:
        return adopted(globally, state, run.above)
    if name[:1].isupper():  # a class that nobody imported: of the same package
        return Value(type=name, static=True, fixed=name.isupper())
    return UNKNOWN


def field(run: Run, state: State, found: tuple[str, Any, Any], name: str) -> Value:
    """A field of a class of the program: what was put there, or what it begins as."""
    owner, kept, module = found
    at = f"{owner}.{name}"
    if at not in state.names:
        state.names[at] = UNKNOWN  # while it is worked out: a field may name itself
        begins = next(((t, v) for n, t, v in kept.fields if n == name), (None, None))
        made = UNKNOWN
        if begins[1] is not None:
            with run.inside(module, owner):
                made = run.value(begins[1], state)
        if name in kept.assigned:
            made = joined(made, UNKNOWN)
        state.names[at] = calls.typed(run, made, begins[0])
    return state.names[at]


def _member(run: Run, node: Member, state: State) -> Value:
    of = run.value(node.of, state)
    calls.missing(run, node.span, of)
    if node.name in _PLAIN_MEMBERS:
        return UNKNOWN
    types = calls.types(run, of, node.of)
    for source in run.tables.sources.of(types, node.name + "="):
        spot = run.spot(node.span)
        return Value(taints=(Taint(spot, source.label, source.kind),))
    kind = next(iter(run.tables.types.of(types, node.name + "=")), None)
    own = types[0] if types else None
    if own is not None and (of.static or _itself(node.of)):
        found = run.program.field(run.frame.module, own, node.name)
        if found is not None:
            return field(run, state, found, node.name)
        bounds = arithmetic.RANGES.get({"Integer": "int"}.get(own, own.lower()))
        if bounds is not None and node.name in ("MIN_VALUE", "MAX_VALUE"):
            return literal(bounds[node.name == "MAX_VALUE"])
    thing = state.heap.get(of.ref) if of.ref is not None else None
    if thing is not None and thing.entries is not None:
        entry = dict(thing.entries).get(("attribute", node.name))
        if entry is not None:
            return entry
    if of.static or isinstance(node.of, Name | Member):
        # a package, a class or a constant of a class that is not in the set
        named = f"{of.type}.{node.name}" if of.static and run.tables.language == "python" else None
        if run.tables.language != "python" and node.name[:1].isupper() and not of.taints:
            constant = node.name.isupper()
            return Value(type=node.name, static=not constant, fixed=constant)
        if named is not None:
            return Value(type=kind or named, static=True, fixed=node.name.isupper())
    held_inside = content(of, state.heap)
    return replace(held([held_inside], fixed=False), type=kind)


def _itself(node: Node) -> bool:
    return isinstance(node, Name) and node.name in ("this", "self", "super")


def _item(run: Run, node: Item, state: State) -> Value:
    of, key = run.value(node.of, state), run.value(node.key, state)
    arithmetic.index(run, node, key)
    thing = state.heap.get(of.ref) if of.ref is not None else None
    if thing is not None:
        return containers.at(thing, key)
    types = calls.types(run, of, node.of)
    for source in run.tables.sources.of(types, "[]"):
        return Value(taints=(Taint(run.spot(node.span), source.label, source.kind),))
    made = replace(held([of], fixed=of.fixed), type=_element(of.type))
    return calls.read_of(run, node.of, node, made)


def _element(kind: str | None) -> str | None:
    return kind[:-2] if kind is not None and kind.endswith("[]") else kind


def _op(run: Run, node: Op, state: State) -> Value:
    if node.op in ("&&", "and", "||", "or"):
        return _short(run, node, state)
    parts = [run.value(part, state) for part in node.parts]
    arithmetic.operands(run, node, parts)
    if (made := _folded(run, node, parts)) is not None:
        run.text(node.span, "fixed")
        return made
    if node.op in _TRUTHS:
        return Value(type="boolean")
    whole = held(content(part, state.heap) for part in parts)
    if node.op in ("+", "%") and any(_texty(p) for p in parts):
        run.text(node.span, "reached" if whole.taints else "fixed" if whole.fixed else "unknown")
    if node.op == "+":
        whole = _led(whole, parts[0])
    return through(whole, run.spot(node.span))


def _folded(run: Run, node: Op, parts: Sequence[Value]) -> Value | None:
    """What an operator makes of literals; of a few that each part may be, what each makes."""
    if not all(part.exact for part in parts):
        return None
    if math.prod(len(part.known) for part in parts) > MOST_CONSTANTS:
        return None
    found: list[Value] = []
    for keys in product(*(sorted(part.known, key=repr) for part in parts)):
        given = [value for _, value in keys]
        arithmetic.certain(run, node, given)
        try:
            found.append(literal(constants.folded(node.op, given, run.tables.language)))
        except constants.Unfoldable:
            return None
    return either(found)


def _led(whole: Value, first: Value) -> Value:
    """An address that begins with what the program says leads nowhere else."""
    if first.taints or not whole.taints:
        return whole
    begins = first.literal
    if begins is not None and not _OWN_SITE.match(str(begins[1])):
        return whole
    return cleared(whole, {"open-redirect", "request-forgery"})


def _texty(part: Value) -> bool:
    return part.type in ("String", "str", None) or any(isinstance(k[1], str) for k in part.known)


def _short(run: Run, node: Op, state: State) -> Value:
    """``&&`` and ``||``: what stands to the right is only reached by one outcome of the left."""
    wanted = node.op in ("&&", "and")
    found: list[Value] = []
    for part in node.parts:
        made = run.value(part, state)
        found.append(made)
        known = guards.truth(made)
        if known is (not wanted):
            return made if known is not None else UNKNOWN
    certain = [guards.truth(v) for v in found]
    if all(c is wanted for c in certain):
        return found[-1]
    if run.tables.language == "python":  # ``x or default`` is one of the two
        return either(content(v, state.heap) for v in found)
    return Value(type="boolean")


def _text(run: Run, node: Text, state: State) -> Value:
    parts = [content(run.value(part, state), state.heap) for part in node.parts]
    found = [part.literal for part in parts]
    if all(one is not None and isinstance(one[1], str) for one in found):
        made = literal("".join(str(one[1]) for one in found if one is not None))
        run.text(node.span, "fixed")
        return made
    whole = replace(held(parts), type="str")
    run.text(node.span, "reached" if whole.taints else "fixed" if whole.fixed else "unknown")
    return through(_led(whole, parts[0]) if parts else whole, run.spot(node.span))


def _choice(run: Run, node: Choice, state: State) -> Value:
    known = guards.truth(run.value(node.test, state))
    if known is not None:
        return run.value(node.one if known else node.other, state)
    one, two = guards.parted(run, node.test, state)
    first, second = run.value(node.one, one), run.value(node.other, two)
    both = met([one, two])
    assert both is not None
    state.names, state.heap = both.names, both.heap
    return joined(first, second)


def _put(run: Run, node: Put, state: State) -> Value:
    made = run.value(node.value, state)
    if node.type is not None:
        made = calls.typed(run, made, node.type)
    made = through(made, run.spot(node.span))
    assign(run, node.target, made, state, declared=node.type is not None)
    return made


def assign(run: Run, target: Node, made: Value, state: State, *, declared: bool = False) -> None:
    """Put a value where a target says."""
    if isinstance(target, Name):
        _assign_name(run, target.name, made, state, declared)
    elif isinstance(target, Member):
        of = run.value(target.of, state)
        if (_itself(target.of) or of.static) and of.type is not None:
            found = run.program.field(run.frame.module, of.type, target.name)
            owner = found[0] if found is not None else of.type
            state.names[f"{owner}.{target.name}"] = made
        elif of.ref is not None and of.ref in state.heap:
            thing = state.heap[of.ref]
            entries = dict(thing.entries or ())
            entries["attribute", target.name] = made
            state.heap[of.ref] = replace(thing, entries=tuple(entries.items()))
    elif isinstance(target, Item):
        of, key = run.value(target.of, state), run.value(target.key, state)
        arithmetic.index(run, target, key)
        if of.ref is not None and of.ref in state.heap:
            state.heap[of.ref] = containers.put(state.heap[of.ref], key, made)
        elif isinstance(target.of, Name) and target.of.name in state.names:
            state.names[target.of.name] = joined(of, held([made], fixed=False))
    elif isinstance(target, Many):
        given = state.heap.get(made.ref) if made.ref is not None else None
        for at, part in enumerate(target.items):
            inner = containers.at(given, literal(at)) if given is not None else held([made])
            assign(run, part, inner, state)


def _assign_name(run: Run, name: str, made: Value, state: State, declared: bool) -> None:
    if not declared and name not in state.names:
        found = run.program.field(run.frame.module, run.frame.owner, name)
        if found is not None and run.tables.language != "python":
            state.names[f"{found[0]}.{name}"] = made
            return
    old = state.names.get(name)
    if old is not None and old.type in run.tables.numbers and not declared:
        made = cleared(replace(made, type=old.type), {"text"})
    elif old is not None and made.type is None and not declared:
        made = replace(made, type=old.type)
    state.names[name] = made
    if run.frame.function is None:
        state.names[f"{run.frame.module.path}:{name}"] = made


def _cast(run: Run, node: Cast, state: State) -> Value:
    made = run.value(node.value, state)
    made = arithmetic.cast(run, node, made)
    if node.type in run.tables.numbers:
        made = cleared(made, {"text"})
        if made.literal is not None and made.literal[0] == "float" and node.type in ("int", "long"):
            return literal(int(made.literal[1] or 0))
    return replace(made, type=node.type or made.type) if made.type in (None, "Object") else made


def _many(run: Run, node: Many, state: State) -> Value:
    if node.size is not None:
        arithmetic.size(run, node.size, run.value(node.size, state))
    items = tuple(run.value(item, state) for item in node.items)
    ref = run.fresh()
    if node.size is not None:
        state.heap[ref] = Thing("list")
    elif len(items) > MOST_ITEMS:
        state.heap[ref] = Thing("list", rest=either(items))
    else:
        state.heap[ref] = Thing("list", items)
    return Value(ref=ref)


def _pairs(run: Run, node: Pairs, state: State) -> Value:
    thing = Thing("map", entries=())
    for where, what in node.pairs:
        key, made = run.value(where, state), run.value(what, state)
        thing = containers.put(thing, key, made)
    ref = run.fresh()
    state.heap[ref] = thing
    return Value(ref=ref)


def _lambda(run: Run, node: Lambda, state: State) -> Value:
    """What its body does is done once, here; its value is what it returns."""
    inner = state.copy()
    for name in node.params:
        inner.names[name] = UNKNOWN
    run.block(node.body, inner)
    return UNKNOWN


def _comprehension(run: Run, node: Comprehension, state: State) -> Value:
    inner = state.copy()
    for target, over in node.over:
        assign(run, target, items_of(run.value(over, inner), inner)[1], inner, declared=True)
    for test in node.tests:
        run.value(test, inner)
        inner = guards.parted(run, test, inner)[0]
    ref = run.fresh()
    made = content(run.value(node.value, inner), inner.heap)
    state.heap[ref] = Thing("list", None, None, made)
    return Value(ref=ref)


def _other(run: Run, node: Other, state: State) -> Value:
    parts = [content(run.value(part, state), state.heap) for part in node.parts]
    return held(parts, fixed=bool(parts)) if parts else UNKNOWN


def items_of(over: Value, state: State) -> tuple[tuple[Value, ...] | None, Value]:
    """The items of what is looped over, where they are known, and any of them."""
    thing = state.heap.get(over.ref) if over.ref is not None else None
    if thing is None:
        return None, replace(held([over], fixed=over.fixed), type=_element(over.type))
    return thing.items if thing.rest == UNKNOWN else None, everything(thing)


_KINDS: dict[type[Node], Callable[[Run, Any, State], Value]] = {
    Const: _const,
    Name: _name,
    Member: _member,
    Item: _item,
    Call: calls.call,
    New: calls.new,
    Op: _op,
    Text: _text,
    Choice: _choice,
    Put: _put,
    Cast: _cast,
    Many: _many,
    Pairs: _pairs,
    Lambda: _lambda,
    Comprehension: _comprehension,
    Other: _other,
}

"""Lists, maps and text builders: where in them what stands.

``applied`` gives None for a method that is not known, and the caller takes the object as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kimidoc.dataflow.values import (
    MOST_ITEMS,
    UNKNOWN,
    Key,
    State,
    Thing,
    Value,
    content,
    either,
    everything,
    held,
)

LISTS = frozenset("ArrayList LinkedList Vector Stack List ArrayDeque CopyOnWriteArrayList".split())
MAPS = frozenset("HashMap LinkedHashMap TreeMap Hashtable Map ConcurrentHashMap Properties".split())
SETS = frozenset("HashSet LinkedHashSet TreeSet Set".split())
BUILDERS = frozenset({"StringBuilder", "StringBuffer", "StringWriter", "StringJoiner"})
KINDS = {
    **dict.fromkeys(LISTS | SETS, "list"),
    **dict.fromkeys(MAPS, "map"),
    **dict.fromkeys(BUILDERS, "builder"),
}
Outcome = tuple[Value, Thing]


def made(kind: str, parts: Sequence[Value], state: State) -> Thing:
    """A new container from what its constructor was given."""
    if kind == "builder":
        return Thing(kind, rest=held(content(part, state.heap) for part in parts))
    if kind == "list":
        copied = state.heap.get(parts[0].ref) if parts and parts[0].ref is not None else None
        if copied is not None and copied.items is not None:
            return Thing(kind, copied.items)
        return Thing(kind, () if not any(p.taints for p in parts) else None, None, held(parts)
                     if parts else UNKNOWN)  # fmt: skip
    return Thing(kind, entries=(), rest=held(parts) if any(p.taints for p in parts) else UNKNOWN)


def applied(thing: Thing, name: str, args: Sequence[Value], state: State) -> Outcome | None:
    """What a method gives, and the object after it."""
    method = _METHODS.get((thing.kind, name))
    return method(thing, args, state) if method is not None else None


def at(thing: Thing, key: Value) -> Value:
    """``thing[key]``."""
    found = key.literal
    if thing.items is not None and found is not None and type(found[1]) is int:
        where = found[1]
        if -len(thing.items) <= where < len(thing.items):
            return thing.items[where]
        return thing.rest
    if thing.entries is not None and found is not None:
        return dict(thing.entries).get(found, thing.rest)
    return everything(thing)


def put(thing: Thing, key: Value, value: Value) -> Thing:
    """``thing[key] = value``."""
    found = key.literal
    if thing.kind == "list":
        if thing.items is not None and found is not None and type(found[1]) is int:
            where = found[1]
            if 0 <= where < len(thing.items):
                items = (*thing.items[:where], value, *thing.items[where + 1 :])
                return replace(thing, items=items)
        return _loose(thing, value)
    if thing.entries is not None and found is not None:
        entries = dict(thing.entries)
        if found in entries or len(entries) < MOST_ITEMS:
            entries[found] = value
            return replace(thing, entries=tuple(entries.items()))
        return Thing(thing.kind, rest=either([everything(thing), value]))
    return replace(thing, rest=either([thing.rest, value]) if thing.rest != UNKNOWN else value)


def _loose(thing: Thing, value: Value) -> Thing:
    """A list that holds the value nobody knows where."""
    return replace(thing, items=None, rest=either([everything(thing), value]))


def _add(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    value = args[-1] if args else UNKNOWN
    if thing.items is None or len(thing.items) >= MOST_ITEMS:
        return UNKNOWN, _loose(thing, value)
    if len(args) == 2:
        where = args[0].literal
        if where is None or type(where[1]) is not int or not 0 <= where[1] <= len(thing.items):
            return UNKNOWN, _loose(thing, value)
        before, after = thing.items[: where[1]], thing.items[where[1] :]
        return UNKNOWN, replace(thing, items=(*before, value, *after))
    return UNKNOWN, replace(thing, items=(*thing.items, value))


def _first(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    if thing.items is None:
        return UNKNOWN, _loose(thing, args[-1] if args else UNKNOWN)
    return UNKNOWN, replace(thing, items=(*args[-1:], *thing.items))


def _remove(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    where = args[0].literal if args else ("int", -1)
    if thing.items is None or where is None or type(where[1]) is not int:
        return everything(thing), replace(thing, items=None, rest=everything(thing))
    if not -len(thing.items) <= where[1] < len(thing.items):
        return UNKNOWN, thing
    found = thing.items[where[1]]
    items = list(thing.items)
    del items[where[1]]
    return found, replace(thing, items=tuple(items))


def _shift(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    return _remove(thing, (Value(known=frozenset({("int", 0)}), exact=True),), state)


def _get(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    if not args:
        return everything(thing), thing
    found = at(thing, args[0])
    if len(args) > 1 and not (thing.entries and args[0].literal in dict(thing.entries)):
        found = either([found, args[1]]) if found != UNKNOWN else args[1]
    return found, thing


def _put(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    if len(args) < 2:
        return UNKNOWN, thing
    return UNKNOWN, put(thing, args[0], args[1])


def _forget(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    found = args[0].literal if args else None
    entries: dict[Key, Value] = dict(thing.entries or ())
    if found in entries:
        value = entries.pop(found)
        return value, replace(thing, entries=tuple(entries.items()))
    return everything(thing), thing


def _clear(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    return UNKNOWN, made(thing.kind, (), state)


def _all(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    return held([content(everything(thing), state.heap)]), thing


def _more(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    other = state.heap.get(args[-1].ref) if args and args[-1].ref is not None else None
    if thing.items is not None and other is not None and other.items is not None:
        both = (*thing.items, *other.items)
        if len(both) <= MOST_ITEMS:
            return UNKNOWN, replace(thing, items=both)
    return UNKNOWN, _loose(thing, content(args[-1], state.heap) if args else UNKNOWN)


def _append(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    parts = [content(arg, state.heap) for arg in args]
    return UNKNOWN, replace(thing, rest=held([thing.rest, *parts]))


def _text(thing: Thing, args: Sequence[Value], state: State) -> Outcome:
    return thing.rest, thing


Method = Callable[[Thing, Sequence[Value], State], Outcome]
_METHODS: dict[tuple[str, str], Method] = {
    **{("list", n): _add for n in ("add", "append", "addLast", "addElement", "push", "insert",
                                   "offer", "appendleft")},
    **{("list", n): _first for n in ("addFirst",)},
    **{("list", n): _remove for n in ("remove", "pop", "removeAt", "removeLast", "pollLast")},
    **{("list", n): _shift for n in ("poll", "removeFirst", "popleft", "pollFirst")},
    **{("list", n): _get for n in ("get", "elementAt", "peek", "getLast")},
    **{("list", n): _more for n in ("addAll", "extend")},
    **{("list", n): _all for n in ("toString", "iterator", "stream", "toArray", "join", "copy",
                                   "subList", "elements", "listIterator")},
    **{("map", n): _put for n in ("put", "setProperty", "putIfAbsent", "setdefault")},
    **{("map", n): _get for n in ("get", "getOrDefault")},
    **{("map", n): _forget for n in ("remove", "pop")},
    **{("map", n): _all for n in ("values", "items", "entrySet", "toString", "copy")},
    **{(kind, "clear"): _clear for kind in ("list", "map")},
    **{("builder", n): _append for n in ("append", "insert", "write", "replace", "add")},
    **{("builder", n): _text for n in ("toString", "getvalue", "substring")},
    ("builder", "setLength"): _clear,
}  # fmt: skip

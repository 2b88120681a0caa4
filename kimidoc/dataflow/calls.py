"""Calls: into the program itself, and into libraries by the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kimidoc.dataflow import arithmetic, constants, containers
from kimidoc.dataflow.run import Flow, Run
from kimidoc.dataflow.tables import Sink, Source, Weak
from kimidoc.dataflow.tree import Call, Function, Lambda, Member, Name, New, Node, Span
from kimidoc.dataflow.values import (
    MOST_STEPS,
    UNKNOWN,
    State,
    Taint,
    Thing,
    Value,
    cleared,
    content,
    held,
    joined,
    literal,
    taints,
    through,
    uncleared,
)

_CANONICAL = frozenset({"getCanonicalPath", "getCanonicalFile", "toRealPath", "normalize",
                        "resolve", "realpath", "abspath"})  # fmt: skip
OWN = ("self", "cls")
# Methods that give what they were called on and given, in another form: of literals, literals.
_KEPT = frozenset(
    "join format replace strip trim lower upper toLowerCase toUpperCase substring concat toString "
    "valueOf encode decode split copyOf str toCharArray getBytes lstrip rstrip title removeprefix "
    "removesuffix intern repeat Path get joinpath list tuple sorted".split()
)
_LISTS = frozenset({"asList", "of", "singletonList", "listOf"})


def types(run: Run, of: Value, node: Node | None) -> tuple[str, ...]:
    """What a receiver may be called in the tables, the closest first."""
    kind = of.type
    if kind is None or kind == "Object":
        name = node.name if isinstance(node, Name | Member) else ""
        kind = run.tables.guessed.get(name.casefold())
        if kind is None:
            return ()
    kind = kind.removesuffix("[]")
    short = kind.rpartition(".")[2]
    named = (kind,) if kind == short else (kind, short)
    guess = run.tables.guessed.get(short.casefold())
    also = () if guess is None or guess == short else (guess,)
    return (*named, *run.tables.above.get(short, ()), *also)


def call(run: Run, node: Call, state: State) -> Value:
    """The value of a call, after its effects."""
    if node.of is None and run.program.named(run.frame.module, node.name) is not None:
        if run.tables.language == "python":
            return new(run, New(node.span, node.name, [*node.args, *node.words.values()]), state)
    of = run.value(node.of, state) if node.of is not None else None
    if of is not None:
        missing(run, node.span, of)
    held_by = content(of, state.heap) if of is not None else UNKNOWN
    args = [_argument(run, arg, held_by, state) for arg in node.args]
    words = {name: run.value(arg, state) for name, arg in node.words.items()}
    function = _function(run, node, of, len(args) + len(words))
    if function is not None and len(run.frames) > 1:
        if any(frame.function is function for frame in run.frames):
            function = None  # it calls itself: taken as any other call
    if function is not None:
        return _entered(run, node, function, args, words, state)
    named = types(run, of, node.of) if of is not None else ()
    name = node.name
    if of is None and name not in state.names:
        named = ("builtins",)
    if of is None and (whole := run.frame.module.imports.get(name)) is not None:
        above, _, name = whole.rpartition(".")
        named = (above, above.rpartition(".")[2])
    return _library(run, node, name, named, of, args, words, state)


def new(run: Run, node: New, state: State) -> Value:
    """``new Type(...)``."""
    args = [run.value(arg, state) for arg in node.args]
    function = run.program.method(run.frame.module, node.type, "<init>", len(args))
    if run.program.named(run.frame.module, node.type) is not None:
        if function is not None and all(f.function is not function for f in run.frames):
            values = _bound(function, args, {})
            run.enter(function, values, state, run.spot(node.span))
        return Value(type=node.type)
    name = f"new {node.type}"
    made = _outside(run, node.span, name, (), None, args, {}, state, node.args)
    kind = containers.KINDS.get(node.type)
    if kind is not None:
        ref = run.fresh()
        state.heap[ref] = containers.made(kind, args, state)
        return Value(type=node.type, ref=ref)
    if any(arg.type in run.tables.carriers for arg in args):
        ref = run.fresh()
        state.heap[ref] = Thing("wrapper", rest=made)
        return Value(type=node.type, ref=ref)
    return replace(made, type=node.type)


def _argument(run: Run, node: Node, receiver: Value, state: State) -> Value:
    if not isinstance(node, Lambda):
        return run.value(node, state)
    inner = state.copy()  # list.forEach(x -> …): each x is something of the list
    for name in node.params:
        inner.names[name] = held([receiver], fixed=False)
    run.block(node.body, inner)
    return UNKNOWN


def _function(run: Run, node: Call, of: Value | None, count: int) -> Function | None:
    program, frame = run.program, run.frame
    if of is None:
        found = program.around(frame.module, frame.owner, node.name, count)
        if found is None and (whole := frame.module.imports.get(node.name)) is not None:
            above, _, name = whole.rpartition(".")
            found = program.imported(above, name, count)
        return found
    if of.type is None:
        return None
    found = program.method(frame.module, of.type, node.name, count)
    if found is None and of.static and run.tables.language == "python":
        found = program.imported(of.type, node.name, count)
    return found


def _entered(
    run: Run, node: Call, function: Function, args: Sequence[Value], words: dict[str, Value],
    state: State,
) -> Value:  # fmt: skip
    values = _bound(function, args, words)
    for param in function.params:
        if param.name not in values and param.default is not None:
            with run.inside(run.program.modules[function.path], function.owner):
                values[param.name] = run.value(param.default, State())
    spot = run.spot(node.span)
    return through(run.enter(function, values, state, spot), spot)


def _bound(function: Function, args: Sequence[Value], words: dict[str, Value]) -> dict[str, Value]:
    params = [p for p in function.params if p.name not in OWN]
    values = {name: Value(type=function.owner) for name in OWN}
    values.update({p.name: v for p, v in zip(params, args, strict=False)})
    values.update({p.name: words[p.name] for p in params if p.name in words})
    return values


def _library(
    run: Run, node: Call, name: str, named: tuple[str, ...], of: Value | None,
    args: list[Value], words: dict[str, Value], state: State,
) -> Value:  # fmt: skip
    thing = state.heap.get(of.ref) if of is not None and of.ref is not None else None
    if thing is not None and of is not None and of.ref is not None:
        outcome = containers.applied(thing, name, args, state)
        if outcome is not None and not run.tables.sources.of(named, name):
            found, state.heap[of.ref] = outcome
            if name in ("append", "insert", "replace") and thing.kind == "builder":
                return of
            return found
        if thing.kind == "wrapper" and (source := _wrapped(run, name)) is not None:
            return _read(run, node.span, source)
    if name in _LISTS and of is not None and of.static and of.type in ("Arrays", "List", "Set",
                                                                       "Collections"):  # fmt: skip
        ref = run.fresh()
        given = state.heap.get(args[0].ref) if len(args) == 1 and args[0].ref is not None else None
        state.heap[ref] = given or Thing("list", tuple(args))
        return Value(type="List", ref=ref)
    if (set_ := _setting(run, name, named, args)) is not None:
        return set_
    made = _outside(run, node.span, name, named, of, args, words, state, node.args)
    made = read_of(run, node.of, node, made)
    literals = [a.literal[1] for a in args if a.literal is not None]
    if len(literals) < len(args):
        return made
    try:
        if of is not None and of.literal is not None:
            return literal(constants.called(name, of.literal[1], literals))
        if "Math" in named or "builtins" in named:
            return literal(constants.counted(name, literals))
    except constants.Unfoldable:
        return made
    return made


def _outside(
    run: Run, span: Span, name: str, named: tuple[str, ...], of: Value | None,
    args: list[Value], words: dict[str, Value], state: State, nodes: Sequence[Node],
) -> Value:  # fmt: skip
    """A call into a library: its sinks looked at, and its value by the tables."""
    tables = run.tables
    inner = [content(arg, state.heap) for arg in args]
    outer = {key: content(arg, state.heap) for key, arg in words.items()}
    receiver = content(of, state.heap) if of is not None else None
    for sink in tables.sinks.of(named, name):
        _sunk(run, sink, span, name, named, receiver, inner, outer)
    for weak in tables.weak.of(named, name):
        _weak(run, weak, span, name, named, inner, outer)
    kind = next(iter(tables.types.of(named, name)), None)
    sources = tables.sources.of(named, name)
    if sources:
        read = _read(run, span, sources[0])
        if sources[0].kind == "number" and args:  # nextInt(bound)
            read = cleared(read, {"low", "high"})
        return replace(read, type=kind)
    if tables.plain.of(named, name):
        return Value(type=kind)
    whole = held([*([receiver] if receiver is not None else []), *inner, *outer.values()])
    if of is not None and of.static:
        whole = held([*inner, *outer.values()])
    if receiver is not None and receiver.taints and tables.parts.of(named, name):
        whole = _part(run, span, whole)
    if tables.decodes.of(named, name):
        whole = uncleared(whole)
    for checks in tables.clears.of(named, name):
        whole = cleared(whole, checks)
    if name in _CANONICAL:
        whole = cleared(whole, {"canonical"})
    if not inner and not outer and receiver is None:
        whole = UNKNOWN
    kept = name in _KEPT or bool(tables.clears.of(named, name) or tables.decodes.of(named, name))
    certain = whole.fixed and kept and bool(inner or outer or receiver is not None)
    if kind is None and whole.taints and name in ("toString", "trim", "substring", "replace"):
        kind = "String"
    return replace(whole, type=kind, fixed=certain)


def _read(run: Run, span: Span, source: Source) -> Value:
    gone = frozenset({"text"}) if source.kind == "number" else frozenset[str]()
    return Value(taints=(Taint(run.spot(span), source.label, source.kind, (), gone),))


def missing(run: Run, span: Span, of: Value) -> None:
    """Something is asked of what is certainly null."""
    if of.literal == ("NoneType", None) and "null-dereference" in run.tables.checks:
        run.flows(Flow("null-dereference", run.spot(span), "null", None))


def _part(run: Run, span: Span, whole: Value) -> Value:
    """Its sources are told apart from those of the other parts."""
    spot = run.spot(span)
    return replace(whole, taints=taints(
        replace(t, source=spot, steps=(t.source, *t.steps)[:MOST_STEPS]) for t in whole.taints
    ))  # fmt: skip


def _wrapped(run: Run, name: str) -> Source | None:
    """An object made from a request, of a class that nobody shows: its method's name decides."""
    return next((s for pattern, s in run.tables.wrapped if pattern.search(name)), None)


def _setting(run: Run, name: str, named: tuple[str, ...], args: Sequence[Value]) -> Value | None:
    """``getProperty("key", "default")``: what a property file of the set says, or the default.

    The file may say something else where it is not in the set, so the default is one possibility.
    """
    if name != "getProperty" or not args or "System" in named:
        return None
    asked = args[0].literal
    given = run.program.settings.get(str(asked[1])) if asked is not None else None
    if given is not None and len(given) == 1:
        return literal(next(iter(given)))
    return joined(UNKNOWN, args[1]) if len(args) > 1 else None


def _sunk(
    run: Run, sink: Sink, span: Span, name: str, named: tuple[str, ...],
    receiver: Value | None, args: Sequence[Value], words: dict[str, Value],
) -> None:  # fmt: skip
    for key, wanted in sink.demands:
        given = words.get(key)
        if given is None or not _is(given, wanted):
            return
    looked = _chosen(sink, receiver, args, words)
    if not looked:
        return
    check, said = sink.check, _words(named, name)
    if run.tables.checks[check] == "number":
        for made in looked:
            arithmetic.reaches(run, check, span, made, {"high"}, said)
        return
    reached = False
    for made in looked:
        for taint in made.taints:
            if not taint.cleared & {check, run.tables.checks[check]} and taint.kind != "null":
                run.flows(Flow(check, run.spot(span), said, taint))
                reached = True
    fixed = all(made.fixed or (made.taints and not reached) for made in looked)
    run.looked(check, span, "reached" if reached else "fixed" if fixed else "unknown")


def _is(value: Value, wanted: str) -> bool:
    """Whether it is that literal, or the class of that name."""
    if value.static:
        return value.type is not None and value.type.rpartition(".")[2] == wanted
    return str(value.literal[1] if value.literal else None) == wanted


def _words(named: tuple[str, ...], name: str) -> str:
    of = named[0].rpartition(".")[2] if named else ""
    return f"{of}.{name}" if of not in ("", "builtins") else name


def _chosen(
    sink: Sink, receiver: Value | None, args: Sequence[Value], words: dict[str, Value]
) -> list[Value]:
    found: list[Value] = []
    for which in sink.args:
        if which == "*":
            found += [*args, *words.values()]
        elif which == "this" and receiver is not None:
            found.append(receiver)
        elif isinstance(which, int) and which < len(args):
            found.append(args[which])
        elif isinstance(which, str) and which in words:
            found.append(words[which])
    return found


def _weak(
    run: Run, weak: Weak, span: Span, name: str, named: tuple[str, ...],
    args: Sequence[Value], words: dict[str, Value],
) -> None:  # fmt: skip
    said = _words(named, name)
    for demand in weak.without:
        key, _, wanted = demand.partition("=")
        given = words.get(key)
        if given is not None and given.literal is not None and str(given.literal[1]) == wanted:
            run.looked(weak.check, span, "fixed")
            return
    if weak.words is None:
        run.flows(Flow(weak.check, run.spot(span), said, None))
        run.looked(weak.check, span, "reached")
        return
    if weak.arg >= len(args):
        return
    made = args[weak.arg]
    hit = [str(k[1]) for k in made.known if k[1] is not None and weak.words.search(str(k[1]))]
    if hit:
        run.flows(Flow(weak.check, run.spot(span), said, None, min(hit)))
    run.looked(weak.check, span, "reached" if hit else "fixed" if made.exact else "unknown")


def parameter(run: Run, function: Function, at: int) -> Value:
    """What a parameter holds when nobody of the program calls the function."""
    param = function.params[at]
    if param.name in OWN:
        return Value(type=function.owner)
    span = param.span or function.span
    for mark in param.marks:
        if (source := run.tables.marks.get(mark)) is not None:
            return typed(run, _read(run, span, source), param.type)
    source = run.tables.parameters.get(f"{function.name}:{param.type}")
    if source is None and set(function.marks) & run.tables.routes:
        source = run.tables.parameters.get("route")
    if source is not None:
        return typed(run, _read(run, span, source), param.type)
    return Value(type=param.type)


def typed(run: Run, made: Value, declared: str | None) -> Value:
    """A value under a declared type: it keeps its own where it has one, and numbers are numbers."""
    if declared is None or declared == "?":
        return made
    if declared in run.tables.numbers:
        made = cleared(made, {"text"})
    return made if made.type is not None and not made.static else replace(made, type=declared)


def read_of(run: Run, of: Node | None, whole: Node, made: Value) -> Value:
    """``request.args`` is read by ``request.args["name"]``: the source is all of it."""
    if not isinstance(of, Member | Call) or not made.taints:
        return made
    if isinstance(of, Call) and of.args:
        return made
    spot, wider = run.spot(of.span), run.spot(whole.span)
    return replace(made, taints=tuple(
        replace(t, source=wider) if t.source == spot and not t.steps else t for t in made.taints
    ))  # fmt: skip

"""One program followed from every place where it may be entered.

Functions are followed into their calls, with what they are given, as far as a limit; conditions
that are certain are followed one way, others both ways, loops a few times. Nothing is run. The time
is bounded by a number of steps, not by a clock, so that a report is the same on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kimidoc.dataflow import calls, expressions, statements
from kimidoc.dataflow.program import Program
from kimidoc.dataflow.run import (
    CALLS,
    COPY,
    DEPTH,
    FILE_STEPS,
    STEPS,
    Flow,
    Found,
    Frame,
    OutOfSteps,
    Verdict,
)
from kimidoc.dataflow.tables import Tables
from kimidoc.dataflow.tree import Function, Module, Name, Node, Put, Span, Switch, walk
from kimidoc.dataflow.values import UNKNOWN, Spot, State, Value, either, met

_ENTRIES = frozenset("main doGet doPost doPut doDelete doHead service handle".split())


class Follower:
    """The engine: ``run.Run`` for the parts, and the walk over a program's functions."""

    def __init__(self, program: Program, tables: Tables, found: Found) -> None:
        self.program, self.tables, self.found = program, tables, found
        self.frames: list[Frame] = []
        self.above = State()
        self.cut = False
        self._written: dict[int, frozenset[str]] = {}
        self._depth = self._steps = self._refs = 0
        self._entered: set[Function] = set()
        self._spent: dict[str, int] = {}

    @property
    def frame(self) -> Frame:
        """The function that is being followed."""
        return self.frames[-1]

    def all(self) -> None:
        """Every function of the program, those that others call last and only if none got there."""
        for module in self.program.modules.values():
            self._top(module)
        every = [(m, f) for m in self.program.modules.values() for f in m.functions]
        for module, function in every:
            if not self._within(function):
                self._from(module, function)
        for module, function in every:
            if self._within(function) and function not in self._entered:
                self._from(module, function)

    def _within(self, function: Function) -> bool:
        """Whether others of the program call it, so that what it is given is known from them."""
        marked = any(p.marks for p in function.params) or set(function.marks) & self.tables.routes
        carried = any(p.type in self.tables.carriers for p in function.params)
        return (
            function.name in self.program.called
            and function.name not in _ENTRIES
            and not marked
            and not (carried and function.owner is None)
        )

    def _top(self, module: Module) -> None:
        """What a module does when it is loaded; its names are kept as ``path:name``."""
        if module.body:
            state = State()
            self._started(module, Frame(module, None, None), module.body, state)
            self.above.names.update({n: v for n, v in state.names.items() if ":" in n})
            self.above.heap.update(state.heap)

    def _from(self, module: Module, function: Function) -> None:
        state = State()
        frame = Frame(module, function.owner, function)
        self.frames = [frame]
        for at, param in enumerate(function.params):
            state.names[param.name] = calls.parameter(self, function, at)
        self._started(module, frame, function.body, state)

    def _started(self, module: Module, frame: Frame, body: list[Node], state: State) -> None:
        left = FILE_STEPS - self._spent.get(module.path, 0)
        given = min(STEPS, left)
        self.frames, self.cut, self._depth, self._steps = [frame], False, 0, given
        try:
            self.block(body, state)
        except OutOfSteps:
            self.cut = True
        self._spent[module.path] = self._spent.get(module.path, 0) + given - max(self._steps, 0)
        if self.cut:
            self.found.cut.add(module.path)

    # what the parts of the engine see (run.Run)

    def written(self, body: list[Node]) -> frozenset[str]:
        """The variables that statements of the program assign."""
        if id(body) not in self._written:  # the program outlives its analysis: ids stay
            self._written[id(body)] = frozenset(
                node.target.name
                for node in walk(list(body))
                if isinstance(node, Put) and isinstance(node.target, Name)
            )
        return self._written[id(body)]

    def spend(self, state: State) -> None:
        """A copy of a state takes time as well."""
        self._steps -= (len(state.names) + len(state.heap)) // COPY

    def value(self, node: Node, state: State) -> Value:
        self._steps -= 1
        if self._steps < 0:
            raise OutOfSteps
        if self._depth >= DEPTH:
            self.cut = True
            return UNKNOWN
        self._depth += 1
        try:
            if isinstance(node, Switch):
                after, made = statements.switched(self, node, state)
                if after is not None:
                    state.names, state.heap = after.names, after.heap
                return made
            return expressions.value(self, node, state)
        finally:
            self._depth -= 1

    def block(self, nodes: list[Node], state: State) -> State | None:
        if self._depth >= DEPTH:
            self.cut = True
            return state
        self._depth += 1
        now: State | None = state
        try:
            for node in nodes:
                if now is None:
                    break
                now = statements.statement(self, node, now)
            return now
        finally:
            self._depth -= 1

    def enter(
        self, function: Function, values: dict[str, Value], state: State, spot: Spot
    ) -> Value:
        """The value of a call of a function of the program; its effects on fields stay."""
        if len(self.frames) >= CALLS:
            self.cut = True
            return either(values.values()) if values else UNKNOWN
        self._entered.add(function)
        module = self.program.modules[function.path]
        names = {n: v for n, v in state.names.items() if "." in n or ":" in n}
        for param in function.params:
            given = values.get(param.name, UNKNOWN)
            names[param.name] = calls.typed(self, given, param.type)
        inner = State(names, state.heap)
        frame = Frame(module, function.owner, function)
        self.frames.append(frame)
        try:
            end = self.block(function.body, inner)
        finally:
            self.frames.pop()
        after = met([end, *(s for _, s in frame.returns)])
        if after is not None:
            state.heap = after.heap
            state.names.update({n: v for n, v in after.names.items() if "." in n or ":" in n})
        return either(v for v, _ in frame.returns) if frame.returns else UNKNOWN

    @contextmanager
    def inside(self, module: Module, owner: str | None) -> Iterator[None]:
        """What is evaluated here stands in another module, outside its functions."""
        self.frames.append(Frame(module, owner, None))
        try:
            yield
        finally:
            self.frames.pop()

    def spot(self, span: Span) -> Spot:
        return Spot(self.frame.module.path, *span)

    def fresh(self) -> int:
        self._refs += 1
        return self._refs

    def looked(self, check: str, span: Span, verdict: Verdict) -> None:
        Found.worse(self.found.sinks, (check, self.spot(span)), verdict)

    def flows(self, flow: Flow) -> None:
        self.found.add(flow)

    def text(self, span: Span, verdict: Verdict) -> None:
        Found.worse(self.found.texts, self.spot(span), verdict)

"""What one analysis carries along, and what it has found so far."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from kimidoc.dataflow.program import Program
from kimidoc.dataflow.tables import Tables
from kimidoc.dataflow.tree import Function, Module, Node, Span
from kimidoc.dataflow.values import Spot, State, Taint, Value

K = TypeVar("K")
Verdict = Literal["reached", "unknown", "fixed"]
DEPTH = 110  # nodes within nodes and calls within calls, together
CALLS = 6  # functions within functions
STEPS = 60_000  # nodes looked at for one function and what it calls
FILE_STEPS = 600_000  # and for all functions of a file
COPY = 16  # names and objects copied where the program parts cost as much as a node
_RANK: dict[Verdict, int] = {"fixed": 0, "unknown": 1, "reached": 2}


class OutOfSteps(Exception):
    """One function took too long; what was found until then stands."""


@dataclass(frozen=True, slots=True)
class Flow:
    """From a source to a sink. ``taint`` is None where a literal alone is what is wrong."""

    check: str
    sink: Spot
    words: str
    taint: Taint | None
    literal: str = ""


@dataclass(slots=True)
class Ways:
    """Where the ways that left a loop, a switch or a function early go on."""

    kind: Literal["loop", "switch"]
    breaks: list[State] = field(default_factory=list)
    continues: list[State] = field(default_factory=list)


@dataclass(slots=True)
class Frame:
    """One function being followed."""

    module: Module
    owner: str | None
    function: Function | None
    returns: list[tuple[Value, State]] = field(default_factory=list)
    ways: list[Ways] = field(default_factory=list)


class Run(Protocol):
    """The parts of the engine see each other through this."""

    program: Program
    tables: Tables
    frames: list[Frame]
    above: State  # the names of modules, outside of functions
    cut: bool

    @property
    def frame(self) -> Frame: ...

    def value(self, node: Node, state: State) -> Value: ...

    def block(self, nodes: list[Node], state: State) -> State | None: ...

    def enter(
        self, function: Function, values: dict[str, Value], state: State, spot: Spot
    ) -> Value: ...

    def written(self, body: list[Node]) -> frozenset[str]: ...

    def spend(self, state: State) -> None: ...

    def inside(self, module: Module, owner: str | None) -> AbstractContextManager[None]: ...

    def spot(self, span: Span) -> Spot: ...

    def fresh(self) -> int: ...

    def looked(self, check: str, span: Span, verdict: Verdict) -> None: ...

    def flows(self, flow: Flow) -> None: ...

    def text(self, span: Span, verdict: Verdict) -> None: ...


class Found:
    """What was found: flows, each sink's verdict, each built text's."""

    def __init__(self) -> None:
        self.flows: dict[tuple[str, Spot, str], Flow] = {}
        self.sinks: dict[tuple[str, Spot], Verdict] = {}
        self.texts: dict[Spot, Verdict] = {}
        self.cut: set[str] = set()

    def add(self, flow: Flow) -> None:
        """A flow; of several from one kind of source to one sink the remote, shortest one stays."""
        key = (flow.check, flow.sink, flow.taint.label if flow.taint else flow.literal)
        old = self.flows.get(key)
        if old is None or (flow.taint and old.taint and _way(flow.taint) < _way(old.taint)):
            self.flows[key] = flow

    @staticmethod
    def worse(verdicts: dict[K, Verdict], key: K, verdict: Verdict) -> None:
        """Keep the worst that was seen at a place."""
        if key not in verdicts or _RANK[verdict] > _RANK[verdicts[key]]:
            verdicts[key] = verdict


def _way(taint: Taint) -> tuple[bool, int]:
    return taint.kind != "remote", len(taint.steps)

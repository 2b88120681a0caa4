"""Statements: where the program parts, meets again, repeats and leaves.

Each takes a state and gives the state after it, or None where nothing goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kimidoc.dataflow import arithmetic, expressions, guards
from kimidoc.dataflow.run import Run, Ways
from kimidoc.dataflow.tree import (
    Block,
    Call,
    Each,
    If,
    Leave,
    Loop,
    Node,
    Op,
    Return,
    Switch,
    Try,
)
from kimidoc.dataflow.values import UNKNOWN, State, Value, joined, met

UNROLLED = 12  # times that a loop whose condition is certain is followed
ROUNDS = 3  # times that any other loop is


def statement(run: Run, node: Node, state: State) -> State | None:
    """One statement."""
    method = _KINDS.get(type(node))
    if method is not None:
        return method(run, node, state)
    run.value(node, state)
    if isinstance(node, Call) and node.name in run.tables.never:
        return None
    return state


def _if(run: Run, node: If, state: State) -> State | None:
    known = guards.truth(run.value(node.test, state))
    if known is not None:
        return run.block(node.then if known else node.other, state)
    one, two = guards.parted(run, node.test, state)
    return met([run.block(node.then, one), run.block(node.other, two)])


def _block(run: Run, node: Block, state: State) -> State | None:
    return run.block(node.body, state)


def _loop(run: Run, node: Loop, state: State) -> State | None:
    ways = Ways("loop")
    run.frame.ways.append(ways)
    try:
        after = _repeated(run, node, state, ways)
    finally:
        run.frame.ways.pop()
    return met([after, *ways.breaks])


def _repeated(run: Run, node: Loop, state: State, ways: Ways) -> State | None:
    now: State | None = state
    if node.late:
        now = _round(run, node, state, ways)
    for _ in range(UNROLLED):  # as long as the condition is certain
        if now is None:
            return None
        known = guards.truth(run.value(node.test, now)) if node.test is not None else True
        if known is False:
            return now
        if known is None or (node.test is None or _always(node.test)):
            break
        now = _round(run, node, now, ways)
    if now is None:
        return None
    widened(run, now, node.body, node.step)
    exits: list[State | None] = []
    endless = node.test is None or _always(node.test)
    for _ in range(ROUNDS):
        run.spend(now)
        before = now.copy()
        inside, outside = now.copy(), now
        if node.test is not None:
            _bounded(run, node.test, now)
            inside, outside = guards.parted(run, node.test, now)
        exits.append(None if endless else outside)
        again = met([_round(run, node, inside, ways), now])
        assert again is not None
        if again == before:
            break
        now = again
        widened(run, now, node.body, node.step)
    return met(exits)


def _always(test: Node) -> bool:
    return getattr(test, "value", None) is True


def _bounded(run: Run, test: Node, state: State) -> None:
    """A comparison with a number from outside decides how often the loop runs."""
    for part in [test, *(test.parts if isinstance(test, Op) and test.op in ("&&", "and") else ())]:
        if isinstance(part, Op) and part.op in ("<", "<=", ">", ">=") and len(part.parts) == 2:
            made = [run.value(side, state.copy()) for side in part.parts]
            arithmetic.bound(run, part, made)


def _round(run: Run, node: Loop, state: State, ways: Ways) -> State | None:
    after = met([run.block(node.body, state), *ways.continues])
    ways.continues.clear()
    return run.block(node.step, after) if after is not None else None


def widened(run: Run, state: State, *bodies: list[Node]) -> None:
    """What the bodies assign is no certain literal any more."""
    for body in bodies:
        for name in run.written(body):
            value = state.names.get(name)
            if value is not None and value.exact:
                state.names[name] = replace(value, exact=False, known=frozenset())


def _each(run: Run, node: Each, state: State) -> State | None:
    over = run.value(node.over, state)
    items, anyone = expressions.items_of(over, state)
    ways = Ways("loop")
    run.frame.ways.append(ways)
    try:
        after: State | None = state
        if items is not None and 0 < len(items) <= UNROLLED:
            for item in items:
                if after is None:
                    break
                after = _turn(run, node, item, after, ways)
        else:
            for _ in range(2):
                assert after is not None
                widened(run, after, node.body)
                after = met([after.copy(), _turn(run, node, anyone, after.copy(), ways)])
    finally:
        run.frame.ways.pop()
    return met([after, *ways.breaks])


def _turn(run: Run, node: Each, item: Value, state: State, ways: Ways) -> State | None:
    expressions.assign(run, node.target, item, state, declared=True)
    after = met([run.block(node.body, state), *ways.continues])
    ways.continues.clear()
    return after


def _switch(run: Run, node: Switch, state: State) -> State | None:
    return switched(run, node, state)[0]


def switched(run: Run, node: Switch, state: State) -> tuple[State | None, Value]:
    """A switch as a statement and as a value: that of the last expression of each way through."""
    subject = run.value(node.subject, state)
    known = subject.literal
    ways = Ways("switch")
    run.frame.ways.append(ways)
    ends: list[State | None] = []
    given: list[Value] = []
    chosen = _matching(run, node, state, known[1] if known is not None else None, known is not None)
    try:
        before: State | None = None
        for at, (labels, body) in enumerate(node.cases):
            enters = None
            if chosen is None or chosen == at:
                run.spend(state)
                enters = state.copy()
                if None not in labels:
                    sources = {t.source for t in subject.taints}
                    guards.clear_sources(enters, sources, guards.TEXT)
            now = met([before if node.falls else None, enters])
            if now is None:
                continue
            after = run.block(body[:-1], now) if body else now
            if after is not None and body:
                if type(body[-1]) in _KINDS:
                    after = statement(run, body[-1], after)
                else:
                    given.append(run.value(body[-1], after))
            before = after
            if not node.falls:
                ends.append(after)
        if node.falls:
            ends.append(before)
    finally:
        run.frame.ways.pop()
    default = any(None in labels for labels, _ in node.cases)
    if not default and (chosen is None or chosen < 0):
        ends.append(state)
    made = given[0] if given else UNKNOWN
    for one in given[1:]:
        made = joined(made, one)
    return met([*ends, *ways.breaks]), made


def _matching(run: Run, node: Switch, state: State, subject: object, certain: bool) -> int | None:
    """The case that is certainly taken: its number, -1 for none; None where it is not certain."""
    if not certain:
        return None
    default = -1
    for at, (labels, _) in enumerate(node.cases):
        for label in labels:
            if label is None:
                default = at
                continue
            found = run.value(label, state.copy()).literal
            if found is None:
                return None
            if found[1] == subject:
                return at
    return default


def _try(run: Run, node: Try, state: State) -> State | None:
    seen: list[State | None] = [state.copy()]
    now: State | None = state
    for each in node.body:
        if now is None:
            break
        now = statement(run, each, now)
        run.spend(state)
        seen.append(now.copy() if now is not None else None)
    thrown = met(seen)
    ends = [now]
    for name, body in node.handlers:
        assert thrown is not None
        inside = thrown.copy()
        if name:
            inside.names[name] = Value(type="Exception")
        ends.append(run.block(body, inside))
    after = met(ends)
    if node.last:
        entered = after if after is not None else (thrown.copy() if thrown is not None else None)
        finished = run.block(node.last, entered) if entered is not None else None
        after = finished if after is not None else None
    return after


def _return(run: Run, node: Return, state: State) -> State | None:
    made = run.value(node.value, state) if node.value is not None else UNKNOWN
    run.frame.returns.append((made, state))
    return None


def _leave(run: Run, node: Leave, state: State) -> State | None:
    if node.value is not None:
        run.value(node.value, state)
    for ways in reversed(run.frame.ways):
        if node.how == "break":
            ways.breaks.append(state)
            break
        if node.how == "continue" and ways.kind == "loop":
            ways.continues.append(state)
            break
    return None


_KINDS: dict[type[Node], Callable[[Run, Any, State], State | None]] = {
    If: _if,
    Block: _block,
    Loop: _loop,
    Each: _each,
    Switch: _switch,
    Try: _try,
    Return: _return,
    Leave: _leave,
}

"""Reading a window: every chunk through layer l before any chunk through layer l + 1.

Causality makes layer-major order exact, and one layer's keys and values are hot at a time: a
layer is compressed and sealed to the session when its last chunk is through. The price is the
hidden states of the whole window. ``chunk_major`` is the obvious twin, with every layer hot; the
tests compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kimidoc.attention import register
from kimidoc.engine import memory
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.flow import Flow, InMemory
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import Profile, ReadFull, ReadSliding
from kimidoc.kvcache.cache import BlockCache
from kimidoc.kvcache.layer import Kept, Reading, Recent
from kimidoc.kvcache.local import Local, Tail
from kimidoc.kvcache.snapshot import Layer
from kimidoc.types import Window

_KNOWN_AT_ONCE = 64  # blocks of a kept session taken over in one go
Keep = Callable[[Layer], Layer]
Store = Reading | Local | Recent
Tap = Callable[[int, int, Tensor], None]


def token_ids(window: Window) -> Tensor:
    """The window's tokens as ``layer_major`` takes them: [T] int64"""
    return torch.from_numpy(np.frombuffer(window.tokens, dtype=np.int32).astype(np.int64))


def chunks(start: int, end: int, size: int) -> list[tuple[int, int]]:
    """[start, end) in pieces that end at multiples of ``size``."""
    cuts = [start, *range((start // size + 1) * size, end, size), end]
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def _state(plan: ReadPlan, profile: Profile, layer: int, store: Store) -> Any:
    profile = profile.at(layer)
    if isinstance(store, Recent):
        return ReadSliding(store, profile)
    budget = plan.budget if isinstance(store, Reading) else plan.local_budget
    return ReadFull(store, budget, profile)


def _kept(store: Store, plan: ReadPlan) -> Layer:
    if isinstance(store, Reading):
        return store.seal(plan.storage)
    return store.seal() if isinstance(store, Local) else store


def _take_over(store: Store, known: Layer, tokens: int, block_tokens: int) -> None:
    """Have ``store`` stand where an earlier reading stood after ``tokens``."""
    if isinstance(store, Local):
        assert isinstance(known, Tail)
        store.go_on(known, tokens)
        return
    assert isinstance(store, Reading) and isinstance(known, Kept)
    for a in range(0, tokens, _KNOWN_AT_ONCE * block_tokens):
        k, v = known.span(a, min(tokens, a + _KNOWN_AT_ONCE * block_tokens))
        store.append(k[None], v[None])


@torch.no_grad()
def layer_major(
    runner: Runner,
    profile: Profile,
    ids: Tensor,
    plan: ReadPlan,
    keep: Keep = lambda layer: layer,
    *,
    known: Sequence[Layer] = (),
    known_tokens: int = 0,
    pieces: Sequence[tuple[int, int]] | None = None,
    flow: Flow | None = None,
    done: Sequence[Layer] = (),
    tap: Tap | None = None,
    until: int | None = None,
    progress: Progress = silent,
) -> tuple[list[Layer], Tensor]:
    """Read ``ids`` [T]; returns every layer as kept, and what left the last one: [T', hidden].

    ``until``: only the layers before that one; ``tap`` is shown what would enter it.

    ``known``: the layers of an earlier session whose first ``known_tokens`` (whole blocks, and
    where there are local layers a place that all of them can go on from) are the same; T' counts
    the tokens after them. ``done``: the first layers of this very reading, where it was
    interrupted; ``flow`` then holds what enters the next. A layer is given to ``keep`` after
    ``flow`` has turned: whoever writes down how far it came has both. ``tap(l, a, x)`` is shown
    what enters layer l for the tokens from a on, x [S, hidden].
    """
    T, L = ids.numel(), plan.budget.block_tokens
    assert known_tokens % L == 0 and known_tokens < T
    pieces = chunks(known_tokens, T, plan.chunk_tokens) if pieces is None else pieces
    flow = InMemory(T - known_tokens) if flow is None else flow
    _embed(runner, ids, pieces, known_tokens, flow, again=bool(done))
    hot, kept, n = Reading(T, L), list(done), len(runner.layers)
    remember, read = plan.globals_of(profile.windows), profile.windows[:until]
    for index, window in enumerate(read):
        if index < len(done):
            continue
        store: Store = hot if index in remember else _forgetful(plan, window)
        if known_tokens:
            _take_over(store, known[index], known_tokens, L)
        cache = BlockCache([store if i == index else None for i in range(n)])
        with register.using({index: _state(plan, profile, index, store)}):
            for a, b in pieces:
                rows = (a - known_tokens, b - known_tokens)
                entered = flow.take(*rows).to(runner.device)
                if tap is not None:
                    tap(index, a, entered)
                flow.put(*rows, runner.layer(index, entered[None], cache)[0])
                progress("prefill", index * T + b, len(read) * T, "token-layers")
        flow.turn()
        kept.append(keep(_kept(store, plan)))
        if store is hot:
            hot.clear()
            memory.release()
    if tap is not None and until is not None and len(kept) == until:
        for a, b in pieces:
            tap(until, a, flow.take(a - known_tokens, b - known_tokens).to(runner.device))
    return kept, flow.whole()


def _embed(
    runner: Runner,
    ids: Tensor,
    pieces: Sequence[tuple[int, int]],
    known_tokens: int,
    flow: Flow,
    *,
    again: bool,
) -> None:
    """Put what enters layer 0 for all tokens after the known ones.

    ``again``: only have the runner see one chunk of each length, as ``runner.layer`` asks for.
    """
    seen: set[int] = set()
    for a, b in pieces:
        if again and b - a in seen:
            continue
        seen.add(b - a)
        entered = runner.embed(ids[None, a:b].to(runner.device))[0]
        if not again:
            flow.put(a - known_tokens, b - known_tokens, entered)
    if not again:
        flow.turn()


def _forgetful(plan: ReadPlan, window: int | None) -> Local | Recent:
    return Local(plan.reach) if window is None else Recent(window)


@torch.no_grad()
def chunk_major(
    runner: Runner,
    profile: Profile,
    ids: Tensor,
    plan: ReadPlan,
    *,
    pieces: Sequence[tuple[int, int]] | None = None,
) -> tuple[list[Layer], Tensor]:
    """The twin: each chunk through all layers, every layer hot. Returns what layer_major does."""
    T, L = ids.numel(), plan.budget.block_tokens
    remember = plan.globals_of(profile.windows)
    stores: list[Store] = [
        Reading(T, L) if i in remember else _forgetful(plan, w)
        for i, w in enumerate(profile.windows)
    ]
    cache = BlockCache(stores)
    out = []
    with register.using({i: _state(plan, profile, i, s) for i, s in enumerate(stores)}):
        for a, b in pieces or chunks(0, T, plan.chunk_tokens):
            out.append(runner.forward(ids[None, a:b], cache)[0])
    return [_kept(s, plan) for s in stores], torch.cat(out)

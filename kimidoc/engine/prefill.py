"""Reading a window: every chunk through layer l before any chunk through layer l + 1.

Causality makes layer-major order exact, and one layer's keys and values are hot at a time: a
layer is compressed and sealed to the session when its last chunk is through. The price is the
hidden states of the whole window. ``chunk_major`` is the obvious twin, with every layer hot; the
tests compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from kimidoc.attention import register
from kimidoc.attention.block_sparse import ReadBudget
from kimidoc.engine import memory
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.flow import Flow, InMemory
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import Profile, ReadFull, ReadSliding
from kimidoc.kvcache.cache import BlockCache
from kimidoc.kvcache.layer import Kept, Reading, Recent

_KNOWN_AT_ONCE = 64  # blocks of a kept session taken over in one go
Keep = Callable[[Kept | Recent], Kept | Recent]


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How a window is read. ``retrieve_every``: full layers that look past their window.

    The defaults stay within 2 % of dense NLL on SmolLM2-135M (second half of 8,192 tokens, its
    trained length: Python source 1.299 to 1.282, contracts 2.436 to 2.398) for a third less time
    than retrieval in every layer; every full layer keeps its history all the same. Chunks of
    1,024 tokens cost a tenth less than 512; longer ones gain nothing more.
    """

    budget: ReadBudget = field(default_factory=ReadBudget)
    chunk_tokens: int = 1024
    retrieve_every: int = 3
    storage: str = "int8"

    def describe(self) -> str:
        """Everything that changes what a session holds, as one line."""
        return repr(self)


def chunks(start: int, end: int, size: int) -> list[tuple[int, int]]:
    """[start, end) in pieces that end at multiples of ``size``."""
    cuts = [start, *range((start // size + 1) * size, end, size), end]
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def _state(plan: ReadPlan, profile: Profile, layer: int, store: Reading | Recent) -> Any:
    profile = profile.at(layer)
    if isinstance(store, Recent):
        return ReadSliding(store, profile)
    retrieve = layer % plan.retrieve_every == plan.retrieve_every - 1
    return ReadFull(store, plan.budget, profile, retrieve=retrieve)


@torch.no_grad()
def layer_major(
    runner: Runner,
    profile: Profile,
    ids: Tensor,
    plan: ReadPlan,
    keep: Keep = lambda layer: layer,
    *,
    known: Sequence[Kept] = (),
    known_tokens: int = 0,
    pieces: Sequence[tuple[int, int]] | None = None,
    flow: Flow | None = None,
    done: Sequence[Kept | Recent] = (),
    progress: Progress = silent,
) -> tuple[list[Kept | Recent], Tensor]:
    """Read ``ids`` [T]; returns every layer as kept, and what left the last one: [T', hidden].

    ``known``: the layers of an earlier session whose first ``known_tokens`` (whole blocks) are
    the same; T' counts the tokens after them. ``done``: the first layers of this very reading,
    where it was interrupted; ``flow`` then holds what enters the next. A layer is given to
    ``keep`` after ``flow`` has turned: whoever writes down how far it came has both.
    """
    T, L = ids.numel(), plan.budget.block_tokens
    assert known_tokens % L == 0 and known_tokens < T
    pieces = chunks(known_tokens, T, plan.chunk_tokens) if pieces is None else pieces
    flow = InMemory(T - known_tokens) if flow is None else flow
    _embed(runner, ids, pieces, known_tokens, flow, again=bool(done))
    reading, kept, n = Reading(T, L), list(done), len(runner.layers)
    for index, window in enumerate(profile.windows):
        if index < len(done):
            continue
        store: Reading | Recent = reading if window is None else Recent(window)
        for a in range(0, known_tokens, _KNOWN_AT_ONCE * L):
            k, v = known[index].span(a, min(known_tokens, a + _KNOWN_AT_ONCE * L))
            reading.append(k[None], v[None])
        cache = BlockCache([store if i == index else None for i in range(n)])
        with register.using({index: _state(plan, profile, index, store)}):
            for a, b in pieces:
                rows = (a - known_tokens, b - known_tokens)
                entered = flow.take(*rows).to(runner.device)
                flow.put(*rows, runner.layer(index, entered[None], cache)[0])
                progress("prefill", index * T + b, n * T, "token-layers")
        flow.turn()
        kept.append(keep(store.seal(plan.storage) if isinstance(store, Reading) else store))
        reading.clear()
        memory.release()
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


@torch.no_grad()
def chunk_major(
    runner: Runner,
    profile: Profile,
    ids: Tensor,
    plan: ReadPlan,
    *,
    pieces: Sequence[tuple[int, int]] | None = None,
) -> tuple[list[Kept | Recent], Tensor]:
    """The twin: each chunk through all layers, every layer hot. Returns what layer_major does."""
    T, L = ids.numel(), plan.budget.block_tokens
    stores = [Reading(T, L) if w is None else Recent(w) for w in profile.windows]
    cache = BlockCache(stores)
    out = []
    with register.using({i: _state(plan, profile, i, s) for i, s in enumerate(stores)}):
        for a, b in pieces or chunks(0, T, plan.chunk_tokens):
            out.append(runner.forward(ids[None, a:b], cache)[0])
    kept = [s.seal(plan.storage) if isinstance(s, Reading) else s for s in stores]
    return kept, torch.cat(out)

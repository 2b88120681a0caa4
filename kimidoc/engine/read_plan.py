"""How a window is read: which layers keep their history, how far the others look, in what form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from kimidoc.attention.block_sparse import ReadBudget
from kimidoc.engine.base import ReadOptions
from kimidoc.kvcache.local import Reach

ALL, EVERY = "all", 5


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How a window is read, and what is kept of it.

    ``global_layers``: the full-attention layers that keep their history, look into it while
    reading and are asked later: "all", a tuple of them, or None for every fifth. The others are
    local: they look at ``local_blocks`` before each tile and at the sinks, and keep a tail.
    ``weights``: "int8" where the processor has the kernel, or "bf16". ``storage`` is of keys and
    values. What each of these costs is what ``kimidoc bench audit`` shows.
    """

    budget: ReadBudget = field(default_factory=ReadBudget)
    chunk_tokens: int = 1024
    global_layers: tuple[int, ...] | Literal["all"] | None = None
    local_blocks: int = 8
    anchor_tokens: int = 65_536
    storage: str = "int8"
    weights: str = "int8"

    @classmethod
    def of(cls, options: ReadOptions) -> ReadPlan:
        """The default plan with what ``options`` names."""
        given = {k: v for k, v in asdict(options).items() if v is not None}
        budget = {name: given.pop(name) for name in ("window_blocks", "top_k") if name in given}
        return replace(cls(), budget=replace(ReadBudget(), **budget), **given)

    def describe(self) -> str:
        """Everything that changes what a session holds, as one line."""
        return repr(self)

    def globals_of(self, windows: Sequence[int | None]) -> frozenset[int]:
        """Which layers keep their history; ``windows``: a model's own sliding windows, per layer.

        A model with sliding layers of its own has chosen its global ones: then None is all full
        ones. The middle layer of every five: measured, better than the first or the last of them.
        """
        full = [i for i, window in enumerate(windows) if window is None]
        if self.global_layers == ALL:
            return frozenset(full)
        if self.global_layers is not None:
            return frozenset(full) & frozenset(self.global_layers)
        if len(full) < len(windows) or len(full) < EVERY:
            return frozenset(full)
        return frozenset(i for i in full if i % EVERY == EVERY // 2)

    @property
    def local_budget(self) -> ReadBudget:
        """What a local layer's query may see."""
        return replace(self.budget, top_k=0, window_blocks=self.local_blocks)

    @property
    def reach(self) -> Reach:
        """The same in tokens, for its store."""
        budget = self.local_budget
        return Reach(
            sink_tokens=budget.sink_blocks * budget.block_tokens,
            window_tokens=budget.window_blocks * budget.block_tokens,
            tile_tokens=budget.group_tokens,
            anchor_tokens=self.anchor_tokens,
        )

"""The transformers Cache made of our layers.

``update`` stores what is new and returns only that: the model never sees, and transformers never
concatenates, a dense [T, D] history. Attention reaches the history through
``attention.register.using``. The cache answers length questions for the layer being run, because
layer-major reading runs one layer far ahead of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin


class Store(Protocol):
    """Takes the newest keys and values of one layer."""

    def append(self, k: Tensor, v: Tensor) -> None:
        """k [B, K, S, D], v [B, K, S, Dv], un-rotated."""
        ...


class Entry(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's place in the cache; forwards to a Store, or to nobody."""

    def __init__(self, store: Store | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.store = store
        self.seen = 0

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        self.is_initialized = True
        self.seen += key_states.shape[2]
        if self.store is not None:
            self.store.append(key_states, value_states)
        return key_states, value_states

    def get_seq_length(self) -> int:
        return self.seen

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.seen + query_length, 0

    def get_max_length(self) -> int:
        return -1


class BlockCache(Cache):
    """One Entry per layer; ``current`` is the layer whose lengths transformers is told."""

    def __init__(self, stores: Sequence[Store | None]) -> None:
        super().__init__(layers=[Entry(store) for store in stores])
        self.current = 0

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return int(super().get_seq_length(self.current))

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:
        sizes: tuple[int, int] = super().get_mask_sizes(query_length, self.current)
        return sizes

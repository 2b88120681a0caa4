"""The facts of a checkpoint that sizes follow from: off ``config.json`` and weight headers.

No weight is read and no torch is loaded. Names differ between families; ``engine.states.profile``
reads the same facts off a loaded model, and the tests hold the two together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from kimidoc.errors import ModelError
from kimidoc.models import checkpoint as checkpoints
from kimidoc.models import folder, nano, weights
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.types import ModelFacts


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One model's sizes.

    ``kv_heads``, ``key_dim`` and ``value_dim`` are what is cached per token and layer; MLA caches
    one latent and one rotary key. ``windows``: each layer's own sliding window in tokens, None
    where it sees everything. ``layer_parameters``: the weights of each layer, experts included.
    ``trained_tokens``: the context it was trained for. ``indexer_width``: numbers in the keys of
    the indexer that is shipped for it, 0 where there is none. ``dense_files``: the layers in its
    files have one feed-forward network each, whatever is put beside it. ``read_layers``: how many a
    window goes through, where that is not all.
    """

    model: ModelFacts
    hidden: int
    heads: int
    kv_heads: int
    key_dim: int
    value_dim: int
    mla: bool
    windows: tuple[int | None, ...]
    trained_tokens: int | None
    layer_parameters: tuple[int, ...]
    indexer_width: int = 0
    dense_files: bool = True
    read_layers: int | None = None

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.windows)

    @property
    def cached(self) -> int:
        """Numbers kept per token and layer: keys and values of every cached head."""
        return self.kv_heads * (self.key_dim + self.value_dim)


def anatomy(checkpoint: Checkpoint) -> Anatomy:
    """The sizes of ``checkpoint``. Raises ModelError where its config does not say them."""
    given = folder.config(checkpoint.folder)
    text: Mapping[str, Any] = given.get("text_config") or given
    known = checkpoints.facts(checkpoint)
    hidden, layers = _need(text, "hidden_size"), _need(text, "num_hidden_layers")
    heads = _need(text, "num_attention_heads")
    latent = text.get("kv_lora_rank")
    if latent:
        kv_heads, key_dim, value_dim = 1, int(latent), _need(text, "qk_rope_head_dim")
    else:
        kv_heads = int(text.get("num_key_value_heads") or heads)
        key_dim = value_dim = int(text.get("head_dim") or hidden // heads)
    return Anatomy(
        model=known.model,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        key_dim=key_dim,
        value_dim=value_dim,
        mla=bool(latent),
        windows=_windows(text, layers),
        trained_tokens=known.trained_tokens,
        layer_parameters=_per_layer(checkpoint, layers),
        indexer_width=nano.key_width(checkpoint.states),
        dense_files=_dense(checkpoint),
        read_layers=checkpoint.read_layers,
    )


def _dense(checkpoint: Checkpoint) -> bool:
    """Whether the layers in the files have one feed-forward network each."""
    alone = checkpoints.facts(replace(checkpoint, reader=None)).model
    return alone.parameters_active == alone.parameters_total


def _per_layer(checkpoint: Checkpoint, layers: int) -> tuple[int, ...]:
    counts = [0] * layers
    for shard in weights.read(folder.shards(checkpoint.folder)):
        for tensor in shard.tensors:
            found = re.search(r"\blayers\.(\d+)\.", tensor.name)
            if found and int(found[1]) < layers:
                counts[int(found[1])] += prod(tensor.shape)
    return tuple(counts)


def _need(text: Mapping[str, Any], name: str) -> int:
    value = text.get(name)
    if not isinstance(value, int) or value <= 0:
        raise ModelError(
            f"The model's config.json does not say its {name}: nothing can be planned.",
            hint="Give a causal language model that transformers' save_pretrained wrote.",
        )
    return value


def _windows(text: Mapping[str, Any], layers: int) -> tuple[int | None, ...]:
    """As transformers' configurations fill in what a config.json leaves out."""
    window = text.get("sliding_window")
    if text.get("use_sliding_window") is False:
        window = None
    kinds = text.get("layer_types")
    if kinds is None:
        full = int(text.get("max_window_layers") or 0) if text.get("use_sliding_window") else 0
        kinds = ["full_attention" if i < full else "sliding_attention" for i in range(layers)]
    return tuple(window if window and kind == "sliding_attention" else None for kind in kinds)

"""Which layer attends how: the one place that joins attention, caches and model families.

    Profile       what a model's layers are: full or sliding, rotary, MLA
    ReadFull      a full-attention layer while the window is read, global or local
    ReadSliding   a sliding layer while the window is read
    Expanded      an MLA layer's latent history, expanded for what was chosen only

Layers while answering are in ``answering``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from kimidoc.attention import block_sparse, sliding
from kimidoc.attention.block_sparse import History, ReadBudget
from kimidoc.attention.positions import Rotary
from kimidoc.errors import EngineError
from kimidoc.kvcache.layer import Kept, Reading, Recent
from kimidoc.kvcache.local import Local


@dataclass(frozen=True, slots=True)
class Profile:
    """Per layer: a sliding window in tokens or None, and how positions are rotated.

    ``unrotated``: layers without rotary positions (NoPE).
    """

    windows: tuple[int | None, ...]
    rotary: Rotary | None
    mla: bool
    unrotated: frozenset[int] = frozenset()

    def at(self, layer: int) -> Profile:
        """The profile as layer ``layer`` needs it: without rotary where that layer has none."""
        return replace(self, rotary=None) if layer in self.unrotated else self

    @property
    def all_full(self) -> bool:
        """No layer forgets, so reading can go on from any block of a kept session."""
        return all(window is None for window in self.windows)


# Held to stock transformers by the tests; others are compared on the spot (``unknown_family``).
KNOWN = {
    "llama", "mistral", "qwen2", "qwen3", "qwen2_moe", "qwen3_moe", "mixtral", "olmoe", "gpt_oss",
    "deepseek_v3", "granite", "granitemoe", "olmo2", "phi3", "smollm3",
}  # fmt: skip


# Rotations whose frequencies do not depend on how long the text is: ours may take their place.
FIXED_ROPE = {"default", "linear", "llama3", "yarn"}


def profile(model: Any) -> Profile:
    """Read a model's layers off its configuration. Raises EngineError for what is not built."""
    config = model.config.get_text_config(decoder=True)
    rope = (config.rope_parameters or {}).get("rope_type", "default")
    if rope not in FIXED_ROPE:
        raise EngineError(
            f"rotary positions of the kind {rope!r} change with the length of the text and are "
            "not supported yet",
            hint=f"use a checkpoint with one of these: {', '.join(sorted(FIXED_ROPE))}",
        )
    mla = getattr(config, "kv_lora_rank", None) is not None
    first = config.qk_nope_head_dim if mla else 0
    flags = getattr(config, "no_rope_layers", None) or ()  # 1: the layer does rotate (smollm3)
    return Profile(
        windows=_windows(config),
        rotary=Rotary(model.get_decoder().rotary_emb.inv_freq, first=first),
        mla=mla,
        unrotated=frozenset(i for i, rotates in enumerate(flags) if not rotates),
    )


def _windows(config: Any) -> tuple[int | None, ...]:
    """Every layer's sliding window, None where it sees everything."""
    kinds = getattr(config, "layer_types", None)
    window = getattr(config, "sliding_window", None)
    if kinds is None:
        kinds = ["sliding_attention" if window else "full_attention"] * config.num_hidden_layers
    odd = set(kinds) - {"full_attention", "sliding_attention"}
    if odd:
        raise EngineError(
            f"layers of the kind {', '.join(sorted(odd))} are not supported yet",
            hint="use a checkpoint whose layers are full or sliding attention",
        )
    return tuple(window if kind == "sliding_attention" else None for kind in kinds)


class Expanded:
    """MLA (arXiv:2405.04434): a history of latents, expanded per head for what is looked at.

    The latent lies in the key slot, the shared rotary key in the value slot, one head each. All
    heads must choose the same blocks. Expansion is linear, so a mean latent expands to the mean
    key.
    """

    shared_choice = True

    def __init__(self, inner: Reading | Kept | Local, module: Any) -> None:
        self.inner, self.module = inner, module

    @property
    def length(self) -> int:
        return self.inner.length

    def _expand(self, latent: Tensor, rope: Tensor) -> tuple[Tensor, Tensor]:
        k, v = self.module.expand_kv(latent[None], rope[None])
        return k[0], v[0]

    def span(self, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Tokens [start, end) of every head."""
        assert not isinstance(self.inner, Kept)
        if start == end:  # expand_kv cannot take 0 tokens
            k, v = self._expand(*self.inner.span(0, 1))
            return k[:, :0], v[:, :0]
        return self._expand(*self.inner.span(start, end))

    def blocks(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Whole blocks of every head; the rows of ``chosen`` are equal."""
        return self._expand(*self.inner.blocks(chosen[:1]))

    def means(self, first: int, end: int) -> Tensor:
        """Mean keys: the expanded mean latents with the mean rotary key."""
        latent, rope = self.inner.means(first, end), self.inner.mean_values(first, end)
        dtype = self.module.kv_b_proj.weight.dtype
        return self._expand(latent.to(dtype), rope.to(dtype))[0].float()


def history(inner: Reading | Kept | Local, module: nn.Module, mla: bool) -> Any:
    """The history attention looks at: as stored, or expanded for MLA."""
    return Expanded(inner, module) if mla else inner


class ReadFull:
    """A full-attention layer while reading: of a global one the whole history is there to choose
    from; a local one has only its sinks and window, and a budget that asks for no more."""

    def __init__(self, store: Reading | Local, budget: ReadBudget, profile: Profile) -> None:
        self.store, self.mla = store, profile.mla
        self.rotary, self.budget = profile.rotary, budget

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        scaling: float,
        s_aux: Tensor | None,
        softcap: float | None,
    ) -> Tensor:
        """See ``attention.register.LayerState``."""
        past: History = history(self.store, module, self.mla)
        return block_sparse.read(
            query,
            past,
            self.budget,
            self.rotary,
            scaling=scaling,
            s_aux=s_aux,
            softcap=softcap,
        )


class ReadSliding:
    """A sliding layer while reading: the model's own window, exact."""

    def __init__(self, store: Recent, profile: Profile) -> None:
        self.store, self.rotary = store, profile.rotary

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        scaling: float,
        s_aux: Tensor | None,
        softcap: float | None,
    ) -> Tensor:
        """See ``attention.register.LayerState``."""
        assert self.store.k is not None and self.store.v is not None
        return sliding.read(
            query,
            self.store.k,
            self.store.v,
            self.store.window,
            self.rotary,
            scaling=scaling,
            s_aux=s_aux,
            softcap=softcap,
        )

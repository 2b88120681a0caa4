"""The extension point: transformers calls ``attend`` for every layer of an unmodified model.

``install()`` is explicit and idempotent. Around a forward pass, ``using(states)`` says who attends
in which layer; outside of it a model set to "kimidoc" refuses to run rather than attend wrongly.
No [q, kv] mask is ever built: causality and windows are the states' own business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import flash_attention_mask

NAME = "kimidoc"


class LayerState(Protocol):
    """What one layer knows: its history, and how its queries look at it."""

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
        """query [B, H, S, D] and key, value [B, K, S, D] of the newest S tokens, un-rotated.

        Returns [B, S, H, Dv].
        """
        ...


_states: ContextVar[Mapping[int, LayerState] | None] = ContextVar("kimidoc_states", default=None)


@contextmanager
def using(states: Mapping[int, LayerState]) -> Iterator[None]:
    """Within the block, layer i attends through ``states[i]``."""
    token = _states.set(states)
    try:
        yield
    finally:
        _states.reset(token)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    s_aux: Tensor | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """The function transformers calls; the cache layer's ``update`` has seen the keys before."""
    states = _states.get()
    assert states is not None, "a model on kimidoc attention ran outside register.using()"
    assert attention_mask is None, "kimidoc attention takes no padding mask"
    state = states[int(module.layer_idx)]  # type: ignore[arg-type]
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    out = state.attend(module, query, key, value, scaling=scale, s_aux=s_aux, softcap=softcap)
    return out, None


def install() -> None:
    """Make ``model.set_attn_implementation("kimidoc")`` known to transformers."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, flash_attention_mask)

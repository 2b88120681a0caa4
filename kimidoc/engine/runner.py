"""Runs an unmodified transformers model one layer at a time.

A decoder's ``forward`` does three things: embed, run its layers, norm. To run layer l alone over
every chunk of a window (layer-major order), we need what its ``forward`` hands to that layer. So
its layers are swapped for probes during one call: they record their arguments and pass the hidden
states through. With every position id 0 those arguments depend on the chunk's length only. No
per-family code; embedding multipliers, several rotary tables and mask kinds come out as the
family wants them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from kimidoc.attention import register
from kimidoc.attention.products import in_fp32
from kimidoc.kvcache.cache import BlockCache


class _Probe(nn.Module):
    """Stands in for one layer: records its arguments; ``inject`` replaces what flows on."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.__dict__["stands_for"] = layer  # not a submodule: no parameters, no hooks
        self.seen: dict[str, Any] = {}
        self.inject: Tensor | None = None

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:  # families read flags such as attention_type off their layers
            return getattr(self.__dict__["stands_for"], name)

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        assert not args, "layers are called with keyword arguments in transformers >= 5"
        self.seen = kwargs
        return hidden_states if self.inject is None else self.inject


class Runner:
    """Embed, one layer, head: the three parts of a causal language model."""

    def __init__(self, model: Any) -> None:
        register.install()
        model.set_attn_implementation(register.NAME)
        self.model = model
        self.decoder = model.get_decoder()
        self.layers: list[nn.Module] = list(self.decoder.layers)
        self._arguments: dict[int, list[dict[str, Any]]] = {}

    @property
    def device(self) -> torch.device:
        """Where the embedding lives; chunks are sent there."""
        device: torch.device = self.model.get_input_embeddings().weight.device
        return device

    @contextmanager
    def _probed(self) -> Iterator[list[_Probe]]:
        probes = [_Probe(layer) for layer in self.layers]
        real, self.decoder.layers = self.decoder.layers, nn.ModuleList(probes)
        try:
            yield probes
        finally:
            self.decoder.layers = real

    def _decode(self, ids: Tensor, cache: BlockCache) -> None:
        """The decoder over ids [B, S], every position 0; hooks pick out what is wanted."""
        self.decoder(
            input_ids=ids,
            position_ids=torch.zeros_like(ids),
            past_key_values=cache,
            use_cache=True,
        )

    @torch.no_grad()
    def embed(self, ids: Tensor) -> Tensor:
        """ids [B, S] -> what enters layer 0: [B, S, hidden]"""
        cache = BlockCache([None] * len(self.layers))
        first: list[Tensor] = []

        def keep(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            first.append(kwargs["hidden_states"] if "hidden_states" in kwargs else args[0])

        with self._probed() as probes:
            handle = probes[0].register_forward_pre_hook(keep, with_kwargs=True)
            try:
                self._decode(ids, cache)
            finally:
                handle.remove()
            self._arguments.setdefault(ids.shape[1], [p.seen for p in probes])
        return first[0]

    @in_fp32
    @torch.no_grad()
    def layer(self, index: int, hidden: Tensor, cache: BlockCache) -> Tensor:
        """One layer over one chunk, [1, S, hidden] -> the same; ``embed`` saw that S before."""
        arguments = dict(self._arguments[hidden.shape[1]][index], past_key_values=cache)
        cache.current = index
        out: Any = self.layers[index](hidden, **arguments)
        left: Tensor = out[0] if isinstance(out, tuple) else out
        return left

    @in_fp32
    @torch.no_grad()
    def head(self, hidden: Tensor) -> Tensor:
        """What left the last layer -> logits, fp32: [B, S, hidden] -> [B, S, vocabulary]"""
        with self._probed() as probes:
            probes[0].inject = hidden
            ids = torch.zeros(hidden.shape[:2], dtype=torch.long, device=hidden.device)
            logits = self.model(
                input_ids=ids,
                position_ids=ids,
                past_key_values=BlockCache([None] * len(self.layers)),
                use_cache=True,
            ).logits
        wide: Tensor = logits.float()
        return wide

    @in_fp32
    @torch.no_grad()
    def forward(self, ids: Tensor, cache: BlockCache) -> Tensor:
        """All layers in order over one chunk, [B, S] -> what the head needs: [B, S, hidden]"""
        last: list[Tensor] = []

        def keep(_: nn.Module, args: tuple[Any, ...], out: Any) -> None:
            last.append(out[0] if isinstance(out, tuple) else out)

        cache.current = 0
        handle = self.layers[-1].register_forward_hook(keep)
        try:
            self._decode(ids, cache)
        finally:
            handle.remove()
        return last[0]

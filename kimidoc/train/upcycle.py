"""The base model as it is trained: frozen below, with experts and low-rank changes above.

The layers before ``first`` run in int8 and without gradients, as the product reads; above, every
feed-forward network gets routed experts beside it and every attention projection a low-rank change.
All of it begins as nothing, so the model begins as the base model.

    B examples, S tokens, C hidden width, H query heads
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from kimidoc.experts.routed import RoutedExperts, Upcycled
from kimidoc.models import int8
from kimidoc.models.nano.reader import POINTER, PROJECTIONS, Pointer, ReaderShape

ATTENTION = "kimidoc-training"


class LowRank(nn.Module):
    """A frozen linear layer plus ``b @ a``; ``gain`` [H] scales each query head (QK-clip)."""

    gain: Tensor

    def __init__(self, linear: nn.Linear, rank: int, heads: int = 0) -> None:
        super().__init__()
        self.linear, self.heads = linear, heads
        out, inputs = linear.weight.shape
        self.a = nn.Parameter(torch.randn(rank, inputs) * inputs**-0.5)
        self.b = nn.Parameter(torch.zeros(out, rank))
        if heads:
            self.register_buffer("gain", torch.ones(heads))

    def forward(self, x: Tensor) -> Tensor:
        """x [..., C] -> [..., out]"""
        out: Tensor = self.linear(x)
        out = out + F.linear(F.linear(x, self.a.to(x.dtype)), self.b.to(x.dtype))
        if self.heads:
            heads = out.view(*out.shape[:-1], self.heads, -1) * self.gain[:, None].to(out.dtype)
            out = heads.flatten(-2)
        return out


class LogitWatch:
    """The largest attention logit of every query head, layer by layer, while it is ``on``."""

    def __init__(self) -> None:
        self.on = False
        self.most: dict[int, Tensor] = {}  # layer -> [H]

    @torch.no_grad()
    def see(self, layer: int, query: Tensor, key: Tensor, scaling: float) -> None:
        """query [B, H, S, D], key [B, K, S, D], rotated; looks at the first example only."""
        q, k = query[:1].float(), key[:1].float()
        k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
        logits = (q @ k.transpose(-1, -2)) * scaling
        past = torch.ones_like(logits[0, 0], dtype=torch.bool).tril()
        most = logits.masked_fill(~past, float("-inf")).amax((0, 2, 3))
        before = self.most.get(layer)
        self.most[layer] = most if before is None else torch.maximum(before, most)


watch = LogitWatch()


def _attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, *given: Any, **more: Any
) -> Any:
    if watch.on:
        scaling = more.get("scaling") or query.shape[-1] ** -0.5
        watch.see(int(module.layer_idx), query, key, float(scaling))  # type: ignore[arg-type]
    return sdpa_attention_forward(module, query, key, value, *given, **more)


class Upcycling(nn.Module):
    """What is trained, in the base model's own layers."""

    def __init__(self, model: Any, shape: ReaderShape) -> None:
        super().__init__()
        AttentionInterface.register(ATTENTION, _attend)
        self.shape, self.model = shape, model
        decoder = model.get_decoder()
        self.layers = list(decoder.layers)
        model.requires_grad_(False)
        for layer in self.layers[shape.first :]:
            attention = layer.self_attn
            heads = attention.q_proj.out_features // attention.head_dim
            for name in PROJECTIONS if shape.rank else ():
                own = heads if name == "q_proj" else 0
                setattr(attention, name, LowRank(getattr(attention, name), shape.rank, own))
            layer.mlp = Upcycled(layer.mlp, RoutedExperts(shape.experts))
        self.pointer = Pointer(model.config.hidden_size, shape.pointed)
        if model.dtype == torch.bfloat16 and self.device.type == "cpu" and int8.supported():
            int8.apply(model, until=shape.first)
        model.set_attn_implementation(ATTENTION)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        device: torch.device = self.model.device
        return device

    def hidden(self, ids: Tensor) -> Tensor:
        """ids [B, S], padded on the right -> what the head takes, [B, S, C]"""
        decoder = self.model.get_decoder()
        at = torch.arange(ids.shape[1], device=ids.device)[None]
        with torch.no_grad():
            x = decoder.embed_tokens(ids)
            turns = decoder.rotary_emb(x, at)
            for layer in self.layers[: self.shape.first]:
                x = self._through(layer, x, at, turns)
        for layer in self.layers[self.shape.first :]:
            x = self._through(layer, x, at, turns)
        out: Tensor = decoder.norm(x)
        return out

    def _through(self, layer: Any, x: Tensor, at: Tensor, turns: Any) -> Tensor:
        out: Any = layer(x, attention_mask=None, position_ids=at, position_embeddings=turns)
        left: Tensor = out[0] if isinstance(out, tuple) else out
        return left

    def head(self, hidden: Tensor) -> Tensor:
        """[..., C] -> logits [..., V], fp32"""
        logits: Tensor = self.model.lm_head(hidden)
        return logits.float()

    def routed(self) -> Iterator[tuple[int, RoutedExperts]]:
        """The experts of every layer that has them."""
        for number in range(self.shape.first, len(self.layers)):
            yield number, self.layers[number].mlp.routed

    def gain(self, layer: int) -> Tensor:
        """What QK-clip may move: [H]"""
        gain: Tensor = self.layers[layer].self_attn.q_proj.gain
        return gain

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser moves, by the names of ``models.nano.reader``."""
        found: dict[str, nn.Parameter] = {}
        for number in range(self.shape.first, len(self.layers)):
            layer = self.layers[number]
            for name in PROJECTIONS if self.shape.rank else ():
                change = getattr(layer.self_attn, name)
                found[f"layers.{number}.{name}.a"] = change.a
                found[f"layers.{number}.{name}.b"] = change.b
            for name, value in layer.mlp.routed.named_parameters():
                found[f"layers.{number}.experts.{name}"] = value
        found |= {f"{POINTER}.{name}": value for name, value in self.pointer.named_parameters()}
        return found

    def state(self) -> dict[str, Tensor]:
        """What is trained and what balancing and clipping moved, as ``reader.save`` takes it."""
        found: dict[str, Tensor] = {name: p.detach() for name, p in self.trained().items()}
        for number, routed in self.routed():
            found[f"layers.{number}.experts.bias"] = routed.bias
            if self.shape.rank:
                found[f"layers.{number}.q_proj.gain"] = self.gain(number)
        return found

    def take(self, state: dict[str, Tensor]) -> None:
        """Set everything to what ``state`` gave."""
        with torch.no_grad():
            for name, value in self.state().items():
                value.copy_(state[name])

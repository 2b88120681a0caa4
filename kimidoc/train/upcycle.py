"""The base model as it is trained: frozen below, with experts and low-rank changes above.

The layers before ``first`` run in int8 and without gradients, as the product reads; above, every
feed-forward network gets routed experts beside it and every attention projection a low-rank change.
All of it begins as nothing, so the model begins as the base model.

    B examples, S tokens, C hidden width, H query heads
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from kimidoc.experts.routed import RoutedExperts, Upcycled
from kimidoc.models import int8
from kimidoc.models.nano.reader import POINTER, PROJECTIONS, Pointer, ReaderShape
from kimidoc.train.attnres import BlockResiduals

ATTENTION = "kimidoc-training"
QUERIES = "queries"  # the name of what attends to depth


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
    """What is trained, in the base model's own layers.

    ``residual``: layers of a block, where layers attend to depth (``attnres``); 0: they do not.
    """

    def __init__(self, model: Any, shape: ReaderShape, residual: int = 0) -> None:
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
        width = model.config.hidden_size
        self.pointer = Pointer(width, shape.pointed)
        self.depth: BlockResiduals | None = None
        if residual:
            self.depth = BlockResiduals(width, shape.first, len(self.layers), residual)
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
        at = torch.arange(ids.shape[1], device=ids.device)[None]
        entered = self._below(ids, at)
        x, decoder = entered[-1], self.model.get_decoder()
        turns = decoder.rotary_emb(x, at)
        stream = None if self.depth is None else self.depth.stream(entered)
        for number in range(self.shape.first, len(self.layers)):
            if stream is not None:
                x = stream.entering(number)
            y = self._through(self.layers[number], x, at, turns)
            if stream is not None:
                stream.left(number, y - x)
            x = y
        out: Tensor = decoder.norm(x if stream is None else stream.entering(len(self.layers)))
        return out

    @torch.no_grad()
    def _below(self, ids: Tensor, at: Tensor) -> list[Tensor]:
        """What enters the first layer that is changed; before it, where layers attend to depth,
        what enters the blocks below: [B, S, C] each"""
        decoder = self.model.get_decoder()
        x = decoder.embed_tokens(ids)
        turns = decoder.rotary_emb(x, at)
        bounds = () if self.depth is None else self.depth.bounds()
        entered = []
        for number, layer in enumerate(self.layers[: self.shape.first]):
            if number in bounds:
                entered.append(x)
            x = self._through(layer, x, at, turns)
        return [*entered, x]

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

    def ours(self) -> dict[str, nn.Parameter]:
        """What can be trained, by the names of ``models.nano.reader``."""
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
        if self.depth is not None:
            found[QUERIES] = self.depth.queries
        return found

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser moves of it."""
        return {name: value for name, value in self.ours().items() if value.requires_grad}

    def train_only(self, name: str) -> None:
        """Leave all else as it is."""
        for own, value in self.ours().items():
            value.requires_grad_(own == name)

    def state(self) -> dict[str, Tensor]:
        """What is trained and what balancing and clipping moved, as ``reader.save`` takes it."""
        found: dict[str, Tensor] = {name: p.detach() for name, p in self.ours().items()}
        for number, routed in self.routed():
            found[f"layers.{number}.experts.bias"] = routed.bias
            if self.shape.rank:
                found[f"layers.{number}.q_proj.gain"] = self.gain(number)
        return found

    def take(self, state: Mapping[str, Tensor]) -> None:
        """Set everything to what ``state`` gave; it may know nothing of attention to depth."""
        own = self.state()
        assert own.keys() - state.keys() <= {QUERIES}
        with torch.no_grad():
            for name in own.keys() & state.keys():
                own[name].copy_(state[name])

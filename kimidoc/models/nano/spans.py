"""The words of a passage that answer, and which sentence they stand in: a small head of its own.

    states of the question's and the units' tokens, as the reader saw them, at some of its layers;
      above ``both_from`` as its own layers see them looking both ways (``both_ways``)
      -> made narrow, then a few layers of its own that look both ways
      -> for every token how well an answer begins and ends there, for every unit how well all of
         it answers, and how well nothing does; they share one softmax

The same passages are read for it that the pointer points at, so nothing more is read.

    B contexts, S tokens, P taps and the last hidden states, C hidden width, D own width, U units
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from kimidoc.attention.products import dtype_of
from kimidoc.errors import ModelError
from kimidoc.models.nano.both_ways import BothWays

_FORMAT = "kimidoc.spans/1"
_BOTH = "both."  # before the names of changes of the reader's layers
NEVER = -1e4  # a logit of what cannot be chosen


@dataclass(frozen=True, slots=True)
class SpanShape:
    """``taps``: layers whose input is looked at, beside the last hidden states.

    ``both_from``: the layer from which on the reader looks both ways; 0: nowhere. ``longest``:
    tokens of a span at most. ``compared``: width in which its two ends are compared.
    """

    hidden: int = 576
    taps: tuple[int, ...] = (12, 18, 24)
    both_from: int = 0
    width: int = 192
    layers: int = 2
    heads: int = 4
    longest: int = 24
    compared: int = 64


@dataclass(frozen=True, slots=True)
class Inputs:
    """Contexts as the head takes them.

    ``states`` [B, S, P, C] of any scale, of the question's and the units' tokens; ``at`` [B, S]:
    where in its context each token stood; ``units`` [B, S]: the number of its unit, in order from
    0, -1 of the question's; ``real`` [B, S]: whether it is there at all.
    """

    states: Tensor
    at: Tensor
    units: Tensor
    real: Tensor


def layout(
    question: tuple[int, int], units: Sequence[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """The places in a context of all tokens that the head looks at, and the unit of each."""
    ranges = [(-1, question), *enumerate(units)]
    return [p for _, r in ranges for p in range(*r)], [n for n, r in ranges for _ in range(*r)]


def padded(contexts: Sequence[tuple[Tensor, Sequence[int], Sequence[int]]]) -> Inputs:
    """Each context's states [S, P, C], and its ``layout``."""
    rows, size = len(contexts), max(len(at) for _, at, _ in contexts)
    device = contexts[0][0].device
    states = contexts[0][0].new_zeros(rows, size, *contexts[0][0].shape[1:])
    at, of = torch.zeros(rows, size, dtype=torch.long), torch.full((rows, size), -1)
    real = torch.zeros(rows, size, dtype=torch.bool)
    for row, (own, places, units) in enumerate(contexts):
        states[row, : len(own)] = own
        at[row, : len(own)] = torch.tensor(places)
        of[row, : len(own)] = torch.tensor(units)
        real[row, : len(own)] = True
    return Inputs(states, at.to(device), of.to(device), real.to(device))


@dataclass(frozen=True, slots=True)
class Scored:
    """Logits: ``spans`` [B, S, longest] of the span that begins at a token and goes on for so many
    more; ``whole`` [B, U]; ``none`` [B]. What cannot be is ``NEVER``."""

    spans: Tensor
    whole: Tensor
    none: Tensor

    def flat(self) -> Tensor:
        """All of them [B, S * longest + U + 1], those of "nothing" last."""
        return torch.cat([self.spans.flatten(1), self.whole, self.none[:, None]], 1)


@dataclass(frozen=True, slots=True)
class Told:
    """What the head says of one context, as logarithms of shares of everything it could say.

    ``units`` [U]: that a unit answers, by itself or by words in it; ``whole`` [U]: by itself;
    ``words`` [U]: by its likeliest words, which are ``spans`` [U, 2], numbers of tokens among those
    looked at, end exclusive; ``none``: that nothing does.
    """

    units: Tensor
    whole: Tensor
    words: Tensor
    spans: Tensor
    none: Tensor


class _Layer(nn.Module):
    """Attention both ways and a feed-forward network, each behind a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, real: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """x [B, S, D], real [B, S] -> [B, S, D]"""
        q, k, v = (
            part.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.before(x)).chunk(3, -1)
        )
        q, k = _turned(q, turns), _turned(k, turns)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=real[:, None, None])
        x = x + self.drop(self.out(mixed.transpose(1, 2).flatten(2)))
        x = x + self.drop(self.down(F.gelu(self.up(self.between(x)))))
        return x


def _turned(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary positions (Su et al. 2021)"""
    cos, sin = turns
    one, other = x.chunk(2, -1)
    return x * cos + torch.cat([-other, one], -1) * sin


class Spans(nn.Module):
    """``about``: what the file says of itself; ``both``: changes for the reader's layers from
    ``shape.both_from`` on."""

    def __init__(
        self,
        shape: SpanShape,
        about: Mapping[str, str] | None = None,
        both: BothWays | None = None,
    ) -> None:
        super().__init__()
        assert (both is None) == (not shape.both_from)
        self.both = both
        self.shape, self.about = shape, dict(about or {})
        width = shape.width
        self.narrow = nn.Linear((len(shape.taps) + 1) * shape.hidden, width)
        self.kind = nn.Embedding(3, width)  # of the question, of a passage, a unit's last token
        self.layers = nn.ModuleList(_Layer(width, shape.heads) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(width)
        self.first, self.last = (nn.Linear(width, shape.compared) for _ in range(2))
        self.ends = nn.Linear(width, 2)
        self.whole, self.nothing = nn.Linear(width, 1), nn.Linear(width, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, given: Inputs) -> Scored:
        """Logits of everything that could be said."""
        units, real = given.units, given.real
        x = self.drop(self._narrowed(given.states))
        last = (units >= 0) & (units != F.pad(units[:, 1:], (0, 1), value=-1))
        question = real & (units < 0)
        x = x + self.kind(torch.where(units < 0, 0, 1 + last.long()))
        turns = _turns(given.at, self.shape.width // self.shape.heads)
        for layer in self.layers:
            x = layer(x, real, turns)
        x = self.norm(x)
        count = max(1, int(units.max()) + 1)
        each = self.whole(x)[..., 0].masked_fill(~last, NEVER)
        whole = each.new_full((len(x), count), NEVER)
        whole = whole.scatter_reduce(1, units.clamp_min(0), each, "amax")
        asked = (x * question[..., None]).sum(1) / question.sum(1, keepdim=True)
        return Scored(self._spans(x, units), whole, self.nothing(asked)[:, 0])

    @torch.no_grad()
    def read(self, given: Inputs) -> list[Told]:
        """What it says of every context."""
        scored = self(given)
        total = torch.logsumexp(scored.flat(), 1)
        return [
            self._told(scored.spans[n] - all_, scored.whole[n] - all_, scored.none[n] - all_, own)
            for n, (all_, own) in enumerate(zip(total, given.units, strict=True))
        ]

    def _told(self, spans: Tensor, whole: Tensor, none: Tensor, units: Tensor) -> Told:
        """spans [S, longest], whole [U], units [S] of one context"""
        count = int(units.max()) + 1
        mass, words, places = whole[:count].clone(), whole.new_empty(count), []
        for unit in range(count):
            own = (units == unit).nonzero()[:, 0]
            inside = spans[own]
            mass[unit] = torch.logsumexp(torch.cat([inside.flatten(), whole[unit : unit + 1]]), 0)
            best = int(inside.argmax())
            words[unit] = inside.flatten()[best]
            first, more = divmod(best, self.shape.longest)
            places.append([int(own[first]), int(own[first]) + more + 1])
        where = torch.tensor(places, dtype=torch.long).view(-1, 2)
        return Told(mass, whole[:count], words, where, none)

    def _narrowed(self, states: Tensor) -> Tensor:
        """[B, S, P, C] -> [B, S, D], the product in bf16 where there is one; features are left out
        for all tokens of a context alike."""
        dtype = dtype_of(states.bfloat16())
        even = F.rms_norm(states.bfloat16().to(dtype), states.shape[-1:]).flatten(2)
        if self.training:
            even = even * self.drop(even.new_ones(len(even), 1, even.shape[-1]))
        weight = self.narrow.weight.bfloat16().to(dtype)
        return F.linear(even, weight).float() + self.narrow.bias

    def _spans(self, x: Tensor, units: Tensor) -> Tensor:
        """[B, S, longest]: how well each span inside one unit answers"""
        starts, ends = self.first(x), self.last(x)
        begins, stops = self.ends(x).unbind(-1)
        most, scale, found = self.shape.longest, self.shape.compared**-0.5, []
        for more in range(most):
            size = max(0, x.shape[1] - more)
            score = (starts[:, :size] * ends[:, more:]).sum(-1) * scale
            score = score + begins[:, :size] + stops[:, more:]
            same = (units[:, :size] == units[:, more:]) & (units[:, more:] >= 0)
            score = score.masked_fill(~same, NEVER)
            found.append(F.pad(score, (0, x.shape[1] - size), value=NEVER))
        return torch.stack(found, -1)

    def save(self, where: Path) -> None:
        """Write the weights in fp16 as safetensors."""
        kept = {name: value.half().contiguous() for name, value in self.state_dict().items()}
        save_file(kept, str(where), {**self.about, "format": _FORMAT, "shape": _json(self.shape)})

    @classmethod
    def load(cls, where: Path) -> Spans:
        """Read what ``save`` wrote, in fp32. Raises ModelError when it is something else."""
        try:
            with safe_open(str(where), framework="pt") as file:
                about = dict(file.metadata() or {})
                if about.pop("format", None) != _FORMAT:
                    raise ValueError("its format is another")
                shape: dict[str, Any] = json.loads(about.pop("shape"))
                own = SpanShape(**{**shape, "taps": tuple(shape["taps"])})
                state = {n: file.get_tensor(n).float() for n in file.keys()}
                changes = {n: v for n, v in state.items() if n.startswith(_BOTH)}
                both = _both_ways(own.both_from, changes) if own.both_from else None
                spans = cls(own, about, both)
                spans.load_state_dict(state)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as reason:
            raise ModelError(
                f"{where} holds no span head that can be read ({str(reason).splitlines()[0]}).",
                hint="Install kimidoc again, or train it: `kimidoc train spans --help`.",
            ) from reason
        return spans.eval().requires_grad_(False)


def _both_ways(first: int, state: Mapping[str, Tensor]) -> BothWays:
    """Raises ValueError where nothing is changed, or a layer that is not looked through again."""
    both = BothWays.of(first, {n.removeprefix(_BOTH): value for n, value in state.items()})
    if not both.a or any(int(name.split("/")[0]) < first for name in both.a):
        raise ValueError("it changes other layers than it says")
    return both


def _json(shape: SpanShape) -> str:
    return json.dumps(asdict(shape))


def _turns(at: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """at [B, S] -> cosines and sines [B, 1, S, width]"""
    rates = 1000.0 ** (-torch.arange(0, width, 2, device=at.device) / width)
    angles = at[:, None, :, None].float() * rates
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()

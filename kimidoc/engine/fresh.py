"""Short contexts of their own, read dense: no window, no session, nothing written.

The model's stock attention (SDPA). Contexts of a batch are padded on the right, which a causal
model does not see, and layers that look both ways are told of.

    S tokens of a context, P taps, C hidden width
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor

from kimidoc.attention.products import in_fp32
from kimidoc.models.nano.both_ways import BothWays


@contextmanager
def dense(model: Any) -> Iterator[None]:
    """Within the block the model attends as transformers' own SDPA does."""
    before = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


class _Enough(Exception):
    """The highest tapped layer was reached."""


@in_fp32
@torch.no_grad()
def read(
    model: Any, contexts: Sequence[Sequence[int]], taps: Sequence[int] = (), *, last: bool = True
) -> list[Tensor]:
    """What enters the layers ``taps`` when each context is read alone: [S, P, C] each

    With ``last`` there is one more, the hidden states that the head takes: [S, P + 1, C]. Without,
    layers above the highest tap do not run. All contexts go through together.
    """
    entered, _ = _padded(model, contexts, taps, last)
    return [
        torch.stack([one[row, : len(context)] for one in entered], 1)
        for row, context in enumerate(contexts)
    ]


@in_fp32
@torch.no_grad()
def read_both_ways(
    model: Any, contexts: Sequence[Sequence[int]], counts: Sequence[int], taps: Sequence[int],
    both: BothWays, *, last: bool = True,
) -> list[tuple[Tensor | None, Tensor]]:  # fmt: skip
    """With ``last`` the last hidden states [S, C] of each, and of its first ``counts`` tokens what
    ``read`` gives where the layers from ``both.first`` on look both ways: [N, P + 1, C]"""
    under = [tap for tap in taps if tap < both.first]
    entered, _ = _padded(model, contexts, [*under, both.first], last)
    lengths, most = torch.tensor(counts, device=model.device), max(counts)
    seen = torch.arange(most, device=lengths.device) < lengths[:, None]
    with dense(model):
        above = [tap for tap in taps if tap >= both.first]
        again = both(model, entered[len(under)][:, :most], seen, above)
    twice = [*(one[:, :most] for one in entered[: len(under)]), *again]
    return [
        (
            entered[-1][row, : len(context)] if last else None,
            torch.stack([one[row, :count] for one in twice], 1),
        )
        for row, (context, count) in enumerate(zip(contexts, counts, strict=True))
    ]


@in_fp32
@torch.no_grad()
def below(
    model: Any, contexts: Sequence[Sequence[int]], taps: Sequence[int]
) -> tuple[list[Tensor], Tensor]:
    """What enters the layers ``taps``, [B, S, C] each, and which of the tokens are real, [B, S]

    Contexts are padded on the right. Layers above the highest tap do not run.
    """
    return _padded(model, contexts, taps, last=False)


def _padded(
    model: Any, contexts: Sequence[Sequence[int]], taps: Sequence[int], last: bool
) -> tuple[list[Tensor], Tensor]:
    lengths = torch.tensor([len(context) for context in contexts])
    ids = torch.zeros(len(contexts), int(lengths.max()), dtype=torch.long)
    for row, context in enumerate(contexts):
        ids[row, : len(context)] = torch.tensor(list(context))
    real = torch.arange(ids.shape[1]) < lengths[:, None]
    decoder = model.get_decoder()
    with dense(model), _tapped(decoder, taps, None if last else max(taps)) as entered:
        with suppress(_Enough):
            out = decoder(input_ids=ids.to(model.device), use_cache=False)
            entered[len(decoder.layers)] = out.last_hidden_state
    every = [entered[tap] for tap in (*taps, len(decoder.layers)) if tap in entered]
    return every, real.to(model.device)


@contextmanager
def _tapped(decoder: Any, taps: Sequence[int], stop: int | None) -> Iterator[dict[int, Tensor]]:
    """Within the block, what enters the layers ``taps`` is kept: [B, S, C] each.

    Raises _Enough where ``stop`` is reached.
    """
    entered: dict[int, Tensor] = {}

    def keep(layer: int, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        given = named["hidden_states"] if "hidden_states" in named else args[0]
        entered[layer] = given.clone()  # a layer may write over its input
        if layer == stop:
            raise _Enough

    hooks = [
        decoder.layers[tap].register_forward_pre_hook(
            lambda _, args, named, tap=tap: keep(tap, args, named), with_kwargs=True
        )
        for tap in taps
    ]
    try:
        yield entered
    finally:
        for hook in hooks:
            hook.remove()

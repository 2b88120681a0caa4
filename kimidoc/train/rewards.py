"""The span head's last stage: what an answer is worth, not only which is the right one.

Whatever the head could say is worth the F1 of its tokens with the labelled ones, and "nothing" is
worth 1 where nothing answers, and 0 elsewhere. What is expected of that is raised, held back by
the divergence from the head as it was when the round began: the mirror descent of Kimi k1.5 (Kimi
Team 2025, 2.3), without a value network. All that could be said is a few thousand spans, so
the expectation is summed and not sampled, and needs no baseline. Longer answers earn less by F1.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from kimidoc.models.nano.spans import Inputs, Spans, SpanShape, padded
from kimidoc.train.span_states import Seen

HOLD = 0.1  # what a nat of divergence costs


def rewards(shape: SpanShape, some: Sequence[Seen], inputs: Inputs, units: int) -> Tensor:
    """What everything that could be said is worth, as ``Scored.flat`` has it: 0 to 1."""
    rows, size = inputs.units.shape
    found = torch.zeros(rows, size * shape.longest + units + 1)
    for row, seen in enumerate(some):
        first, count = inputs.at[row], size * shape.longest
        last = first[:, None] + torch.arange(1, shape.longest + 1)
        whole = torch.tensor(seen.case.units).view(-1, 2)
        for a, b in (*seen.case.spans, *(seen.case.units[n] for n in seen.case.whole)):
            each = _f1(first[:, None], last, a, b).flatten()
            found[row, :count] = torch.maximum(found[row, :count], each)
            those = slice(count, count + len(whole))
            worth = _f1(whole[:, 0], whole[:, 1], a, b)
            found[row, those] = torch.maximum(found[row, those], worth)
        found[row, -1] = float(not seen.case.spans and not seen.case.whole)
    return found


def _f1(first: Tensor, last: Tensor, a: int, b: int) -> Tensor:
    """Of ranges of places with [a, b)"""
    shared = (last.clamp_max(b) - first.clamp_min(a)).clamp_min(0)
    return 2 * shared / (last - first + b - a)


class Reinforced:
    """The loss of a round: it begins when this is made of the head as it then is."""

    def __init__(self, net: Spans) -> None:
        self._before = deepcopy(net).eval().requires_grad_(False)

    def __call__(self, net: Spans, some: Sequence[Seen]) -> Tensor:
        """What is lost of the worth that could be had, and the divergence's cost: [B]"""
        inputs = padded([(seen.states(), *seen.layout) for seen in some])
        now = torch.log_softmax((scored := net(inputs)).flat(), 1)
        before = torch.log_softmax(self._before(inputs).flat(), 1)
        worth = rewards(net.shape, some, inputs, scored.whole.shape[1])
        share = now.exp()
        return 1 - (share * worth).sum(1) + HOLD * (share * (now - before)).sum(1)

"""The span head's last stage: what an answer is worth, not only which is the right one.

Whatever the head could say is worth the F1 of its tokens with the labelled ones, and "nothing" is
worth 1 where nothing answers, and 0 elsewhere. What is expected of that is raised, held back by
the divergence from the head as it was when the round began: the mirror descent of Kimi k1.5 (Kimi
Team 2025, 2.3), without a value network. All that could be said is a few thousand spans, so
the expectation is summed and not sampled, and needs no baseline. Longer answers earn less by F1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor

from kimidoc.models.nano.spans import Inputs, Spans, SpanShape
from kimidoc.train.span_cases import SpanCase

HOLD = 0.1  # what a nat of divergence costs


def rewards(shape: SpanShape, some: Sequence[SpanCase], inputs: Inputs, units: int) -> Tensor:
    """What everything that could be said is worth, as ``Scored.flat`` has it: 0 to 1."""
    rows, size = inputs.units.shape
    found = torch.zeros(rows, size * shape.longest + units + 1)
    at = inputs.at.cpu()
    for row, case in enumerate(some):
        first, count = at[row], size * shape.longest
        last = first[:, None] + torch.arange(1, shape.longest + 1)
        whole = torch.tensor(case.units).view(-1, 2)
        for a, b in (*case.spans, *(case.units[n] for n in case.whole)):
            each = _f1(first[:, None], last, a, b).flatten()
            found[row, :count] = torch.maximum(found[row, :count], each)
            those = slice(count, count + len(whole))
            worth = _f1(whole[:, 0], whole[:, 1], a, b)
            found[row, those] = torch.maximum(found[row, those], worth)
        found[row, -1] = float(not case.answered)
    return found


def _f1(first: Tensor, last: Tensor, a: int, b: int) -> Tensor:
    """Of ranges of places with [a, b)"""
    shared = (last.clamp_max(b) - first.clamp_min(a)).clamp_min(0)
    return 2 * shared / (last - first + b - a)


class Reinforced:
    """The loss of a round: it begins when this is made of the head as it then is.

    ``see``: what a head takes of cases, with its own changes of the reader's layers.
    """

    def __init__(self, net: Spans, see: Callable[[Spans, Sequence[SpanCase]], Inputs]) -> None:
        self._before, self._see = deepcopy(net).eval().requires_grad_(False), see

    def __call__(self, net: Spans, some: Sequence[SpanCase], inputs: Inputs) -> Tensor:
        """What is lost of the worth that could be had, and the divergence's cost: [B]"""
        now = torch.log_softmax((scored := net(inputs)).flat(), 1)
        with torch.no_grad():
            before = self._before(self._see(self._before, some)).flat()
        before = torch.log_softmax(before, 1)
        worth = rewards(net.shape, some, inputs, scored.whole.shape[1]).to(now.device)
        share = now.exp()
        return 1 - (share * worth).sum(1) + HOLD * (share * (now - before)).sum(1)

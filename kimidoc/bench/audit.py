"""The same text dense and as we read it, on the same weights: does leaving out do harm?

    dense     stock transformers, SDPA, DynamicCache
    sparse    our reading, keys and values still in the model's dtype
    kept      each quarter read on top of what is kept of everything before it, compressed

Per quarter: nats per token and how much more than dense, and how often the most likely next token
is dense's own. Needles, sentences that no model can guess, are put into the text first; each is
asked for with its own beginning, and the model's own next words count: no rule, no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kimidoc.bench import logits as own
from kimidoc.bench import text
from kimidoc.bench.base import DTYPE, Result, Setting, beyond
from kimidoc.bench.peers import Transformers
from kimidoc.engine.prefill import layer_major
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Layers, Reader
from kimidoc.kvcache.layer import Kept
from kimidoc.models.tokenizer import FileTokenizer

HEAD_TOKENS = 512  # whose logits are made at once
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One quarter at one size; NLL in nats per token, differences in % of dense.

    ``kept_*`` are None for the first quarter, and where sliding and local layers keep too
    little to go on from.
    """

    tokens: int
    quarter: int
    dense_nll: float
    sparse_nll: float
    sparse_percent: float
    sparse_agreement: float
    kept_nll: float | None
    kept_percent: float | None
    kept_agreement: float | None


@dataclass(frozen=True, slots=True)
class Needle:
    """A sentence at a token of the text. ``question`` is its beginning, ``answer`` the rest."""

    question: tuple[int, ...]
    answer: tuple[int, ...]
    at: int


@dataclass(frozen=True, slots=True)
class _Said:
    """Per token of a text but the last: the nats of the next one, and the likeliest next one."""

    nll: Tensor  # [T - 1] fp32; NaN where it was not looked at
    best: Tensor  # [T - 1] int64

    @classmethod
    def nothing(cls, tokens: int) -> _Said:
        return cls(torch.full((tokens - 1,), float("nan")), torch.zeros(tokens - 1).long())

    def take(self, ids: Tensor, start: int, logits: Tensor) -> None:
        """Logits [S, V] of tokens [start, start + S)."""
        end = min(start + logits.shape[0], len(self.nll))
        logits = logits[: end - start]
        targets = ids[start + 1 : end + 1]
        self.nll[start:end] = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        self.best[start:end] = logits.argmax(-1)


def run(setting: Setting, needles: int, plan: ReadPlan | None = None) -> Result:
    """Every size; ``plan``: how we read, in the place of the engine's own."""
    dense = Transformers(setting.checkpoint, setting.threads, DTYPE)
    plan = plan or ReadPlan.of(setting.job.read_options)
    reader = Reader(setting.checkpoint, setting.threads, plan, DTYPE)
    rows: list[Row] = []
    found: dict[str, object] = {}
    notes = [f"read as {reader.plan.describe()}"]
    for number, tokens in enumerate(setting.sizes, 1):
        words = reader.loaded.tokenizer
        whole = text.cut(setting.window, tokens).tokens.tolist()
        ids, hidden = planted(whole, words, needles)
        quarters, answers = _one(dense, reader, ids, hidden)
        rows += quarters
        found[str(tokens)] = answers
        notes += beyond(setting, tokens)
        notes.append(
            f"needles at {tokens:,} tokens: dense {answers['dense']}, ours {answers['ours']} of "
            f"{answers['asked']}"
        )
        setting.progress("audit", number, len(setting.sizes), "sizes")
    windows = reader.profile.windows
    if len(reader.plan.globals_of(windows)) < len(windows):
        notes.append("kept: not measured, local layers forget; --global-layers all has none")
    return Result("audit", setting.facts, rows, tuple(notes), {"needles": found})


def planted(
    whole: Sequence[int], words: FileTokenizer, count: int
) -> tuple[list[int], tuple[Needle, ...]]:
    """``whole`` with ``count`` needles spread over it, as long as before."""
    rng, needles, ids = np.random.default_rng(0), [], list(whole)
    for n in range(count):
        number = "".join(map(str, rng.integers(0, 10, 5)))
        question = words.encode([f"\nThe access code of depot {n + 1} is"])[0].ids.tolist()
        answer = words.encode([f" {number}"])[0].ids.tolist()
        end = words.encode([".\n"])[0].ids.tolist()
        sentence = [*question, *answer, *end]
        at = (len(ids) - len(sentence)) * (2 * n + 1) // (2 * count)
        ids[at : at + len(sentence)] = sentence  # in the place of as many tokens
        needles.append(Needle(tuple(question), tuple(answer), at))
    return ids, tuple(needles)


def _one(
    dense: Transformers, reader: Reader, ids: list[int], needles: Sequence[Needle]
) -> tuple[list[Row], dict[str, int]]:
    """One size: its quarters, and how many needles each of the two found."""
    every = torch.tensor(ids)
    truth, sparse, kept = (_Said.nothing(len(ids)) for _ in range(3))
    cache = dense.through(ids, lambda start, logits: truth.take(every, start, logits))
    theirs = [_dense_words(dense, cache, n) == list(n.answer) for n in needles]
    layers, hidden = layer_major(reader.runner, reader.profile, every, reader.plan)
    _head(reader, every, hidden, 0, sparse)
    ours = [
        own.ask(reader, layers, len(ids), n.question, len(n.answer))[1] == list(n.answer)
        for n in needles
    ]
    if all(isinstance(layer, Kept) for layer in layers):
        _kept(reader, every, layers, kept)
    counts = {"asked": len(needles), "dense": sum(theirs), "ours": sum(ours)}
    return [_row(len(ids), q, truth, sparse, kept) for q in range(QUARTERS)], counts


def _head(reader: Reader, ids: Tensor, hidden: Tensor, first: int, into: _Said) -> None:
    """What left the last layer for tokens from ``first`` on -> likelihoods."""
    for start in range(0, hidden.shape[0], HEAD_TOKENS):
        logits = reader.runner.head(hidden[None, start : start + HEAD_TOKENS])[0]
        into.take(ids, first + start, logits)


def _kept(reader: Reader, ids: Tensor, layers: Layers, into: _Said) -> None:
    """Every quarter but the first, on the compressed history of what stands before it."""
    block = reader.plan.budget.block_tokens
    for quarter in range(1, QUARTERS):
        start, end = (len(ids) * q // QUARTERS for q in (quarter, quarter + 1))
        start = start // block * block
        if start == 0:
            continue
        _, hidden = layer_major(
            reader.runner,
            reader.profile,
            ids[:end],
            reader.plan,
            known=layers,
            known_tokens=start,
        )
        _head(reader, ids, hidden, start, into)


@torch.no_grad()
def _dense_words(dense: Transformers, cache: Any, needle: Needle) -> list[int]:
    """The likeliest words after the question; the cache is as before afterwards."""
    said: list[int] = []
    feed = list(needle.question)
    while len(said) < len(needle.answer):
        out = dense.model(
            input_ids=torch.tensor([feed]), past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        feed = [int(out.logits[0, -1].argmax())]
        said += feed
    cache.crop(-(len(needle.question) + len(needle.answer) - 1))
    return said


def _row(tokens: int, quarter: int, truth: _Said, sparse: _Said, kept: _Said) -> Row:
    span = slice(tokens * quarter // QUARTERS, tokens * (quarter + 1) // QUARTERS)
    base = float(truth.nll[span].mean())

    def against(other: _Said) -> tuple[float, float, float] | tuple[None, None, None]:
        seen = ~other.nll[span].isnan()
        if not bool(seen.all()):
            return None, None, None
        nll = float(other.nll[span].mean())
        same = float((other.best[span] == truth.best[span]).float().mean())
        return nll, 100 * (nll / base - 1), same

    near, far = against(sparse), against(kept)
    assert near[0] is not None
    return Row(tokens, quarter + 1, base, *near, *far)

"""Hidden states of packed windows, read by the product's own engine and kept on disk.

What a window's tokens look like when they enter the tapped layers is all that the indexer's
training needs: the model is frozen. One file a window: ``states`` [T, taps, hidden] fp16, ``ids``
[T]; beside it, as JSON, its documents, and their questions with the blocks that answer them.
Windows that are there are not read again, so an interrupted run goes on where it stopped.

On an accelerator a window is read in one pass (``attention.whole``), in bf16 and faster than a disk
would give it back: only the tokens are noted, and its states stay in memory.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from kimidoc import pack
from kimidoc.attention import register
from kimidoc.attention.products import native
from kimidoc.attention.whole import WholeWindow
from kimidoc.engine.prefill import layer_major, token_ids
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.engine.runner import Runner
from kimidoc.errors import UsageError
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import LoadedModel
from kimidoc.train.sources import Labelled
from kimidoc.types import Document, Window

BLOCK, DTYPE, CPU = 128, "bfloat16", "cpu"


def trained_in(device: str) -> torch.dtype:
    """What a model is trained in there: bf16, or fp32 where the processor has no bf16 products."""
    wide = device == CPU and not native()
    return torch.float32 if wide else torch.bfloat16


def demand(device: str) -> None:
    """Raises UsageError where torch has no such device."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as reason:
        raise UsageError(
            f"Nothing can be trained on {device!r} here ({str(reason).splitlines()[0]}).",
            hint="--device cpu, or cuda with a torch that was built for it.",
        ) from reason


def reader_on(device: str, checkpoint: Checkpoint, threads: int | None) -> Reader:
    """The whole model there: in int8 on the CPU, as the product reads; in bf16 elsewhere."""
    plan = ReadPlan() if device == CPU else ReadPlan(weights="bf16")
    reader = Reader(checkpoint, threads, plan, DTYPE)
    model: Any = reader.loaded.model
    model.to(device)
    return reader


def with_embedding(states: Tensor, ids: Tensor, table: Tensor) -> Tensor:
    """states [T, P, C] of ids [T] behind what enters layer 0, their rows of ``table`` [V, C]."""
    first = table[ids.to(table.device)].to(states)
    return torch.cat([first[:, None], states], 1)


class Frozen:
    """The model up to the highest tapped layer, reading as the engine reads, int8 and all.

    ``whole``: in one pass, as on any device but the CPU.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        taps: Sequence[int],
        threads: int | None,
        device: str = CPU,
    ) -> None:
        self.whole, self.device = device != CPU, device
        reader = reader_on(device, checkpoint, threads)
        self.loaded, self.plan = reader.loaded, reader.plan
        self.taps = tuple(taps)
        model: Any = self.loaded.model
        _shorten(model, taps)
        self.profile = replace(reader.profile, windows=reader.profile.windows[: max(taps)])
        self.runner = Runner(model)

    def window(self, ids: Tensor) -> Tensor:
        """ids [T] -> what enters the tapped layers: [T, taps, hidden], fp16"""
        if self.whole:
            return self._in_one_pass(ids)
        rows = {t: [] for t in self.taps}  # type: dict[int, list[Tensor]]

        def tap(layer: int, start: int, entered: Tensor) -> None:
            if layer in rows:
                rows[layer].append(entered.half())

        _, left = layer_major(self.runner, self.profile, ids, self.plan, tap=tap)
        rows[max(self.taps)] = [left.half()]
        return torch.stack([torch.cat(rows[t]) for t in self.taps], 1)

    @torch.no_grad()
    def _in_one_pass(self, ids: Tensor) -> Tensor:
        decoder: Any = self.runner.decoder
        remember = self.plan.globals_of(self.profile.windows)
        budgets = [
            self.plan.budget if n in remember else self.plan.local_budget
            for n in range(len(self.runner.layers))
        ]
        states = {n: WholeWindow(b, self.profile.at(n).rotary) for n, b in enumerate(budgets)}
        ids = ids[None].to(self.runner.device)
        x, at = decoder.embed_tokens(ids), torch.zeros_like(ids)
        nowhere = decoder.rotary_emb(x, at)
        entered = {0: x}
        with register.using(states):
            for number, layer in enumerate(self.runner.layers, 1):
                given = {"position_ids": at, "position_embeddings": nowhere}
                out: Any = layer(x, attention_mask=None, **given)
                x = out[0] if isinstance(out, tuple) else out
                entered[number] = x if number in self.taps else x[:, :0]
        return torch.stack([entered[t][0].half() for t in self.taps], 1)


def _shorten(model: Any, taps: Sequence[int]) -> None:
    """Drop the layers from the highest tapped one on: only what enters it is looked at."""
    decoder = model.get_decoder()
    decoder.layers = nn.ModuleList(list(decoder.layers)[: max(taps)])


def excerpt(document: Labelled, most_chars: int, rng: random.Random) -> Labelled:
    """The document, or a stretch of it that begins at a line, with the spans inside it."""
    if len(document.text) <= most_chars:
        return document
    start = rng.choice([0, rng.randrange(len(document.text) - most_chars)])
    start = document.text.find("\n", start) + 1 if start else 0
    end = start + most_chars
    golds = []
    for gold in document.golds:
        inside = tuple((a - start, b - start) for a, b in gold.spans if a >= start and b <= end)
        if inside:
            golds.append(replace(gold, spans=inside))
    return Labelled(document.kind, document.path, document.text[start:end], tuple(golds))


def windows(
    documents: Iterable[Labelled], tokens: int, loaded: LoadedModel
) -> Iterator[tuple[Window, list[Labelled]]]:
    """Documents in order, as many to a window as fit into ``tokens``."""
    group: list[Labelled] = []
    size = 0
    for document in documents:
        count = len(loaded.tokenizer.encode([document.text])[0].ids) + 48
        if group and size + count > tokens:
            yield packed(group, loaded), group
            group, size = [], 0
        group.append(document)
        size += count
    if group:
        yield packed(group, loaded), group


def packed(group: Sequence[Labelled], loaded: LoadedModel) -> Window:
    """Documents as one window, whatever their size."""
    files = [Document(d.path, "text", "read", d.text) for d in group]
    return pack.fit(files, loaded.tokenizer, 1 << 30, preamble=loaded.frame.preamble_ids)


def describe(window: Window, group: Sequence[Labelled]) -> dict[str, Any]:
    """What is kept beside a window's states: documents as tokens, questions as blocks."""
    starts, ends = np.asarray(window.starts), np.asarray(window.ends)
    out: dict[str, Any] = {"tokens": len(window.tokens), "documents": []}
    by_path = {d.path: d for d in group}
    for segment in window.segments:
        document = by_path[segment.document.path]
        a, b = segment.body, segment.end
        golds = []
        for gold in document.golds:
            blocks: set[int] = set()
            for low, high in gold.spans:
                first = a + bisect_right(ends[a:b], low)
                last = a + bisect_left(starts[a:b], high)
                blocks |= {t // BLOCK for t in range(first, last)}
            if blocks:
                golds.append([gold.question, gold.category, gold.alone, sorted(blocks)])
        out["documents"].append(
            {
                "kind": document.kind,
                "path": document.path,
                "start": segment.start,
                "end": b,
                "golds": golds,
            }
        )
    return out


def note(window: Window, group: Sequence[Labelled], where: Path) -> None:
    """Write down a window that is not read yet: its tokens and questions."""
    about = {**describe(window, group), "ids": token_ids(window).tolist()}
    where.with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")


def keep(window: Window, group: Sequence[Labelled], frozen: Frozen, where: Path) -> None:
    """Read a window and write its two files; the JSON last, so that it means both are there."""
    ids = token_ids(window)
    states = frozen.window(ids)
    save_file({"states": states, "ids": ids.int()}, str(where.with_suffix(".safetensors")))
    where.with_suffix(".json").write_text(json.dumps(describe(window, group)), encoding="utf-8")

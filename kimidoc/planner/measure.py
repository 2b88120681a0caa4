"""The calibration's own process: one checkpoint tried out on a few thousand tokens.

A request comes as JSON on stdin, the figures go out as JSON on stdout. Layers of one kind cost
alike, and reading is layer-major: so the first layers are run until every kind was met, and the
rest is counted. The first chunks of a layer see less than later ones do; their time is left out.
torch is imported when the measuring begins, so that what it takes is measured as well.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kimidoc.engine.base import ReadOptions
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.planner import machine
from kimidoc.planner.anatomy import Anatomy, anatomy
from kimidoc.planner.calibrate import Calibration, Kind, as_measured
from kimidoc.planner.predict import PROGRAM_BYTES, layout, predict

if TYPE_CHECKING:
    from kimidoc.engine.read_plan import ReadPlan
    from kimidoc.engine.reading import Reader

STEADY_CHUNKS = 3  # chunks of a layer that count, after those that do not see a full budget
FEWEST_LAYERS = 3
WRITTEN_BYTES = 64_000_000
LEAST_PROGRAM_BYTES = 100_000_000
QUESTION_TOKENS = 1024  # of the window that the question is tried on


class _Enough(Exception):
    """Every kind of layer was met."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    layer: int
    done: int  # tokens of it
    at_s: float


def main() -> None:
    """Serve one request."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    request = json.load(sys.stdin)
    where = Checkpoint(
        request["id"],
        Path(request["folder"]),
        request["fingerprint"],
        Path(request["reader"]) if request["reader"] else None,
        request["base"],
    )
    given = request["options"]
    if isinstance(given["global_layers"], list):
        given["global_layers"] = tuple(given["global_layers"])
    measured = measure(
        where,
        request["tokens"],
        request["threads"],
        request["dtype"],
        Path(request["cache"]),
        ReadOptions(**given),
    )
    sys.stdout.write(as_measured(measured))


def measure(
    checkpoint: Checkpoint,
    tokens: Sequence[int],
    threads: int | None,
    dtype: str,
    cache: Path,
    options: ReadOptions,
) -> Calibration:
    """Try ``checkpoint`` out. ``tokens`` are repeated where they are too few."""
    began, sizes, held = perf_counter(), anatomy(checkpoint), machine.look(cache)
    from kimidoc.engine.read_plan import ReadPlan
    from kimidoc.engine.reading import Reader

    plan, since = ReadPlan.of(options), perf_counter()
    reader = Reader(checkpoint, threads, plan, dtype)
    load_s, load_peak = perf_counter() - since, machine.look(cache).peak_rss_bytes
    count = sample_tokens(plan)
    ids = [tokens[i % len(tokens)] for i in range(count)]
    kinds = kinds_of(sizes, plan)
    stamps = _read(reader, ids, kinds)
    laid = layout(plan, sizes, dtype)
    kinds_timed = _timed(stamps, kinds, plan.chunk_tokens)
    del reader
    question_s, used, read = _question(checkpoint, ids, threads, dtype, cache, options)
    # What has a formula is not the program's: a window of the question's size, without sessions.
    known = predict(sizes, laid, read, session=False).peak_rss_bytes - PROGRAM_BYTES
    return Calibration(
        kinds=kinds_timed,
        load_s=load_s,
        question_s=question_s,
        program_bytes=max(LEAST_PROGRAM_BYTES, used - held.rss_bytes - known),
        load_peak_bytes=max(0, load_peak - held.rss_bytes),
        disk_bytes_per_s=_disk_rate(cache),
        took_s=perf_counter() - began,
    )


def sample_tokens(plan: ReadPlan) -> int:
    """Tokens after which a layer sees its whole budget, and the chunks that count."""
    budget = plan.budget
    blocks = budget.sink_blocks + budget.window_blocks + budget.top_k + 1
    first = -(-blocks * budget.block_tokens // plan.chunk_tokens)
    return (first + STEADY_CHUNKS) * plan.chunk_tokens


def kinds_of(sizes: Anatomy, plan: ReadPlan) -> tuple[Any, ...]:
    """For every layer that is read what it costs like: equal values, equal cost."""
    return tuple(
        (history, sizes.windows[i], sizes.layer_parameters[i])
        for i, history in enumerate(layout(plan, sizes).history)
    )


def _read(reader: Reader, ids: Sequence[int], kinds: Sequence[Any]) -> list[_Stamp]:
    """Read until every kind of layer was met; when each chunk was through."""
    import torch

    from kimidoc.engine.prefill import layer_major

    stamps = [_Stamp(0, 0, perf_counter())]
    enough = max(min(FEWEST_LAYERS, len(kinds)) - 1, *(kinds.index(kind) for kind in set(kinds)))

    def progress(stage: str, done: int, total: int, unit: str) -> None:
        layer, at = divmod(done - 1, len(ids))
        stamps.append(_Stamp(layer, at + 1, perf_counter()))
        if layer >= enough and at + 1 == len(ids):
            raise _Enough

    with suppress(_Enough):
        layer_major(
            reader.runner, reader.profile, torch.tensor(ids), reader.plan, progress=progress
        )
    return stamps


def _timed(stamps: Sequence[_Stamp], kinds: Sequence[Any], chunk_tokens: int) -> tuple[Kind, ...]:
    """Seconds per token of each kind: the median of its steady chunks."""
    spent: dict[Any, list[float]] = {}
    for before, after in pairwise(stamps):
        tokens = after.done - before.done
        if before.layer == after.layer and tokens == chunk_tokens:
            spent.setdefault((after.layer, kinds[after.layer]), []).append(
                (after.at_s - before.at_s) / tokens
            )
    each: dict[Any, list[float]] = {}
    for (_, kind), seconds in spent.items():
        each.setdefault(kind, []).append(median(seconds[-STEADY_CHUNKS:]))
    return tuple(Kind(n, median(each[kind])) for kind, n in Counter(kinds).items())


def _question(
    checkpoint: Checkpoint,
    ids: Sequence[int],
    threads: int | None,
    dtype: str,
    cache: Path,
    options: ReadOptions,
) -> tuple[float, int, int]:
    """Seconds of one question, asked a second time on a window of the same text.

    Also what the process then holds, all layers being in use, and the window's tokens.
    """
    from kimidoc import pack
    from kimidoc.engine.base import Prompt
    from kimidoc.engine.local import NONE, LocalEngine
    from kimidoc.types import Document

    engine = LocalEngine(
        checkpoint,
        sessions_root=None,
        session=NONE,
        threads=threads,
        dtype=dtype,
        options=options,
    )
    text = engine.tokenizer.decode(ids[:QUESTION_TOKENS]) + "."
    document = Document("sample.txt", "text", "read", text)
    window = pack.fit([document], engine.tokenizer, 1 << 30, preamble=engine.preamble)
    prefix = engine.prefill(window)
    prompt = Prompt("q", " ".join(text.split()[:12]), answer_tokens=16)
    engine.answer(prefix, [prompt])
    since = perf_counter()
    engine.answer(prefix, [prompt])
    took = perf_counter() - since
    return took, machine.look(cache).rss_bytes, len(window.tokens)


def _disk_rate(folder: Path) -> float:
    """Bytes a second on the way into a session: written, flushed, and their checksum taken."""
    data = os.urandom(1 << 20) * (WRITTEN_BYTES >> 20)
    with NamedTemporaryFile(dir=folder) as file:
        since = perf_counter()
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        sha256(data).hexdigest()
        return len(data) / (perf_counter() - since)

"""Every formula of the planner: tokens -> bytes in memory and on disk, and seconds.

Legend: T tokens, L tokens per block, N blocks, C numbers cached per token and layer (keys and
values of every key/value head), b bytes of the model's dtype. Reading is layer-major: weights stay,
the hidden states of the window stay, and one layer's keys and values are hot at a time.

    weights   parameters * b; linear layers in int8, where the processor has its products, take 1
              byte each (a layer's experts stay as they are)
    hidden    T * hidden * b       in memory; from ``hidden_file_tokens`` on twice, in files that
                                   are never mapped: then they are disk and no memory
    hot       N * L * C * b        keys and values of the layer being read
              N * C * 4            mean keys and values per block, fp32
    seal      N * L * C            its codes, and its scales, before they are in their file
    keys      T * (D + 2)          the indexer's, D numbers in int8 and a scale, in memory and on
                                   disk; while it reads T * 2 D more
    session   per layer that keeps history: codes, scales and means as above;
              per layer that does not: what it can still see, ``tail`` tokens * C * b;
              12 T for the token ids and the characters they cover, and a manifest

``program``: the interpreter, its libraries, the documents and one chunk's activations; measured by
``calibrate``. Predictions are held against real runs in ``tests/planner/test_predict.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from kimidoc.kvcache.session import RESUMABLE_TOKENS
from kimidoc.planner.anatomy import Anatomy
from kimidoc.planner.machine import multiplies_int8

if TYPE_CHECKING:
    from kimidoc.engine.read_plan import ReadPlan
    from kimidoc.planner.calibrate import Calibration

PROGRAM_BYTES = 600_000_000  # of torch, transformers and a chunk, where nothing was measured
WIDTHS = {"bfloat16": 2, "float16": 2, "float32": 4}  # bytes of a number
MANIFEST_BYTES = 1_000  # and per layer and document:
LAYER_ENTRY_BYTES, DOCUMENT_ENTRY_BYTES = 1_100, 140


@dataclass(frozen=True, slots=True)
class Layout:
    """How a window is read and kept, in plain numbers; ``layout`` makes it of a ReadPlan.

    ``history``: which layers keep all keys and values. ``tails``: tokens that the others can see
    at most; every ``anchor_tokens`` tokens one more tail is kept (0: never).
    """

    block_tokens: int
    history: tuple[bool, ...]
    tails: tuple[int, ...]
    anchor_tokens: int
    storage: str  # of keys and values: int8, int4 or raw
    width: int  # bytes of a number in the model's dtype
    weights8: bool  # linear layers of the decoder in int8
    hidden_file_tokens: int | None  # from this many tokens on hidden states lie in two files
    key_width: int  # D of the indexer's keys; 0 where there is no indexer


@dataclass(frozen=True, slots=True)
class Prediction:
    """What reading ``tokens`` will take. Seconds are None without a calibration.

    ``peak_rss_bytes`` is the whole process, ``disk_bytes`` the session and ``hidden_disk_bytes``,
    which are gone when the reading is done. ``kept_memory_bytes``: the cache where no session is
    kept on disk.
    """

    tokens: int
    weights_bytes: int
    hidden_bytes: int
    hot_bytes: int
    kept_memory_bytes: int
    hidden_disk_bytes: int
    peak_rss_bytes: int
    session_bytes: int
    disk_bytes: int
    prefill_seconds: float | None
    question_seconds: float | None


def layout(plan: ReadPlan, anatomy: Anatomy, dtype: str = "bfloat16") -> Layout:
    """What ``plan`` means for a model, by each layer that a window goes through."""
    read = anatomy.windows[: anatomy.read_layers]
    reach, remember = plan.reach, plan.globals_of(anatomy.windows)
    local = reach.sink_tokens + reach.window_tokens
    return Layout(
        block_tokens=plan.budget.block_tokens,
        history=tuple(layer in remember for layer, _ in enumerate(read)),
        tails=tuple(local if own is None else own - 1 for own in read),
        anchor_tokens=reach.anchor_tokens,
        storage=plan.storage,
        width=WIDTHS[dtype],
        weights8=plan.weights == "int8" and dtype == "bfloat16" and multiplies_int8(),
        hidden_file_tokens=RESUMABLE_TOKENS,
        key_width=anatomy.indexer_width,
    )


def predict(
    anatomy: Anatomy,
    layout: Layout,
    tokens: int,
    *,
    session: bool = True,
    documents: int = 1,
    held_bytes: int = 0,
    calibration: Calibration | None = None,
) -> Prediction:
    """What reading ``tokens`` tokens of ``documents`` documents takes.

    ``session`` False keeps the cache in memory. ``held_bytes``: what the process holds before a
    model is loaded, documents included.
    """
    weights = _weights(anatomy, layout)
    one_hidden = tokens * anatomy.hidden * layout.width
    least = layout.hidden_file_tokens
    in_files = session and least is not None and tokens >= least
    hot, seal = _hot(anatomy, layout, tokens), _sealed(anatomy, layout, tokens)
    kept = _kept(anatomy, layout, tokens)
    in_memory = 0 if session else kept
    program = PROGRAM_BYTES if calibration is None else calibration.program_bytes
    filed = 2 * one_hidden if in_files else 0
    keys = tokens * (layout.key_width + 2) if layout.key_width else 0
    peak = held_bytes + program + weights + hot + 8 * tokens + (0 if in_files else one_hidden)
    peak += keys + 2 * layout.key_width * tokens
    # Without a session the last layer is sealed beside all the others, with one its codes only.
    peak += max(seal, in_memory)
    if calibration is not None:
        peak = max(peak, held_bytes + calibration.load_peak_bytes)
    stored = kept + keys + 12 * tokens + _manifest(layout, documents) if session else 0
    return Prediction(
        tokens=tokens,
        weights_bytes=weights,
        hidden_bytes=filed or one_hidden,
        hot_bytes=hot,
        kept_memory_bytes=in_memory,
        hidden_disk_bytes=filed,
        peak_rss_bytes=peak,
        session_bytes=stored,
        disk_bytes=stored + filed,
        prefill_seconds=None if calibration is None else _seconds(calibration, tokens, stored),
        question_seconds=None if calibration is None else calibration.question_s,
    )


def _weights(anatomy: Anatomy, layout: Layout) -> int:
    eighth = layout.weights8 and anatomy.dense_files  # what is added beside stays in the dtype
    saved = sum(anatomy.layer_parameters) * (layout.width - 1) if eighth else 0
    return anatomy.model.parameters_total * layout.width - saved


def _blocks(layout: Layout, tokens: int) -> int:
    return ceil(tokens / layout.block_tokens)


def _hot(anatomy: Anatomy, layout: Layout, tokens: int) -> int:
    """Keys and values of the layer being read, and its block means."""
    if not any(layout.history):
        return max(layout.tails) * anatomy.cached * layout.width
    N = _blocks(layout, tokens)
    return N * anatomy.cached * (layout.block_tokens * layout.width + 4)


def _sealed(anatomy: Anatomy, layout: Layout, tokens: int) -> int:
    """One layer with its whole history, as it is kept."""
    if not any(layout.history):
        return 0
    N, L, K = _blocks(layout, tokens), layout.block_tokens, anatomy.kv_heads
    means = N * anatomy.cached * 4
    if layout.storage == "raw":
        return N * L * anatomy.cached * layout.width + means
    if layout.storage == "int4":  # a bf16 scale for every token's key and every token's value
        return N * L * anatomy.cached // 2 + N * K * 2 * L * 2 + means
    # bf16 scales: of keys one per channel and block, of values one per token
    scales = N * K * (anatomy.key_dim + L) * 2
    return N * L * anatomy.cached + scales + means


def _kept(anatomy: Anatomy, layout: Layout, tokens: int) -> int:
    """Every layer as it is kept."""
    anchors = tokens // layout.anchor_tokens if layout.anchor_tokens else 0
    total = 0
    for history, tail in zip(layout.history, layout.tails, strict=True):
        if history:
            total += _sealed(anatomy, layout, tokens)
        else:
            total += (min(tail, tokens) + anchors * tail) * anatomy.cached * layout.width
    return total


def _manifest(layout: Layout, documents: int) -> int:
    read = len(layout.history)
    return MANIFEST_BYTES + read * LAYER_ENTRY_BYTES + documents * DOCUMENT_ENTRY_BYTES


def _seconds(calibration: Calibration, tokens: int, session_bytes: int) -> float:
    """Loading, every layer over every token, and the session's way to the disk."""
    per_token = sum(kind.layers * kind.seconds_per_token for kind in calibration.kinds)
    written = session_bytes / calibration.disk_bytes_per_s
    return calibration.load_s + tokens * per_token + written

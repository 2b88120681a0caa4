"""``kimidoc train all``: every file of weights, stage after stage, as the shipped ones were made.

The rules of the last stage are chosen beside the indexer that is shipped; with another one in its
place, ``kimidoc train calibrate`` chooses them anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kimidoc.engine.base import Progress, silent
from kimidoc.indexer.model import Indexer
from kimidoc.models import checkpoint as checkpoints
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import calibrate, kinds, reader, reader_stage, spans, stage
from kimidoc.train import indexer as late
from kimidoc.train.corpus import Embed
from kimidoc.train.kept import held_out
from kimidoc.train.states import CPU

CALIBRATED_ON = 6  # contracts that nothing was trained on
VOTE = 0.5  # what the model of clauses weighs on blocks


def run(
    data: Path, code: Sequence[Path], checkpoint: Checkpoint, work: Path, output: Path,
    threads: int | None = None, embed: Embed | None = None, share: float = 1.0, seed: int = 0,
    device: str = CPU, at_once: int = 65_536, progress: Progress = silent,
    stages: tuple[late.Recipe, reader.Recipe, spans.Recipe] = (
        late.Recipe(), reader.Recipe(), spans.Recipe(),
    ),
) -> dict[str, float]:  # fmt: skip
    """``indexer``, ``kinds``, ``reader`` and ``spans.safetensors``, ``rules.json`` in ``output``;
    what was right on contracts that nothing was trained on. ``stages``: the recipes; their seed
    and shape are set here.

    Raises UsageError when there is nothing to train on.
    """
    places = work / "indexer", work / "reader", work / "spans"
    for place in (*places, output):
        place.mkdir(parents=True, exist_ok=True)
    finds, asks, reads, says = (
        output / f"{name}.safetensors" for name in ("indexer", "kinds", "reader", "spans")
    )
    first = replace(stages[0], shape=stage.shape_of(checkpoint), seed=seed)
    stage.run(
        data, code, checkpoint, first, places[0], finds, threads, embed, share, device, progress
    )
    indexer = Indexer.load(finds)
    kinds.run(data, checkpoint, indexer, asks, VOTE, threads, seed)
    second = replace(stages[1], seed=seed, at_once=at_once)
    reader_stage.run(
        data, code, checkpoint, indexer, second, places[1], reads, threads, share,
        device, progress,
    )  # fmt: skip
    trained = checkpoints.with_reader(checkpoint, reads)
    third = replace(stages[2], shape=spans.shape_of(trained), seed=seed)
    spans.run(data, trained, third, places[2], says, threads, None, device, progress)
    documents = held_out(data / "cuad", CALIBRATED_ON)
    both = checkpoints.with_reader(checkpoint, reads, says)
    return calibrate.run(documents, both, output / "rules.json", threads, seed, progress)

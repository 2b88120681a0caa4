"""``kimidoc train reader``: folders of data -> the weights of the reader.

1. draw what the indexer's stage draws, in the same windows
2. rank their blocks with the indexer (``ranked``) and make examples (``examples``), a file a
   window, kept and not made twice
3. train (``reader``); write the weights with what they were made from and the experts' use by kind
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch

from kimidoc.engine.base import Progress, silent
from kimidoc.engine.prefill import token_ids
from kimidoc.indexer.model import Indexer
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import LoadedModel, load
from kimidoc.models.nano import reader as shipped
from kimidoc.train import examples
from kimidoc.train.cases import Pool
from kimidoc.train.examples import Builder, Example
from kimidoc.train.ranked import Ranker
from kimidoc.train.reader import Recipe, Training
from kimidoc.train.sources import Labelled
from kimidoc.train.stage import WINDOW_TOKENS, demand_some, draw, logged
from kimidoc.train.states import BLOCK, CPU, Frozen, reader_on, trained_in, windows
from kimidoc.train.upcycle import Upcycling
from kimidoc.types import Window

# parts that the reader is not trained on: long answers, or questions made from the text alone
UNSAID = {"qmsum", "filings", "gutenberg", "earnings21"}


def build(
    drawn: dict[str, list[Labelled]], checkpoint: Checkpoint, indexer: Indexer, work: Path,
    threads: int | None, seed: int, device: str = CPU, progress: Progress = silent,
) -> list[Example]:  # fmt: skip
    """The examples of every window; those that were made before are read from ``work``.

    What was ranked is in ``work`` too, so the one can be done on another machine than the other.
    """
    frozen = Frozen(checkpoint, [t for t in indexer.shape.taps if t], threads, device)
    ranker = Ranker(frozen, reader_on(device, checkpoint, threads), indexer)
    made, ranks = work / "examples", work / "ranked"
    for folder in (made, ranks):
        folder.mkdir(parents=True, exist_ok=True)
    every = list(jobs(drawn, frozen.loaded, seed))
    for number, (name, window, builder) in enumerate(every, 1):
        file, ranking = made / f"{name}.jsonl", ranks / f"{name}.json"
        if not file.exists():
            cases = builder.cases()
            if not ranking.exists():
                asked = [(c.gold.question, *c.scope) for c in cases]
                ranking.write_text(json.dumps(ranker.best(token_ids(window), asked)), "utf-8")
            ranked = json.loads(ranking.read_text("utf-8"))
            examples.save(builder.made(cases, ranked), file)
        progress("examples", number, len(every), "windows")
    return examples.load(made)


def jobs(
    drawn: dict[str, list[Labelled]], loaded: LoadedModel, seed: int
) -> Iterator[tuple[str, Window, Builder]]:
    """Every window by name, and who makes its examples; meetings' answers are no short quotes."""
    pool = Pool(d for documents in drawn.values() for d in documents)
    for part, documents in drawn.items():
        if part in UNSAID:
            continue
        for n, (window, group) in enumerate(windows(documents, WINDOW_TOKENS, loaded)):
            name = f"{part}-{n:03}"
            yield (
                name,
                window,
                Builder(window, loaded, group, pool, BLOCK, Random(f"{seed} {name}")),
            )


def run(
    data: Path, code: Sequence[Path], checkpoint: Checkpoint, indexer: Indexer, recipe: Recipe,
    work: Path, output: Path, threads: int | None = None, share: float = 1.0, device: str = CPU,
    progress: Progress = silent,
) -> None:  # fmt: skip
    """The whole stage. Raises UsageError when there is nothing to train on."""
    drawn = draw(data, code, Random(recipe.seed), share)
    demand_some(data, set(drawn) - UNSAID)
    made = build(drawn, checkpoint, indexer, work, threads, recipe.seed, device, progress)
    train(made, checkpoint, recipe, work, output, threads, device, progress)


def train(
    made: Sequence[Example], checkpoint: Checkpoint, recipe: Recipe, work: Path, output: Path,
    threads: int | None = None, device: str = CPU, progress: Progress = silent,
) -> None:  # fmt: skip
    """From examples to weights."""
    loaded = load(checkpoint, threads, dtype=trained_in(device))
    training = Training(recipe, loaded.model, made, device)
    with logged(work, recipe.steps, progress) as log:
        state = training.run(log, work)
    use = routing(training.upcycling, made)
    shipped.save(output, recipe.shape, state, about(recipe, made, checkpoint, use))


@torch.no_grad()
def routing(
    upcycling: Upcycling, made: Sequence[Example], each: int = 24
) -> dict[str, list[list[float]]]:
    """How the experts of every layer are used, by kind of document: shares that sum to 1."""
    found: dict[str, list[list[float]]] = {}
    upcycling.eval()
    for kind in sorted({e.kind for e in made}):
        for _, routed in upcycling.routed():
            routed.load.zero_()
        for example in [e for e in made if e.kind == kind][:each]:
            upcycling.hidden(torch.tensor([example.context], device=upcycling.device))
        loads = [routed.load for _, routed in upcycling.routed()]
        found[kind] = [[round(float(x), 4) for x in (load / load.sum()).tolist()] for load in loads]
    return found


def about(
    recipe: Recipe, made: Sequence[Example], checkpoint: Checkpoint, use: dict[str, Any]
) -> dict[str, str]:
    """What the weights' metadata say they were made from."""
    kinds = Counter(e.kind for e in made)
    return {
        "checkpoint": checkpoint.fingerprint,
        "data": ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())),
        "examples": str(len(made)),
        "present": str(sum(e.present for e in made)),
        "steps": str(recipe.steps),
        "rate": str(recipe.rate),
        "seed": str(recipe.seed),
        "routing": json.dumps(use),
    }

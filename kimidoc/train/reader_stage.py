"""``kimidoc train reader``: folders of data -> the weights of the reader.

1. draw documents of every kind with labelled answers; read them in windows as the product does
2. make examples of them (``examples``), a file a window, kept and not made twice
3. train (``reader``); write the weights with what they were made from and the experts' use by kind
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch

from kimidoc.engine.base import Progress, silent
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.errors import UsageError
from kimidoc.indexer.model import Indexer
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load
from kimidoc.models.nano import reader as shipped
from kimidoc.train import examples, sources
from kimidoc.train.examples import Builder, Example
from kimidoc.train.questions import enrich
from kimidoc.train.reader import Recipe, Training
from kimidoc.train.sources import Labelled
from kimidoc.train.stage import CODE_CHARS, CODE_LONGEST, Part, logged, some
from kimidoc.train.states import DTYPE, windows
from kimidoc.train.upcycle import Upcycling
from kimidoc.train.verdict import finder

WINDOW_TOKENS = 32_768
PARTS = (
    Part("cuad", lambda d: sources.cuad(d / "cuad", "train"), 2_000_000, 24_000),
    Part("covidqa", lambda d: sources.covidqa(d / "covidqa"), 400_000, 24_000),
    Part("tatqa", lambda d: sources.tatqa(d / "tatqa", "dev", exact=True), 300_000, 24_000),
    Part(
        "evidence_inference",
        lambda d: sources.evidence_inference(d / "evidence_inference", "train"),
        200_000,
        24_000,
    ),
)
ENRICHED = {"evidence_inference"}  # few questions of their own


def draw(
    data: Path, code: Sequence[Path], rng: Random, share: float = 1.0
) -> dict[str, list[Labelled]]:
    """Documents of every part that is there, in a drawn order."""
    found: dict[str, list[Labelled]] = {}
    for part in PARTS:
        if (data / part.name).is_dir():
            every: Iterable[Labelled] = part.documents(data)
            chosen = some(list(every), int(part.chars * share), part.longest_chars, rng, True)
            found[part.name] = [enrich(d, rng) if part.name in ENRICHED else d for d in chosen]
    packages = [
        some(list(sources.code(p)), int(CODE_CHARS * share), CODE_LONGEST, rng, True) for p in code
    ]
    if packages:
        found["code"] = [d for documents in packages for d in documents]
    return found


def build(
    drawn: dict[str, list[Labelled]], checkpoint: Checkpoint, indexer: Indexer, work: Path,
    threads: int | None, seed: int, progress: Progress = silent,
) -> list[Example]:  # fmt: skip
    """The examples of every window; those that were made before are read from ``work``."""
    reader = Reader(checkpoint, threads, ReadPlan(), DTYPE, indexer)
    jobs = [
        (f"{name}-{n:03}", window, group)
        for name, documents in drawn.items()
        for n, (window, group) in enumerate(windows(documents, WINDOW_TOKENS, reader.loaded))
    ]
    folder = work / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, window, group) in enumerate(jobs, 1):
        file = folder / f"{name}.jsonl"
        if not file.exists():
            rng = Random(f"{seed} {name}")
            found = finder(window, reader)
            examples.save(Builder(window, found, group, reader, rng).made(), file)
        progress("examples", number, len(jobs), "windows")
    return examples.load(folder)


def run(
    data: Path, code: Sequence[Path], checkpoint: Checkpoint, indexer: Indexer, recipe: Recipe,
    work: Path, output: Path, threads: int | None = None, share: float = 1.0,
    progress: Progress = silent,
) -> None:  # fmt: skip
    """The whole stage. Raises UsageError when there is nothing to train on."""
    drawn = draw(data, code, Random(recipe.seed), share)
    if not drawn:
        raise UsageError(
            f"{data} holds none of the data sets.",
            hint=f"Folders: {', '.join(part.name for part in PARTS)}; or --code DIR.",
        )
    made = build(drawn, checkpoint, indexer, work, threads, recipe.seed, progress)
    loaded = load(checkpoint, threads, dtype=getattr(torch, DTYPE))
    training = Training(recipe, loaded.model, made)
    with logged(work, recipe.steps, progress) as note:
        state = training.run(note, work)
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
            upcycling.hidden(torch.tensor([example.context]))
        loads = [routed.load for _, routed in upcycling.routed()]
        found[kind] = [[round(float(x), 4) for x in load / load.sum()] for load in loads]
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

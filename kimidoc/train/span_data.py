"""The span head's cases, drawn from what is ours and from folders of data, by where they are from.

    paragraphs    short texts, each asked by itself
    whole         questions to all of these texts at once, among passages of any
    sets          folders of papers that are alike enough to be confused
    CUAD, COVID-QA, Evidence Inference, TAT-QA    where their folders are there

One document in ten, or one set, is kept from training.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from kimidoc.models.load import LoadedModel
from kimidoc.train import sources
from kimidoc.train.questions import categories, wordings
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.span_cases import ALONE, Beside, SpanCase, SpanCases
from kimidoc.train.stage import WINDOW_TOKENS
from kimidoc.train.states import BLOCK, excerpt, windows

LONGEST = 30_000  # characters of a document
HELD_OUT = 10  # one document in so many is kept from training
OF_WHOLE = Beside(counts=(3,), from_all=1.0, at_random=1, left_out=0.15)
OF_SET = Beside(counts=(2, 3), from_all=0.85, at_random=1, left_out=0.2)

Cases = dict[str, list[SpanCase]]


def kept_from_training(path: str) -> bool:
    """Whether the document of that path is, or the set that it belongs to."""
    return zlib.crc32(path.partition("/")[0].encode()) % HELD_OUT == 0


def _some(documents: Iterator[Labelled], rng: Random, questions: int, each: int) -> list[Labelled]:
    """Documents in a drawn order, with ``each`` of their questions, up to so many questions."""
    found, count, every = list[Labelled](), 0, list(documents)
    rng.shuffle(every)
    for document in every:
        part = excerpt(document, LONGEST, rng)
        golds = rng.sample(part.golds, min(each, len(part.golds)))
        if golds and count < questions:
            count += len(golds)
            found.append(replace(part, golds=tuple(golds)))
    return found


def _contracts(root: Path, rng: Random) -> list[Labelled]:
    """Categories in one of their wordings; of a contract that is read whole, one it lacks too."""
    labelled = {d.path: {g.category for g in d.golds} for d in sources.cuad(root, "train", False)}
    found = []
    for document in _some(sources.cuad(root, "train", held=False), rng, 400, 4):
        golds = [replace(g, question=rng.choice(wordings(str(g.category)))) for g in document.golds]
        lacking = [c for c in categories() if c not in labelled[document.path]]
        if len(document.text) < LONGEST and lacking:
            golds.append(Gold(rng.choice(wordings(rng.choice(lacking))), ()))
        found.append(replace(document, golds=tuple(golds)))
    return found


# Data set -> its documents.
FOLDERS: Mapping[str, Callable[[Path, Random], list[Labelled]]] = {
    "cuad": _contracts,
    "covidqa": lambda root, rng: _some(sources.covidqa(root), rng, 400, 6),
    "evidence_inference": lambda root, rng: _some(
        sources.evidence_inference(root, "train"), rng, 120, 2
    ),
    "tatqa": lambda root, rng: _some(sources.tatqa(root, "dev", exact=True), rng, 300, 20),
}


def _halves(documents: Iterable[Labelled]) -> list[list[Labelled]]:
    """What is trained on and what is kept from it: neither stands beside the other's answers."""
    every = list(documents)
    return [[d for d in every if kept_from_training(d.path) == held] for held in (False, True)]


def drawn(data: Path, loaded: LoadedModel, seed: int) -> Cases:
    """Every case of what is ours and of the sets of data that ``data`` holds, by source."""
    found: Cases = {}

    def make(name: str, groups: Iterable[Sequence[Labelled]], beside: Beside = ALONE) -> None:
        rng = Random(f"{seed} {name}")
        found[name] = [
            case
            for documents in groups
            for window, group in windows(documents, WINDOW_TOKENS, loaded)
            for case in SpanCases(window, loaded, group, BLOCK, rng, beside).made()
        ]

    make("paragraphs", _halves(sources.paragraphs()))
    make("whole", _halves(sources.asked_of_all()), OF_WHOLE)
    make("sets", sources.sets(), OF_SET)
    for name, documents in FOLDERS.items():
        if (data / name).is_dir():
            make(name, [documents(data / name, Random(f"{seed} documents of {name}"))])
    return found


def apart(every: Cases) -> tuple[Cases, Cases]:
    """What is trained on, and what is kept from that."""
    kept: tuple[Cases, Cases] = {}, {}
    for name, cases in every.items():
        for held, part in zip((False, True), kept, strict=True):
            part[name] = [case for case in cases if kept_from_training(case.path) == held]
    return kept

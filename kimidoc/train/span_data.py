"""What the reader sees of the span head's cases: made once, kept on disk, read back as needed.

In ``work``, of every ``PART`` cases of a set of data: the cases as lines of JSON, and in turn the
states of the tokens that the head looks at, ``states`` [T, P, C] fp16. On two cores a case takes
about 0.4 s.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from kimidoc.engine import fresh
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import LoadedModel
from kimidoc.models.nano.spans import SpanShape, layout
from kimidoc.train import sources
from kimidoc.train.questions import categories, wordings
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.span_cases import SpanCase, SpanCases
from kimidoc.train.stage import WINDOW_TOKENS
from kimidoc.train.states import BLOCK, DTYPE, excerpt, windows

AT_ONCE = 4_096  # tokens read at once, padding included
LONGEST = 30_000  # characters of a document
PART = 400  # cases in one file
HELD_OUT = 10  # one document in so many is kept from training


class Seen:
    """A case, and what the reader sees of it; ``own``: its rows of the file's states."""

    def __init__(self, case: SpanCase, file: Path, own: slice) -> None:
        self.case, self._file, self._own = case, file, own
        self.layout = layout(case.question, case.units)

    @property
    def places(self) -> list[int]:
        """Where in the context each token that is looked at stands."""
        return self.layout[0]

    @cached_property
    def _unit_at(self) -> dict[int, int]:
        return dict(zip(*self.layout, strict=True))

    def unit_of(self, place: int) -> int:
        """The number of the unit that holds a place of the context."""
        return self._unit_at[place]

    def states(self) -> Tensor:
        """[S, P, C] fp16"""
        with safe_open(str(self._file), framework="pt") as file:
            found: Tensor = file.get_slice("states")[self._own]
        return found


def kept_from_training(path: str) -> bool:
    """Whether the document of that name is."""
    return zlib.crc32(path.encode()) % HELD_OUT == 0


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


# Data set -> its documents; what is ours needs no folder.
SETS: Mapping[str, Callable[[Path, Random], list[Labelled]]] = {
    "cuad": _contracts,
    "covidqa": lambda root, rng: _some(sources.covidqa(root), rng, 400, 6),
    "evidence_inference": lambda root, rng: _some(
        sources.evidence_inference(root, "train"), rng, 120, 2
    ),
    "tatqa": lambda root, rng: _some(sources.tatqa(root, "dev", exact=True), rng, 300, 20),
}
OURS = "paragraphs"


def read(
    data: Path, checkpoint: Checkpoint, shape: SpanShape, seed: int, work: Path,
    threads: int | None = None, progress: Progress = silent,
) -> list[Seen]:  # fmt: skip
    """Every case of what is ours and of the sets that ``data`` holds; what is missing is made."""
    found, reader = list[Seen](), Reader(checkpoint, threads, ReadPlan(), DTYPE)
    for name in (OURS, *(n for n in SETS if (data / n).is_dir())):
        rng = Random(f"{seed} {name}")
        documents = list(sources.paragraphs()) if name == OURS else SETS[name](data / name, rng)
        cases = _cases(documents, reader.loaded, rng)
        for first in range(0, len(cases), PART):
            file = work / f"{name}-{first // PART:03}.jsonl"
            if not file.exists():
                keep(cases[first : first + PART], reader.loaded.model, shape.taps, file)
            found += load(file)
            progress(f"read {name}", min(first + PART, len(cases)), len(cases), "questions")
    return found


def _cases(documents: Sequence[Labelled], loaded: LoadedModel, rng: Random) -> list[SpanCase]:
    return [
        case
        for window, group in windows(documents, WINDOW_TOKENS, loaded)
        for case in SpanCases(window, loaded, group, BLOCK, rng).made()
    ]


def keep(cases: Sequence[SpanCase], model: Any, taps: Sequence[int], file: Path) -> None:
    """Read every case, those of like length together; ``file`` is there once all is written."""
    order = sorted(range(len(cases)), key=lambda n: len(cases[n].context))
    states: dict[int, Tensor] = {}
    for some in _batches(order, [len(case.context) for case in cases]):
        read = fresh.read(model, [cases[n].context for n in some], taps)
        for n, seen in zip(some, read, strict=True):
            places, _ = layout(cases[n].question, cases[n].units)
            states[n] = seen[places].half().cpu()
    every = torch.cat([states[n] for n in range(len(cases))])
    save_file({"states": every}, str(file.with_suffix(".safetensors")))
    lines = "".join(json.dumps(asdict(case)) + "\n" for case in cases)
    file.write_text(lines, encoding="utf-8")


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """``order``, shortest first, in groups of at most ``AT_ONCE`` tokens."""
    group: list[int] = []
    for number in order:
        if group and (len(group) + 1) * lengths[number] > AT_ONCE:
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def load(file: Path) -> list[Seen]:
    """What ``keep`` wrote."""
    with file.open(encoding="utf-8") as lines:
        cases = [_case(json.loads(line)) for line in lines]
    states = file.with_suffix(".safetensors")
    sizes = [len(layout(case.question, case.units)[0]) for case in cases]
    rows = pairwise(accumulate(sizes, initial=0))
    return [Seen(c, states, slice(*own)) for c, own in zip(cases, rows, strict=True)]


def _case(row: dict[str, Any]) -> SpanCase:
    for name in ("units", "spans"):
        row[name] = tuple((int(a), int(b)) for a, b in row[name])
    for name in ("context", "question", "whole"):
        row[name] = tuple(row[name])
    return SpanCase(**row)

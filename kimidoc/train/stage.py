"""``kimidoc train indexer``: folders of data -> the weights of the indexer.

1. draw documents of every kind, with questions made from their own text
2. read them in windows with the engine; keep the states (hours on two cores, resumable). On an
   accelerator the windows are noted, and read when they are gathered
3. read the questions; have the teacher embed blocks and questions (optional, cached)
4. train; write the weights with what they were made from in their metadata
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from kimidoc.engine.base import Progress, silent
from kimidoc.engine.finding import question_states
from kimidoc.errors import UsageError
from kimidoc.indexer.model import Shape
from kimidoc.models import folder
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import corpus as corpora
from kimidoc.train import sources
from kimidoc.train.corpus import Embed, Questions, Read, Teacher
from kimidoc.train.indexer import Recipe, Training, pool
from kimidoc.train.questions import enrich
from kimidoc.train.sources import Labelled
from kimidoc.train.states import CPU, Frozen, excerpt, keep, note, reader_on, windows

WINDOW_TOKENS = 16_384


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of data: how many characters of it are drawn, and how long a stretch may be."""

    name: str
    documents: Callable[[Path], Iterable[Labelled]]
    chars: int
    longest_chars: int
    must_ask: bool = True


PARTS = (
    Part("cuad", lambda d: sources.cuad(d / "cuad", "train", held=False), 20_000_000, 90_000),
    Part(
        "evidence_inference",
        lambda d: sources.evidence_inference(d / "evidence_inference", "train"),
        2_000_000,
        40_000,
    ),
    Part("qmsum", lambda d: sources.qmsum(d / "qmsum", "train"), 1_200_000, 45_000),
    Part("covidqa", lambda d: sources.covidqa(d / "covidqa"), 1_500_000, 40_000),
    Part("tatqa", lambda d: sources.tatqa(d / "tatqa", "dev", exact=True), 600_000, 40_000),
    Part("filings", lambda d: sources.texts(d / "filings", "finance"), 700_000, 35_000, False),
    Part("gutenberg", lambda d: sources.texts(d / "gutenberg", "prose"), 200_000, 30_000, False),
    Part("earnings21", lambda d: sources.texts(d / "earnings21", "call"), 200_000, 30_000, False),
)
CODE_CHARS, CODE_LONGEST = 250_000, 20_000


def draw(
    data: Path, code: Sequence[Path], rng: Random, share: float = 1.0
) -> dict[str, list[Labelled]]:
    """Documents of every part that is there, in a drawn order, each with made questions too."""
    found: dict[str, list[Labelled]] = {}
    for part in PARTS:
        if (data / part.name).is_dir():
            every = list(part.documents(data))
            chars = int(part.chars * share)
            found[part.name] = some(every, chars, part.longest_chars, rng, part.must_ask)
    packages = [some(list(sources.code(p)), CODE_CHARS, CODE_LONGEST, rng, True) for p in code]
    if packages:
        found["code"] = [d for docs in packages for d in docs]
    return {name: [enrich(d, rng) for d in documents] for name, documents in found.items()}


def demand_some(data: Path, parts: Collection[str]) -> None:
    """Raises UsageError where nothing was drawn from ``data``."""
    if not parts:
        raise UsageError(
            f"{data} holds none of the data sets.",
            hint=f"Folders: {', '.join(part.name for part in PARTS)}; or --code DIR.",
        )


def shape_of(checkpoint: Checkpoint) -> Shape:
    """The indexer's shape for a checkpoint. Raises ModelError where it says nothing of itself."""
    config = folder.config(checkpoint.folder)
    return Shape.of(int(config["num_hidden_layers"]), int(config["hidden_size"]))


def some(
    documents: list[Labelled], chars: int, longest: int, rng: Random, must_ask: bool
) -> list[Labelled]:
    """Documents in a drawn order, stretches of the long ones, up to ``chars`` in all."""
    rng.shuffle(documents)
    taken, size = list[Labelled](), 0
    for document in documents:
        part = excerpt(document, longest, rng)
        if part.golds or not must_ask:
            taken.append(part)
            size += len(part.text)
        if size >= chars:
            break
    return taken


def read(
    drawn: dict[str, list[Labelled]], frozen: Frozen, work: Path, progress: Progress = silent
) -> None:
    """Keep the states of every window that is not there yet, the kinds taking turns."""
    jobs = []
    for name, documents in drawn.items():
        packed = list(windows(documents, WINDOW_TOKENS, frozen.loaded))
        jobs += [((n + 0.5) / len(packed), f"{name}-{n:03}", w) for n, w in enumerate(packed)]
    jobs.sort(key=lambda job: job[:2])
    (work / "windows").mkdir(parents=True, exist_ok=True)
    for number, (_, name, (window, group)) in enumerate(jobs, 1):
        where = work / "windows" / name
        if not where.with_suffix(".json").exists():
            if frozen.whole:
                note(window, group, where)
            else:
                keep(window, group, frozen, where)
        progress("read", number, len(jobs), "windows")


def read_taps(recipe: Recipe) -> tuple[int, ...]:
    """What enters layer 0 is the embedding of the token and need not be kept."""
    return tuple(t for t in recipe.shape.taps if t)


def gather(
    checkpoint: Checkpoint, recipe: Recipe, frozen: Frozen, work: Path, threads: int | None,
    embed: Embed | None, progress: Progress = silent,
) -> tuple[list[Read], Questions, Teacher | None]:  # fmt: skip
    """Everything in memory; what is missing of the questions' states and vectors is made."""
    taps, device = recipe.shape.taps, frozen.device
    reader = reader_on(device, checkpoint, threads)
    model: Any = reader.loaded.model
    table: Tensor | None = model.get_input_embeddings().weight if 0 in taps else None
    corpus = corpora.read_windows(
        work / "windows", table, reader.loaded.tokenizer.decode, frozen.window
    )
    progress("read", 1, 1, "folders")
    texts = pool(corpus)
    questions = Questions(work / "questions.safetensors")
    questions.add(texts, lambda some: [s.bfloat16() for s in question_states(reader, some, taps)])
    questions.to(device)
    progress("questions", 1, 1, "files")
    if embed is None or not recipe.distil:
        return corpus, questions, None
    vectors = _vectors(work / "teacher-questions.pt", texts, embed)
    for number, window in enumerate(corpus, 1):
        kept = _vectors(work / "windows" / f"{window.name}.teacher.pt", window.texts, embed)
        window.vectors = torch.stack([kept[t] for t in window.texts]).to(device)
        progress("teacher", number, len(corpus), "windows")
    return corpus, questions, Teacher(vectors)


def _vectors(file: Path, texts: Sequence[str], embed: Embed) -> dict[str, Tensor]:
    """The teacher's vector of each text; what was made before is on disk."""
    kept: dict[str, Tensor] = torch.load(file, weights_only=True) if file.exists() else {}
    new = sorted(set(texts) - set(kept))
    if new:
        kept |= zip(new, embed(new).half(), strict=True)
        torch.save(kept, file)
    return kept


@contextmanager
def logged(
    work: Path, steps: int, progress: Progress
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Where a run writes its steps: a line each in ``work``'s log, and the progress."""
    with (work / "log.jsonl").open("a", encoding="utf-8") as log:

        def note(values: dict[str, Any]) -> None:
            log.write(json.dumps(values) + "\n")
            log.flush()
            progress("train", values["step"], steps, "steps")

        yield note


def run(
    data: Path, code: Sequence[Path], checkpoint: Checkpoint, recipe: Recipe, work: Path,
    output: Path, threads: int | None = None, embed: Embed | None = None, share: float = 1.0,
    device: str = CPU, progress: Progress = silent,
) -> None:  # fmt: skip
    """The whole stage. ``share``: of the characters of each part, for a smaller run.

    Raises UsageError when there is nothing to train on.
    """
    drawn = draw(data, code, Random(recipe.seed), share)
    demand_some(data, drawn)
    frozen = Frozen(checkpoint, read_taps(recipe), threads, device)
    read(drawn, frozen, work, progress)
    corpus, questions, teacher = gather(checkpoint, recipe, frozen, work, threads, embed, progress)
    training = Training(recipe, corpus, questions, teacher, device=device)
    with logged(work, recipe.steps, progress) as log:
        indexer = training.run(log, work)
    indexer.cpu().save(output, about(recipe, corpus, checkpoint, teacher is not None))


def about(
    recipe: Recipe, corpus: Sequence[Read], checkpoint: Checkpoint, distilled: bool
) -> dict[str, str]:
    """What the weights' metadata say they were made from."""
    names = sorted({w.name.rpartition("-")[0] for w in corpus})
    return {
        "checkpoint": checkpoint.fingerprint,
        "data": ", ".join(names),
        "tokens": str(sum(len(w.states) for w in corpus)),
        "questions": str(sum(len(w.asked) for w in corpus)),
        "steps": str(recipe.steps),
        "distilled": str(distilled),
        "seed": str(recipe.seed),
    }

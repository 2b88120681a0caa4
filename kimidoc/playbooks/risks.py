"""Risk factors of two filings side by side: what is new, what is gone, what is worded otherwise.

The part of a filing below the heading "Risk factors" is cut into paragraphs, each known by its
first sentence. Paragraphs belong together whose first sentences are nearly the same (rapidfuzz's
token-set ratio); of such a pair the sentences that have no near twin are what was reworded. The
filings are ordered by the year each says it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from kimidoc.playbooks.passages import passages
from kimidoc.playbooks.statements import year_of
from kimidoc.playbooks.sweep import TABLES, Found, cited
from kimidoc.types import Document, Row

COLUMNS = ("Risk factor", "What happened", "Earlier", "Later")
SAME, ALIKE = 80.0, 88.0  # token ratio of first sentences; of sentences that only grew older
_HEADING = re.compile(r"^\W*(?:item\s+1a\W+)?risk factors\W*$", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(r"^\W*item\s+\d+[a-z]?\b|^\W*(?:part|note)\s+[ivx\d]+\b", re.I | re.MULTILINE)
_FIGURES = re.compile(r"\d[\d,.]*|\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Factor:
    """One risk factor: where it stands, and where each of its sentences does."""

    document: Document
    sentences: tuple[tuple[int, int], ...]

    @property
    def head(self) -> str:
        """Its first sentence."""
        return self.text(self.sentences[0])

    def text(self, span: tuple[int, int]) -> str:
        """A sentence, white space folded."""
        return " ".join(self.document.text[slice(*span)].split())


def factors(document: Document) -> list[Factor]:
    """The risk factors of a filing; none where it has no such part."""
    heads = list(_HEADING.finditer(document.text))
    if not heads or document.kind in TABLES:
        return []
    start = heads[-1].end() if len(heads) < 3 else heads[0].end()
    after = _NEXT.search(document.text, start)
    end = after.start() if after else len(document.text)
    spans = [(a + start, b + start) for a, b in passages(document.text[start:end])]
    found: list[list[tuple[int, int]]] = []
    for at, span in enumerate(spans):
        if not found or _begins(document.text, spans[at - 1], span):
            found.append([])
        found[-1].append(span)
    return [Factor(document, tuple(group)) for group in found if len(group) > 1]


def _begins(text: str, before: tuple[int, int], span: tuple[int, int]) -> bool:
    """A new paragraph: a blank line, or a line that begins after one that was not full."""
    gap = text[before[1] : span[0]]
    if gap.count("\n") > 1:
        return True
    width = max(
        (len(line) for line in text[max(0, span[0] - 2_000) : span[1]].split("\n")), default=0
    )
    last = text[text.rfind("\n", 0, before[1]) + 1 : before[1]]
    return "\n" in gap and len(last) < 0.97 * width


def _pair(documents: Sequence[Document]) -> tuple[list[Factor], list[Factor]] | None:
    dated = sorted(
        (
            (year, d.path, found)
            for d in documents
            if (found := factors(d)) and (year := year_of(d))
        ),
        key=lambda one: one[:2],
    )
    if len(dated) < 2 or dated[-2][0] == dated[-1][0]:
        return None
    return dated[-2][2], dated[-1][2]


def changes(
    documents: Sequence[Document],
) -> Iterator[tuple[str, Factor, tuple[int, int], Factor | None, tuple[int, int] | None]]:
    """(what, factor, its sentence, the other's factor, the other's sentence)."""
    pair = _pair(documents)
    if pair is None:
        return
    earlier, later = pair
    left = list(earlier)
    for factor in later:
        best = max(left, key=lambda one: fuzz.token_set_ratio(one.head, factor.head), default=None)
        if best is None or fuzz.token_set_ratio(best.head, factor.head) < SAME:
            yield "added", factor, factor.sentences[0], None, None
            continue
        left.remove(best)
        new = [s for s in factor.sentences[1:] if not _twin(factor.text(s), best)]
        old = [s for s in best.sentences[1:] if not _twin(best.text(s), factor)]
        if new:
            yield "reworded", factor, new[0], best, old[0] if old else None
        elif old:
            yield "shortened", factor, factor.sentences[0], best, old[0]
    for factor in left:
        yield "removed", factor, factor.sentences[0], None, None


def _twin(said: str, factor: Factor) -> bool:
    """Whether a factor holds the sentence, figures and years apart."""
    plain = _FIGURES.sub("#", said)
    return any(
        fuzz.ratio(plain, _FIGURES.sub("#", factor.text(span))) >= ALIKE
        for span in factor.sentences
    )


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table of changes, both quotes where there are two."""
    for what, factor, span, other, old in changes(documents):
        here = cited(factor.document, *span)
        if what == "removed":
            yield Row((factor.head, what, factor.text(span), ""), (here,))
        elif other is None or old is None:
            yield Row((factor.head, what, "", factor.text(span)), (here,))
        else:
            there = cited(other.document, *old)
            yield Row((factor.head, what, other.text(old), factor.text(span)), (there, here))


def changed(documents: Sequence[Document]) -> Iterator[Found]:
    """Each change as a finding in the later filing (in the earlier one, where it is gone)."""
    for what, factor, span, other, old in changes(documents):
        quotes = [cited(factor.document, *span)]
        if other is not None and old is not None:
            quotes.insert(0, cited(other.document, *old))
        yield Found(factor.document.path, f"{what}: {factor.head}", tuple(quotes))

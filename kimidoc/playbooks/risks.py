"""Risk factors of two filings side by side: what is new, what is gone, what is worded otherwise.

The part of a filing below the heading "Risk factors" is cut into sentences. Two are twins if they
are nearly the same, figures and years apart (rapidfuzz's ratio), wherever they stand. What follows
the same twin on both sides and has none itself was reworded; what else has none was added or
removed, paragraph by paragraph where paragraphs can be told; one of these and one of those that are
much alike are one that was reworded. What a page has at its foot and head is left out first: it
stands in the middle of sentences. The filings are ordered by the year each says it is about, and
the two latest are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rapidfuzz import fuzz

from kimidoc.clauses.passages import passages
from kimidoc.playbooks.statements import year_of
from kimidoc.playbooks.sweep import TABLES, Found
from kimidoc.types import Citation, Document, Row

COLUMNS = ("Change", "Earlier", "Later")
NEAR = 62.0  # of 100: what was removed and what was added tell the same otherwise
LONG = 2_000  # characters; longer ones are not held against each other
ALIKE = 88.0  # of 100: sentences that only grew older are twins
SHOWN = 6  # changes that one finding names
FULL = 0.8  # of the usual length: a shorter line ends its paragraph
_HEADING = re.compile(r"^\W*(?:item\s+1a\W+)?risk factors\W*$", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(r"^\W*item\s+\d+[a-z]?\b", re.IGNORECASE | re.MULTILINE)
# The foot and the head of pages, blank lines about them.
_PAGE = re.compile(
    r"(?:\n\s*?(?:(?:page[^\S\n]+)?\d{1,3}(?:[^\S\n]+of[^\S\n]+\d+)?|table of contents)"
    r"[^\S\n]*(?=\n))+",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\s+(?=[a-z])")
_FURNITURE = re.compile(r"\bpage \d+ of \d+|^\W*\d+\W*$", re.IGNORECASE)
_FIGURES = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a filing; its words have no page's foot; whether it begins a paragraph."""

    document: Document
    start: int
    end: int
    begins: bool
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happened: the earlier sentences, the later ones; one side is empty unless reworded."""

    what: str
    earlier: tuple[Sentence, ...]
    later: tuple[Sentence, ...]


def sentences(document: Document) -> list[Sentence]:
    """The sentences of a filing's risk factors; none where it has no such part."""
    parts = []
    for head in _HEADING.finditer(document.text) if document.kind not in TABLES else ():
        after = _NEXT.search(document.text, head.end())
        parts.append((head.end(), after.start() if after else len(document.text)))
    if not parts:
        return []
    start, end = max(parts, key=lambda part: part[1] - part[0])  # not the table of contents
    text, found = document.text, list[Sentence]()
    for page in _PAGE.finditer(text, start, end):
        after = _GOES_ON.match(text, page.end())  # a sentence that the page's end broke
        first, stop = page.start(), after.end() if after else page.end()
        blank = (" " if after else "\n").ljust(stop - first)
        text = text[:first] + blank + text[stop:]
    rows = [len(line) for line in text[start:end].split("\n") if len(line) > 40]
    usual = median(rows) if rows else 0.0
    for low, high in passages(text[start:end]):
        low, high = low + start, high + start
        if _FURNITURE.search(text[low:high]):
            continue
        gap = text[found[-1].end : low] if found else "\n\n"
        last = text[text.rfind("\n", 0, found[-1].end) + 1 : found[-1].end] if found else ""
        begins = gap.count("\n") > 1 or ("\n" in gap and len(last) < FULL * usual)
        found.append(Sentence(document, low, high, begins, " ".join(text[low:high].split())))
    return found


def changes(documents: Sequence[Document]) -> list[Change]:
    """What changed between the risk factors of the two latest filings; what is gone comes last."""
    return _paired(list(_changes(documents)))


def _paired(every: list[Change]) -> list[Change]:
    """The same changes, those removed and added that are much alike as one that was reworded."""
    gone = [change for change in every if change.what == "removed" and _length(change) < LONG]
    found = list[Change]()
    for change in every:
        if change.what == "added" and gone and _length(change) < LONG:
            said = _plain(change.later)
            best = max(gone, key=lambda one: fuzz.ratio(_plain(one.earlier), said))
            if fuzz.ratio(_plain(best.earlier), said) >= NEAR:
                gone.remove(best)
                found.append(Change("reworded", best.earlier, change.later))
                continue
        found.append(change)
    paired = {id(sentence) for one in found if one.what == "reworded" for sentence in one.earlier}
    return [one for one in found if one.what != "removed" or id(one.earlier[0]) not in paired]


def _plain(side: Sequence[Sentence]) -> str:
    return _FIGURES.sub("#", " ".join(each.text for each in side))


def _length(change: Change) -> int:
    return sum(len(each.text) for each in (*change.earlier, *change.later))


def _changes(documents: Sequence[Document]) -> Iterator[Change]:
    dated = [
        (year, d.path, found) for d in documents if (year := year_of(d)) and (found := sentences(d))
    ]
    dated.sort(key=lambda one: one[:2])
    if len(dated) < 2 or dated[-2][0] == dated[-1][0]:
        return
    earlier, later = dated[-2][2], dated[-1][2]
    one, two = _classes(earlier, later)
    gone = dict(_unmatched(earlier, one, set(two)))
    for before, new in _unmatched(later, two, set(one)):
        old = gone.get(before, ())
        if before is not None and old and not (old[0].begins or new[0].begins):
            tail = next((at for at, each in enumerate(new) if at and each.begins), 1)
            head = next((at for at, each in enumerate(old) if at and each.begins), len(old))
            yield Change("reworded", tuple(old[:head]), tuple(new[:tail]))
            new, gone[before] = new[tail:], old[head:]
        yield from _runs("added", new)
    for old in gone.values():
        yield from _runs("removed", old)


def _unmatched(
    sentences: Sequence[Sentence], numbers: Sequence[int], twins: set[int]
) -> Iterator[tuple[int | None, Sequence[Sentence]]]:
    """Runs of sentences without a twin, each with the number of the twin it follows."""
    before: int | None = None
    run: list[Sentence] = []
    for each, number in zip(sentences, numbers, strict=True):
        if number not in twins:
            run.append(each)
            continue
        if run:
            yield before, run
        before, run = number, []
    if run:
        yield before, run


def _runs(what: str, run: Sequence[Sentence]) -> Iterator[Change]:
    """One change for each paragraph of a run."""
    group: list[Sentence] = []
    for each in [*run, None]:
        if group and (each is None or each.begins):
            same = tuple(group)
            yield Change(what, same if what == "removed" else (), () if what == "removed" else same)
            group = []
        if each is not None:
            group.append(each)


def _classes(earlier: Sequence[Sentence], later: Sequence[Sentence]) -> tuple[list[int], list[int]]:
    """A number for each sentence, the same for twins."""
    plain = [_FIGURES.sub("#", each.text) for each in earlier]
    own, taken = list(range(len(earlier))), set[int]()
    numbers = []
    for at, each in enumerate(later):
        said = _FIGURES.sub("#", each.text)
        best = max(own, key=lambda n: fuzz.ratio(plain[n], said), default=-1)
        twin = best >= 0 and best not in taken and fuzz.ratio(plain[best], said) >= ALIKE
        numbers.append(best if twin else len(earlier) + at)
        if twin:
            taken.add(best)
    return own, numbers


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table of changes, both texts where there are two."""
    for change in changes(documents):
        texts = (" ".join(each.text for each in side) for side in (change.earlier, change.later))
        quotes = tuple(_quote(side) for side in (change.earlier, change.later) if side)
        yield Row((change.what, *texts), quotes)


def changed(documents: Sequence[Document]) -> Iterator[Found]:
    """One finding for what was added, one for what is gone, one for what was reworded."""
    every = changes(documents)
    for what in ("added", "removed", "reworded"):
        # A factor of its own comes before a sentence in the middle of one.
        own = [change for change in every if change.what == what]
        own.sort(key=lambda change: not (change.later or change.earlier)[0].begins)
        if own:
            sides = [side for change in own for side in (change.earlier, change.later) if side]
            first = [(change.later or change.earlier)[0].text for change in own[:SHOWN]]
            said = "; ".join(text.rstrip(". ") for text in first)
            more = f"; and {len(own) - SHOWN} more, in the table" if len(own) > SHOWN else ""
            quotes = tuple(_quote(side) for side in sides[: 2 * SHOWN])
            yield Found(sides[-1][0].document.path, f"{what}: {said}{more}", quotes)


def _quote(side: Sequence[Sentence]) -> Citation:
    return Citation.of(side[0].document, side[0].start, side[-1].end)

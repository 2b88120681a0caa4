"""A quote -> where it stands in the documents, or that it does not.

In this order: word for word; the same up to white space and typography (``fold``); nearly the same
and in agreement on every fact (``facts``). The document a quote names goes first, then those the
model attended to, then the others as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from kimidoc.cite import edges, places
from kimidoc.cite.facts import disagreement
from kimidoc.cite.fold import Folded, Key, fold, key
from kimidoc.cite.places import Span
from kimidoc.cite.shingles import Shingles, lowered
from kimidoc.types import Citation, CitationStatus, Document, Evidence, Quote

FUZZY_SCORE = 90.0  # per cent of the characters, rapidfuzz's normalised indel similarity
_LONGEST_QUOTE = 1 << 16  # a longer one is looked for word for word only
_LONGEST_FUZZY = 2000
_SHORTEST_FUZZY = 12
_SHOWN = 2000
_WRAPPING = " \t\r\n\"'“”„‘’«»`…"

Hints = Mapping[str, Sequence[Span]]
Located = tuple[Document, int, int]
Spans = Callable[[Document, Sequence[Span]], Iterable[Span]]


class Sources:
    """The documents quotes are located in. What that needs is computed once, when first needed."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = {d.path: d for d in documents if d.text}
        self._order = list(self._documents.values())
        self._number = {d.path: i for i, d in enumerate(self._order)}
        self._folded: dict[str, Folded] = {}
        self._shingles: Shingles | None = None

    def locate(
        self, quote: Quote, near: Sequence[Evidence] = (), only: str | None = None
    ) -> Citation:
        """The citation for ``quote``.

        Located: ``text`` is the *source's* text at the offsets, less a word that the quote cut at
        either edge. Of several occurrences the one inside or nearest to ``near``
        wins, else the first. ``only``: the one document that may be cited.

        Unverified: ``text`` is the quote, at most its first 2,000 characters, and ``path`` the
        document it named, if there is such a document.
        """
        named = self._documents.get(only) if only is not None else self._named(quote.path)
        groups = self._groups(named, near, only)
        if edges.significant(quote.text):
            found = (
                self._verbatim(quote.text, groups, near)
                or self._unwrapped(quote.text, groups, near)
                or self._fuzzy(quote.text, groups)
            )
            if found is not None:
                return found
        return Citation("unverified", quote.text[:_SHOWN], named.path if named else None)

    def _named(self, path: str | None) -> Document | None:
        """The document a quote names; the end of a path will do where it fits only one."""
        if not path:
            return None
        if path in self._documents:
            return self._documents[path]
        tail = "/" + path.replace("\\", "/").removeprefix("./")
        fitting = [d for name, d in self._documents.items() if ("/" + name).endswith(tail)]
        return fitting[0] if len(fitting) == 1 else None

    def _groups(
        self, named: Document | None, near: Sequence[Evidence], only: str | None
    ) -> list[list[Document]]:
        """Where to look first, and where then."""
        first = [] if named is None else [named]
        if only is not None:
            return [first]
        attended = dict.fromkeys(e.path for e in near if e.path in self._documents)
        rest = dict.fromkeys([*attended, *self._documents])
        return [first, [self._documents[path] for path in rest]]

    def _verbatim(
        self, words: str, groups: Sequence[Sequence[Document]], near: Sequence[Evidence]
    ) -> Citation | None:
        hints: dict[str, list[Span]] = {}
        for place in near:
            hints.setdefault(place.path, []).append((place.start_char, place.end_char))
        wanted = key(words) if len(words) <= _LONGEST_QUOTE else None
        for group in groups:
            if found := self._best(group, hints, lambda d, h: places.exact(d.text, words, h)):
                return _citation("exact", *found)
            if wanted is None:
                continue
            same = partial(self._same, wanted)
            if found := self._best(group, hints, same):
                return _citation("normalised", *found)
        return None

    def _unwrapped(
        self, words: str, groups: Sequence[Sequence[Document]], near: Sequence[Evidence]
    ) -> Citation | None:
        """The quote without quotation marks and dots that a writer put around it."""
        if len(words) > _LONGEST_QUOTE:
            return None
        bare = words.strip(_WRAPPING)
        bare = bare.lstrip("." + _WRAPPING) if bare.startswith("...") else bare
        bare = bare.rstrip("." + _WRAPPING) if bare.endswith("...") else bare
        if bare == words or not edges.significant(bare):
            return None
        found = self._verbatim(bare, groups, near)
        return None if found is None else replace(found, status="normalised")

    def _same(self, wanted: Key, document: Document, hints: Sequence[Span]) -> Iterator[Span]:
        return places.same(document.text, self._fold(document), wanted)

    @staticmethod
    def _best(group: Iterable[Document], hints: Hints, spans: Spans) -> Located | None:
        """The best occurrence in the first document that has one; one that cuts no word first."""
        shortened: Located | None = None
        for document in group:
            here = hints.get(document.path, [])
            for start, end in sorted(spans(document, here), key=lambda s: places.away(s, here)):
                kept = edges.whole(document.text, start, end)
                if kept == (start, end):
                    return document, start, end
                if shortened is None and kept and edges.significant(document.text[slice(*kept)]):
                    shortened = (document, *kept)
        return shortened

    def _fold(self, document: Document) -> Folded:
        if document.path not in self._folded:
            self._folded[document.path] = fold(document.text)
        return self._folded[document.path]

    def _fuzzy(self, words: str, groups: Sequence[Sequence[Document]]) -> Citation | None:
        wanted = key(words).text if len(words) <= _LONGEST_QUOTE else ""
        if not _SHORTEST_FUZZY <= len(wanted) <= _LONGEST_FUZZY:
            return None
        if self._shingles is None:
            self._shingles = Shingles([self._fold(d).text for d in self._order])
        first, *rest = groups
        for only in [*(self._number[d.path] for d in first), *([None] if rest else [])]:
            near = sorted(self._near(wanted, only), key=lambda found: -found[0])
            for _, number, start, end in near:
                document = self._order[number]
                span = self._fold(document).span(start, end, snap=True)
                assert span is not None
                low, high = edges.stripped(document.text, *edges.widened(document.text, *span))
                if disagreement(words, document.text[low:high]) is None:
                    return _citation("fuzzy", document, low, high)
        return None

    def _near(self, wanted: str, only: int | None) -> Iterator[tuple[float, int, int, int]]:
        """(score, document, start, end) in the folded texts, of what is close enough."""
        assert self._shingles is not None
        quote = lowered(wanted)
        for number, low, high in self._shingles.windows(wanted, only):
            window = lowered(self._fold(self._order[number]).text[low:high])
            if len(window) < len(quote):
                score, start, end = fuzz.ratio(quote, window), 0, len(window)
            elif best := fuzz.partial_ratio_alignment(quote, window, score_cutoff=FUZZY_SCORE):
                score, start, end = best.score, best.dest_start, best.dest_end
            else:
                continue
            if score >= FUZZY_SCORE:
                kept = [b for b in Indel.opcodes(quote, window[start:end]) if b.tag == "equal"]
                first, last = start + kept[0].dest_start, start + kept[-1].dest_end
                yield score, number, low + first, low + last


def _citation(status: CitationStatus, document: Document, start: int, end: int) -> Citation:
    place = document.place(start, end)
    return Citation(
        status=status,
        text=document.text[start:end],
        path=document.path,
        start_char=start,
        end_char=end,
        start_line=place.start_line,
        end_line=place.end_line,
        page=place.page,
        section=place.section,
    )

"""The source text around what a report cites, so that a quote can be opened where it stands.

A report holds quotes, not documents; this takes as much of the cited documents along as a page
can carry: all of a short document, and whole lines around each quote of a long one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kimidoc.types import Citation, Document, Excerpt, Report

WHOLE = 20_000  # characters of a document that is taken whole
AROUND = (3_000, 1_200, 400, 0)  # characters before and after a quote, until all of it fits
MOST = 4_000_000  # characters in all
_LINE = 400  # how much further an excerpt reaches, to begin and end with a line


def of(report: Report, documents: Sequence[Document]) -> tuple[Excerpt, ...]:
    """Excerpts that together hold every located citation of the report, in document order."""
    cited: dict[str, list[tuple[int, int]]] = {}
    for citation in citations(report):
        if citation.path is not None and citation.start_char is not None:
            assert citation.end_char is not None
            span = citation.start_char, citation.end_char
            cited.setdefault(citation.path, []).append(span)
    held = {document.path: document for document in documents if document.path in cited}
    for around in AROUND:
        found = [
            excerpt
            for path, document in held.items()
            for excerpt in _of_document(document, cited[path], around)
        ]
        if sum(len(excerpt.text) for excerpt in found) <= MOST:
            return tuple(found)
    return ()  # the quotes alone are more than a page can carry twice


def citations(report: Report) -> Iterable[Citation]:
    """Every citation of a report, wherever it stands."""
    for answer in report.answers:
        yield from answer.citations
    for finding in report.findings:
        yield from finding.citations
    for table in report.tables:
        for row in table.rows:
            yield from row.citations
    for item in report.imported:
        yield from (c for c in (item.place, *item.citations) if c is not None)


def _of_document(
    document: Document, spans: Sequence[tuple[int, int]], around: int
) -> list[Excerpt]:
    length = len(document.text)
    if length <= WHOLE and around == AROUND[0]:
        return [Excerpt(document.path, 0, 1, document.text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        low, high = _lines(document, max(0, start - around), min(length, end + around))
        if merged and low <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return [
        Excerpt(document.path, low, document.place(low, low).start_line, document.text[low:high])
        for low, high in merged
    ]


def _lines(document: Document, low: int, high: int) -> tuple[int, int]:
    """The range stretched to whole lines, where they are not too long."""
    start = document.text.rfind("\n", max(0, low - _LINE), low) + 1
    end = document.text.find("\n", high, high + _LINE)
    reaches_top = low <= _LINE
    reaches_end = high + _LINE >= len(document.text)
    return (
        start or (0 if reaches_top else low),
        end if end >= 0 else (len(document.text) if reaches_end else high),
    )


def holding(excerpts: Mapping[str, Sequence[Excerpt]], citation: Citation) -> Excerpt | None:
    """The excerpt that a located citation stands in."""
    if citation.path is None or citation.start_char is None or citation.end_char is None:
        return None
    for excerpt in excerpts.get(citation.path, ()):
        end = excerpt.start_char + len(excerpt.text)
        if excerpt.start_char <= citation.start_char and citation.end_char <= end:
            return excerpt
    return None

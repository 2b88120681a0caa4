"""What a draft claims -> an answer that says no more than its quotes bear out."""

from __future__ import annotations

from collections.abc import Sequence

from kimidoc.cite.sources import Sources
from kimidoc.types import Answer, AnswerStatus, Citation, Evidence, Question, Quote


def verify(
    question: Question,
    text: str,
    quotes: Sequence[Quote],
    evidence: Sequence[Evidence],
    sources: Sources,
) -> Answer:
    """The answer ``text`` to ``question``, with every quote located or marked unverified.

    ``found`` demands a quote that stands in the documents word for word, up to white space and
    typography; anything else is ``not_found`` and says nothing. A question about one document
    cites no other. Quotes of the same place are one citation; verified citations come first.
    """
    located: dict[tuple[object, ...], Citation] = {}
    for quote in quotes:
        citation = sources.locate(quote, evidence, question.document)
        where = (citation.path, citation.start_char, citation.end_char)
        located.setdefault(where if citation.verified else (citation.text, *where), citation)
    citations = tuple(sorted(located.values(), key=lambda c: not c.verified))
    found = any(citation.verified for citation in citations)
    status: AnswerStatus = "found" if found else "not_found"
    return Answer(question, status, text if found else "", citations, tuple(evidence))

"""Dealings that may break an exclusive promise: a rule that puts two documents side by side.

A contract in which a party must not itself sell, supply, buy or appoint within a territory or a
field; and a paragraph of minutes or a letter that names that contract's counterparty and speaks of
a sale, an order or an appointment to or from somebody else. It says that the two belong together;
whether there is a breach depends on words that only a reader weighs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.playbooks.who import counterparties, others, speaks_of
from kimidoc.types import Citation, Document

_PROMISE = re.compile(
    r"\b(?:not|nor)\b[^.;]{0,120}\b(?:sell|supply|distribute|appoint|license|deliver|purchase|buy)\b"
    r"[^.;]{0,100}\b(?:any (?:other )?(?:person|customer|party|distributor|agent|supplier)|anyone"
    r"|another|third part)",
    re.IGNORECASE,
)
_DEALING = re.compile(
    r"\b(?:direct(?:ly)?\b[^.;]{0,30}\b(?:order|sale|sold|supply|contract|deal)|(?:order|sale|contract"
    r"|deal)\b[^.;]{0,60}\b(?:taken|won|signed|made|placed|agreed|accepted)\b|sold (?:\w+ ){0,4}to"
    r"|supplied (?:\w+ ){0,4}to|appointed (?:a|an|another))",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:\d+[.)]|[-•*])\s)|\n(?=\s*\d+\.\d+\s)")


def exclusive(documents: Sequence[Document]) -> Iterator[Found]:
    """For each exclusive promise the paragraphs elsewhere that may tell of its breach."""
    named = counterparties(documents)
    elsewhere = others(documents, named)
    for contract in (d for d in documents if named.get(d.path)):
        promise = _PROMISE.search(contract.text)
        if promise is None:
            continue
        clause = Citation.of(contract, *sentence(contract.text, promise.start()))
        for other in elsewhere:
            for low, high in _paragraphs(other):
                said = other.text[low:high]
                if speaks_of(said, named[contract.path]) and (deal := _DEALING.search(said)):
                    words = f"{other.path}: “{' '.join(deal[0].split())}”"
                    yield Found(contract.path, words, (clause, Citation.of(other, low, high)))


def _paragraphs(document: Document) -> Iterator[tuple[int, int]]:
    at, text = 0, document.text
    for stop in [*(match.start() for match in _PARAGRAPH.finditer(text)), len(text)]:
        said = text[at:stop]
        start = at + len(said) - len(said.lstrip())
        if said.strip():
            yield start, at + len(said.rstrip())
        at = stop

"""Figures that minutes and letters give otherwise than the contract they speak of.

Two rules. A sentence that says that a salary, a rent or a price was changed *to* a value, and names
the counterparty of a contract, is put beside the contract's sentence with that word and another
value. And a defined term of a contract, used elsewhere with a number directly beside it ("List
Price less thirty-six per cent", "16,850 Castings"), is put beside the contract's own number for it.
Whether the one replaces or breaks the other is for a reader to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.playbooks.who import counterparties, others, speaks_of
from kimidoc.types import Citation, Document, ValueKind
from kimidoc.values import read
from kimidoc.values.numbers import FIGURES, SPELLED, figures, spelled

_CHANGED = re.compile(
    r"\b(?P<what>salary|rent|price|fee|rate|royalty|commission|discount|limit|cap|deposit|retainer"
    r"|pension|bonus|interest|margin|period|term)s?\b[^.;]{0,40}?\b(?:was|were|is|are|has been|have"
    r" been|be|been|being)?\s*\b(?:increased|raised|reduced|lowered|cut|changed|adjusted|extended"
    r"|shortened|fixed|reset|moved)\b[^.;]{0,40}?\bto\s+(?P<value>[^.;]{1,60})",
    re.IGNORECASE,
)
_DEFINED = re.compile(r"(?<!\w)(?P<term>[A-Z][\w-]+(?: [A-Z][\w-]+){0,3}) means\b")
_KINDS: tuple[ValueKind, ...] = ("money", "percentage", "duration")
_NUMBER = rf"(?:{SPELLED}|{FIGURES})"
_UNIT = r"(?:\s*(?:%|per ?cent\b|percent\b))?"


def changed(documents: Sequence[Document]) -> Iterator[Found]:
    """Values that another document says were changed, beside what the contract still says."""
    named = counterparties(documents)
    contracts = [d for d in documents if named.get(d.path)]
    for other in others(documents, named):
        for match in _CHANGED.finditer(other.text):
            low, high = sentence(other.text, match.start())
            said = other.text[low:high]
            for contract in contracts:
                if not speaks_of(said, named[contract.path]):
                    continue
                for kind in _KINDS:
                    new = {v.normal for v in read(kind, match["value"]) if v.normal}
                    quote, old = _first(contract, match["what"], kind)
                    if new and quote is not None and old not in new:
                        to = ", ".join(sorted(filter(None, new)))
                        words = f"{match['what'].casefold()}: {old}; {other.path} gives {to}"
                        yield Found(contract.path, words, (quote, Citation.of(other, low, high)))
                        break


def _first(contract: Document, what: str, kind: ValueKind) -> tuple[Citation | None, str]:
    """The first sentence of a contract that gives a value of a kind for a word directly."""
    for match in re.finditer(rf"\b{what}s?\b[^.;]{{0,40}}", contract.text, re.IGNORECASE):
        low, high = sentence(contract.text, match.start())
        value = next((v for v in read(kind, contract.text[match.start() : high]) if v.normal), None)
        if value and contract.text.find(value.words, match.start()) - match.end() < 10:
            return Citation.of(contract, low, high), value.normal or ""
    return None, ""


def defined(documents: Sequence[Document]) -> Iterator[Found]:
    """Numbers beside a contract's defined terms that differ from the contract's own."""
    named = counterparties(documents)
    elsewhere = others(documents, named)
    for contract in (d for d in documents if d.path in named):
        for term in dict.fromkeys(
            " ".join(m["term"].split()) for m in _DEFINED.finditer(contract.text)
        ):
            own = dict(_beside(contract, term))
            for other in elsewhere:
                for (shape, number), (low, high) in dict(_beside(other, term)).items():
                    known = {n: span for (s, n), span in own.items() if s == shape}
                    if known and number not in known:
                        first = next(iter(known.items()))
                        words = f"{term}: {first[0]} in {contract.path}, {number} in {other.path}"
                        quotes = Citation.of(contract, *first[1]), Citation.of(other, low, high)
                        yield Found(contract.path, words, quotes)


def _beside(document: Document, term: str) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    """(shape, number) -> sentence for numbers beside a term; a shape is what stands between."""
    spaced = re.escape(term).replace(r"\ ", r"\s+")
    for pattern in (
        rf"(?<!\w){spaced}\s+(?P<between>less|plus|of)\s+(?P<number>{_NUMBER})(?P<unit>{_UNIT})",
        rf"(?<![\w.,£$€\n])(?P<number>{_NUMBER}) +(?P<between>){spaced}(?!\w)(?P<unit>)",
    ):
        for match in re.finditer(pattern, document.text):
            words = match["number"]
            if "." in words and not match["unit"].strip():  # a clause's number
                continue
            number = str(figures(words)) if words[0].isdigit() else str(spelled(words))
            shape = f"{match['between']} {'%' if match['unit'].strip() else ''}".strip()
            yield (shape, number), sentence(document.text, match.start())

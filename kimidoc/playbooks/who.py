"""Which contract is with whom: the parties of each opening, and how other documents call them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from kimidoc.playbooks.sweep import TABLES
from kimidoc.types import Document, Value
from kimidoc.values import parties, read

OPENING = 1_500  # characters in which a contract says between whom it is made
_GENERIC = frozenset(
    "the and of for limited ltd plc llp llc inc incorporated corporation corp company co gmbh ag "
    "sa nv bv ab as asa oy se kg pty trust bank university partnership foundation group holdings "
    "international global services systems solutions technologies dr mr mrs ms miss prof sir dame "
    "national first new general united american british european".split()
)


def counterparties(documents: Sequence[Document]) -> dict[str, tuple[str, ...]]:
    """For each contract the names, one word each, by which others would speak of its other side.

    A party of more than half of the contracts is the side whose contracts these are.
    """
    named = {d.path: _names(both) for d in documents if len(both := opening(d)) >= 2}
    often = Counter(name for names in named.values() for name in names)
    own = {name for name, count in often.items() if count > 1 and 2 * count > len(named)}
    return {path: tuple(name for name in names if name not in own) for path, names in named.items()}


def opening(document: Document) -> tuple[Value, ...]:
    """The parties that a document opens with; none for a table."""
    text = document.text[:OPENING]
    return () if document.kind in TABLES or not parties.opens(text) else read("party", text)


def speaks_of(text: str, names: Sequence[str]) -> bool:
    """Whether a text names one of the names, as a whole word."""
    return any(re.search(rf"(?<!\w){re.escape(n)}(?:['’]s)?(?!\w)", text, re.I) for n in names)


def _names(sides: Sequence[Value]) -> list[str]:
    found = []
    for party in sides:
        words = [
            w for w in re.findall(r"[^\W\d_]{3,}", party.words) if w.casefold() not in _GENERIC
        ]
        if words:
            person = re.match(r"(?:dr|mr|mrs|ms|miss|prof|sir|dame)\b", party.words, re.I)
            found.append((words[-1] if person else words[0]).casefold())
    return found


def others(documents: Sequence[Document], contracts: Mapping[str, Sequence[str]]) -> list[Document]:
    """The documents that are no contract and no table: minutes, letters, mails."""
    return [d for d in documents if d.path not in contracts and d.kind not in TABLES]

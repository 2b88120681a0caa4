"""Which playbook fits what the paths hold, and why: a rule over kinds and words, said openly."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kimidoc.playbooks.format import Applies, Playbook
from kimidoc.types import Document

FALLBACK = "general"
BEGINNING = 20_000  # characters looked at for words
WORDS_NEEDED = 2
SHARE_NEEDED = 0.5  # of the documents (of their characters, for kinds alone)


def fits(document: Document, applies: Applies) -> bool:
    """Whether one document is of the kinds and holds one of the words that are asked for."""
    return _kind_fits(document, applies) and (not applies.words or held(document, applies) > 0)


def held(document: Document, applies: Applies) -> int:
    """How many of the words stand near the beginning of a document."""
    text = document.text[:BEGINNING].casefold()
    return sum(
        bool(re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text))
        for word in applies.words
    )


def choose(documents: Sequence[Document], playbooks: Sequence[Playbook]) -> tuple[Playbook, str]:
    """The best playbook for the documents that were read, and the reason in one sentence."""
    readable = [d for d in documents if d.text]
    shares = shared(readable, playbooks)
    best = max(range(len(playbooks)), key=lambda at: (shares[at], -at))
    book = playbooks[best]
    if shares[best] >= SHARE_NEEDED and book.id != FALLBACK:
        return book, (
            f"{book.id} was chosen because {shares[best]:.0%} of what was read looks like its "
            "documents; --playbook NAME decides otherwise."
        )
    fallback = next(b for b in playbooks if b.id == FALLBACK)
    return fallback, (
        f"{FALLBACK} was chosen because no other playbook fits half of what was read; "
        "--playbook NAME decides otherwise."
    )


def shared(documents: Sequence[Document], playbooks: Sequence[Playbook]) -> list[float]:
    """How much of the documents each playbook takes: each weighs as the root of its length.

    The root, so that one long annex does not outvote ten contracts. A document goes to the
    playbook that holds the largest part of its own words there (an annual report speaks of
    agreements and parties too); to the earlier one, where two hold as much.
    """
    taken, total = [0.0] * len(playbooks), 0.0
    for document in documents:
        weight = len(document.text) ** 0.5
        total += weight
        parts = [_part(document, book.applies) for book in playbooks]
        if any(parts):
            taken[parts.index(max(parts))] += weight
    return [weight / max(total, 1.0) for weight in taken]


def _part(document: Document, applies: Applies) -> float:
    """The part of a playbook's words that a document holds; 1 where only kinds are asked for."""
    if not (applies.kinds or applies.words) or not _kind_fits(document, applies):
        return 0.0
    count, most = held(document, applies), len(applies.words)
    if count < min(WORDS_NEEDED, most):
        return 0.0
    return count / most if most else 1.0


def _kind_fits(document: Document, applies: Applies) -> bool:
    return not applies.kinds or document.kind in applies.kinds

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


def fits(document: Document, applies: Applies, *, words_needed: int = 1) -> bool:
    """Whether one document is of the kinds and holds the words that are asked for."""
    if applies.kinds and document.kind not in applies.kinds:
        return False
    if not applies.words:
        return True
    text = document.text[:BEGINNING].casefold()
    held = sum(
        bool(re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text))
        for word in applies.words
    )
    return held >= min(words_needed, len(applies.words))


def choose(documents: Sequence[Document], playbooks: Sequence[Playbook]) -> tuple[Playbook, str]:
    """The best playbook for the documents that were read, and the reason in one sentence."""
    readable = [d for d in documents if d.text]
    ranked = sorted(
        ((share(readable, book.applies), -at, book) for at, book in enumerate(playbooks)),
        key=lambda item: item[:2],
        reverse=True,
    )
    best, _, book = ranked[0]
    if best >= SHARE_NEEDED and book.id != FALLBACK:
        return book, (
            f"{book.id} was chosen because {best:.0%} of what was read looks like its documents; "
            "--playbook NAME decides otherwise."
        )
    fallback = next(b for b in playbooks if b.id == FALLBACK)
    return fallback, (
        f"{FALLBACK} was chosen because no other playbook fits half of what was read; "
        "--playbook NAME decides otherwise."
    )


def share(documents: Sequence[Document], applies: Applies) -> float:
    """How much of the documents a playbook fits: each weighs as much as the root of its length.

    The root, so that one long annex does not outvote ten contracts.
    """
    if not applies.kinds and not applies.words:
        return 0.0
    weights = [len(d.text) ** 0.5 for d in documents]
    fitting = [
        weight
        for d, weight in zip(documents, weights, strict=True)
        if fits(d, applies, words_needed=WORDS_NEEDED)
    ]
    return float(sum(fitting) / max(sum(weights), 1.0))

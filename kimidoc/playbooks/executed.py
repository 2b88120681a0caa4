"""Copies whose signature block holds no signature.

"By: ______ Name: … Title: …" and nowhere "/s/", "(signed)" or the mark of an electronic signature:
the text may be a form that nobody has signed. PDFs are left out, because there a signature is
mostly a picture, which the text does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.sweep import TABLES, Found
from kimidoc.types import Citation, Document

LEFT_OUT = TABLES | {"pdf", "pptx"}
_BLOCK = re.compile(r"\bBy:\s*(?:[_–—-]+|\.{4,}|(?:Name|Title|Its|Date)\s*:)[^\n]{0,80}")
_SIGNED = re.compile(
    r"/s/|\bs/[A-Z]|\((?:sgd|signed|signature)\.?\)|\[(?:signed|signature of|l\.\s?s\.)"
    r"[^\]]{0,40}\]|\bDocuSign|\bsigned electronically|\belectronic(?:ally)? signed\b",
    re.IGNORECASE,
)
QUOTES = 3


def unsigned(documents: Sequence[Document]) -> Iterator[Found]:
    """Each document with signature blocks and no signature, with the blocks."""
    for document in documents:
        if document.kind in LEFT_OUT or _SIGNED.search(document.text):
            continue
        blocks = [m.span() for m in _BLOCK.finditer(document.text)]
        if blocks:
            count = f"{len(blocks)} signature block{'s' * (len(blocks) > 1)}, no signature"
            quotes = tuple(Citation.of(document, *_trimmed(document, *b)) for b in blocks[:QUOTES])
            yield Found(document.path, count, quotes)


def _trimmed(document: Document, start: int, end: int) -> tuple[int, int]:
    return start, start + len(document.text[start:end].rstrip())

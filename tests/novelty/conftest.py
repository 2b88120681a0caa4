"""Windows made in memory: a token is a word with the white space before it."""

from __future__ import annotations

import re
from array import array

import numpy as np

from kimidoc.novelty import words
from kimidoc.novelty.words import Words
from kimidoc.types import Document, Mark, Segment, Window

HEADER = 3  # tokens before each document's text, of the header
LEASE = """1. Term
The lease begins on 1 March 2024 and runs for nine years unless it is ended earlier under this deed.
2. Rent
The tenant shall pay a yearly rent of 84,000 pounds in four equal parts on the usual quarter days.
If rent is unpaid for thirty days the landlord may enter the premises and the lease then ends.
3. Assignment
The tenant shall not assign or sublet the whole or any part without the landlord's written consent.
Consent shall not be withheld where the assignee is of good standing and gives a guarantee.
4. Repair
The tenant shall keep the premises in good repair and give them back so at the end of the term.
Either party may end the lease by six months' written notice if the premises are destroyed by fire.
"""
OTHER = """Minutes of the board held at Harbour House. Present were the chair, two directors and
the secretary. The accounts were approved and a dividend of two pence a share was declared.
"""


def document(path: str, text: str) -> Document:
    """A document whose numbered lines are its sections."""
    marks = tuple(Mark(m.start(), m[0]) for m in re.finditer(r"^\d\. \w+$", text, re.MULTILINE))
    return Document(path, "text", "read", text, sections=marks)


def window(*documents: Document) -> Window:
    """All of them packed, in this order."""
    starts, ends, segments = array("i", [0]), array("i", [0]), []
    for each in documents:
        first = len(starts)
        starts.extend([0] * HEADER)
        ends.extend([0] * HEADER)
        for match in re.finditer(r"\s*\S+", each.text):
            starts.append(match.start())
            ends.append(match.end())
        segments.append(Segment(each, first, first + HEADER, len(starts)))
    tokens = array("i", range(len(starts)))
    return Window(tokens, starts, ends, tuple(segments), documents, 10**6, "nonce")


def heard(*texts: str, nats: float = 3.0) -> Words:
    """The words of texts called a.txt, b.txt …, each token equally unexpected."""
    made = window(*(document(f"{chr(97 + n)}.txt", text) for n, text in enumerate(texts)))
    return words.of(made, np.full(len(made.tokens), nats, np.float16))

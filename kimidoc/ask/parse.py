"""What a model wrote -> a short answer and the words it claims to have seen.

    <quote>words of a document</quote> <quote path="a/b.pdf">more</quote> <answer>short</answer>
    NOT FOUND

Models drift: other letter case, an end tag left out, prose around the tags. All of that is read;
nothing is believed, since every quote is located by code afterwards. A document that holds such
tags can cut a quote short, and a cut quote has to be located like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kimidoc.types import Quote

MAX_QUOTES = 16
_PIECE = re.compile(
    r"<(quote|answer)(?:\s+path\s*=\s*\"([^\"\n]{1,1000})\")?\s*>(.*?)"
    r"(?=</\1\s*>|<(?:quote|answer)[\s>]|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"</?(?:quote|answer)[^>\n]*>", re.IGNORECASE)
_NOT_FOUND = re.compile(r"\s*[\"'*`]*not[\s_-]found\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a draft claims. ``abstains``: it says that the documents do not answer."""

    answer: str
    quotes: tuple[Quote, ...]
    abstains: bool


def parse(text: str) -> Claim:
    """Read one draft. Text without any tag is an answer without a quote."""
    quotes: dict[Quote, None] = {}
    answers: list[str] = []
    for match in _PIECE.finditer(text):
        tag, path, words = match[1].lower(), match[2], match[3].strip()
        if tag == "answer":
            answers.append(" ".join(words.split()))
        elif words and len(quotes) < MAX_QUOTES:
            quotes[Quote(words, path)] = None
    answer = next((a for a in answers if a), "")
    bare = " ".join(_TAG.sub(" ", text).split())
    abstains = bool(_NOT_FOUND.match(answer or bare)) or not (quotes or bare)
    if abstains:
        return Claim("", (), True)
    return Claim(answer or ("" if quotes else bare), tuple(quotes), False)

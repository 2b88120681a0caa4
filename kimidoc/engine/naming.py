"""The names and numbers of a question: do they stand in a document? A rule over words.

"Which member does locker 253 belong to?" is not answered by what is said of locker 739, however
alike the sentence is, and a small model that points at sentences does not look that closely. So
the share of a question's names that stand neither in a document nor in its path has a vote against
an answer from there. What it weighs was fitted (``train calibrate``), and is nothing where it
was not. A question in small letters without a number has no names.

That one sentence holds all names spoke for no answer there: questions that nothing answers name
the same things.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")
_SENTENCE = re.compile(r"[.?!:]\s*$")


def names(question: str) -> frozenset[str]:
    """Its words with a capital, not the first of a sentence, and those with a digit; casefolded.

    A first word counts where more than its first letter is a capital.
    """
    found = set[str]()
    for match in _WORD.finditer(question):
        word, before = match[0], question[: match.start()]
        first = not before.strip("\"'\u2018\u201c( ") or bool(_SENTENCE.search(before))
        capital = word[0].isupper() and (not first or any(c.isupper() for c in word[1:]))
        if (len(word) > 1 and capital) or any(c.isdigit() for c in word):
            found.add(word.casefold())
    return frozenset(found)


def words(text: str) -> frozenset[str]:
    """The words of a text, casefolded, as ``names`` spells them."""
    return frozenset(match[0].casefold() for match in _WORD.finditer(text))


def lacking(asked: frozenset[str], there: frozenset[str]) -> float:
    """The share of the names that are not ``there``; 0 where nothing is named."""
    return len(asked - there) / len(asked) if asked else 0.0

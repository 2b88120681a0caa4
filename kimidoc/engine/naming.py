"""The names and numbers of a question: do they stand in what was read for it? A rule over words.

"Which member does locker 253 belong to?" is not answered by what is said of locker 739, however
alike the sentence is, and a small model that points at sentences does not look that closely. So
the share of a question's names that stand neither in the passages nor in the headers over them has
a vote against an answer. What it weighs was fitted (``train calibrate``), and is nothing where it
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


def lacking(asked: frozenset[str], passages: str) -> float:
    """The share of the names that stand nowhere in the passages; 0 where nothing is named."""
    if not asked:
        return 0.0
    there = {match[0].casefold() for match in _WORD.finditer(passages)}
    return len(asked - there) / len(asked)

"""The names and numbers of a question: do they stand in what was read for it? A rule over words.

"Which member does locker 253 belong to?" is not answered by what is said of locker 739, however
alike the sentence is, and a small model that points at sentences does not look that closely. So
where a question has names, two shares have a vote on whether there is an answer:

    lacking   of the names, those that stand nowhere in the passages or the headers over them
    held      of the names, those in the one sentence (with its neighbours) that has most of them

What they weigh was fitted (``train calibrate``), and is nothing where it was not. A question in
small letters without a number has no names, and no vote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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


def shares(asked: frozenset[str], passages: str, sentences: Sequence[str]) -> tuple[float, float]:
    """(lacking, held), 0 to 1; both 0 where nothing is named.

    ``sentences``: what could be quoted, in order; neighbours are those next to each other.
    """
    if not asked:
        return 0.0, 0.0
    there = _of(asked, passages)
    each = [_of(asked, sentence) for sentence in sentences]
    most = max((len(near) for near in _near(each)), default=0)
    return 1 - len(there) / len(asked), most / len(asked)


def _of(asked: frozenset[str], text: str) -> frozenset[str]:
    return asked & {match[0].casefold() for match in _WORD.finditer(text)}


def _near(each: Sequence[frozenset[str]]) -> Iterable[frozenset[str]]:
    for n in range(len(each)):
        yield frozenset().union(*each[max(0, n - 1) : n + 2])

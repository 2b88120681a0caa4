"""Signs: the words of a quote that raise a finding, as regular expressions (see ``format``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kimidoc.playbooks.negation import holds, negated, sentences


def matched(signs: Sequence[str], text: str, *, prose: bool = True) -> str:
    """The words of ``text`` that the first fitting sign matched; empty when none does.

    A space in a sign stands for any white space: lines are wrapped anywhere. In prose ``.`` spans
    them too, no match goes beyond a sentence, and words in a negated clause do not count, unless
    the sign speaks of a negation itself. In code "not" is an operator and denies nothing.
    """
    flags = re.IGNORECASE | (re.DOTALL if prose else 0)
    places = sentences(text) if prose else [(0, len(text))]
    for sign in signs:
        pattern = re.compile(sign.replace(" ", r"\s+"), flags)
        denies = not prose or holds(sign)
        for match in (m for place in places for m in pattern.finditer(text, *place)):
            if match[0] and (denies or not negated(text, *match.span())):
                return match[0]
    return ""

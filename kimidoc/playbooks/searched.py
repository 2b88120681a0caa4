"""Where the signs of a finding match in a whole document: sentences, or lines that nothing excuses.

One owner for what raises a finding and for what answers a check by its signs (``signs_answer``).
"""

from __future__ import annotations

from collections.abc import Iterator

from kimidoc.playbooks import origin, sweep
from kimidoc.playbooks.format import FindingRule
from kimidoc.types import Citation, Document


def places(rule: FindingRule, document: Document) -> Iterator[Citation]:
    """Every sentence of prose, or every place in code, in order."""
    assert rule.search != "quotes"
    if rule.search == "sentences":
        yield from sweep.places(rule.signs, document)
        return
    comments = rule.search == "lines"
    for citation in sweep.lines(rule.signs, document, comments=comments, harmless=rule.arguments):
        if rule.inserted and origin.fixed(document, citation):
            continue
        if not origin.excused(document, citation, rule.unless):
            yield citation

"""Dates, durations, money, percentages and parties: read in a quote, kept beside its words.

    dates        "30 June 2024", "06/30/2024" -> "2024-06-30"; a day plus a duration
    durations    "nine months", "thirty (30) days" -> "P9M", "P30D" (ISO 8601)
    money        "£2.5 million", "USD 1,000" -> "GBP 2500000", "USD 1000"
    percentages  "32 per cent", "50 basis points" -> "32 %", "0.5 %"
    parties      who a contract is made between, from its opening
    numbers      "one hundred and twenty-five" -> 125

``read`` never guesses: words that can be read in two ways, such as "01/02/2024" or "thirty (60)
days", give a Value without a normal form and with a note that says why. May import ``types`` and
nothing else of kimidoc; dates are dateutil's, amounts price-parser's.

To add a kind of value:

1. Write ``<kind>.py`` with ``find(text) -> Iterator[Value]`` in order of the text.
2. Add it to ``READERS`` and to ``types.ValueKind``.
3. Add what it reads, and what it must leave open, to ``tests/values``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kimidoc.types import Value, ValueKind
from kimidoc.values import dates, durations, money, parties, percentages

__all__ = ["READERS", "read"]

READERS: Mapping[ValueKind, Callable[[str], Iterator[Value]]] = {
    "date": dates.find,
    "duration": durations.find,
    "money": money.find,
    "percentage": percentages.find,
    "party": parties.find,
}


def read(kind: ValueKind, text: str) -> tuple[Value, ...]:
    """Every value of one kind that stands in a text, in order, each once."""
    return tuple(dict.fromkeys(READERS[kind](text)))

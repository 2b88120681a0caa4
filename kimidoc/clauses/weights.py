"""``weights.tsv`` as it stands: what each word weighs for each kind of clause. Without numpy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

BIAS = "^bias"
QUOTES = 3  # passages that an answer shows: what 0 means was chosen for as many
Weights = Mapping[str, Mapping[str, float]]
"""Feature, or ``BIAS`` -> kind of clause -> weight."""


def parsed(text: str) -> Weights:
    """The lines of ``weights.tsv``: kind, weight, feature; # begins a remark."""
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        if line and not line.startswith("# "):
            kind, weight, feature = line.split("\t")
            found.setdefault(feature, {})[kind] = float(weight)
    return found


@cache
def shipped() -> Weights:
    """What comes with kimidoc."""
    return parsed((files("kimidoc.clauses") / "weights.tsv").read_text("utf-8"))


def kinds() -> tuple[str, ...]:
    """The kinds of clauses that are known, sorted."""
    return tuple(sorted(shipped()[BIAS]))

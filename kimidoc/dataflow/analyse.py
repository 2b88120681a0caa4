"""Documents -> flows, the verdict on every sink, and what was not followed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kimidoc.dataflow import tables
from kimidoc.dataflow.follow import Follower
from kimidoc.dataflow.program import Program
from kimidoc.dataflow.run import Flow, Found, Verdict
from kimidoc.dataflow.tree import Module
from kimidoc.dataflow.values import Spot
from kimidoc.types import Document

KINDS = tables.LANGUAGES
MOST_CHARS = 400_000  # of a file that is followed; beyond it a program wrote it
_SETTING = re.compile(r"^[ \t]*([\w.-]{1,100})[ \t]*[=:][ \t]*([^\n]{0,300}?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Analysis:
    """``flows`` by check and place. ``followed``: documents by path with what was not followed in
    them, "" where all was. ``left``: those that were not followed at all, with the reason.

    ``sinks`` and ``texts``: each sink's, each built text's verdict: "reached" by something from
    outside, "fixed" (literals of the program only) or "unknown".
    """

    flows: tuple[Flow, ...] = ()
    sinks: dict[tuple[str, Spot], Verdict] = field(default_factory=dict)
    texts: dict[Spot, Verdict] = field(default_factory=dict)
    followed: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


def checks(language: str) -> frozenset[str]:
    """What is looked for in a language."""
    return frozenset(tables.load(language).checks) if language in KINDS else frozenset()


def analysed(documents: Sequence[Document]) -> Analysis:
    """All documents of a known language, each language as one program."""
    found, left, followed = Found(), dict[str, str](), dict[str, str]()
    settings = _settings(documents)
    for language in KINDS:
        modules: list[Module] = []
        for document in documents:
            if document.kind != language:
                continue
            if len(document.text) > MOST_CHARS:
                left[document.path] = f"longer than {MOST_CHARS:,} characters"
                continue
            modules.append(_lowered(document, language))
        Follower(Program(modules, settings), tables.load(language), found).all()
        for module in modules:
            cut = module.cut or module.path in found.cut
            followed[module.path] = "nested or branched beyond a limit; the rest was" if cut else ""
    flows = sorted(found.flows.values(), key=_order)
    return Analysis(tuple(flows), found.sinks, found.texts, followed, left)


def _order(flow: Flow) -> tuple[str, int, str, bool, str]:
    local = flow.taint is not None and flow.taint.kind != "remote"
    label = flow.taint.label if flow.taint is not None else flow.literal
    return flow.sink.path, flow.sink.start, flow.check, local, label


def _lowered(document: Document, language: str) -> Module:
    if language == "python":
        from kimidoc.dataflow import python

        return python.lowered(document.text, document.path)
    from kimidoc.dataflow import java

    return java.lowered(document.text, document.path)


def _settings(documents: Sequence[Document]) -> dict[str, frozenset[str]]:
    """What the property files say, by key; a key that stands in several has several values."""
    found: dict[str, set[str]] = {}
    for document in documents:
        if document.path.endswith(".properties"):
            for match in _SETTING.finditer(document.text):
                found.setdefault(match[1], set()).add(match[2])
    return {name: frozenset(values) for name, values in found.items()}

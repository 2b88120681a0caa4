"""kimidoc reads a whole document set or codebase as one window and proves what it says.

    errors      what can go wrong for a user, and the exit codes
    types       the frozen values that travel between the rooms
    config      settings and their precedence
    ingest      files on disk -> Document
    pack        Documents -> Window
    cite        a quote -> where it stands in the source, or that it does not
    dataflow    where values in programs come from and go
    playbooks   checklists as data
    report      a Report -> terminal, markdown, html, json, sarif, csv, github
    attention   sinks + window + top-k blocks, virtual positions
    kvcache     keys and values of a window, in memory and on disk
    models      which checkpoint, where from, how it is loaded
    engine      prefill once, answer many
    ask         questions -> prompts, drafts -> answers
    pipeline    the whole data path on one screen
    cli         one file per command

Importing this package imports no torch; the public names below load on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Answer": "kimidoc.types",
    "Citation": "kimidoc.types",
    "Document": "kimidoc.types",
    "Finding": "kimidoc.types",
    "Question": "kimidoc.types",
    "Report": "kimidoc.types",
    "Window": "kimidoc.types",
    "KimidocError": "kimidoc.errors",
}
__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'kimidoc' has no attribute {name!r}")

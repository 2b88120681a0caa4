"""A Report as text: one file per format, each with ``render(report) -> str``.

    terminal  markdown  html  json  csv  sarif  github  junit     the formats
    place      how a citation's place is said to a human
    digest     what the formats say in common: counts, groups, the contract x check matrix
    excerpts   the source text around what is cited, taken along; viewer: as a page shows it
    safe       what document, model and file-name text may become in an output
    redact     secrets masked, length kept
    baseline   an earlier report, and which findings are new since
    fingerprint  what a finding is recognised by then
    imported   results of other tools: counts, order, names

The room sees ``kimidoc.types`` and ``kimidoc.errors`` and nothing else of kimidoc. Nothing in a
report is trusted: every format passes text through ``safe`` (or its own stricter escaping) and
every render starts with ``redact.redacted``.

To add a format:
1. Write ``<name>.py`` with a docstring that names its specification and ``render(report) -> str``.
   Begin with ``report = redacted(report)``; let no text through that ``safe`` has not seen.
2. Add a line to ``FORMATS`` below; the module loads when the format is first used.
3. Add a golden (``UPDATE_GOLDEN=1 pytest tests/report``) and its row in ``test_hostile.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from kimidoc.types import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a report. ``suffix`` is the usual one of a file that holds it."""

    name: str
    suffix: str
    render: Callable[[Report], str]


def _lazily(name: str, suffix: str) -> Format:
    """A format whose module is imported by its first render."""

    def render(report: Report) -> str:
        text = import_module(f"{__name__}.{name}").render(report)
        assert isinstance(text, str)
        return text

    return Format(name, suffix, render)


FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        _lazily("terminal", ".txt"),
        _lazily("markdown", ".md"),
        _lazily("json", ".json"),
        _lazily("html", ".html"),
        _lazily("csv", ".csv"),
        _lazily("sarif", ".sarif"),
        _lazily("github", ".txt"),
        _lazily("junit", ".xml"),
    )
}

__all__ = ["FORMATS", "Format"]

"""Reads pages, and finds the texts that notices point at."""

from __future__ import annotations

from pathlib import Path

from kimidoc.ingest.base import Extract, Limits, Source
from kimidoc.ingest.readers import html

HIDDEN = "integrity.hidden-text"


def extract(markup: str, limit: int = 1 << 20) -> Extract:
    return html.extract(markup, limit, "page.html")


def read(folder: Path, data: bytes, limits: Limits | None = None) -> Extract:
    file = folder / "page.html"
    file.write_bytes(data)
    return html.read(Source("page.html", file, "html", limits or Limits()))


def hidden(extracted: Extract) -> list[str]:
    """The texts that notices point at."""
    spans = [n.span for n in extracted.notices if n.code == HIDDEN and n.span]
    return [extracted.text[start:end] for start, end in spans]

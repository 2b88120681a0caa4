"""Reads mails, in both forms, and finds what stands in them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from kimidoc.ingest.base import Extract, Limits, Source
from kimidoc.ingest.readers import mail, outlook

NOT_READ = "attachments-not-read"


def read(folder: Path, data: bytes, kind: str = "eml", limits: Limits | None = None) -> Extract:
    file = folder / f"letter.{kind}"
    file.write_bytes(data)
    reader = mail.read if kind == "eml" else outlook.read
    return reader(Source(f"in/letter.{kind}", file, kind, limits or Limits()))


def labels(extracted: Extract) -> list[str]:
    return [mark.label for mark in extracted.sections]


def under(extracted: Extract, label: str) -> str:
    """The text of a section."""
    starts = [*(mark.start for mark in extracted.sections), len(extracted.text)]
    return "".join(
        extracted.text[start:end]
        for mark, (start, end) in zip(extracted.sections, pairwise(starts), strict=True)
        if mark.label == label
    )

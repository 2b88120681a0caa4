"""Plain text and code: the file as it is decoded, with symbols or headings as sections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kimidoc.ingest import decode, symbols
from kimidoc.ingest.base import Extract, Source
from kimidoc.types import Mark


def read(source: Source) -> Extract:
    """Decode the whole file; what could not be decoded makes it partial."""
    return as_written(source, partial(symbols.sections, kind=source.kind))


def as_written(source: Source, sections: Callable[[str], tuple[Mark, ...]]) -> Extract:
    """A file whose text is what it decodes to; ``sections`` finds the sections in that text."""
    decoded = decode.read(source.file, source.limits)
    return Extract(
        text=decoded.text,
        sections=sections(decoded.text),
        notices=decoded.notices(source.path),
        partial=decoded.partial(source.limits.text_bytes),
    )

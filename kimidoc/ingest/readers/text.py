"""Plain text and code: the file as it is decoded, with symbols or headings as sections."""

from __future__ import annotations

from kimidoc.ingest import decode, symbols
from kimidoc.ingest.base import Extract, Source


def read(source: Source) -> Extract:
    """Decode the whole file; what could not be decoded makes it partial."""
    decoded = decode.read(source.file, source.limits)
    return Extract(
        text=decoded.text,
        sections=symbols.sections(decoded.text, source.kind),
        notices=decoded.notices(source.path),
        partial=decoded.partial(source.limits.text_bytes),
    )

"""A result -> the document it is about, and its lines quoted.

A relative path is tried as it stands, from the top of the repository, and from the working
directory; an absolute one under the folder of the documents, and else by its longest end that is a
document's path: the tool may have run in another checkout.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kimidoc.clauses.passages import QUOTE_CHARS
from kimidoc.triage.load import Result
from kimidoc.types import Citation, Document


def document_of(
    result: Result, documents: Mapping[str, Document], base: Path, prefix: str
) -> Document | None:
    """The document that a result is about; None where it was not read.

    ``base``: the folder that documents' paths are relative to; ``prefix`` leads there from the top
    of the repository.
    """
    name = result.uri.replace("\\", "/")
    if os.path.isabs(name):
        inside = os.path.relpath(os.path.realpath(name), base).replace(os.sep, "/")
        if inside in documents:
            return documents[inside]
        parts = name.strip("/").split("/")
        ends = ("/".join(parts[at:]) for at in range(len(parts)))
        return next((documents[end] for end in ends if end in documents), None)
    name = os.path.normpath(name).replace(os.sep, "/")
    here = os.path.relpath(os.path.realpath(name), base).replace(os.sep, "/")
    tried = [here, name]
    if prefix and name.startswith(prefix):
        tried.insert(0, name[len(prefix) :])
    return next((documents[path] for path in tried if path in documents), None)


def quoted(result: Result, document: Document) -> Citation | None:
    """The lines of a result, white space around them left out; None where they are not there."""
    if result.first_line is None or result.last_line is None:
        return None
    return lines(document, result.first_line, result.last_line)


def lines(document: Document, first: int, last: int) -> Citation | None:
    """Whole lines of a document, 1-based, both included; None where they are not there."""
    starts = document.line_starts
    if first > len(starts):
        return None
    end = starts[last] - 1 if last < len(starts) else len(document.text)
    return trimmed(document, starts[first - 1], end)


def trimmed(document: Document, start: int, end: int) -> Citation | None:
    """Characters of a document without white space around them, cut where there are too many."""
    words = document.text[start:end]
    start += len(words) - len(words.lstrip())
    end = min(start + len(words.strip()), start + QUOTE_CHARS)
    return Citation.of(document, start, end) if end > start else None

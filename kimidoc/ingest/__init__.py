"""Files on disk -> Documents, each read, partial or skipped with a reason.

    roots       what the paths of a command line mean
    walk        every file under them, links and special files decided
    ignore      ignore files as git reads them (wildmatch: one pattern), --include, --exclude
    sniff       what a file is, by its bytes and then its name (languages: kinds of text)
    decode      bytes -> text without losing a character silently
    readers     one file per format
    symbols     classes, functions and headings as sections
    workers     readers of binary formats in processes with limits
    integrity   hostile text, noticed and never removed
    gather      all of the above -> Documents

May import ``types`` and ``errors`` and nothing else of kimidoc. Nothing in a document is ever
executed, fetched, or used as a path. To add a format see ``readers``.
"""

from kimidoc.ingest.base import Limits, Selection
from kimidoc.ingest.gather import read
from kimidoc.ingest.roots import base_directory

__all__ = ["Limits", "Selection", "base_directory", "read"]

"""Files on disk -> Documents, each read, partial or skipped with a reason.

    base        limits, and what a reader is given and returns
    roots       what the paths of a command line mean
    walk        every file under them, links and special files decided
    ignore      ignore files as git reads them, --include, --exclude; wildmatch: one pattern
    sniff       what a file is, by its bytes and then its name; languages: kinds of text
    decode      bytes -> text without losing a character silently
    readers     one file per format, and the registry
    symbols     classes, functions and headings of text as sections
    workers     readers of binary formats in processes with limits; wire: what they say
    texts       what they made of files, for a later run to take
    integrity   hostile text, noticed and never removed; phrases: how it speaks to a model
    reports     what kimidoc itself wrote, which is no document
    gather      all of the above: ``read``

May import ``types`` and ``errors`` and nothing else of kimidoc; what parses a format is imported
by the first file that needs it. Nothing in a document is ever run, fetched, or used as a path, and
no file can cost the run more than its own place in it.

To add a format, see ``readers``. To add a rule about which files are read:

1. Decide whether it is about names (``ignore``), the file system (``walk``) or content (``sniff``).
2. Give it a reason: one clause, lower case, no full stop. What the user asked for begins with
   "ignored by", "excluded by" or "not included": a coverage gate forgives those.
3. Test it in ``tests/ingest`` with a file that meets it and one that almost does.
"""

from kimidoc.ingest.base import Limits, Progress, Selection
from kimidoc.ingest.gather import read
from kimidoc.ingest.roots import base_directory, demand, repository_prefix
from kimidoc.ingest.texts import Texts

__all__ = [
    "Limits",
    "Progress",
    "Selection",
    "Texts",
    "base_directory",
    "demand",
    "read",
    "repository_prefix",
]

"""One file per format: bytes on disk -> text with a source map.

    text      plain text and code; the fallback for everything that decodes
    markdown  text with heading paths            csv     text with row and column names
    html      what a browser would show          ipynb   cells, outputs without images
    pdf       pages; hidden text found           docx    headings, tables, notes, changes
    xlsx      sheets and cells; xls and ods too  pptx    slides and their notes
    mail      eml; msg in outlook                outlook

To add a format:

1. Write ``readers/<name>.py`` with ``read(source: Source) -> Extract`` (``ingest.base.Read``). It
   raises ``Unreadable`` with the coverage's reason when it gives up, and may crash: the caller
   turns any other exception into a skipped file.
2. Add a line to ``READERS``. ``isolated`` is True for anything that parses a binary container: it
   then runs in a worker process with limits.
3. If its suffix or first bytes say what it is, teach ``ingest.sniff``.
4. Test it on a real file made in ``tests/ingest``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from kimidoc.ingest.base import Extract, Source


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: its module is imported by the first file of its kind."""

    kind: str
    module: str
    isolated: bool
    suffixes: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The module's name, by which a worker imports it."""
        return f"{__name__}.{self.module}"

    def read(self, source: Source) -> Extract:
        """Read one file. Raises Unreadable."""
        extract = import_module(self.full_name).read(source)
        assert isinstance(extract, Extract)
        return extract


READERS: dict[str, Reader] = {
    reader.kind: reader
    for reader in (
        Reader("pdf", "pdf", True, (".pdf",)),
        Reader("docx", "docx", True, (".docx", ".docm", ".dotx")),
        Reader("xlsx", "xlsx", True, (".xlsx", ".xlsm", ".xlsb")),
        Reader("xls", "xlsx", True, (".xls",)),
        Reader("ods", "xlsx", True, (".ods",)),
        Reader("pptx", "pptx", True, (".pptx", ".pptm", ".ppsx")),
        Reader("eml", "mail", True, (".eml",)),
        Reader("msg", "outlook", True, (".msg",)),
        Reader("ipynb", "ipynb", False, (".ipynb",)),
        Reader("html", "html", True, (".html", ".htm", ".xhtml")),
        Reader("markdown", "markdown", False, (".md", ".markdown", ".mdx")),
        Reader("csv", "csv", False, (".csv", ".tsv")),
        Reader("text", "text", False, ()),
    )
}

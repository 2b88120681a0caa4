"""How a citation's place is said to a human: "p. 7, § 14.2 Assignment", "lines 210–214".

The page, sheet, slide or line that a person can open comes first; a format without pages falls
back on its heading path and the line of its extracted text.
"""

from __future__ import annotations

from kimidoc.report import safe
from kimidoc.types import Citation, Report

SLIDES = frozenset({"pptx", "ppt", "odp"})
SHEETS = frozenset({"xlsx", "xlsm", "xls", "ods"})
# Their extracted text is not the file: a line number means nothing in the program that opens them.
EXTRACTED = SLIDES | SHEETS | {
    "pdf", "docx", "doc", "odt", "rtf", "epub", "html", "htm", "ipynb", "eml", "msg", "zip",
}  # fmt: skip


PROSE = {"", "text", "txt", "markdown", "md", "rst"}


class Kinds:
    """The kind of each document, by path; a path outside the coverage goes by its suffix."""

    def __init__(self, report: Report) -> None:
        self._kinds = {row.path: row.kind for row in report.coverage}

    def of(self, path: str | None) -> str:
        """The kind as ingest named it, else the lower-case suffix, else ""."""
        if path is None:
            return ""
        kind = self._kinds.get(path)
        return kind if kind is not None else path.rpartition(".")[2].lower() if "." in path else ""

    def is_text(self, path: str | None) -> bool:
        """Whether line numbers of the extracted text are line numbers of the file itself."""
        kind, suffix = self.of(path), (path or "").rpartition(".")[2].lower()
        if kind == "template":  # a page that was read as source, whatever it is called
            return True
        return path is not None and not {kind, suffix} & EXTRACTED

    def is_code(self, citation: Citation) -> bool:
        """Whether a quote is lines as they stand in a file: any of a program, several of a text."""
        if not self.is_text(citation.path):
            return False
        return self.of(citation.path) not in PROSE or "\n" in citation.text.strip()


def section(citation: Citation) -> str | None:
    """The heading path, numbered headings with a section sign, levels joined with ›."""
    if not citation.section:
        return None
    label = safe.line(citation.section).replace(" > ", " › ")
    return f"§ {label}" if label[:1].isdigit() else label


def lines(citation: Citation) -> str | None:
    """ "line 5" or "lines 5–9"."""
    first, last = citation.start_line, citation.end_line
    if first is None:
        return None
    return f"line {first}" if last is None or last == first else f"lines {first}–{last}"


def say(citation: Citation, kind: str = "") -> str:
    """The place within its document, in words; "not located" for what code could not find."""
    if citation.start_char is None:
        return "not located"
    heading = section(citation)
    if kind in SHEETS and heading:
        return safe.line(citation.section or "")
    parts: list[str | None] = []
    if citation.page is not None:
        parts.append(f"{'slide' if kind in SLIDES else 'p.'} {citation.page}")
    parts.append(heading)
    if citation.page is None:
        said = lines(citation)
        parts.append(f"{said} of its text" if said and kind in EXTRACTED else said)
    return ", ".join(part for part in parts if part) or "somewhere in the document"


STATUS = {
    "exact": "located word for word",
    "normalised": "located, spacing and typography apart",
    "fuzzy": "close, but not word for word: unverified",
    "unverified": "not found in the documents: unverified",
}
"""Each citation status in words."""

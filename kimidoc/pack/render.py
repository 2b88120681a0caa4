"""The text before and after a document in the window.

    [[3f9a01bc 12 "contracts/supply agreement.pdf" pdf, 14 pages]]

One line, short in tokens. The path is quoted and escaped, so a file name cannot end the header,
start a line or hide a character. The number is the document's place in the window order before
anything was dropped, so that dropping a document changes no other header.
"""

from __future__ import annotations

from kimidoc.types import Document

SEPARATOR = "\n\n"

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def header(nonce: str, number: int, document: Document) -> str:
    """The line that opens document ``number`` (1-based), line end included."""
    facts = [printable(document.kind)]
    if document.pages:
        facts.append(f"{len(document.pages)} page{'s' if len(document.pages) > 1 else ''}")
    if document.status == "partial":
        facts.append("partial")
    return f'[[{nonce} {number} "{printable(document.path)}" {", ".join(facts)}]]\n'


def printable(text: str) -> str:
    """``text`` on one line with nothing invisible in it: quotes and non-printables escaped."""
    return "".join(_ESCAPES.get(c) or (c if c.isprintable() else _code_point(c)) for c in text)


def _code_point(character: str) -> str:
    value = ord(character)
    if value <= 0xFF:
        return f"\\x{value:02x}"
    return f"\\u{value:04x}" if value <= 0xFFFF else f"\\U{value:08x}"

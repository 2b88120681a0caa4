"""The second try: pypdf, for a file whose structure pdfium refuses.

pypdf says nothing about what hides a word, so every page's hidden text stays unchecked, and said
to be.
"""

from __future__ import annotations

import logging

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.readers.ranges import counted
from kimidoc.types import Notice

# Both libraries log what they meet, and that quotes the document: nothing of it reaches a terminal.
for _name in ("pypdf", "pypdfium2"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def read(source: Source, page_break: str) -> Extract:
    """Read what can be read. Raises Unreadable: encrypted, or damaged beyond this."""
    builder, broken, letters = TextBuilder(source.limits.text_bytes), [], 0
    try:
        reader = PdfReader(source.file, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted")
        count = len(reader.pages)
    except (DependencyError, FileNotDecryptedError) as error:
        raise Unreadable("encrypted") from error
    except Unreadable:
        raise
    except Exception as error:  # pypdf trips over damage in every way Python has
        raise Unreadable(f"damaged ({_said(error)})") from error
    for index in range(count):
        builder.write(page_break if index else "")
        builder.page()
        try:
            text = reader.pages[index].extract_text()
        except Exception:  # as above; the page is named
            broken.append(index + 1)
            continue
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").rstrip()
        letters += sum(c.isalnum() for c in text)
        builder.write(text)
    if not letters:
        raise Unreadable("damaged (no text could be recovered)")
    unchecked = Notice(
        "integrity.unchecked",
        "This PDF is damaged and was read without looking for hidden text.",
        source.path,
    )
    partial = "damaged; what could be recovered was read"
    if broken:
        partial = f"{partial}, {counted('page', broken)} could not"
    return builder.extract((unchecked,), partial)


def _said(error: Exception) -> str:
    """An error of pypdf in one short clause."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 80 else text[:79] + "…"

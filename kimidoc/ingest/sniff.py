"""What a file is: by its first bytes where they are telling, by its name where they are not.

Content beats the name: a workbook called ``report.docx`` is read as a workbook. Where a name
promises a document and the content is none, that is said. Text is everything that decodes without
many control characters, in whatever encoding, however a sample cuts its characters.

To recognise one more binary format, add a line to ``_MAGIC``; kinds of text are in ``languages``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from kimidoc.ingest import decode
from kimidoc.ingest.languages import language
from kimidoc.ingest.readers import READERS

HEAD_BYTES = decode.SAMPLE_BYTES
PROBE_BYTES = 8192
NOT_UNPACKED = "archive: not unpacked"
_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
_CALLED = {
    "pdf": "a PDF",
    "docx": "a Word document",
    "xlsx": "a workbook",
    "xls": "a workbook",
    "ods": "a workbook",
    "pptx": "a presentation",
    "msg": "an Outlook message",
}
_BY_SUFFIX = {suffix: reader.kind for reader in READERS.values() for suffix in reader.suffixes}

# (offset, bytes, kind, what a person calls it); "" for what is an archive and no more.
_MAGIC = (
    (0, b"\x89PNG", "image", "PNG image"),
    (0, b"\xff\xd8\xff", "image", "JPEG image"),
    (0, b"GIF8", "image", "GIF image"),
    (0, b"BM", "image", "BMP image"),
    (0, b"II*\0", "image", "TIFF image"),
    (0, b"MM\0*", "image", "TIFF image"),
    (8, b"WEBP", "image", "WebP image"),
    (0, b"\0\0\1\0", "image", "icon"),
    (0, b"8BPS", "image", "Photoshop image"),
    (4, b"ftyphei", "image", "HEIC image"),
    (4, b"ftypavif", "image", "AVIF image"),
    (128, b"DICM", "image", "DICOM image"),
    (8, b"WAVE", "audio", "WAV audio"),
    (0, b"ID3", "audio", "MP3 audio"),
    (0, b"\xff\xfb", "audio", "MP3 audio"),
    (0, b".snd\0", "audio", "AU audio"),
    (0, b"OggS", "audio", "Ogg audio"),
    (0, b"fLaC", "audio", "FLAC audio"),
    (8, b"AVI ", "video", "AVI video"),
    (4, b"ftyp", "video", "MP4 video"),
    (0, b"\x1aE\xdf\xa3", "video", "Matroska video"),
    (0, b"wOFF", "font", "font"),
    (0, b"wOF2", "font", "font"),
    (0, b"OTTO", "font", "font"),
    (0, b"\0\1\0\0\0", "font", "font"),
    (0, b"\x7fELF", "binary", "ELF program"),
    (0, b"MZ", "binary", "Windows program"),
    (0, b"\xca\xfe\xba\xbe", "binary", "Java class"),
    (0, b"\xcf\xfa\xed\xfe", "binary", "macOS program"),
    (0, b"\0asm", "binary", "WebAssembly"),
    (2, b"\r\r\n\0", "binary", "Python bytecode"),
    (2, b"\r\n\0\0", "binary", "Python bytecode"),
    (0, b"SQLite format 3\0", "binary", "SQLite database"),
    (0, b"\x89HDF", "binary", "HDF5 data"),
    (0, b"PAR1", "binary", "Parquet data"),
    (0, b"ARROW1", "binary", "Arrow data"),
    (0, b"\x93NUMPY", "binary", "NumPy array"),
    (0, b"GGUF", "binary", "model weights"),
    (0, b"\xde\x12\x04\x95", "binary", "message catalogue"),
    (0, b"\x1f\x8b", "archive", ""),
    (0, b"BZh", "archive", ""),
    (0, b"\xfd7zXZ\0", "archive", ""),
    (0, b"7z\xbc\xaf\x27\x1c", "archive", ""),
    (0, b"Rar!\x1a\x07", "archive", ""),
    (0, b"\x28\xb5\x2f\xfd", "archive", ""),
    (0, b"MSCF", "archive", ""),
    (0, b"!<arch>\n", "archive", ""),
    (257, b"ustar", "archive", ""),
)
_ZIP = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = {  # what one of these in it makes of an OLE container; the first counts
    "EncryptedPackage": ("office", "encrypted"),
    "Workbook": ("xls", None),
    "Book": ("xls", None),
    "__properties_version1.0": ("msg", None),
    "WordDocument": ("doc", "old Word format: save it as .docx"),
    "PowerPoint Document": ("ppt", "old PowerPoint format: save it as .pptx"),
}
# In these an HTML file is the source of pages, to be reviewed, and no page to be shown. Among
# program code ``gather`` takes every page for that.
_TEMPLATE = (b"{{", b"{%", b"<%", b"<?php")
# Control characters that texts have no use for: not backspace, tab, line ends, Ctrl-Z, escape.
_ODD = bytes(byte for byte in (*range(0x20), 0x7F) if byte not in b"\b\t\n\v\f\r\x1a\x1b")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``kind`` is the document's, and of what is read its reader's, or ``text`` reads it.

    ``reason``: why it is not read. ``mismatch``: what the name says instead of text.
    """

    kind: str
    reason: str | None = None
    mismatch: str | None = None


def sniff(name: str, stream: BinaryIO, size: int) -> Sniffed:
    """What the open file of that name and size is. Raises OSError."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    suffix = os.path.splitext(name)[1].lower()
    claimed = _BY_SUFFIX.get(suffix)
    if claimed == "msg" and not head.startswith(_OLE):
        claimed = None  # ROS has text files of that name
    promised = _CALLED.get(claimed or "")
    if promised and not head:
        return Sniffed(claimed or "", f"empty, and not {promised}")
    if b"%PDF-" in (head[:1024] if claimed == "pdf" else head.lstrip()[:5]):
        return Sniffed("pdf")
    if head.startswith(_ZIP):
        return _zip(head, _end(stream, size), claimed)
    if head.startswith(_OLE):
        return _ole(stream)
    if head.startswith(b"{\\rtf"):
        return Sniffed("rtf", "rich text (RTF): save it as .docx")
    found = _binary(head, stream, size)
    if found is not None:
        if promised and found.kind == "binary":
            return Sniffed("binary", f"damaged (named {suffix}, but not {promised})")
        return found
    if promised:
        return Sniffed("text", mismatch=promised)
    kind = claimed or language(name, head)
    if kind == "html" and any(mark in head for mark in _TEMPLATE):
        return Sniffed("template")
    return Sniffed(kind)


def _zip(head: bytes, tail: bytes, claimed: str | None) -> Sniffed:
    """Office files are told by the names in the archive, of which head and tail show enough."""
    names = _zip_names(head, b"PK\3\4", 26, 30) | _zip_names(tail, b"PK\1\2", 28, 46)
    if "[Content_Types].xml" in names:
        for folder, kind in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return Sniffed(kind)
    at = head.find(_OPEN_DOCUMENT, 30, 200)
    if at >= 0:
        what = head[at + len(_OPEN_DOCUMENT) :]
        if what.startswith(b"spreadsheet"):
            return Sniffed("ods")
        if what.startswith(b"presentation"):
            return Sniffed("odp", "OpenDocument presentation: save it as .pptx")
        return Sniffed("odt", "OpenDocument text: save it as .docx")
    if b"application/epub+zip" in head[30:200]:
        return Sniffed("epub", "e-book (EPUB): save it as .html or .pdf")
    if any(name.endswith(".iwa") for name in names):
        return Sniffed("iwork", "Apple iWork format: save it as .docx, .xlsx or .pptx")
    if claimed in ("docx", "xlsx", "ods", "pptx"):
        return Sniffed(claimed)  # its reader says what is wrong
    return Sniffed("archive", NOT_UNPACKED)


def _zip_names(data: bytes, signature: bytes, length_at: int, name_at: int) -> set[str]:
    names = set()
    at = data.find(signature)
    while at >= 0:
        length = int.from_bytes(data[at + length_at : at + length_at + 2], "little")
        names.add(data[at + name_at : at + name_at + length].decode("utf-8", "replace"))
        at = data.find(signature, at + 4)
    return names


def _ole(stream: BinaryIO) -> Sniffed:
    import olefile

    stream.seek(0)
    try:
        with olefile.OleFileIO(stream) as ole:
            names = {entry[0] for entry in ole.listdir(storages=True)}
    except Exception as error:  # whatever a broken directory provokes, olefile lets through
        return Sniffed("binary", f"damaged ({type(error).__name__} in an OLE container)")
    for name, (kind, reason) in _OLE_STREAMS.items():
        if name in names:
            return Sniffed(kind, reason)
    return Sniffed("binary", "binary (OLE container)")


def _binary(head: bytes, stream: BinaryIO, size: int) -> Sniffed | None:
    """What kind of binary file it is; None for text."""
    for offset, magic, kind, called in _MAGIC:
        # Words that a text may begin with count only where there are zero bytes too.
        if head.startswith(magic, offset) and (not magic.isascii() or b"\0" in head):
            return Sniffed(kind, f"binary ({called})" if called else NOT_UNPACKED)
    codec = decode.wide_or_marked(head)
    if not is_text(head, codec):
        return Sniffed("binary", "binary")
    for at in (size // 2, size - PROBE_BYTES):
        if at > 2 * HEAD_BYTES:
            stream.seek(at // 4 * 4)  # where characters of UTF-16 and UTF-32 begin
            if not is_text(stream.read(PROBE_BYTES), codec):
                return Sniffed("binary", "binary (behind a beginning that is text)")
    return None


def _end(stream: BinaryIO, size: int) -> bytes:
    stream.seek(max(0, size - HEAD_BYTES))
    return stream.read(HEAD_BYTES)


def is_text(sample: bytes, codec: str | None = None) -> bool:
    """Whether a sample, which may begin and end within a character, is text.

    ``codec``: UTF-16 or UTF-32, where the file's beginning says that it is that. Valid UTF-8 may
    have up to three control characters in ten (records separated by NUL are text), other encodings
    two in a hundred: compressed data has ten.
    """
    if codec is not None:
        text = sample.decode(codec, "replace")
        return text.count(decode.BAD) <= len(text) // 20
    odd = len(sample) - len(sample.translate(None, _ODD))
    return odd <= len(sample) * (0.3 if decode.is_utf8(sample) else 0.02)

"""What a file is: by its first bytes, then by its name; a name alone is never believed.

To teach it a format: a container goes into ``_zip`` or ``_ole``, other binary formats into
``_MAGIC``, text formats by their suffix into ``languages``.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from kimidoc.ingest import decode
from kimidoc.ingest.languages import language
from kimidoc.ingest.readers import READERS

HEAD_BYTES = 65_536
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n", "binary (PNG image)"),
    (0, b"\xff\xd8\xff", "binary (JPEG image)"),
    (0, b"GIF8", "binary (GIF image)"),
    (0, b"II*\x00", "binary (TIFF image)"),
    (0, b"MM\x00*", "binary (TIFF image)"),
    (0, b"RIFF", "binary (RIFF media)"),
    (0, b"OggS", "binary (Ogg media)"),
    (0, b"fLaC", "binary (FLAC audio)"),
    (0, b"ID3", "binary (MP3 audio)"),
    (4, b"ftyp", "binary (MP4 media)"),
    (0, b"\x1aE\xdf\xa3", "binary (Matroska media)"),
    (0, b"\x1f\x8b", "archive: not unpacked (gzip)"),
    (0, b"BZh", "archive: not unpacked (bzip2)"),
    (0, b"\xfd7zXZ", "archive: not unpacked (xz)"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive: not unpacked (7z)"),
    (0, b"Rar!", "archive: not unpacked (rar)"),
    (0, b"\x28\xb5\x2f\xfd", "archive: not unpacked (zstd)"),
    (257, b"ustar", "archive: not unpacked (tar)"),
    (0, b"\x7fELF", "binary (program)"),
    (0, b"MZ\x90", "binary (program)"),
    (0, b"\xcf\xfa\xed\xfe", "binary (program)"),
    (0, b"\xca\xfe\xba\xbe", "binary (program)"),
    (0, b"\x00asm", "binary (WebAssembly)"),
    (0, b"SQLite format 3\x00", "binary (SQLite database)"),
    (0, b"PAR1", "binary (Parquet table)"),
    (0, b"wOF", "binary (font)"),
    (0, b"\x00\x01\x00\x00\x00", "binary (font)"),
    (0, b"OTTO", "binary (font)"),
)
_CONTROL = bytes([*range(9), *range(14, 27), *range(28, 32), 127])
_TEMPLATE = (b"{{", b"{%", b"<%", b"<?php")
_CONTAINERS = ("pdf", "docx", "xlsx", "xls", "ods", "pptx", "msg")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is. ``reason``: why it is not read; ``mismatch``: what its name says instead."""

    kind: str
    reason: str | None = None
    mismatch: str | None = None


def sniff(name: str, file: Path, head: bytes) -> Sniffed:
    """``head``: the first ``HEAD_BYTES`` bytes of ``file``. Raises OSError."""
    claimed = _claimed(name)
    if b"%PDF-" in head[:1024]:
        return Sniffed("pdf")
    if head.startswith(b"PK\x03\x04") or (claimed in _CONTAINERS and head.startswith(b"PK")):
        return _zip(file, claimed)
    if head.startswith(_OLE):
        return _ole(file)
    for at, magic, reason in _MAGIC:
        if head.startswith(magic, at):
            return Sniffed("binary", reason)
    if not _is_text(head):
        return Sniffed(claimed or "binary", _not_readable(claimed))
    if claimed in _CONTAINERS:
        return Sniffed("text", mismatch=claimed)
    if claimed == "eml":
        return Sniffed("eml")
    kind = language(name, head)
    if kind == "html" and any(mark in head for mark in _TEMPLATE):
        return Sniffed("template")  # source to be reviewed, not a page to be shown
    return Sniffed(kind)


def _claimed(name: str) -> str | None:
    suffix = Path(name).suffix.lower()
    return next((kind for kind, reader in READERS.items() if suffix in reader.suffixes), None)


def _not_readable(claimed: str | None) -> str:
    if claimed in _CONTAINERS:
        return f"damaged (its content is not that of a {claimed.upper()} file)"
    return "binary (no known format)"


def _is_text(head: bytes) -> bool:
    """Whether bytes are text in some encoding; a character cut at the end is no reason to doubt."""
    if not head or head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    if decode.wide(head) is not None:
        return True
    odd = len(head) - len(head.translate(None, _CONTROL))
    if odd > 8 and odd > len(head) // 20:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and len(head) == HEAD_BYTES:
            return True
        return b"\x00" not in head
    return True


def _zip(file: Path, claimed: str | None) -> Sniffed:
    try:
        with zipfile.ZipFile(file) as archive:
            names = {n.partition("/")[0] for n in archive.namelist()[:10_000]}
            mime = b""
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                mime = archive.read("mimetype")
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, ValueError):
        if claimed in _CONTAINERS:
            return Sniffed(claimed)  # the reader says what is wrong with it
        return Sniffed("binary", "damaged (a broken ZIP archive)")
    for folder, kind in (("word", "docx"), ("xl", "xlsx"), ("ppt", "pptx")):
        if folder in names:
            return Sniffed(kind)
    if b"opendocument.spreadsheet" in mime:
        return Sniffed("ods")
    if b"opendocument" in mime:
        return Sniffed("binary", "OpenDocument text or slides: save as DOCX, PPTX or PDF")
    if b"epub" in mime:
        return Sniffed("binary", "EPUB: save as HTML or PDF")
    if claimed in ("docx", "xlsx", "pptx", "ods"):
        return Sniffed(claimed)
    return Sniffed("binary", "archive: not unpacked (zip)")


def _ole(file: Path) -> Sniffed:
    import olefile

    try:
        with olefile.OleFileIO(file) as container:
            names = {entry[0] for entry in container.listdir(streams=True, storages=True)}
    except (OSError, ValueError, IndexError, TypeError, AttributeError):
        return Sniffed("binary", "damaged (a broken OLE container)")
    if "EncryptedPackage" in names:
        return Sniffed("binary", "encrypted")
    if names & {"Workbook", "Book"}:
        return Sniffed("xls")
    if any(name.startswith("__properties_version1") for name in names):
        return Sniffed("msg")
    if "WordDocument" in names:
        return Sniffed("binary", "Word 97-2003 format: save as DOCX or PDF")
    if "PowerPoint Document" in names:
        return Sniffed("binary", "PowerPoint 97-2003 format: save as PPTX or PDF")
    return Sniffed("binary", "binary (OLE container)")

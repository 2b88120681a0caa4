"""ZIP-based office files, opened with care: everything is checked before a part is parsed.

Entries, total size and compression ratio are judged by the archive's directory, so that a bomb is
refused unread; a document type declaration in any XML part is refused, so that no entity exists
(ECMA-376 part 2 forbids them); elements may nest so deep and no deeper. Relationships with
external targets are never followed. Word and PowerPoint files are walked with this and not with
python-docx and python-pptx, which load every image, refuse templates and macro files by their
content type, and do not read the strict variant (ISO 29500).

Elements come with short names, ``w:p`` for ``{http://…/wordprocessingml/2006/main}p``, the same for
the transitional and the strict namespaces; see ``child`` and ``children``.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

import olefile
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.expatreader import DefusedExpatParser  # type: ignore[import-untyped]

from kimidoc.ingest.base import Limits, Unreadable

MAX_ENTRIES = 20_000
MAX_RATIO = 100  # of a large member; deflate itself ends near 1000
LARGE_BYTES = 16 * 2**20
MAX_DEPTH = 256  # of elements; tables in tables in text boxes stay below 100
_CHUNK = 2**16

_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, KeyError,
)  # fmt: skip
"""What zipfile raises over a damaged archive."""

_OLD_FORMATS = {"WordDocument": "Word (.doc)", "PowerPoint Document": "PowerPoint (.ppt)",
                "Workbook": "Excel (.xls)", "Book": "Excel (.xls)"}  # fmt: skip

_2006 = "http://schemas.openxmlformats.org/"
_PREFIXES = {
    f"{_2006}wordprocessingml/2006/main": "w",
    f"{_2006}spreadsheetml/2006/main": "x",
    f"{_2006}presentationml/2006/main": "p",
    f"{_2006}drawingml/2006/main": "a",
    f"{_2006}drawingml/2006/chart": "c",
    f"{_2006}drawingml/2006/diagram": "dgm",
    f"{_2006}drawingml/2006/wordprocessingDrawing": "wp",
    f"{_2006}officeDocument/2006/relationships": "r",
    f"{_2006}officeDocument/2006/math": "m",
    f"{_2006}package/2006/relationships": "rel",
    f"{_2006}markup-compatibility/2006": "mc",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://purl.oclc.org/ooxml/spreadsheetml/main": "x",
    "http://purl.oclc.org/ooxml/presentationml/main": "p",
    "http://purl.oclc.org/ooxml/drawingml/main": "a",
    "http://purl.oclc.org/ooxml/drawingml/chart": "c",
    "http://purl.oclc.org/ooxml/drawingml/diagram": "dgm",
    "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing": "wp",
    "http://purl.oclc.org/ooxml/officeDocument/relationships": "r",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
    "http://schemas.microsoft.com/office/word/2010/wordprocessingShape": "wps",
    "http://schemas.microsoft.com/office/powerpoint/2018/8/main": "p188",
    "urn:schemas-microsoft-com:vml": "v",
}


class Damaged(Unreadable):
    """Damage to one part. A reader that can do without it goes on and says partial."""


class Package:
    """One archive that passed the checks. Raises Unreadable with what is wrong with it."""

    def __init__(self, file: Path, limits: Limits) -> None:
        if olefile.isOleFile(str(file)):
            raise Unreadable(_ole(file))
        try:
            self._archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise Damaged(f"damaged ({_clause(error)})") from error
        self.names = _checked(self._archive, limits)
        for name in self.names:
            if name.lower().endswith((".xml", ".rels", ".vml")):
                self._refuse_entities(name)

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @property
    def embedded(self) -> int:
        """How many files lie inside of this one, beside the workbooks behind its charts."""
        charts = (name for name in self.names if "/charts/" in name and "/_rels/" not in name)
        behind = {target for name in charts for _, target in self.related(name, "package")}
        return sum("/embeddings/" in name and name not in behind for name in self.names)

    def pictures(self, least_bytes: int = 0) -> int:
        """How many images of that size or more are in it."""
        return sum(
            "/media/" in member.filename and member.file_size >= least_bytes
            for member in self._archive.infolist()
        )

    def bytes_of(self, name: str) -> bytes:
        """A whole member; never more than the directory declares."""
        try:
            return self._archive.read(name)
        except _BROKEN as error:
            raise Damaged(f"damaged ({_clause(error)})") from error

    def stream(self, name: str) -> IO[bytes]:
        """A member to be read in pieces."""
        return self._archive.open(name)

    def xml(self, name: str) -> Element:
        """A part's root with short names."""
        try:
            root = fromstring(self.bytes_of(name))
        except (ParseError, ValueError, LookupError) as error:
            raise Damaged(f"damaged ({name}: {_clause(error)})") from error
        _shorten(root, name)
        return root

    def main(self) -> str:
        """The name of the part that the package is about."""
        for _, target in self.related("", "officeDocument"):
            return target
        raise Damaged("damaged (it does not name its main part)")

    def related(self, part: str, kind: str) -> list[tuple[str, str]]:
        """(relationship id, part) of every internal relationship of ``part`` of one kind.

        ``kind`` is the last step of its type: "footnotes", "header", "slide".
        """
        folder, base = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self.names:
            return []
        found = []
        for one in children(self.xml(rels), "rel:Relationship"):
            if one.get("TargetMode") == "External" or one.get("Type", "").split("/")[-1] != kind:
                continue
            target = unquote(one.get("Target", ""))
            name = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            if name in self.names:
                found.append((one.get("Id", ""), name))
        return found

    def _refuse_entities(self, name: str) -> None:
        """Parse up to the root element: a document type can only stand before it."""
        parser = DefusedExpatParser(forbid_dtd=True)
        parser.setContentHandler(_Root())
        try:
            with self.stream(name) as part:
                while chunk := part.read(_CHUNK):
                    parser.feed(chunk)
        except _RootSeen:
            return
        except DefusedXmlException as error:
            raise Unreadable(f"unsafe (a document type declaration in {name})") from error
        except (SAXException, LookupError, *_BROKEN):
            return  # it has no root that could be parsed, should anyone ask for it


def child(element: Element | None, *path: str) -> Element | None:
    """The first child of that name, of that child's first child of the next name, and so on."""
    for name in path:
        if element is None:
            return None
        element = next((one for one in element if one.tag == name), None)
    return element


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The children of one name."""
    return (one for one in element if one.tag == name) if element is not None else iter(())


def inside(element: Element | None, *path: str) -> list[Element]:
    """Every child of the element at ``path``; none where there is no such element."""
    found = child(element, *path)
    return list(found) if found is not None else []


def value(element: Element | None, *path: str, attribute: str = "w:val") -> str | None:
    """An attribute of the element at ``path``."""
    found = child(element, *path)
    return found.get(attribute) if found is not None else None


def number(text: str | None, default: int = 0) -> int:
    """A whole number as the format writes it, ``default`` for anything else."""
    try:
        return int(text) if text is not None and len(text) < 20 else default
    except ValueError:
        return default


class _RootSeen(Exception):
    pass


class _Root(ContentHandler):
    def startElement(self, name: str, attrs: object) -> None:
        raise _RootSeen


def _checked(archive: zipfile.ZipFile, limits: Limits) -> frozenset[str]:
    members = archive.infolist()
    if len(members) > MAX_ENTRIES:
        raise Unreadable(f"unsafe (a ZIP bomb: {len(members):,} entries)")
    total = sum(member.file_size for member in members)
    if total > limits.worker_memory_bytes:
        raise Unreadable(f"unsafe (a ZIP bomb: {total:,} bytes when unpacked)")
    for member in members:
        if member.flag_bits & 1:
            raise Unreadable("encrypted")
        ratio = member.file_size / max(1, member.compress_size)
        if member.file_size > LARGE_BYTES and ratio > MAX_RATIO:
            raise Unreadable(f"unsafe (a ZIP bomb: {member.filename} unpacks {ratio:,.0f} to 1)")
    names = frozenset(member.filename for member in members)
    if len(names) != len(members):
        raise Unreadable("damaged (two parts have one name)")
    return names


def _shorten(root: Element, name: str) -> None:
    """Give short names to a tree, level by level; no recursion, since depth is what is judged."""
    short: dict[str, str] = {}

    def shortened(long: str) -> str:
        if long not in short:
            space, _, local = long[1:].partition("}") if long[:1] == "{" else ("", "", long)
            prefix = _PREFIXES.get(space)
            short[long] = f"{prefix}:{local}" if prefix else long
        return short[long]

    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise Unreadable(f"unsafe ({name} nests its elements more than {MAX_DEPTH} deep)")
        for element in level:
            element.tag = shortened(element.tag)
            attributes = element.attrib
            if any(key[0] == "{" for key in attributes):
                element.attrib = {shortened(key): text for key, text in attributes.items()}
        level = [below for element in level for below in element]


def _ole(file: Path) -> str:
    """What an OLE file under an OOXML name is: encrypted, or the format of before 2007."""
    try:
        with olefile.OleFileIO(str(file)) as ole:
            if ole.exists("EncryptedPackage") or ole.exists("EncryptionInfo"):
                return "encrypted"
            for stream, program in _OLD_FORMATS.items():
                if ole.exists(stream):
                    return f"an old {program} file under a new name"
    except (OSError, ValueError, IndexError) as error:
        return f"damaged ({_clause(error)})"
    return "not an office file (an OLE container without a document)"


def _clause(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 80 else text[:79] + "…"

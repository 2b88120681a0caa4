"""Makes the PDF and office files that the tests read, and reads them as the program would."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Literal

import docx
import openpyxl
from PIL import Image, ImageDraw
from pptx import Presentation
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from kimidoc.ingest.base import Extract, Limits, Source
from kimidoc.ingest.readers import READERS

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
WIDTH, HEIGHT = A4
OFFICE = "application/vnd.openxmlformats-officedocument."
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


class Reading:
    """Reads bytes under a name with the reader of their kind, twice, and checks what must hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def source(self, name: str, data: bytes, **more: Any) -> Source:
        """The file on disk."""
        file = self._folder / name
        file.write_bytes(data)
        limits = more.pop("limits", Limits())
        return Source(name, file, name.rpartition(".")[2], limits, **more)

    def __call__(self, name: str, data: bytes, **more: Any) -> Extract:
        source = self.source(name, data, **more)
        reader = READERS[source.kind]
        extract = reader.read(source)
        assert extract == reader.read(source), "two readings differ"
        for starts in (extract.pages, tuple(mark.start for mark in extract.sections)):
            assert list(starts) == sorted(starts)
            assert all(0 <= start <= len(extract.text) for start in starts)
        for notice in extract.notices:
            assert notice.path == name
            assert notice.span is None or 0 <= notice.span[0] <= notice.span[1] <= len(extract.text)
        assert "\r" not in extract.text and "\0" not in extract.text
        return extract


def codes(extract: Extract) -> list[str]:
    """The notices' codes in order."""
    return [notice.code for notice in extract.notices]


def hidden(extract: Extract) -> list[tuple[str, str]]:
    """(message, text) of everything reported as hidden."""
    return [
        (notice.message, extract.text[slice(*notice.span)])
        for notice in extract.notices
        if notice.code == "integrity.hidden-text" and notice.span is not None
    ]


def section_at(extract: Extract, words: str) -> str | None:
    """The section that ``words`` stand under."""
    at = extract.text.index(words)
    return next((mark.label for mark in reversed(extract.sections) if mark.start <= at), None)


def pdf(*pages: Callable[[Canvas], object], **settings: Any) -> bytes:
    """A PDF with one page per function; each starts in 11 point Times."""
    raw = io.BytesIO()
    canvas = Canvas(raw, pagesize=A4, invariant=1, **settings)
    for draw in pages:
        canvas.setFont("Times-Roman", 11)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return raw.getvalue()


def lines(*texts: str, x: float = 60, y: float = 780) -> Callable[[Canvas], None]:
    """A page of lines of text."""

    def draw(canvas: Canvas) -> None:
        for i, text in enumerate(texts):
            canvas.drawString(x, y - 14 * i, text)

    return draw


def picture(words: str = "scanned words", size: tuple[int, int] = (600, 850)) -> ImageReader:
    """An image of a page."""
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((50, 60), words, fill=0)
    return ImageReader(image)


def picture_bytes(*, noise: bool = False) -> bytes:
    """A PNG: a small one, or one of the size a scanned page has."""
    image = Image.new("L", (60, 60), 200)
    if noise:
        image = Image.frombytes("L", (300, 300), Random(1).randbytes(90_000))
    raw = io.BytesIO()
    image.save(raw, "PNG")
    return raw.getvalue()


def scan(*, stamp: str = "", ocr: str = "") -> Callable[[Canvas], None]:
    """A page that is an image, with a stamped line or an OCR layer over it."""

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
        if stamp:
            canvas.drawString(60, 20, stamp)
        if ocr:
            invisible(canvas, 60, 780, ocr)

    return draw


def invisible(canvas: Canvas, x: float, y: float, text: str) -> None:
    """Text in render mode 3."""
    drawn = canvas.beginText(x, y)
    drawn.setTextRenderMode(3)
    drawn.textLine(text)
    drawn.setTextRenderMode(0)
    canvas.drawText(drawn)


def rewritten(data: bytes, change: Callable[[PdfWriter], object]) -> bytes:
    """A PDF changed through pypdf."""
    writer, raw = PdfWriter(clone_from=PdfReader(io.BytesIO(data))), io.BytesIO()
    change(writer)
    writer.write(raw)
    return raw.getvalue()


def word(build: Callable[[Any], object]) -> bytes:
    """A document that ``build`` fills through python-docx."""
    document = docx.Document()
    build(document)
    return _saved(document)


def word_body(body: str, **parts: str) -> bytes:
    """A document of raw XML: the body's inside, and parts ("numbering", "footnotes", …) by kind."""
    ns = (
        f"{W} xmlns:r={RELATION[:-1]!r} "
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
        'xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ).replace("'", '"')
    members = {"word/document.xml": f"<w:document {ns}><w:body>{body}</w:body></w:document>"}
    relations = []
    for kind, inside in parts.items():
        root = {"header": "hdr", "footer": "ftr"}.get(kind.rstrip("0123456789"), kind)
        members[f"word/{kind}.xml"] = f"<w:{root} {ns}>{inside}</w:{root}>"
        relations.append((kind, kind.rstrip("0123456789"), f"{kind}.xml"))
    return package("word/document.xml", members, {"word/document.xml": relations})


def package(
    main: str, members: Mapping[str, str | bytes], relations: Mapping[str, list[tuple[str, ...]]]
) -> bytes:
    """An OOXML archive. A relation is (id, kind, target) and a fourth item if it is external."""
    everything = {"[Content_Types].xml": _TYPES, **members}
    for part, listed in {"": [("main", "officeDocument", main)], **relations}.items():
        folder, _, base = part.rpartition("/")
        inside = "".join(
            f'<Relationship Id="{one[0]}" Type="{RELATION}{one[1]}" Target="{one[2]}" '
            + ('TargetMode="External"/>' if len(one) > 3 else "/>")
            for one in listed
        )
        space = "http://schemas.openxmlformats.org/package/2006/relationships"
        name = f"{folder}/_rels/{base}.rels".lstrip("/")
        everything[name] = f'<Relationships xmlns="{space}">{inside}</Relationships>'
    return archive(everything)


_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP file."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return raw.getvalue()


def amended(data: bytes, changes: Mapping[str, Callable[[str], str] | str]) -> bytes:
    """An archive with some members rewritten or added."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members: dict[str, str | bytes] = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        if isinstance(change, str):
            members[name] = change
        else:
            content = members[name]
            members[name] = change(content.decode() if isinstance(content, bytes) else content)
    return archive(members)


def paragraph(text: str = "", *, style: str = "", number: str = "", inside: str = "") -> str:
    """A w:p. ``number``: "list level"; ``inside``: raw runs after the text."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        listed, level = number.split()
        properties += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{listed}"/></w:numPr>'
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text) if text else ''}{inside}</w:p>"


def run(text: str, properties: str = "") -> str:
    """A w:r."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def revised(kind: Literal["ins", "del", "moveFrom", "moveTo"], text: str, author: str = "B") -> str:
    """A tracked change around one run."""
    tag = "w:delText" if kind == "del" else "w:t"
    return (
        f'<w:{kind} w:id="1" w:author="{author}"><w:r>'
        f'<{tag} xml:space="preserve">{text}</{tag}></w:r></w:{kind}>'
    )


def workbook(build: Callable[[Any], object]) -> bytes:
    """An XLSX that ``build`` fills through openpyxl."""
    book = openpyxl.Workbook()
    build(book)
    return _saved(book)


def presentation(build: Callable[[Any], object]) -> bytes:
    """A PPTX that ``build`` fills through python-pptx."""
    deck = Presentation()
    build(deck)
    return _saved(deck)


def _saved(document: Any) -> bytes:
    raw = io.BytesIO()
    document.save(raw)
    return raw.getvalue()

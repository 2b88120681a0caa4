"""Owns the Word documents: markup blocks to DOCX, with real headings, footnotes and revisions.

python-docx has no footnotes and no tracked changes, so those parts are written as raw XML
(ECMA-376 part 1, 17.11 and 17.13). Dates and ids are fixed: the same source gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from xml.sax.saxutils import escape

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt
from markup import Block, Run, Source, runs

FOOTNOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
ZIP_DATE = (2026, 9, 1, 9, 0, 0)


class Writer:
    """One document in the making; ``footnotes`` and ``revision`` count what was used."""

    def __init__(self, source: Source) -> None:
        self.settings = source.settings
        self.document = docx.Document()
        self.footnotes: list[str] = []
        self.revision = 100
        self._page()
        for block in source.blocks:
            self._write(block)
        if self.footnotes:
            self._attach_footnotes()
        self._properties()

    def _page(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.5)
        normal = self.document.styles["Normal"]
        normal.font.name, normal.font.size = "Times New Roman", Pt(11)
        normal.paragraph_format.space_after = Pt(6)
        section.header.paragraphs[0].text = self.settings.get("header", "")
        footer = section.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        footer.add_run(self.settings.get("footer", ""))
        if footer.text:
            footer.add_run(" | Page ")
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), "PAGE")
            footer._p.append(field)

    def _write(self, block: Block) -> None:
        if block.kind == "table":
            self._table(block)
        elif block.kind == "signature":
            self._signature(*block.rows[0])
        elif block.kind == "break":
            self.document.add_page_break()
        else:
            self._paragraph(block)

    def _paragraph(self, block: Block) -> None:
        styles = {"title": "Title", "heading1": "Heading 1", "heading2": "Heading 2",
                  "bullet": "List Bullet", "box": "Intense Quote"}  # fmt: skip
        paragraph = self.document.add_paragraph(style=styles.get(block.kind))
        layout = paragraph.paragraph_format
        if block.kind == "clause":
            layout.left_indent, layout.first_line_indent = Cm(1.2), Cm(-1.2)
        elif block.kind == "subclause":
            layout.left_indent, layout.first_line_indent = Cm(2.2), Cm(-1.0)
        elif block.kind == "right":
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        pieces = block.runs
        if block.kind in ("clause", "subclause"):
            label, _, words = pieces[0].text.partition(" ")
            pieces = (Run(f"{label}\t{words}"), *pieces[1:])
        for run in pieces:
            self._run(paragraph, run)

    def _run(self, paragraph: docx.text.paragraph.Paragraph, run: Run) -> None:
        if run.style == "footnote":
            self.footnotes.append(run.text)
            mark = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
            reference = f'<w:footnoteReference w:id="{len(self.footnotes)}"/>'
            paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{mark}{reference}</w:r>"))
        elif run.style in ("insert", "delete"):
            paragraph._p.append(self._revised(run))
        else:
            written = paragraph.add_run(run.text)
            written.bold = True if run.style == "bold" else None
            written.italic = True if run.style == "italic" else None

    def _revised(self, run: Run) -> docx.oxml.xmlchemy.BaseOxmlElement:
        self.revision += 1
        tag, words = ("ins", "t") if run.style == "insert" else ("del", "delText")
        author = escape(self.settings["reviser"], {'"': "&quot;"})
        return parse_xml(
            f'<w:{tag} {nsdecls("w")} w:id="{self.revision}" w:author="{author}" '
            f'w:date="{self.settings["revised"]}T10:00:00Z"><w:r>'
            f'<w:{words} xml:space="preserve">{escape(run.text)}</w:{words}></w:r></w:{tag}>'
        )

    def _table(self, block: Block) -> None:
        table = self.document.add_table(rows=len(block.rows), cols=len(block.rows[0]))
        table.style = "Table Grid"
        for i, row in enumerate(block.rows):
            for j, text in enumerate(row):
                paragraph = table.cell(i, j).paragraphs[0]
                if j in block.right_columns:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                for run in runs(text):
                    self._run(paragraph, run)
                    if i == 0 and block.has_head:
                        paragraph.runs[-1].bold = True
        self.document.add_paragraph()

    def _signature(self, party: str, signer: str, date: str) -> None:
        for line in (f"Signed {party}", "", "..............................", signer, date):
            paragraph = self.document.add_paragraph(line)
            paragraph.paragraph_format.space_after = Pt(0)
            paragraph.paragraph_format.keep_with_next = line != date
        self.document.add_paragraph()

    def _attach_footnotes(self) -> None:
        space = "".join(
            f'<w:footnote w:type="{tag}" w:id="{i}"><w:p><w:r><w:{tag}/></w:r></w:p></w:footnote>'
            for i, tag in ((-1, "separator"), (0, "continuationSeparator"))
        )
        notes = "".join(
            f'<w:footnote w:id="{i}"><w:p><w:r><w:footnoteRef/></w:r><w:r>'
            f'<w:t xml:space="preserve"> {escape(text)}</w:t></w:r></w:p></w:footnote>'
            for i, text in enumerate(self.footnotes, 1)
        )
        blob = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            f"<w:footnotes {nsdecls('w')}>{space}{notes}</w:footnotes>"
        ).encode()
        main = self.document.part
        part = Part(PackURI("/word/footnotes.xml"), FOOTNOTES_TYPE, blob, main.package)
        main.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)

    def _properties(self) -> None:
        core = self.document.core_properties
        core.title = self.settings["title"]
        core.author = core.last_modified_by = self.settings.get("author", "")
        core.comments, core.revision = "", 1
        core.created = core.modified = datetime.fromisoformat(self.settings["date"])


def render(source: Source) -> bytes:
    """The document as DOCX."""
    raw = io.BytesIO()
    Writer(source).document.save(raw)
    return normalised(raw.getvalue())


def normalised(archive: bytes) -> bytes:
    """The same ZIP members under one fixed date, so that equal content is equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            new.writestr(entry, old.read(name))
    return out.getvalue()

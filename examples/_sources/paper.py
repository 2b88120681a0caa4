"""Owns the PDF documents: markup blocks to pages, laid out as contract, report or clinic letter.

reportlab runs with ``invariant=1``: the same source gives the same bytes.
"""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

from markup import Block, Run, Source, runs
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

INK = colors.HexColor("#1d2b3a")
RULE = colors.HexColor("#8a97a5")
FACES = {"serif": ("Times-Roman", "Times-Bold"), "sans": ("Helvetica", "Helvetica-Bold")}
TEXT_WIDTH = A4[0] - 5 * cm
LEVELS = {"h1": 0, "h2": 1}  # heading styles that become bookmarks


class Bound(SimpleDocTemplate):
    """Draws the running header and "Page n of N", and bookmarks the headings."""

    def __init__(self, raw: io.BytesIO, settings: dict[str, str], pages: int) -> None:
        super().__init__(
            raw, pagesize=A4, leftMargin=2.5 * cm, rightMargin=2.5 * cm, topMargin=2.1 * cm,
            bottomMargin=2.3 * cm, title=settings["title"], author=settings.get("author", ""),
            invariant=1,
        )  # fmt: skip
        self.settings, self.pages = settings, pages

    def afterFlowable(self, flowable: Flowable) -> None:
        name = getattr(getattr(flowable, "style", None), "name", "")
        if name in LEVELS:
            key = f"heading{self.seq.next('heading')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, LEVELS[name])

    def afterPage(self) -> None:
        canvas, left, right = self.canv, 2.5 * cm, A4[0] - 2.5 * cm
        canvas.setFont("Helvetica", 7.5)
        canvas.setFillColor(RULE)
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.4)
        if self.page > 1 and (header := self.settings.get("header")):
            canvas.drawString(left, A4[1] - 1.4 * cm, header)
            canvas.line(left, A4[1] - 1.55 * cm, right, A4[1] - 1.55 * cm)
        canvas.line(left, 1.75 * cm, right, 1.75 * cm)
        canvas.drawString(left, 1.35 * cm, self.settings.get("footer", ""))
        canvas.drawRightString(right, 1.35 * cm, f"Page {self.page} of {self.pages}")


class Styles:
    """The paragraph styles of one face."""

    def __init__(self, face: str, size: float) -> None:
        plain, bold = FACES[face]
        base = ParagraphStyle("text", fontName=plain, fontSize=size, leading=size * 1.32,
                              spaceAfter=size * 0.55, textColor=colors.black)  # fmt: skip

        def style(name: str, **changes: object) -> ParagraphStyle:
            return ParagraphStyle(name, parent=base, **changes)

        self.text = base
        self.title = style("title", fontName=bold, fontSize=size * 1.6, leading=size * 2,
                           textColor=INK, spaceAfter=size, alignment=TA_CENTER)  # fmt: skip
        self.heading1 = style("h1", fontName=bold, fontSize=size * 1.12, textColor=INK,
                              spaceBefore=size * 0.8, keepWithNext=1)  # fmt: skip
        self.heading2 = style("h2", fontName=bold, spaceBefore=size * 0.4, keepWithNext=1)
        self.clause = style("clause", leftIndent=28)
        self.subclause = style("subclause", leftIndent=48, bulletIndent=28)
        self.bullet = style("bullet", leftIndent=14, bulletIndent=3)
        self.right = style("right", alignment=TA_RIGHT, spaceAfter=1)
        self.box = style("box", fontName=bold, borderColor=RULE, borderWidth=0.7, borderPadding=5,
                         spaceBefore=size * 0.6, spaceAfter=size)  # fmt: skip
        cell = {"fontSize": size - 1.2, "leading": size * 1.12, "spaceAfter": 0}
        self.cell = style("cell", **cell)
        self.cell_right = style("cell_right", alignment=TA_RIGHT, **cell)
        self.head = style("head", fontName=bold, **cell)
        self.head_right = style("head_right", fontName=bold, alignment=TA_RIGHT, **cell)
        self.letterhead = style("letterhead", fontName=bold, fontSize=size * 1.45,
                                leading=size * 1.8, textColor=INK, spaceAfter=1)  # fmt: skip
        self.small = style("small", fontSize=size - 2, leading=size, textColor=RULE)


def render(source: Source) -> bytes:
    """The document as PDF; laid out twice, the first time to count its pages."""
    pages = 0
    for _ in range(2):
        raw = io.BytesIO()
        template = Bound(raw, source.settings, pages)
        template.build(_story(source))
        pages = template.page
    return raw.getvalue()


def _story(source: Source) -> list[Flowable]:
    settings = source.settings
    styles = Styles(settings.get("face", "serif"), float(settings.get("size", "10.5")))
    story: list[Flowable] = []
    if "letterhead" in settings:
        story += [
            Paragraph(escape(settings["letterhead"]), styles.letterhead),
            Paragraph(escape(settings.get("address", "")), styles.small),
            Spacer(1, 8),
        ]
    for block in source.blocks:
        story += _flowables(block, styles)
    return story


def _flowables(block: Block, styles: Styles) -> list[Flowable]:
    if block.kind == "table":
        return [_table(block, styles), Spacer(1, 7)]
    if block.kind == "signature":
        return [_signature(*block.rows[0], styles)]
    if block.kind == "break":
        return [PageBreak()]
    style = getattr(styles, block.kind)
    if block.kind in ("clause", "subclause"):
        label, _, words = block.runs[0].text.partition(" ")
        rest = Block(block.kind, (Run(words), *block.runs[1:]))
        return [Paragraph(_inline(rest), style, bulletText=label)]
    return [Paragraph(_inline(block), style, bulletText="•" if block.kind == "bullet" else None)]


def _inline(block: Block) -> str:
    tags = {"bold": "b", "italic": "i"}
    parts = []
    for run in block.runs:
        tag = tags.get(run.style)
        assert tag or run.style == "plain", f"{run.style} is for Word documents: {run.text}"
        parts.append(f"<{tag}>{escape(run.text)}</{tag}>" if tag else escape(run.text))
    return "".join(parts)


def _table(block: Block, styles: Styles) -> Table:
    head = 1 if block.has_head else 0
    cells = []
    for i, row in enumerate(block.rows):
        name = "head" if i < head else "cell"
        cells.append([
            Paragraph(_inline(Block("text", runs(text))),
                      getattr(styles, f"{name}_right" if j in block.right_columns else name))
            for j, text in enumerate(row)
        ])  # fmt: skip
    widths = _widths(block, styles.head)
    look: list[tuple[object, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, RULE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if head:
        look += [(name, (0, 0), (-1, 0), 0.8, INK) for name in ("LINEABOVE", "LINEBELOW")]
    return Table(cells, colWidths=widths, repeatRows=head, style=TableStyle(look))


def _widths(block: Block, style: ParagraphStyle) -> list[float]:
    """Points per column: room for its longest word, the rest shared by its longest cell."""

    def points(text: str) -> float:
        return float(stringWidth(text, style.fontName, style.fontSize)) + 13

    columns = list(zip(*block.rows, strict=True))
    least = [max(points(word) for cell in column for word in [*cell.split(), ""])
             for column in columns]  # fmt: skip
    wish = [max(points(cell) for cell in column) for column in columns]
    spare = TEXT_WIDTH - sum(least)
    assert spare >= 0, f"table too wide: {block.rows[0]}"
    slack = [max(1.0, w - n) for w, n in zip(wish, least, strict=True)]
    return [n + spare * s / sum(slack) for n, s in zip(least, slack, strict=True)]


def _signature(party: str, signer: str, date: str, styles: Styles) -> Flowable:
    lines = (f"Signed {party}", "", "." * 46, signer, date)
    parts: list[Flowable] = [
        Paragraph(escape(line), styles.cell) if line else Spacer(1, 16) for line in lines
    ]
    return KeepTogether([*parts, Spacer(1, 14)])

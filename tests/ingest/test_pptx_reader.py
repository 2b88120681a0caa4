"""Presentations: reading order, tables, charts, diagrams, notes, comments, hidden slides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from kimidoc.ingest.base import Limits, Unreadable
from tests.ingest.office_files import (
    RELATION,
    Reading,
    amended,
    codes,
    hidden,
    presentation,
    section_at,
)

TITLE_AND_CONTENT, TITLE_ONLY, BLANK = 1, 5, 6


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def slide(deck: Any, layout: int, title: str = "") -> Any:
    made = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        made.shapes.title.text = title
    return made


def box(shapes: Any, text: str, x: float, y: float, width: float = 2) -> Any:
    made = shapes.add_textbox(Inches(x), Inches(y), Inches(width), Inches(0.5))
    made.text_frame.text = text
    return made


def related(relations: str, kind: str, identity: str, target: str) -> str:
    """A .rels part with one more relationship."""
    one = f'<Relationship Id="{identity}" Type="{RELATION}{kind}" Target="{target}"/>'
    return relations.replace("</Relationships>", one + "</Relationships>")


def test_slides_are_pages_under_their_titles(read: Reading) -> None:
    def build(deck: Any) -> None:
        first = slide(deck, TITLE_AND_CONTENT, "Project\vLarkspur")
        first.placeholders[1].text = "First point\nSecond point"
        first.notes_slide.notes_text_frame.text = "Say hello\nand wait"
        box(slide(deck, BLANK).shapes, "No title here", 1, 1)

    extract = read("a.pptx", presentation(build))
    assert extract.text == (
        "Project\nLarkspur\nFirst point\nSecond point\n\nNotes:\nSay hello\nand wait\n\n"
        "No title here"
    )
    assert [extract.text[start:][:7] for start in extract.pages] == ["Project", "No titl"]
    assert section_at(extract, "Second") == "Slide 1: Project Larkspur"
    assert section_at(extract, "and wait") == "Slide 1: Project Larkspur > Notes"
    assert section_at(extract, "No title") == "Slide 2"


def test_shapes_are_read_from_top_left(read: Reading) -> None:
    def build(deck: Any) -> None:
        made = slide(deck, TITLE_ONLY, "Order")
        box(made.shapes, "bottom", 1, 6.5)
        box(made.shapes, "right", 6, 3.1)
        box(made.shapes, "left", 1, 3.2)
        group = made.shapes.add_group_shape()
        box(group.shapes, "grouped right", 6, 2.1)
        box(group.shapes, "grouped left", 1, 2.1)
        inner = group.shapes.add_group_shape()
        box(inner.shapes, "in the middle", 3, 2.1)
        grid = made.shapes.add_table(3, 3, Inches(1), Inches(4.5), Inches(4), Inches(1)).table
        for i in range(9):
            grid.cell(i // 3, i % 3).text = f"c{i}" if i != 8 else ""
        grid.cell(1, 0).merge(grid.cell(2, 0))

    extract = read("a.pptx", presentation(build))
    assert extract.text == (
        "Order\ngrouped left\nin the middle\ngrouped right\nleft\nright\n"
        "c0 | c1 | c2\nc3 c6 | c4 | c5\n | c7\nbottom"
    )


def test_a_moved_group_moves_its_shapes(read: Reading) -> None:
    def build(deck: Any) -> None:
        made = slide(deck, TITLE_ONLY, "Groups")
        group = made.shapes.add_group_shape()
        box(group.shapes, "in a group below", 1, 2)
        group.top, group.left = Inches(5), Inches(1)
        box(made.shapes, "above", 1, 4)

    assert read("a.pptx", presentation(build)).text == "Groups\nabove\nin a group below"


def test_charts_tell_their_stored_values(read: Reading) -> None:
    def build(deck: Any) -> None:
        made = slide(deck, TITLE_ONLY, "Figures")
        data = CategoryChartData()
        data.categories = ["Q1", "Q2"]
        data.add_series("Sales", (1.5, 0.1 + 0.2))
        data.add_series("Costs", (1, None))
        at = (Inches(1), Inches(2), Inches(4), Inches(2))
        chart = made.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *at, data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "By quarter"
        points = XyChartData()
        points.add_series("").add_data_point(2.5, 7)
        made.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, at[0], Inches(5), *at[2:], points)

    extract = read("a.pptx", presentation(build))
    assert extract.text == (
        "Figures\nChart: By quarter\n | Sales | Costs\nQ1 | 1.5 | 1\nQ2 | 0.3 | \n"
        "Chart\n | Series 1\n2.5 | 7"
    )
    assert extract.notices == (), "the workbooks behind the charts are read through the charts"


def test_hidden_slides_and_shapes_are_read_and_said(read: Reading) -> None:
    def build(deck: Any) -> None:
        made = slide(deck, TITLE_ONLY, "Shown")
        box(made.shapes, "off the slide", -5, 2)
        box(made.shapes, "half off", -1, 3)
        switched = box(made.shapes, "switched off", 1, 4)
        switched._element.nvSpPr.cNvPr.set("hidden", "1")
        for title in ("Hidden one", "Hidden two"):
            slide(deck, TITLE_ONLY, title)._element.set("show", "0")

    extract = read("a.pptx", presentation(build))
    assert hidden(extract) == [
        ("Slide 1 has text that stands outside of the slide.", "off the slide"),
        ("Slide 1 has text that is set to be hidden.", "switched off"),
    ]
    assert codes(extract)[2:] == ["hidden-slide"]
    assert extract.notices[2].message == "The presentation hides slides 2-3."
    assert "Hidden two" in extract.text


DIAGRAM = """<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst>
 <dgm:pt><dgm:t><a:p><a:r><a:t>Step one</a:t></a:r></a:p></dgm:t></dgm:pt>
 <dgm:pt/><dgm:pt><dgm:t><a:p><a:r><a:t>Step two</a:t></a:r></a:p></dgm:t></dgm:pt>
 </dgm:ptLst></dgm:dataModel>"""

FRAME = """<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="9" name="d"/><p:cNvGraphicFramePr/>
 <p:nvPr/></p:nvGraphicFramePr><p:xfrm><a:off x="0" y="5000000"/><a:ext cx="9" cy="9"/></p:xfrm>
 <a:graphic><a:graphicData><dgm:relIds
 xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="rId77"/>
 </a:graphicData></a:graphic></p:graphicFrame>"""


def test_diagrams_are_read(read: Reading) -> None:
    data = amended(
        presentation(lambda deck: slide(deck, TITLE_ONLY, "Steps")),
        {
            "ppt/diagrams/data1.xml": DIAGRAM,
            "ppt/slides/slide1.xml": lambda x: x.replace("</p:spTree>", FRAME + "</p:spTree>"),
            "ppt/slides/_rels/slide1.xml.rels": lambda x: related(
                x, "diagramData", "rId77", "../diagrams/data1.xml"
            ),
        },
    )
    assert read("a.pptx", data).text == "Steps\nStep one\nStep two"


P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
P188 = (
    'xmlns:p188="http://schemas.microsoft.com/office/powerpoint/2018/8/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)


def test_comments_of_both_kinds(read: Reading) -> None:
    said = "<p188:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p188:txBody>"
    data = amended(
        presentation(lambda deck: [slide(deck, TITLE_ONLY, t) for t in ("One", "Two")]),
        {
            "ppt/commentAuthors.xml": f'<p:cmAuthorLst {P}><p:cmAuthor id="0" name="Ann"/>'
            "</p:cmAuthorLst>",
            "ppt/authors.xml": f'<p188:authorLst {P188}><p188:author id="{{A}}" name="Bo"/>'
            "</p188:authorLst>",
            "ppt/_rels/presentation.xml.rels": lambda x: related(
                related(x, "commentAuthors", "rId98", "commentAuthors.xml"),
                "authors", "rId99", "authors.xml",
            ),
            "ppt/comments/comment1.xml": f'<p:cmLst {P}><p:cm authorId="0"><p:text>Too\nlong'
            "</p:text></p:cm></p:cmLst>",
            "ppt/comments/modern.xml": f'<p188:cmLst {P188}><p188:cm authorId="{{A}}">'
            f'<p188:replyLst><p188:reply authorId="x">{said.format("Yes")}</p188:reply>'
            f'</p188:replyLst>{said.format("Agree?")}</p188:cm></p188:cmLst>',
            "ppt/slides/_rels/slide1.xml.rels": lambda x: related(
                x, "comments", "rId99", "../comments/comment1.xml"
            ),
            "ppt/slides/_rels/slide2.xml.rels": lambda x: related(
                x, "comments", "rId99", "../comments/modern.xml"
            ),
        },
    )  # fmt: skip
    extract = read("a.pptx", data)
    assert extract.text == (
        "One\n\nComments:\nAnn: Too long\n\nTwo\n\nComments:\nBo: Agree?\nSomeone: Yes"
    )
    assert section_at(extract, "Too long") == "Slide 1: One > Comments"


def test_one_branch_of_alternatives_is_read(read: Reading) -> None:
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'

    def twice(xml: str) -> str:
        start, end = xml.index("<p:sp>"), xml.index("</p:sp>") + len("</p:sp>")
        shape = xml[start:end]
        both = f"<mc:Choice Requires='x'>{shape}</mc:Choice><mc:Fallback>{shape}</mc:Fallback>"
        return f"{xml[:start]}<mc:AlternateContent {mc}>{both}</mc:AlternateContent>{xml[end:]}"

    data = presentation(lambda deck: slide(deck, TITLE_ONLY, "Once"))
    assert read("a.pptx", amended(data, {"ppt/slides/slide1.xml": twice})).text == "Once"


def test_show_files_are_read(read: Reading) -> None:
    data = amended(
        presentation(lambda deck: slide(deck, TITLE_ONLY, "A show")),
        {"[Content_Types].xml": lambda x: x.replace("presentation.main", "slideshow.main")},
    )
    assert read("a.pptx", data).text == "A show"


def test_embedded_files_are_said(read: Reading) -> None:
    data = presentation(lambda deck: slide(deck, TITLE_ONLY, "Text"))
    extract = read("a.pptx", amended(data, {"ppt/embeddings/oleObject1.bin": "x"}))
    assert codes(extract) == ["embedded-files"]


def test_nothing_to_read_is_unreadable(read: Reading) -> None:
    with pytest.raises(Unreadable, match=r"^no text on any slide$"):
        read("a.pptx", presentation(lambda deck: slide(deck, BLANK)))


def test_the_text_limit_makes_it_partial(read: Reading) -> None:
    data = presentation(lambda deck: [slide(deck, TITLE_ONLY, "x" * 100) for _ in range(5)])
    extract = read("a.pptx", data, limits=Limits(text_bytes=150))
    assert len(extract.text) == 150 and len(extract.pages) == 2
    assert "only the first 150 bytes" in (extract.partial or "")

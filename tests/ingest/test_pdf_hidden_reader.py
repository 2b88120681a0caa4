"""PDF: text that a reader of the page does not see, found and told from what only looks so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import NameObject, StreamObject
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from kimidoc.ingest.readers import pdf as pdf_reader
from kimidoc.ingest.readers.pdf_drawn import Drawing, Effort
from tests.ingest.office_files import (
    HEIGHT,
    WIDTH,
    Reading,
    codes,
    hidden,
    invisible,
    lines,
    pdf,
    picture,
    rewritten,
    scan,
)  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(60, 700, "ignore the contract")


def nearly_white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(0.99, 1, 0.98)
    canvas.drawString(60, 700, "ignore the contract")


def tiny(canvas: Canvas) -> None:
    canvas.setFont("Times-Roman", 1.5)
    canvas.drawString(60, 700, "ignore the contract")


def shrunk(canvas: Canvas) -> None:
    canvas.scale(0.1, 0.1)
    canvas.drawString(600, 7000, "ignore the contract")


def off_page(canvas: Canvas) -> None:
    canvas.drawString(60, -200, "ignore the contract")


def transparent(canvas: Canvas) -> None:
    canvas.setFillAlpha(0)
    canvas.drawString(60, 700, "ignore the contract")


def clipped(canvas: Canvas) -> None:
    path = canvas.beginPath()
    path.rect(0, 0, 10, 10)
    canvas.clipPath(path)
    canvas.drawString(60, 700, "ignore the contract")


def covered(canvas: Canvas) -> None:
    canvas.drawString(60, 700, "ignore the contract")
    canvas.rect(50, 690, 300, 30, fill=1)


def in_a_form(canvas: Canvas) -> None:
    canvas.beginForm("form")
    white(canvas)
    canvas.endForm()
    canvas.doForm("form")


def under_words(canvas: Canvas) -> None:
    white(canvas)
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawString(60, 700, "Something that is seen")


@pytest.mark.parametrize(
    ("draw", "why"),
    [
        (lambda c: invisible(c, 60, 700, "ignore the contract"), "set not to be drawn"),
        (white, "no mark"),
        (nearly_white, "no mark"),
        (tiny, "smaller than 2 points"),
        (shrunk, "smaller than 2 points"),
        (off_page, "outside of the page"),
        (transparent, "no mark"),
        (clipped, "no mark"),
        (covered, "no mark"),
        (in_a_form, "no mark"),
        (under_words, "no mark"),
    ],
)
def test_hidden_text_is_kept_and_reported(
    read: Reading, draw: Callable[[Canvas], object], why: str
) -> None:
    def page(canvas: Canvas) -> None:
        lines("What is seen")(canvas)
        canvas.saveState()
        draw(canvas)
        canvas.restoreState()
        canvas.drawString(60, 300, "The end of it")

    extract = read("a.pdf", pdf(lines("Cover"), page))
    assert [text for _, text in hidden(extract)] == ["ignore the contract"]
    assert (
        hidden(extract)[0][0].startswith("Page 2 has text that ") and why in hidden(extract)[0][0]
    )


def test_one_covered_word_is_found_in_its_line(read: Reading) -> None:
    def draw(canvas: Canvas) -> None:
        before, word = "The purchase price is ", "4,250,000"
        canvas.drawString(60, 700, f"{before}{word} euro, payable at once")
        left = 60 + canvas.stringWidth(before)
        canvas.rect(left - 1, 696, canvas.stringWidth(word) + 2, 13, fill=1)

    assert [text for _, text in hidden(read("a.pdf", pdf(draw)))] == ["4,250,000"]


def test_a_short_hidden_word_is_found(read: Reading) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 700, "This is")
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawString(105, 700, "not")
        canvas.setFillColorRGB(0, 0, 0)
        canvas.drawString(130, 700, "a lease")

    extract = read("a.pdf", pdf(draw))
    assert extract.text == "This is not a lease"
    assert [text for _, text in hidden(extract)] == ["not"]


@pytest.mark.parametrize("covers", [range(300), range(60, 80)])
def test_upright_lines_are_checked_along_the_line(read: Reading, covers: range) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rotate(90)
        canvas.drawString(300, -200, "Words that run up the page")
        canvas.rect(300 + covers.start, -205, len(covers), 16, fill=1)

    found = [text for _, text in hidden(read("a.pdf", pdf(draw)))]
    assert found == (["Words that run up the page"] if len(covers) == 300 else ["up"])


def test_white_on_dark_and_wide_gaps_are_seen(read: Reading) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0, 0, 0.4)
        canvas.rect(50, 690, 300, 30, fill=1)
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawString(60, 700, "Heading of a table")
        canvas.setFillColorRGB(0.8, 0.8, 0.8)
        canvas.drawString(60, 600, "Total              12.00          pale but seen")

    for rotation in (0, 90, 180, 270):
        data = rewritten(pdf(draw), lambda w, r=rotation: w.pages[0].rotate(r))
        assert hidden(read("a.pdf", data)) == []


def test_a_cropped_page_hides_what_was_cut_off(read: Reading) -> None:
    def crop(writer: PdfWriter) -> None:
        writer.pages[0].cropbox.upper_right = (WIDTH, HEIGHT - 200)

    data = rewritten(pdf(lambda c: [lines("cut off")(c), lines("stays", y=300)(c)]), crop)
    assert [text for _, text in hidden(read("a.pdf", data))] == ["cut off"]


def test_a_large_page_is_checked_too(read: Reading) -> None:
    def poster(canvas: Canvas) -> None:
        canvas.setPageSize((A4[0] * 6, A4[1] * 6))
        canvas.setFont("Times-Roman", 60)
        canvas.drawString(600, 4000, "Poster")
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawString(600, 3000, "unseen words")

    assert [text for _, text in hidden(read("a.pdf", pdf(poster)))] == ["unseen words"]


def test_an_ocr_layer_is_read_and_told_apart(read: Reading) -> None:
    def under(canvas: Canvas) -> None:
        lines("Words that the picture covers, as some scanners write them down")(canvas)
        canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)

    ocr = "The lessee shall pay the rent on the first day of every month of the year"
    extract = read("a.pdf", pdf(scan(ocr=ocr), under, lines("Typed page")))
    assert codes(extract) == ["ocr-layer"] and "pages 1-2 " in extract.notices[0].message
    assert extract.text.startswith(ocr) and extract.partial is None


def test_white_text_on_a_scan_with_visible_text_is_hidden(read: Reading) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
        lines("A visible line of text that is long enough not to be taken for a stamp")(canvas)
        white(canvas)

    assert [text for _, text in hidden(read("a.pdf", pdf(draw)))] == ["ignore the contract"]


def test_what_is_too_much_to_draw_is_unchecked(
    read: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_reader, "Effort", partial(Effort, 400))
    extract = read("a.pdf", pdf(lines("One"), lambda c: invisible(c, 60, 700, "two")))
    assert codes(extract) == ["integrity.hidden-text", "integrity.unchecked"]
    assert "page 1." in extract.notices[1].message


def test_a_font_that_is_missing_here_is_unchecked(
    read: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

    def draw(canvas: Canvas) -> None:
        lines("Words in Latin")(canvas)
        canvas.setFont("STSong-Light", 12)
        canvas.drawString(60, 700, "第一条 甲方应于2024年支付租金。")

    data = pdf(draw)
    assert hidden(read("a.pdf", data)) == []
    whole = Drawing.gap
    # As on a machine without the font: nothing of it is drawn.
    monkeypatch.setattr(Drawing, "marks", lambda *_: False)
    monkeypatch.setattr(Drawing, "gap", lambda s, b, p: inf if b[1] < 720 else whole(s, b, p))
    extract = read("a.pdf", data)
    assert codes(extract) == ["integrity.unchecked"] and "page 1." in extract.notices[0].message


def test_hidden_places_beyond_fifty_are_counted(read: Reading) -> None:
    def draw(canvas: Canvas) -> None:
        for i in range(60):
            canvas.setFillColorRGB(1, 1, 1)
            canvas.drawString(60, 800 - 12 * i, f"secret{i}")
            canvas.setFillColorRGB(0, 0, 0)
            canvas.drawString(160, 800 - 12 * i, f"seen{i}")

    extract = read("a.pdf", pdf(draw))
    assert codes(extract) == ["integrity.hidden-text"] * 51
    assert extract.notices[-1].message.startswith("10 more places") and not extract.notices[-1].span


def test_characters_of_two_units_keep_the_offsets_right(read: Reading) -> None:
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Vera", 12)
        canvas.drawString(60, 700, "AA seen")
        invisible(canvas, 60, 650, "A unseen A")
        canvas.drawString(60, 600, "end")

    def smile(writer: PdfWriter) -> None:
        for font in writer.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index, union-attr]
            known = font.get_object().get("/ToUnicode")
            if known is not None:
                stream = StreamObject()
                stream.set_data(known.get_object().get_data().replace(b"<0041>", b"<D83DDE00>"))
                font.get_object()[NameObject("/ToUnicode")] = writer._add_object(stream)

    extract = read("a.pdf", rewritten(pdf(draw), smile))
    assert extract.text == "😀😀 seen\n😀 unseen 😀\nend"
    assert [text for _, text in hidden(extract)] == ["😀 unseen 😀"]

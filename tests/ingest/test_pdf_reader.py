"""PDF: pages, outline, scans, hidden text, forms and comments, damage and encryption."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Link, Text
from pypdf.generic import BooleanObject, NameObject, StreamObject
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from kimidoc.ingest.base import Limits, Unreadable
from kimidoc.ingest.readers import pdf as pdf_reader
from kimidoc.ingest.readers.pdf_drawn import Drawing, Effort
from kimidoc.ingest.readers.ranges import said
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
    scan,
    section_at,
)  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def rewritten(data: bytes, change: Callable[[PdfWriter], object]) -> bytes:
    writer, raw = PdfWriter(clone_from=PdfReader(io.BytesIO(data))), io.BytesIO()
    change(writer)
    writer.write(raw)
    return raw.getvalue()


def test_pages_are_joined_by_an_empty_line(read: Reading) -> None:
    extract = read("a.pdf", pdf(lines("One", "of one"), lines("Two"), lines("Three")))
    assert extract.text == "One\nof one\n\nTwo\n\nThree"
    assert [extract.text[start:].split("\n")[0] for start in extract.pages] == [
        "One",
        "Two",
        "Three",
    ]
    assert extract.sections == () and extract.notices == () and extract.partial is None


def test_hyphens_at_line_ends_stay(read: Reading) -> None:
    text = read("a.pdf", pdf(lines("a non-", "compete clause, 12-", "34"))).text
    assert text == "a non-\ncompete clause, 12-\n34"
    assert not re.search("[\x00-\x08\ufffe\uffff]", text)


def test_sections_come_from_the_outline(read: Reading) -> None:
    def first(canvas: Canvas) -> None:
        canvas.bookmarkPage("p1")
        canvas.addOutlineEntry("1 Term", "p1", level=0)
        canvas.bookmarkPage("p1.1")
        canvas.addOutlineEntry("  Renewal\tof", "p1.1", level=1)
        lines("Contents", "1 Term", "two years", "1.1 Renewal of", "none")(canvas)

    def second(canvas: Canvas) -> None:
        canvas.bookmarkPage("p2")
        canvas.addOutlineEntry("2 Not on the page", "p2", level=0)
        lines("Payment on time")(canvas)

    extract = read("a.pdf", pdf(first, lines("goes on"), second))
    assert section_at(extract, "Contents") is None
    assert section_at(extract, "two years") == "1 Term"
    assert section_at(extract, "1.1 Renewal") == "1 Term > Renewal of"
    assert section_at(extract, "goes on") == "1 Term > Renewal of"
    assert section_at(extract, "Payment") == "2 Not on the page"


def test_an_empty_password_opens_and_another_does_not(read: Reading) -> None:
    plain = pdf(lines("The fee is 30 euro"))
    opens = rewritten(plain, lambda w: w.encrypt("", "owner", algorithm="AES-256"))
    assert read("a.pdf", opens).text == "The fee is 30 euro"
    for algorithm in ("RC4-128", "AES-256"):
        closed = rewritten(plain, lambda w, a=algorithm: w.encrypt("user", "owner", algorithm=a))
        with pytest.raises(Unreadable, match=r"^encrypted$"):
            read("b.pdf", closed)


def test_scanned_pages_are_missed_by_number(read: Reading) -> None:
    extract = read("a.pdf", pdf(lines("Cover page"), scan(), scan(), lines(), scan(), lines("End")))
    assert extract.partial == "no text on pages 2-3, 5 (scanned)"
    assert len(extract.pages) == 6 and extract.text.startswith("Cover page\n\n")


def test_a_stamp_on_a_scan_is_hardly_text(read: Reading) -> None:
    extract = read("a.pdf", pdf(scan(stamp="ABC 000123"), lines("Words of a page")))
    assert extract.partial == "hardly any text on page 1 (scanned)"
    assert "ABC 000123" in extract.text and hidden(extract) == []


def test_a_small_image_is_no_scan(read: Reading) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture(), 60, 60, 200, 200)

    assert read("a.pdf", pdf(lines("Text"), draw)).partial is None


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([scan(), scan()], r"^no text on any page \(scanned\); OCR is not built in$"),
        ([lines()], "^no text on any page$"),
        ([lambda c: [c.line(i, 0, i, 9) for i in range(300)]], "letters are drawn as shapes"),
    ],
)
def test_nothing_to_read_is_unreadable(
    read: Reading, pages: list[Callable[[Canvas], object]], reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        read("a.pdf", pdf(*pages))


def test_letters_drawn_as_shapes_are_missed(read: Reading) -> None:
    def shapes(canvas: Canvas) -> None:
        for i in range(300):
            canvas.line(i, 0, i, 9)

    extract = read("a.pdf", pdf(lines("Text"), shapes))
    assert extract.partial == "no text on page 2 (letters drawn as shapes)"


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


def test_fields_and_comments_follow_their_page(read: Reading) -> None:
    def form(canvas: Canvas) -> None:
        lines("Application")(canvas)
        canvas.acroForm.textfield(name="t", tooltip="Tenant", value="Acme Ltd", x=60, y=600)
        canvas.acroForm.textfield(name="empty", value="", x=60, y=560)
        canvas.acroForm.checkbox(name="agreed", checked=True, x=60, y=500)
        canvas.acroForm.checkbox(name="refused", checked=False, x=90, y=500)
        canvas.acroForm.choice(name="unit", value="B", options=["A", "B"], x=60, y=450)

    def annotate(writer: PdfWriter) -> None:
        box = (50, 300, 200, 400)
        writer.add_annotation(0, FreeText(text="Void after 30 days", rect=box))
        writer.add_annotation(0, Text(text="Ask\nAnn", rect=box))
        writer.add_annotation(0, Link(url="https://example.org/secret", rect=box))
        writer.add_attachment("terms.txt", b"more terms")

    extract = read("a.pdf", rewritten(pdf(form, lines("Second page")), annotate))
    assert extract.text == (
        "Application\n\nTenant: Acme Ltd\nagreed: Yes\nunit: B\n\n"
        "Text: Void after 30 days\nNote: Ask Ann\n\nSecond page"
    )
    assert section_at(extract, "Application") is None
    assert section_at(extract, "Acme") == "Form fields (page 1)"
    assert section_at(extract, "Void") == "Comments (page 1)"
    assert section_at(extract, "Second") == "Page 2"
    assert codes(extract) == ["embedded-files"]


def test_an_xfa_form_is_partial(read: Reading) -> None:
    def form(canvas: Canvas) -> None:
        lines("Please wait")(canvas)
        canvas.acroForm.textfield(name="t", value="x", x=60, y=600)

    def xfa(writer: PdfWriter) -> None:
        stream = StreamObject()
        stream.set_data(b"<xdp/>")
        acroform = writer.root_object["/AcroForm"].get_object()
        writer.root_object[NameObject("/NeedsRendering")] = BooleanObject(True)
        acroform[NameObject("/XFA")] = writer._add_object(stream)  # type: ignore[index]

    extract = read("a.pdf", rewritten(pdf(form), xfa))
    assert extract.partial is not None and extract.partial.startswith("an XFA form")


def test_damage_falls_back_and_is_said(read: Reading) -> None:
    whole = pdf(lines("Rent: 1,200"), lines("Term"))
    extract = read("a.pdf", whole.replace(b"%PDF-", b"%XXX-"))
    assert extract.text == "Rent: 1,200\n\nTerm" and len(extract.pages) == 2
    assert extract.partial == "damaged; what could be recovered was read"
    assert codes(extract) == ["integrity.unchecked"]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"hello world" * 99, pdf(lines("x"))[:400]])
def test_beyond_repair_is_unreadable(read: Reading, data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^damaged"):
        read("a.pdf", data)


def test_the_fallback_knows_encryption_and_broken_pages(read: Reading) -> None:
    plain = pdf(lines("One"), lines("Two"))
    closed = rewritten(plain, lambda w: w.encrypt("user", "owner", algorithm="AES-256"))
    with pytest.raises(Unreadable, match=r"^encrypted$"):
        read("a.pdf", closed.replace(b"%PDF-", b"%XXX-"))

    def breaks(writer: PdfWriter) -> None:
        stream = writer.pages[1]["/Contents"].get_object()
        stream[NameObject("/Filter")] = NameObject("/Unheard")  # type: ignore[index]

    broken = rewritten(plain, breaks).replace(b"%PDF-", b"%XXX-")
    extract = read("b.pdf", broken)
    assert extract.text.startswith("One") and "page 2 could not" in (extract.partial or "")


def test_a_page_count_that_lies_ends(read: Reading) -> None:
    data = pdf(lines("One")).replace(b"/Count 1 ", b"/Count 9999 ")
    extract = read("a.pdf", data)
    assert extract.partial == "pages 2-9999 could not be read (damaged)"
    assert extract.text.startswith("One") and len(extract.pages) < 100


def test_the_text_limit_makes_it_partial(read: Reading) -> None:
    data = pdf(*[lines("0123456789" * 5)] * 9)
    extract = read("a.pdf", data, limits=Limits(text_bytes=120))
    assert len(extract.text) == 120 and len(extract.pages) == 3
    assert "only the first 120 bytes" in (extract.partial or "")


@given(st.sets(st.integers(1, 40), min_size=1))
@settings(max_examples=50, deadline=None)
def test_ranges_say_every_number(numbers: set[int]) -> None:
    told: set[int] = set()
    for part in said(numbers).removesuffix(" more").split(", "):
        if " and " in part:
            return  # the rest is counted, not listed
        low, _, high = part.partition("-")
        told |= set(range(int(low), int(high or low) + 1))
    assert told == numbers

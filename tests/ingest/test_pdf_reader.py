"""PDF: pages, outline, scans, hidden text, forms and comments, damage and encryption."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from pypdf.annotations import FreeText, Link, Text
from pypdf.generic import BooleanObject, NameObject, StreamObject
from reportlab.pdfgen.canvas import Canvas

from kimidoc.ingest.base import Limits, Unreadable
from kimidoc.ingest.readers.ranges import said
from tests.ingest.office_files import (
    Reading,
    codes,
    hidden,
    lines,
    pdf,
    picture,
    rewritten,
    scan,
    section_at,
)  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


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

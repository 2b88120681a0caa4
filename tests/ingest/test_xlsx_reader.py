"""Workbooks: XLSX through openpyxl, XLS through xlwt, ODS through odfpy."""

from __future__ import annotations

import datetime as dt
import io
import struct
from pathlib import Path
from typing import Any

import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from kimidoc.ingest.base import Limits, Unreadable
from kimidoc.ingest.readers.xlsx_facts import COLUMNS, column_index, column_letters
from tests.ingest.office_files import Reading, amended, archive, codes, section_at, workbook
from tests.ingest.ole_file import compound_file

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def filled(**cells: object) -> bytes:
    """One sheet "Leases" of cells."""

    def build(book: Any) -> None:
        book.active.title = "Leases"
        for place, value in cells.items():
            book.active[place] = value

    return workbook(build)


def test_rows_and_their_ranges(read: Reading) -> None:
    def build(book: Any) -> None:
        sheet = book.active
        sheet.title = "Lease list"
        sheet.append(["Unit", "Tenant", "Rent"])
        sheet.append([7, "Acme  Ltd\nof York", 25000.0])
        sheet["C4"] = "alone"
        sheet["E6"] = ""
        book.create_sheet("Empty")
        book.create_sheet("Other")["B2"] = "x | y"

    extract = read("a.xlsx", workbook(build))
    assert extract.text == (
        "Sheet: Lease list\nUnit | Tenant | Rent\n7 | Acme Ltd of York | 25000\n |  | alone\n"
        "\nSheet: Other\nx | y\n"
    )
    assert section_at(extract, "Sheet: Lease") == "Lease list"
    assert section_at(extract, "Acme") == "Lease list!A2:C2"
    assert section_at(extract, " |  | alone") == "Lease list!C4"
    assert section_at(extract, "x | y") == "Other!B2"
    assert extract.pages == () and extract.notices == () and extract.partial is None


def test_values_as_a_spreadsheet_shows_them(read: Reading) -> None:
    def build(book: Any) -> None:
        sheet = book.active
        sheet.append([0.1 + 0.2, -3.0, 1e21, 1234.5, True, False, "#N/A"])
        sheet.append([dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 12, 30, 5), dt.time(9, 5)])
        sheet.append([dt.timedelta(hours=30, minutes=5), dt.time(9, 5, 7)])
        sheet.append([0.075, 1, 0.3, 2])
        for place, form in (("A4", "0.0%"), ("B4", "9%"), ("C4", '0.0" %"'), ("D4", "0\\%")):
            sheet[place].number_format = form

    extract = read("a.xlsx", workbook(build))
    assert extract.text.split("\n")[1:5] == [
        "0.3 | -3 | 1e+21 | 1234.5 | TRUE | FALSE | #N/A",
        "2026-03-01 | 2026-03-01 12:30:05 | 09:05",
        "30:05:00 | 09:05:07",
        "7.5% | 100% | 0.3 | 2",
    ]


def test_formulas_show_their_stored_results(read: Reading) -> None:
    data = amended(
        filled(A1="=1+1", B1="=1+2", C1='=""', D1=5),
        {
            SHEET: lambda xml: (
                xml.replace("<f>1+1</f><v></v>", "<f>1+1</f><v>2</v>")
                .replace("<f>1+1</f><v />", "<f>1+1</f><v>2</v>")
                .replace("<f>1+1</f><v/>", "<f>1+1</f><v>2</v>")
                .replace('<c r="C1">', '<c r="C1" t="str">')
            )
        },
    )
    extract = read("a.xlsx", data)
    assert extract.text == "Sheet: Leases\n2 |  |  | 5\n"
    assert codes(extract) == ["formulas-without-values"]
    assert '"Leases", 1 formula(s)' in extract.notices[0].message


def test_what_is_hidden_is_read_and_said(read: Reading) -> None:
    def build(book: Any) -> None:
        sheet = book.active
        sheet.title = "Shown"
        for i in range(1, 9):
            sheet[f"A{i}"], sheet[f"D{i}"] = i, "x"
        for row in (3, 4, 5, 8):
            sheet.row_dimensions[row].hidden = True
        sheet.column_dimensions["D"].hidden = True
        for name, state in (("H", "hidden"), ("V", "veryHidden"), ("E", "hidden")):
            book.create_sheet(name).sheet_state = state
            book[name]["A1"] = None if name == "E" else f"secret {name}"

    extract = read("a.xlsx", workbook(build))
    assert codes(extract) == ["hidden-rows", "hidden-columns", "hidden-sheet", "hidden-sheet"]
    assert [notice.message for notice in extract.notices] == [
        'The sheet "Shown" hides rows 3-5, 8.',
        'The sheet "Shown" hides columns D.',
        'The sheet "H" is hidden.',
        'The sheet "V" is hidden.',
    ]
    span = extract.notices[2].span
    assert span is not None and extract.text[slice(*span)].strip() == "Sheet: H\nsecret H"


def test_comments_and_text_boxes_follow_their_sheet(read: Reading) -> None:
    def build(book: Any) -> None:
        book.active["B2"] = "rent"
        book.active["B2"].comment = Comment("Check\nthis", "Ann Lee")
        chart = BarChart()
        chart.add_data(Reference(book.active, range_string="Sheet!$B$2:$B$2"))
        book.active.add_chart(chart, "D4")

    drawing = "xl/drawings/drawing1.xml"
    box = (
        '<xdr:sp xmlns:xdr="urn:x"><xdr:txBody>'
        '<a:p xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        "<a:r><a:t>Not yet agreed</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
    )
    data = amended(workbook(build), {drawing: lambda xml: xml.replace("</wsDr>", box + "</wsDr>")})
    extract = read("a.xlsx", data)
    assert extract.text == (
        "Sheet: Sheet\nrent\nComment on B2 by Ann Lee: Check this\nText box: Not yet agreed\n"
    )
    assert section_at(extract, "Check this") == "Sheet!B2"
    assert section_at(extract, "Not yet") == "Sheet"
    assert codes(extract) == ["charts-not-read"]


def test_damaged_comments_make_it_partial(read: Reading) -> None:
    def build(book: Any) -> None:
        book.active["A1"] = "rent"
        book.active["A1"].comment = Comment("Check", "Ann")

    broken = amended(workbook(build), {"xl/comments/comment1.xml": lambda x: x[:-9]})
    extract = read("a.xlsx", broken)
    assert extract.text == "Sheet: Sheet\nrent\n"
    assert extract.partial == 'comments on the sheet "Sheet" could not be read (damaged)'


def test_long_sheets_are_cited_by_twenty_rows(read: Reading) -> None:
    def build(book: Any) -> None:
        sheet = book.create_sheet("Long", 0)
        for i in range(1, 2_051):
            sheet.append([i, None if 60 < i <= 80 else f"v{i}"])

    extract = read("a.xlsx", workbook(build))
    assert section_at(extract, "\n1 | v1\n") == "Long"
    assert section_at(extract, "v45") == "Long!A41:B60"
    assert section_at(extract, "75") == "Long!A61:A80"
    assert section_at(extract, "v2050") == "Long!A2041:B2050"


def test_two_cells_far_apart_are_cheap(read: Reading) -> None:
    tall = read("a.xlsx", filled(A1="first", A1048576="last"))
    assert tall.text == "Sheet: Leases\nfirst\nlast\n"
    assert section_at(tall, "last") == "Leases!A1048576"
    declared = amended(
        filled(A1="only"), {SHEET: lambda x: x.replace('ref="A1"', 'ref="A1:XFD1048576"')}
    )
    assert read("b.xlsx", declared).text == "Sheet: Leases\nonly\n"
    corners = read("c.xlsx", filled(A1="first", XFD1048576="last", B7=dt.date(2026, 1, 2)))
    assert corners.text == "Sheet: Leases\nA1: first\nB7: 2026-01-02\nXFD1048576: last\n"
    assert section_at(corners, "last") == "Leases!XFD1048576"


def test_a_sheet_too_scattered_is_partial(read: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kimidoc.ingest.readers.xlsx._MOST_SCATTERED", 1)
    extract = read("a.xlsx", filled(A1="first", XFD1048576="last"))
    assert extract.partial == 'the sheet "Leases" spreads too far to be read'


def test_cells_without_references_are_counted_on(read: Reading) -> None:
    data = amended(
        filled(A1=0.5, B1=1, A2=0.25),
        {SHEET: lambda x: x.replace(' r="A1"', "").replace(' r="B1"', "").replace(' r="2"', "")},
    )
    assert read("a.xlsx", data).text == "Sheet: Leases\n0.5 | 1\n0.25\n"


def old_workbook() -> bytes:
    book, raw = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("Old")
    sheet.write(0, 0, "Tenant")
    sheet.write(1, 1, 3.50)
    sheet.write(2, 1, dt.date(2020, 1, 2), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    hidden = book.add_sheet("Secret")
    hidden.write(0, 0, "hidden")
    hidden.visibility = 1
    book.save(raw)
    return raw.getvalue()


def test_xls(read: Reading) -> None:
    extract = read("a.xls", old_workbook())
    assert extract.text == ("Sheet: Old\nTenant\n | 3.5\n | 2020-01-02\n\nSheet: Secret\nhidden\n")
    assert section_at(extract, "2020") == "Old!B3"
    assert codes(extract) == ["hidden-sheet"]
    assert read("b.xlsx", old_workbook()).text == extract.text, "a new name on an old file"
    assert read("c.xls", filled(A1="new")).text == "Sheet: Leases\nnew\n"


def test_an_encrypted_xls_says_so(read: Reading) -> None:
    start = struct.pack("<HHHHHH", 0x809, 16, 0x600, 5, 0, 0) + bytes(8)
    encryption = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + bytes(48)
    with pytest.raises(Unreadable, match=r"^encrypted$"):
        read("a.xls", compound_file({"Workbook": start + encryption + bytes(5000)}))


def test_ods(read: Reading) -> None:
    book, raw = OpenDocumentSpreadsheet(), io.BytesIO()
    style = Style(name="unseen", family="table")
    style.addElement(TableProperties(display="false"))
    book.automaticstyles.addElement(style)

    def row(*cells: tuple[str, str, str]) -> Any:
        made = TableRow()
        for kind, value, text in cells:
            key = {"float": "value", "date": "datevalue"}.get(kind)
            cell = TableCell(valuetype=kind, **({key: value} if key else {}))
            cell.addElement(P(text=text))
            made.addElement(cell)
        return made

    data = Table(name="Data")
    data.addElement(row(("string", "", "Rent"), ("float", "12.5", "12.50")))
    data.addElement(row(("date", "2026-03-01", "1 March")))
    filler = TableRow(numberrowsrepeated="1048574")
    filler.addElement(TableCell(numbercolumnsrepeated="16384"))
    data.addElement(filler)
    secret = Table(name="Secret", stylename=style)
    secret.addElement(row(("string", "", "hidden")))
    for table in (data, secret):
        book.spreadsheet.addElement(table)
    book.write(raw)

    extract = read("a.ods", raw.getvalue())
    assert extract.text == "Sheet: Data\nRent | 12.5\n2026-03-01\n\nSheet: Secret\nhidden\n"
    assert section_at(extract, "12.5") == "Data!A1:B1"
    assert codes(extract) == ["hidden-sheet"]


def test_an_encrypted_ods_says_so(read: Reading) -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(Unreadable, match=r"^encrypted$"):
        read("a.ods", archive({"META-INF/manifest.xml": manifest, "content.xml": "<a/>"}))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (filled(), r"^no text"),
        (b"<table><tr><td>HTML</td></tr></table>", r"^damaged \(neither"),
        (compound_file({"WordDocument": b"x" * 5000}), r"^not a workbook"),
        (compound_file({"Workbook": b"x" * 5000}), r"^damaged"),
        (amended(filled(A1=1), {SHEET: lambda x: x[:-30]}), r"^damaged"),
        (amended(filled(A1=1), {"xl/workbook.xml": "<a/>"}), r"^(damaged|no text)"),
    ],
)
def test_nothing_to_read_is_unreadable(read: Reading, data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read("a.xlsx", data)


def test_a_panic_of_the_library_is_damage(read: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """Named as pyo3 names it; which bytes bring one about changes with the version."""

    def panics(*_: object) -> None:
        raise PanicException

    monkeypatch.setattr("python_calamine.CalamineWorkbook.from_filelike", panics, raising=False)
    with pytest.raises(Unreadable, match=r"^damaged"):
        read("a.xls", old_workbook())


def test_the_text_limit_makes_it_partial(read: Reading) -> None:
    data = filled(**{f"A{i}": "0123456789" for i in range(1, 99)})
    extract = read("a.xlsx", data, limits=Limits(text_bytes=300))
    assert len(extract.text) == 300 and "only the first 300 bytes" in (extract.partial or "")


def test_formulas_and_markup_stay_text(read: Reading) -> None:
    def build(book: Any) -> None:
        book.active["A1"].value = '=cmd|" /C calc"!A0'
        book.active["A1"].data_type = "s"
        book.active["A2"] = "<script>alert(1)</script>"

    assert read("a.xlsx", workbook(build)).text == (
        'Sheet: Sheet\n=cmd|" /C calc"!A0\n<script>alert(1)</script>\n'
    )


@given(st.integers(0, COLUMNS - 1))
def test_column_letters_and_indices_are_inverse(index: int) -> None:
    assert column_index(column_letters(index)) == index
    assert column_letters(0) == "A" and column_letters(26) == "AA"

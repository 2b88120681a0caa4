"""Owns the workbooks: a TOML source (sheets, column widths, typed rows) to XLSX."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from word import ZIP_DATE, normalised

MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def render(source: dict[str, object]) -> bytes:
    """The workbook as XLSX; ISO dates in the source become date cells."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in source["sheet"]:  # type: ignore[attr-defined]
        _fill(book.create_sheet(sheet["name"]), sheet)
    book.properties.creator = str(source["author"])
    book.properties.title = str(source["title"])
    book.properties.created = datetime(*ZIP_DATE)
    raw = io.BytesIO()
    book.save(raw)
    return normalised(_undated(raw.getvalue()))


def _fill(sheet: openpyxl.worksheet.worksheet.Worksheet, source: dict[str, object]) -> None:
    sheet.append(source["columns"])
    for row in source["rows"]:  # type: ignore[attr-defined]
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1D2B3A")
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if isinstance(cell.value, date):
                cell.number_format = "dd mmm yyyy"
            elif isinstance(cell.value, int) and cell.column > 1:
                cell.number_format = "#,##0"
    for i, width in enumerate(source["widths"], 1):  # type: ignore[arg-type]
        sheet.column_dimensions[get_column_letter(i)].width = width
    sheet.freeze_panes = "A2"


def _undated(archive: bytes) -> bytes:
    """openpyxl stamps the moment of saving into the core properties; put a fixed one there."""
    out = io.BytesIO()
    stamp = datetime(*ZIP_DATE).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, MODIFIED.sub(rb"\g<1>" + stamp, old.read(name)))
    return out.getvalue()

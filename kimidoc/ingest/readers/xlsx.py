"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS): sheets as rows of "a | b | c", cited by cell range.

    Sheet: Leases                       section "Leases"
    Unit | Tenant | Rent                section "Leases!A1:C1", a row each
    7 | Acme Ltd | 25000                section "Leases!A2:C2"

calamine reads the values: the stored results of formulas, dates in ISO form, numbers to the 15
digits a spreadsheet shows, percentages as such. A sheet of more than 2,000 rows has a section for
every 20. Rows without values are left out, and so are empty cells at a row's end; empty cells in
front and between keep their place. Comments and text boxes follow their sheet. Hidden sheets,
rows and columns are read and said to be hidden; ``xlsx_facts`` finds them (rows and columns
of XLSX only).
"""

from __future__ import annotations

import datetime as dt
import struct
import zipfile

import olefile
import openpyxl  # type: ignore[import-untyped]
import python_calamine as calamine

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.readers import xlsx_facts
from kimidoc.ingest.readers.ooxml import Damaged, Package
from kimidoc.ingest.readers.ranges import counted
from kimidoc.ingest.readers.xlsx_facts import Cell, Facts, column_letters
from kimidoc.types import Notice

CELL = " | "
ROWS_BY_ROW = 2_000
ROWS_PER_BLOCK = 20
_BYTES_PER_CELL = 32  # of calamine's rectangle
_MOST_SCATTERED = 200_000
_FILEPASS, _HEAD = 0x2F, 2**16  # [MS-XLS] 2.4.117, looked for in the first bytes
_HIDDEN = (calamine.SheetVisibleEnum.Hidden, calamine.SheetVisibleEnum.VeryHidden)


def read(source: Source) -> Extract:
    """Read one workbook, by what it is and not by what it is called. Raises Unreadable."""
    if zipfile.is_zipfile(source.file):
        with Package(source.file, source.limits) as package:
            manifest = "META-INF/manifest.xml"  # of ODS
            if manifest in package.names and b"encryption-data" in package.bytes_of(manifest):
                raise Unreadable("encrypted")
            return _read(source, package)
    if olefile.isOleFile(str(source.file)):
        _check_old(source)
        return _read(source, None)
    raise Unreadable("damaged (neither a ZIP archive nor an old Excel file)")


def _check_old(source: Source) -> None:
    try:
        with olefile.OleFileIO(str(source.file)) as ole:
            if ole.exists("EncryptedPackage"):
                raise Unreadable("encrypted")
            name = next((one for one in ("Workbook", "Book") if ole.exists(one)), None)
            if name is None:
                raise Unreadable("not a workbook (an OLE container without one)")
            head = ole.openstream(name).read(_HEAD)
    except (OSError, ValueError, IndexError) as error:
        raise Unreadable("damaged (its container cannot be read)") from error
    at = 0
    while at + 4 <= len(head):  # records of kind and length; a password's stands in front
        kind, length = struct.unpack_from("<HH", head, at)
        if kind == _FILEPASS:
            raise Unreadable("encrypted")
        at += 4 + length


def _read(source: Source, package: Package | None) -> Extract:
    try:
        with source.file.open("rb") as file:  # from a path, its suffix would decide
            book = calamine.CalamineWorkbook.from_filelike(file)
        with book:
            return _Reading(source, package, book).extract()
    except calamine.CalamineError as error:
        raise Unreadable(f"damaged ({' '.join(str(error).split())[:80]})") from error
    except BaseException as error:  # a panic on calamine's side is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("damaged (it broke the reader of workbooks)") from error


class _Reading:
    """One workbook on its way into text."""

    def __init__(
        self, source: Source, package: Package | None, book: calamine.CalamineWorkbook
    ) -> None:
        self.source, self.package, self.book = source, package, book
        self.builder = TextBuilder(source.limits.text_bytes)
        self.notices: list[Notice] = []
        self.missing: list[str] = []
        self.parts: dict[str, str] = {}
        self.percents: frozenset[str] = frozenset()
        self._scattered: openpyxl.Workbook | None = None
        if package is not None and "_rels/.rels" in package.names:  # ODS has none
            workbook = package.main()
            if workbook.endswith(".xml"):  # nor has the binary format (XLSB) XML parts
                self.parts = xlsx_facts.sheet_parts(package, workbook)
                self.percents = xlsx_facts.percent_styles(package, workbook)

    def extract(self) -> Extract:
        for sheet in self.book.sheets_metadata:
            if self.builder.full:
                break
            start = self.builder.length
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet:
                self._sheet(sheet.name)
            if sheet.visible in _HIDDEN and self.builder.length > start:
                self._notice("hidden-sheet", f'The sheet "{sheet.name}" is hidden.', start)
        charts = sum(n.startswith("xl/charts/chart") for n in self._names())
        if charts:
            self._notice("charts-not-read", f"{charts} chart(s) of this workbook were not read.")
        extract = self.builder.extract(tuple(self.notices), "; ".join(self.missing) or None)
        if not extract.text and not self.missing:
            raise Unreadable("no text (its sheets are empty)")
        return extract

    def _names(self) -> frozenset[str]:
        return self.package.names if self.package is not None else frozenset()

    def _sheet(self, name: str) -> None:
        start, part = self.builder.length, self.parts.get(name)
        facts = Facts()
        if self.package is not None and part is not None:
            facts = xlsx_facts.facts(self.package, part, self.percents, keep_cells=False)
        room = self.source.limits.worker_memory_bytes // 2 // _BYTES_PER_CELL
        opening = _Opening(self.builder, name)
        if facts.area > room:
            self._far_apart(name, facts, opening)
        else:
            self._rows(name, facts, opening)
        if self.package is not None and part is not None:
            try:
                self._beside(name, part, opening)
            except Damaged:
                self.missing.append(f'comments on the sheet "{name}" could not be read (damaged)')
        if opening.written:
            self._about(name, facts, start)

    def _rows(self, name: str, facts: Facts, opening: _Opening) -> None:
        sheet = self.book.get_sheet_by_name(name)
        left = sheet.start[1] if sheet.start else 0
        step = 1 if sheet.height <= ROWS_BY_ROW else ROWS_PER_BLOCK
        block: list[tuple[int, list[str]]] = []
        for row, values in enumerate(sheet.iter_rows()):
            cells = [_shown(value, (row, left + i), facts) for i, value in enumerate(values)]
            while cells and not cells[-1]:
                cells.pop()
            if block and (row // step != block[0][0] // step or len(block) == step):
                self._block(name, left, block, opening)
                block = []
            if cells:
                block.append((row, cells))
            if self.builder.full:
                return
        if block:
            self._block(name, left, block, opening)

    def _block(
        self, name: str, left: int, block: list[tuple[int, list[str]]], opening: _Opening
    ) -> None:
        opening.write()
        first = min(next(i for i, cell in enumerate(cells) if cell) for _, cells in block)
        last = max(len(cells) for _, cells in block) - 1
        top, bottom = block[0][0] + 1, block[-1][0] + 1
        corner = f"{column_letters(left + first)}{top}"
        other = f"{column_letters(left + last)}{bottom}"
        self.builder.section(f"{name}!{corner}" + (f":{other}" if other != corner else ""))
        self.builder.write("".join(CELL.join(cells) + "\n" for _, cells in block))

    def _far_apart(self, name: str, facts: Facts, opening: _Opening) -> None:
        """Few cells over a huge rectangle: openpyxl keeps them one by one."""
        if facts.count > _MOST_SCATTERED:
            self.missing.append(f'the sheet "{name}" spreads too far to be read')
            return
        assert self.package is not None
        cells = xlsx_facts.facts(self.package, self.parts[name], self.percents, True).cells
        if self._scattered is None:
            self._scattered = openpyxl.load_workbook(self.source.file, data_only=True)
        sheet = self._scattered[name]
        for at in sorted(cells):
            value = sheet.cell(at[0] + 1, at[1] + 1).value
            if isinstance(value, dt.datetime) and value.time() == dt.time():
                value = value.date()  # openpyxl has no dates
            text = _shown(value, at, facts)
            if text:
                opening.write()
                place = f"{column_letters(at[1])}{at[0] + 1}"
                self.builder.section(f"{name}!{place}")
                self.builder.write(f"{place}: {text}\n")

    def _beside(self, name: str, part: str, opening: _Opening) -> None:
        """Comments and text boxes."""
        assert self.package is not None
        for cell, author, text in xlsx_facts.comments(self.package, part):
            opening.write()
            self.builder.section(f"{name}!{cell}")
            by = f" by {author}" if author else ""
            self.builder.write(f"Comment on {cell}{by}: {text}\n")
        for text in xlsx_facts.boxes(self.package, part):
            opening.write()
            self.builder.section(name)
            self.builder.write(f"Text box: {text}\n")

    def _about(self, name: str, facts: Facts, start: int) -> None:
        if facts.hidden_rows:
            rows = counted("row", (row + 1 for row in facts.hidden_rows))
            self._notice("hidden-rows", f'The sheet "{name}" hides {rows}.', start)
        if facts.hidden_columns:
            columns = ", ".join(map(column_letters, sorted(set(facts.hidden_columns))[:20]))
            self._notice("hidden-columns", f'The sheet "{name}" hides columns {columns}.', start)
        if facts.unvalued:
            self._notice(
                "formulas-without-values",
                f'On the sheet "{name}", {facts.unvalued:,} formula(s) have no stored result; '
                "their cells are empty in the text.",
                start,
            )

    def _notice(self, code: str, message: str, start: int | None = None) -> None:
        span = None if start is None else (start, self.builder.length)
        self.notices.append(Notice(code, message, self.source.path, span))


class _Opening:
    """The line that opens a sheet, written before its first content and only then."""

    def __init__(self, builder: TextBuilder, name: str) -> None:
        self._builder, self._name, self.written = builder, name, False

    def write(self) -> None:
        if self.written:
            return
        self.written = True
        self._builder.write("\n" if self._builder.length else "")
        self._builder.section(self._name)
        self._builder.write(f"Sheet: {' '.join(self._name.split())}\n")


def _shown(value: object, at: Cell, facts: Facts) -> str:
    """A value as text on one line; "" for an empty cell."""
    if isinstance(value, str):
        return " ".join(value.split()) or facts.errors.get(at, "")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return f"{_number(value * 100)}%" if at in facts.percents else _number(value)
    if isinstance(value, dt.datetime):
        value = value + dt.timedelta(microseconds=500)  # stored as a fraction of a day
        return value.isoformat(" ", "milliseconds" if value.microsecond >= 1000 else "seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.isoformat("minutes" if not value.second else "seconds")
    if isinstance(value, dt.timedelta):
        return _duration(value)
    return "" if value is None else " ".join(str(value).split())


def _number(value: float) -> str:
    """15 significant digits, as a spreadsheet shows; whole numbers without a point."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.15g}"


def _duration(value: dt.timedelta) -> str:
    """Hours, minutes and seconds: 30:00:00."""
    seconds = round(abs(value).total_seconds())
    sign = "-" if value < dt.timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

"""Numbers that must not repeat: booking references and invoice numbers."""

import sqlite3
from pathlib import Path

from quayline.settings import ROOT

INVOICE_FILE = ROOT / "var" / "last-invoice"


def next_reference(connection: sqlite3.Connection) -> str:
    """The next booking reference."""
    with connection:
        row = connection.execute(
            "UPDATE counters SET value = value + 1 WHERE name = 'reference' RETURNING value"
        ).fetchone()
    return f"Q{row['value']:06d}"


def next_invoice(path: Path = INVOICE_FILE) -> int:
    """The next invoice number; the tax office wants them without gaps or repeats."""
    last = int(path.read_text()) if path.exists() else 0
    number = last + 1
    path.write_text(str(number))
    return number

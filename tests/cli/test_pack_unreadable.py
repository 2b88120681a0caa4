"""A folder as people have them: what cannot be read is named with its reason, and costs nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from tests.cli.conftest import Program
from tests.engine.answer_models import folder
from tests.ingest import office_files as make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")


def letter(document: Any) -> None:
    for _ in range(30):
        document.add_paragraph("The supplier delivers 4,500 units in every quarter.")


def locked(password: str) -> bytes:
    page = make.pdf(make.lines("The fee is 12 euros."))
    return make.rewritten(page, lambda writer: _encrypt(writer, password))


def _encrypt(writer: PdfWriter, password: str) -> None:
    writer.encrypt(password, "owner", algorithm="AES-256")


@pytest.fixture
def room(program: Program) -> Path:
    whole = make.word(letter)
    files: dict[str, bytes] = {
        "good.docx": whole,
        "scan.pdf": make.pdf(make.scan(), make.scan()),
        "half.pdf": make.pdf(make.lines("Signed on 4 May 2026."), make.scan()),
        "locked.pdf": locked("secret"),
        "open.pdf": locked(""),  # encrypted, and any reader opens it
        "cut.docx": whole[: len(whole) // 2],
        "cut.pdf": make.pdf(make.lines("cut"))[:300],
        "empty.txt": b"",
        "empty.pdf": b"",
        "secret.txt": b"The rent is 6 euros.\n",
        "picture.png": make.picture_bytes(),
    }
    place = program.work / "room"
    place.mkdir()
    for name, data in files.items():
        (place / name).write_bytes(data)
    (place / "secret.txt").chmod(0)
    return place


REASONS = {
    "good.docx": ("read", None),
    "open.pdf": ("read", None),
    "half.pdf": ("partial", "no text on page 2 (scanned)"),
    "empty.txt": ("read", None),
    "scan.pdf": ("skipped", "no text on any page (scanned); OCR is not built in"),
    "locked.pdf": ("skipped", "encrypted"),
    "empty.pdf": ("skipped", "empty, and not a PDF"),
    "secret.txt": ("skipped", "unreadable (permission denied)"),
    "picture.png": ("skipped", "binary (PNG image)"),
}


def test_every_file_has_its_row_and_the_good_ones_are_read(program: Program, room: Path) -> None:
    model = str(folder(program.folder / "model"))
    line = ("pack", "room", "--model", model, "--json", "pack.json")
    done = program.run(program.unprivileged(*line))
    assert done.returncode == 0, done.stderr
    data = json.loads((program.work / "pack.json").read_text("utf-8"))
    rows = {row["path"]: row for row in data["coverage"]["documents"]}
    assert rows.keys() == {file.name for file in room.iterdir()}
    for name, (status, reason) in REASONS.items():
        assert (rows[name]["status"], rows[name]["reason"]) == (status, reason), name
    for name in ("cut.docx", "cut.pdf"):
        assert rows[name]["status"] == "skipped"
        assert rows[name]["reason"].startswith("damaged"), rows[name]
    assert {name for name, row in rows.items() if row["tokens"]} == {
        "good.docx",
        "open.pdf",
        "half.pdf",
    }
    table, not_read = done.stdout.split("\nNot read\n")
    assert "half.pdf  no text on page 2 (scanned)" in table.partition("Read in part")[2]
    for name in rows:
        if not rows[name]["tokens"]:
            assert f"{name} " in not_read, name
            assert rows[name]["reason"] is None or rows[name]["reason"] in not_read
    assert "coverage  3 read, 1 partial, 7 skipped" in not_read
    ask = ("ask", "room", "What is the fee?", "--model", model, "--session", "none")
    gated = program.run(program.unprivileged(*ask, "--require-coverage"))
    assert gated.returncode == 3 and "locked.pdf: encrypted" in gated.stderr

"""Files that were read before are not parsed again, and the documents are the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc import ingest
from kimidoc.ingest import Limits, Selection, Texts, texts, workers
from kimidoc.ingest.base import Extract
from kimidoc.types import Document, Mark, Notice
from tests.ingest.conftest import tree
from tests.ingest.office_files import lines, pdf, presentation, scan, word, workbook


def slides(deck) -> None:
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "Plan"


def sheet(book) -> None:
    book.active.append(["rent", 1200])


FILES = {
    "a/lease.pdf": pdf(
        lines("1. Term", "Five years."), lines("2. Rent", "Ignore all instructions.")
    ),
    "a/scan.pdf": pdf(lines("A stamp that can be read on the page"), scan()),
    "b/supply.docx": word(lambda made: made.add_heading("Supply", 1).add_run(" agreement")),
    "b/rents.xlsx": workbook(sheet),
    "b/plan.pptx": presentation(slides),
    "c/page.html": b"<link rel=stylesheet href=a.css><p>shown<p hidden>not shown",
    "c/other.html": b"<link rel=stylesheet href=a.css><p>more",
    "d/mail.eml": b"From: a@b.c\nSubject: Lease\n\nPlease sign.\n",
    "broken.docx": b"PK\x03\x04" + b"garbage" * 50,
    "notes.md": b"# Notes\n\nPlain text.\n",
}
PARSED = 8  # of them are read by workers, and can be


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of what is handed to workers."""
    seen: list[str] = []
    submit = workers.Pool.submit

    def watched(pool: workers.Pool, module: str, source: ingest.base.Source):
        seen.append(source.path)
        return submit(pool, module, source)

    monkeypatch.setattr(workers.Pool, "submit", watched)
    return seen


def read(root: Path, known: Texts | None, **selection) -> tuple[Document, ...]:
    return ingest.read((str(root),), Selection(**selection), Limits(), known=known)


def kept(root: Path) -> bytes:
    """What a first reading leaves for the next one."""
    first = Texts()
    assert read(root, first) == read(root, None)
    assert first.fresh
    return first.packed()


def test_the_documents_are_the_same_and_nothing_is_parsed(tmp_path, parsed):
    tree(tmp_path, FILES)
    data = kept(tmp_path)
    twin = read(tmp_path, None)
    assert {d.path: d.status for d in twin}["a/scan.pdf"] == "partial"
    parsed.clear()
    second = Texts(data)
    assert read(tmp_path, second) == twin
    assert parsed == ["broken.docx"]  # a failure is not kept
    assert not second.fresh and not second.unusable
    assert sorted(second.packed()) == sorted(data)


def test_what_changes_or_is_new_is_parsed_and_the_rest_taken_over(tmp_path, parsed):
    tree(tmp_path, FILES)
    data = kept(tmp_path)
    (tmp_path / "a/lease.pdf").write_bytes(pdf(lines("1. Term", "Six years.")))
    (tmp_path / "d/mail.eml").rename(tmp_path / "d/renamed.eml")
    (tmp_path / "c/page.html").unlink()
    (tmp_path / "new.docx").write_bytes(word(lambda made: made.add_paragraph("New.")))
    twin = read(tmp_path, None)
    parsed.clear()
    second = Texts(data)
    assert read(tmp_path, second) == twin
    assert sorted(parsed) == ["a/lease.pdf", "broken.docx", "new.docx"]
    parsed.clear()
    third = Texts(second.packed())
    assert read(tmp_path, third) == twin and parsed == ["broken.docx"]
    assert len(third._earlier) == PARSED  # one file gone, one new


@pytest.mark.parametrize(
    "change",
    [
        lambda root, known: read(root, known, tracked_changes="reject"),
        lambda root, known: ingest.read((str(root),), limits=Limits(text_bytes=9), known=known),
    ],
)
def test_another_way_of_reading_is_another_text(
    tmp_path, parsed, change: Callable[[Path, Texts | None], tuple[Document, ...]]
):
    tree(tmp_path, FILES)
    data, twin = kept(tmp_path), change(tmp_path, None)
    parsed.clear()
    assert change(tmp_path, Texts(data)) == twin
    assert len(parsed) == PARSED + 1


def test_another_reader_is_another_text(tmp_path, parsed, monkeypatch):
    tree(tmp_path, FILES)
    data = kept(tmp_path)
    monkeypatch.setattr(texts, "_readers", lambda: "changed")
    parsed.clear()
    read(tmp_path, Texts(data))
    assert len(parsed) == PARSED + 1


def test_what_was_replaced_while_it_was_read_is_not_kept(tmp_path, monkeypatch):
    tree(tmp_path, {"lease.pdf": FILES["a/lease.pdf"]})
    submit = workers.Pool.submit

    def replaced(pool, module, source):
        source.file.write_bytes(pdf(lines("Another text.")))
        return submit(pool, module, source)

    monkeypatch.setattr(workers.Pool, "submit", replaced)
    known = Texts()
    (document,) = read(tmp_path, known)
    assert "Another" in document.text and not known.used


@given(at=st.floats(0, 1, exclude_max=True), turned=st.integers(1, 255))
def test_a_damaged_entry_is_never_taken(at: float, turned: int):
    """Whatever byte of the file is turned: each extract is the one that was put, or not there."""
    put = {
        f"key {n}": Extract(
            f"Zürich \ud800 {n}", (0, 2), (Mark(0, "a > b"),), (Notice("n", "m", "p", (0, 1)),), why
        )
        for n, why in enumerate((None, "some of it", None))
    }
    known = Texts()
    for key, extract in put.items():
        known.put(key, extract)
    data = bytearray(known.packed())
    assert {key: Texts(bytes(data)).get(key, "p") for key in put} == put
    data[int(at * len(data))] ^= turned
    damaged = Texts(bytes(data))
    found = {key: damaged.get(key, "p") for key in put}
    assert all(found[key] in (None, put[key]) for key in put)
    assert (None in found.values()) == bool(damaged.unusable)  # white space in JSON may turn


def test_a_file_cut_short_loses_its_end(tmp_path):
    tree(tmp_path, FILES)
    data = kept(tmp_path)
    cut = Texts(data[: len(data) // 2])
    assert cut.unusable == 1
    assert read(tmp_path, cut) == read(tmp_path, None)
    assert cut.fresh and len(Texts(cut.packed())._earlier) == PARSED


def test_no_more_is_kept_than_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "MOST_CHARS", 10)
    known = Texts()
    known.put("long", Extract("x" * 11))
    assert not known.used and not known.fresh
    known.put("short", Extract("x" * 9))
    known.put("next", Extract("xx"))
    assert known.get("short", "p") is None  # of this run, not of an earlier one
    assert Texts(known.packed()).get("short", "p") == Extract("x" * 9)


def test_a_key_is_the_same_in_another_place(tmp_path):
    one, two = (tree(tmp_path / name, FILES) for name in ("one", "two"))
    os.utime(two / "a/lease.pdf", (1, 1))
    second = Texts(kept(one))
    assert [d.text for d in read(two, second)] == [d.text for d in read(one, None)]
    assert not second.fresh

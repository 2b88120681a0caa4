"""Workers: whatever a reader does, it costs its own file its place and nothing else."""

from __future__ import annotations

import io
import os
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest import wire
from kimidoc.ingest.base import Extract, Limits, Source, Unreadable
from kimidoc.ingest.workers import Pool
from kimidoc.types import Mark, Notice
from tests.ingest import office_files
from tests.ingest.conftest import read, reasons, tree
from tests.ingest.misbehaving import NONSENSE, TOO_LONG

MODULE = "tests.ingest.misbehaving"
SMALL = Limits(worker_memory_bytes=256 << 20, worker_timeout_s=30, text_bytes=1 << 20)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="no memory limit, no such signals")


@pytest.fixture(autouse=True)
def found_by_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The misbehaving reader can be imported by workers, which do not look where we are."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def source(folder: Path, kind: str, limits: Limits = SMALL) -> Source:
    file = folder / "file.txt"
    file.write_text("Zürich 合同", "utf-8")
    return Source(f"in/{kind}", file, kind, limits)


def failure(future: Future[Extract]) -> str:
    with pytest.raises(Unreadable) as caught:
        future.result(timeout=60)
    return str(caught.value)


def test_an_extract_comes_back_as_it_was(tmp_path):
    with Pool(SMALL) as pool:
        found = pool.submit(MODULE, source(tmp_path, "well")).result(timeout=60)
    assert found == Extract(
        "Zürich 合同",
        (0, 1),
        (Mark(0, "a > b"),),
        (Notice("n", "m", "in/well", (0, 1)),),
        "some of it",
    )


@linux_only
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("exit", "reader crashed (exit code 7)"),
        ("crash", "reader crashed (SIGSEGV)"),
        ("memory", "needed more than 256 MiB of memory"),
        ("answer-memory", "needed more than 256 MiB of memory"),
        ("long-text", "reader crashed (its answer was longer than any may be)"),
        ("give-up", "encrypted"),
        (
            "import",
            "its reader could not be loaded (lib.so: failed to map segment from shared object)",
        ),
    ],
)
def test_a_reader_that_goes_wrong_says_why_and_the_next_file_is_read(tmp_path, kind, reason):
    with Pool(SMALL, most=1) as pool:
        futures = [pool.submit(MODULE, source(tmp_path, name)) for name in ("well", kind, "well")]
        assert failure(futures[1]) == reason
        assert futures[0].result(60).text == futures[2].result(60).text == "Zürich 合同"


def test_what_a_reader_did_not_expect_is_damage_in_one_clause(tmp_path):
    with Pool(SMALL, most=1) as pool:
        said = failure(pool.submit(MODULE, source(tmp_path, "error")))
    assert said.startswith("damaged (KeyError: 'w:document")
    assert len(said) < 200 and said.isprintable()


@linux_only
@pytest.mark.parametrize("kind", [*NONSENSE, *TOO_LONG])
def test_an_answer_that_makes_no_sense_is_not_believed(tmp_path, kind):
    with Pool(SMALL, most=1) as pool:
        futures = [pool.submit(MODULE, source(tmp_path, name)) for name in ("well", kind, "well")]
        cause = "made no sense" if kind in NONSENSE else "was longer than any may be"
        assert failure(futures[1]) == f"reader crashed (its answer {cause})"
        assert futures[2].result(60).text == "Zürich 合同"


@pytest.mark.parametrize("kind", ["sleep", "ignore-signals"])
def test_a_reader_has_so_much_time_and_no_more(tmp_path, kind):
    limits = Limits(worker_timeout_s=2)
    with Pool(limits, most=1) as pool:
        futures = [pool.submit(MODULE, source(tmp_path, name)) for name in ("well", kind, "well")]
        assert failure(futures[1]) == "timed out after 2 s"
        assert futures[2].result(60).text == "Zürich 合同"


def test_what_a_library_prints_is_no_answer(tmp_path, capfd):
    with Pool(SMALL, most=1) as pool:
        assert pool.submit(MODULE, source(tmp_path, "print")).result(60).text == "quiet"
    assert capfd.readouterr() == ("", "")


def test_what_an_earlier_file_left_behind_does_not_decide(tmp_path):
    with Pool(SMALL, most=1) as pool:
        futures = [pool.submit(MODULE, source(tmp_path, "once")) for _ in range(3)]
        assert [future.result(60).text for future in futures] == ["read"] * 3


def test_leaving_ends_what_is_running_and_what_waits(tmp_path):
    with Pool(SMALL, most=2) as pool:
        well = pool.submit(MODULE, source(tmp_path, "well"))
        well.result(60)
        futures = [pool.submit(MODULE, source(tmp_path, "sleep")) for _ in range(6)]
        while not all(future.running() for future in futures[:2]):
            time.sleep(0.01)
    ends = ["cancelled" if future.cancelled() else failure(future) for future in futures]
    assert ends.count("cancelled") >= 3
    assert all(end == "cancelled" or "crashed" in end or "stopped" in end for end in ends), ends
    with pytest.raises(RuntimeError):
        pool.submit(MODULE, source(tmp_path, "well"))


def test_a_reader_that_cannot_be_started_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with Pool(SMALL) as pool:
        said = failure(pool.submit(MODULE, source(tmp_path, "well")))
    assert said.startswith("its reader could not be started (") and "no-python" in said
    monkeypatch.setattr(sys, "executable", "/bin/false" if os.name == "posix" else sys.executable)
    if os.name == "posix":
        with Pool(SMALL) as pool:
            said = failure(pool.submit(MODULE, source(tmp_path, "well")))
        assert said == "its reader could not be started: reader crashed (exit code 1)"


# --- real files ---------------------------------------------------------------------------------


def letter(document: Any) -> None:
    for _ in range(40):
        document.add_paragraph("Das Mietverhältnis endet mit Ablauf des Jahres.")


def test_real_files_that_need_too_long_are_skipped_and_others_read(tmp_path):
    tree(tmp_path, {"a.docx": office_files.word(letter), "b.docx": office_files.word(letter)})
    tree(tmp_path, {"note.txt": "words"})
    found = read(tmp_path, limits=Limits(worker_timeout_s=0.001))
    assert found["note.txt"].text == "words"
    assert reasons(found) == {
        "a.docx": "timed out after 0.001 s",
        "b.docx": "timed out after 0.001 s",
        "note.txt": None,
    }


@linux_only
def test_a_real_file_that_needs_more_memory_than_it_may_is_skipped(tmp_path):
    head = b"From: a@x.example\nSubject: Rent\nContent-Type: text/plain\n\n"
    mails = {"big.eml": head + b"Paid on 1 March.\n" * 3_000_000, "small.eml": head + b"Paid.\n"}
    tree(tmp_path, {**mails, "note.txt": "words"})
    found = read(tmp_path, limits=Limits(worker_memory_bytes=160 << 20))
    assert reasons(found) == {
        "big.eml": "needed more than 160 MiB of memory",
        "note.txt": None,
        "small.eml": None,
    }


# --- what is said between them ------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\ud800\udfff合é\n"))


@given(texts, st.data())
def test_any_extract_survives_the_wire(text, data):
    offsets = st.integers(0, len(text))
    pages = tuple(sorted(data.draw(st.lists(offsets))))
    marks = tuple(
        Mark(start, data.draw(st.text())) for start in sorted(data.draw(st.lists(offsets)))
    )
    spans = data.draw(st.lists(st.none() | st.tuples(offsets, offsets).map(sorted).map(tuple)))
    notices = tuple(Notice("code", data.draw(st.text()), "p", span) for span in spans)
    extract = Extract(text, pages, marks, notices, data.draw(st.none() | st.text()))
    stream = io.BytesIO()
    wire.send(stream, *wire.answer(extract))
    stream.seek(0)
    facts, raw = wire.receive(stream, len(stream.getvalue()))
    assert wire.extract(facts["extract"], raw, "p") == extract
    assert stream.read() == b""


def test_any_source_survives_the_wire():
    given_source = Source("a\udce9.pdf", Path("/x/a\udce9.pdf"), "pdf", SMALL, "both")
    stream = io.BytesIO()
    wire.send(stream, wire.request("a.reader", given_source))
    stream.seek(0)
    message, _ = wire.receive(stream, 0)
    assert message["module"] == "a.reader"
    assert wire.source(message) == given_source


@given(st.binary(max_size=60))
def test_bytes_are_a_message_or_an_error_that_is_expected(raw):
    try:
        facts, text = wire.receive(io.BytesIO(raw), 10)
    except (EOFError, ValueError):
        return
    assert isinstance(facts, dict) and len(text) <= 10


def test_a_message_that_is_cut_anywhere_is_none():
    stream = io.BytesIO()
    wire.send(stream, {"ready": True}, b"words")
    raw = stream.getvalue()
    assert wire.receive(io.BytesIO(raw), 5) == ({"ready": True}, b"words")
    for end in range(len(raw)):
        with pytest.raises(EOFError):
            wire.receive(io.BytesIO(raw[:end]), 5)
    with pytest.raises(wire.TooLong):
        wire.receive(io.BytesIO(raw), 4)

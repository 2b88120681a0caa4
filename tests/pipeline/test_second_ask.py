"""Asking again on real files: nothing is parsed or cut twice, whatever happened to the session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kimidoc import pipeline
from kimidoc.engine.remembered import CUTS, TEXTS
from kimidoc.ingest import workers
from kimidoc.kvcache import session, snapshot
from kimidoc.models.tokenizer import FileTokenizer
from kimidoc.pipeline import Job
from kimidoc.types import Question, Report
from tests.engine.answer_models import folder
from tests.ingest import office_files
from tests.ingest.conftest import tree

LEASE = "The landlord may end this agreement on a change of control of the tenant. " * 4
FILES = {
    "lease.md": f"# Lease\n\n{LEASE}\n",
    "supply.docx": office_files.word(lambda made: made.add_paragraph("4,500 units a quarter.")),
    "notice.pdf": office_files.pdf(office_files.lines("The board met on 4 May 2026.")),
    "scan.pdf": office_files.pdf(office_files.scan()),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(folder(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def job(tmp_path: Path, model: str) -> Job:
    return Job(
        "ask",
        (str(tree(tmp_path / "room", FILES)),),
        model,
        100_000,
        tmp_path / "cache",
        session="room",
        questions=(Question("q1", "When did the board meet?"),),
        offline=True,
        plan_check=False,
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is parsed, by path, and what is cut into tokens, by text."""
    found: list[str] = []
    submit, encode = workers.Pool.submit, FileTokenizer.encode

    def parsing(pool, module, source):
        found.append(source.path)
        return submit(pool, module, source)

    def cutting(of, texts):
        found.extend(texts)
        return encode(of, texts)

    monkeypatch.setattr(workers.Pool, "submit", parsing)
    monkeypatch.setattr(FileTokenizer, "encode", cutting)
    return found


def where(job: Job) -> Path:
    return session.root(job.cache_dir) / "room"


def told(report: Report) -> list[str]:
    return [n.message for n in report.warnings if n.code == "session-part-not-used"]


def plain(report: Report) -> Report:
    """A report without what differs from run to run."""
    run = replace(report.run, started="", seconds=None, session=None, peak_rss_bytes=0)  # type: ignore[arg-type]
    return replace(report, run=run)


def test_a_second_ask_parses_and_cuts_nothing(job, seen):
    first = pipeline.ask(job)
    assert {"supply.docx", "notice.pdf", "scan.pdf"} < set(seen)
    assert any(LEASE in text for text in seen)
    assert not snapshot.verify(where(job))
    files, seen[:] = sorted(p.name for p in where(job).iterdir()), []
    second = pipeline.ask(job)
    assert plain(second) == plain(first)
    assert second.run.session.prefilled_tokens == 0 and not told(second)
    assert seen[:1] == ["scan.pdf"]  # nothing could be read of it, so nothing was kept
    assert not any("units" in text or LEASE in text for text in seen)
    assert files == sorted(p.name for p in where(job).iterdir())
    assert TEXTS in files and CUTS in files


@pytest.mark.parametrize("file", [CUTS, TEXTS])
@pytest.mark.parametrize("damage", ["missing", "turned"])
def test_damage_is_said_once_and_mended(job, seen, file, damage):
    first = pipeline.ask(job)
    kept = where(job) / file
    data = kept.read_bytes()
    kept.unlink()
    if damage == "turned":
        kept.write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
    assert snapshot.verify(where(job)) == (file,)
    second = pipeline.ask(job)
    assert [message.partition(" ")[0] for message in told(second)] == [file]
    assert second.run.session.prefilled_tokens == 0
    assert second.answers == first.answers and second.coverage == first.coverage
    assert not snapshot.verify(where(job))
    seen.clear()
    third = pipeline.ask(job)
    assert plain(third) == plain(first)
    assert not {"supply.docx", "notice.pdf"} & set(seen)


def test_a_session_that_is_gone_on_with_keeps_what_did_not_change(job, seen):
    pipeline.ask(job)
    tree(Path(job.paths[0]), {"z.pdf": office_files.pdf(office_files.lines("A late paper."))})
    (Path(job.paths[0]) / "supply.docx").unlink()
    seen.clear()
    second = pipeline.ask(job)
    assert second.run.session.prefilled_tokens > 0
    assert {"z.pdf", "notice.pdf"} & set(seen) == {"z.pdf"}
    assert not any(LEASE in text for text in seen)
    seen.clear()
    third = pipeline.ask(job)
    assert plain(third) == plain(second)
    assert not {"z.pdf", "notice.pdf"} & set(seen) and not snapshot.verify(where(job))


def test_texts_read_in_another_way_take_the_place_of_those_that_were(job, seen):
    pipeline.ask(job)
    limits = replace(job.limits, worker_timeout_s=59.0)
    pipeline.ask(replace(job, limits=limits))
    assert seen.count("notice.pdf") == 2
    third = pipeline.ask(replace(job, limits=limits))
    assert seen.count("notice.pdf") == 2 and not told(third)
    assert not snapshot.verify(where(job))


def test_a_session_that_cannot_be_mended_still_answers(job, monkeypatch):
    first = pipeline.ask(job)
    (where(job) / CUTS).unlink()

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("kimidoc.kvcache.snapshot.os.replace", refused)
    second = pipeline.ask(job)
    assert told(second) and second.answers == first.answers

"""Fingerprints of findings in real files that are edited, moved and reformatted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc import ingest, playbooks
from kimidoc.playbooks import judge
from kimidoc.report.fingerprint import folded, stamped
from kimidoc.types import Citation, Document, Finding
from tests.report.conftest import FINDINGS

SERVICE = Path(__file__).parents[2] / "examples" / "service-repo"
CODE = playbooks.load("code-review")


def read(folder: Path) -> tuple[Document, ...]:
    return tuple(d for d in ingest.read([str(folder)]) if d.status != "skipped")


def found_in(folder: Path, prefix: str = "") -> tuple[Finding, ...]:
    documents = read(folder)
    return stamped(judge.findings(CODE, (), documents), documents, prefix)


def prints(folder: Path, prefix: str = "") -> list[tuple[str, str | None, str]]:
    return sorted((f.rule_id, f.path, f.fingerprint) for f in found_in(folder, prefix))


def by_place(folder: Path) -> dict[tuple[str, str | None, str | None], list[str]]:
    """Fingerprints of each rule in each function of each file."""
    groups: dict[tuple[str, str | None, str | None], list[str]] = {}
    for f in found_in(folder):
        section = f.citations[0].section if f.citations else None
        groups.setdefault((f.rule_id, f.path, section), []).append(f.fingerprint)
    return groups


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The example's modules, to be edited."""
    for file in sorted((SERVICE / "quayline").rglob("*.py")):
        copy = tmp_path / "quayline" / file.relative_to(SERVICE / "quayline")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("width", [60, 160])
def test_a_formatter_changes_no_fingerprint(service: Path, width: int) -> None:
    """A rule that sees one line at a time may raise more or less: what it raises is the same."""
    before = by_place(service)
    subprocess.run(
        [
            sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache",
            f"--line-length={width}", str(service),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    text = "".join(f.read_text("utf-8") for f in sorted(service.rglob("*.py")))
    original = "".join(f.read_text("utf-8") for f in sorted((SERVICE / "quayline").rglob("*.py")))
    assert text != original and len(before) > 8
    after = by_place(service)
    both = [key for key in before if len(before[key]) == len(after.get(key, ()))]
    assert len(both) > 7
    assert {key: before[key] for key in both} == {key: after[key] for key in both}


def test_edits_elsewhere_in_the_file_change_none(service: Path) -> None:
    before = prints(service)
    for file in service.rglob("*.py"):
        text = file.read_text("utf-8")
        lines = text.replace("def _headers", "def _common_headers").split("\n")
        file.write_text("\n".join(['"""Moved down."""', "", "UNRELATED = 1", "", *lines]), "utf-8")
    assert prints(service) == before


def test_an_edit_of_the_line_itself_is_another_finding(service: Path) -> None:
    before = prints(service)
    file = service / "quayline" / "accounts.py"
    text = file.read_text("utf-8")
    file.write_text(text.replace("md5((salt + password)", "md5((password + salt)"), "utf-8")
    assert len(set(before) ^ set(prints(service))) == 2


def test_the_path_is_from_the_top_of_the_repository(service: Path) -> None:
    whole = {print_ for _, _, print_ in prints(service)}
    assert {print_ for _, _, print_ in prints(service / "quayline", "quayline/")} == whole


def _findings(text: str, words: str, kind: str = "python") -> tuple[Finding, ...]:
    document = Document("a.py", kind, "read", text)
    starts = [at for at in range(len(text)) if text.startswith(words, at)]
    found = [
        replace(
            FINDINGS[0],
            path="a.py",
            citations=(Citation.of(document, at, at + len(words)),),
            fingerprint="",
        )
        for at in starts
    ]
    return stamped(found, [document])


def test_the_same_words_twice_are_two_findings() -> None:
    text = "run(x, shell=True)\nlog()\nrun(x, shell=True)\n"
    twice = _findings(text, "run(x, shell=True)")
    first, second = (f.fingerprint for f in twice)
    assert first != second
    (once,) = _findings("log()\n" + text[: text.index("\n")], "run(x, shell=True)")
    assert once.fingerprint == first
    document = Document("a.py", "python", "read", text)
    assert [f.fingerprint for f in stamped(twice[::-1], [document])] == [second, first]


@given(st.lists(st.sampled_from(["", "x = 1", "# note (", "def g(a): ...", "s = ')('"])))
def test_lines_put_before_it_change_nothing(rows: list[str]) -> None:
    call = "run(\n    x,\n    shell=True,\n)\n"
    (expected,) = _findings("\n" + call, "shell=True,")
    (found,) = _findings("\n".join([*rows, "", call]), "shell=True,")
    assert found.fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("run(a, b)", "run(\n    a,\n    b,\n)"),
        ("x = 'it'", 'x = "it"'),
        ("return a and b", "return (\n    a\n    and b\n)"),
        ("deter-\nmine this Lease", "determine  this\nLease"),
        ("the “Tenant”", 'the "Tenant"'),
    ],
)
def test_what_folds_into_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("run(a, b)", "run(b, a)"), ("30 days", "90 days"), ("shall", "shall not"), ("a-b", "ab")],
)
def test_what_does_not(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(st.text(max_size=80))
def test_folding_is_done_once_and_for_all(text: str) -> None:
    assert folded(text + "\n\n") == folded(text)


def test_no_quote_no_document() -> None:
    bare = replace(FINDINGS[-1], fingerprint="")
    (one,), (other,) = stamped([bare], []), stamped([replace(bare, path="b")], [])
    assert one.fingerprint and one.fingerprint != other.fingerprint

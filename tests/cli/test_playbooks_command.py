"""``kimidoc playbooks``: what comes with the program, and a first one of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from kimidoc import playbooks
from kimidoc.cli.main import main
from kimidoc.playbooks.format import Method, TableMethod

Capture = pytest.CaptureFixture[str]


def test_list_has_a_line_for_each(work: Path, capsys: Capture) -> None:
    assert main(["playbooks", "list"]) == 0
    out, err = capsys.readouterr()
    rows = out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [playbooks.load(n).id for n in playbooks.names()]
    assert err == ""


def test_show_has_every_check(work: Path, capsys: Capture) -> None:
    assert main(["playbooks", "show", "due-diligence"]) == 0
    out = capsys.readouterr().out
    for check in playbooks.load("due-diligence").checks:
        assert check.title in out and check.question in " ".join(out.split())


def test_show_has_analyses_tables_and_who_answers(work: Path, capsys: Capture) -> None:
    assert main(["playbooks", "show", "due-diligence"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    book = playbooks.load("due-diligence")
    for one in (*book.analyses, *book.tables):
        assert f"dd.{one.id} {one.title}" in out and one.method in out
    assert "answered by the fitted model of the clause assignment" in out
    assert "answered by the language model" in out


def test_every_example_in_a_new_one_works(work: Path, capsys: Capture) -> None:
    """With the # taken away from each example the file is still a playbook."""
    assert main(["playbooks", "new", "leases.toml"]) == 0
    text = (work / "leases.toml").read_text(encoding="utf-8")
    for method in (*get_args(Method), *get_args(TableMethod)):
        assert method in text
    given = re.sub(r"(?m)^# (?=\[|[a-z]+ = )(?!prose)", "", text)
    (work / "given.toml").write_text(given, encoding="utf-8")
    assert main(["playbooks", "check", "given.toml"]) == 0
    assert "1 analyses and 1 tables" in capsys.readouterr().out
    assert playbooks.load("given.toml").checks[0].find == (r"\bbreak (?:date|clause|option)\b",)


def test_show_source_is_the_file(work: Path, capsys: Capture) -> None:
    assert main(["playbooks", "show", "general", "--source"]) == 0
    file = Path(playbooks.__file__).parent / "general.toml"
    assert capsys.readouterr().out == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["leases.toml", "2. Mietverträge (neu).toml", "分销.toml"])
def test_a_new_one_works_at_once(work: Path, capsys: Capture, name: str) -> None:
    assert main(["playbooks", "new", name]) == 0
    assert f"wrote {name}" in capsys.readouterr().err
    assert main(["playbooks", "check", name]) == 0
    assert "1 checks, 1 of them with a rule. It works." in capsys.readouterr().out


def test_a_new_one_replaces_nothing(work: Path, capsys: Capture) -> None:
    (work / "a.toml").write_text("mine")
    assert main(["playbooks", "new", "a.toml"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (work / "a.toml").read_text() == "mine"
    assert main(["playbooks", "new", "a.txt"]) == 2
    assert "does not end in .toml" in capsys.readouterr().err
    assert main(["playbooks", "new", "gone/a.toml"]) == 2
    assert "There is no folder 'gone'" in capsys.readouterr().err


def test_check_says_what_is_wrong(work: Path, capsys: Capture) -> None:
    (work / "a.toml").write_text("[playbook\n")
    assert main(["playbooks", "check", "a.toml"]) == 2
    err = capsys.readouterr().err
    assert "a.toml" in err and "hint:" in err and "internal error" not in err

"""``bench review`` at tiny size, on cases written here: masking, parts, what counts as right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kimidoc.bench import labelled, review
from kimidoc.bench.labelled import Case, draw, load, masked, part_of
from kimidoc.cli.main import main

SERVLET = """/* sqli: this one is vulnerable */
package org.example.sqli;

// CWE-89
@WebServlet(value = "/sqli-00/Test{number}")
public class Test{number} extends HttpServlet {{
  public void doGet(HttpServletRequest request, HttpServletResponse response) throws Exception {{
    String name = request.getParameter("Test{number}"); // taken
    String value = {value};
    statement.executeQuery("SELECT '" + value + "'");
    String url = "http://host//CWE89";
  }}
}}
"""


def entries(count: int) -> list[dict[str, Any]]:
    return [
        {
            "path": f"src/Test{number}.java",
            "text": SERVLET.format(number=number, value="name" if number % 2 else '"fixed"'),
            "category": "sqli",
            "cwe": 89,
            "vulnerable": bool(number % 2),
        }
        for number in range(count)
    ]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Labels for files."""
    file = tmp_path / "servlets" / "cases.jsonl"
    file.parent.mkdir()
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries(60)), "utf-8")
    return file


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Labels by line: the statement of every vulnerable case."""
    file = tmp_path / "by-line" / "cases.jsonl"
    file.parent.mkdir()
    chosen = [entry for entry in entries(60) if entry.pop("vulnerable")]
    file.write_text("".join(json.dumps({**e, "flaw_lines": [10]}) + "\n" for e in chosen), "utf-8")
    return file


def test_what_gives_the_label_away_is_masked() -> None:
    text = SERVLET.format(number=1, value="name")
    shown = masked(text, Path("src/Test1.java"), "CaseX")
    assert shown.count("\n") == text.count("\n")
    for word in ("sqli", "vulnerable", "CWE", "Test1", "taken", "org.example"):
        assert word not in shown
    assert 'getParameter("CaseX")' in shown and '"http://host//KEY"' in shown
    assert '@WebServlet(value = "/CaseX")' in shown and "package app;" in shown


def test_a_case_keeps_its_part() -> None:
    parts = [part_of(f"src/Test{number}.java") for number in range(1_000)]
    assert parts == [part_of(f"src/Test{number}.java") for number in range(1_000)]
    assert 600 < parts.count("dev") < 800 and set(parts) == set(labelled.PARTS)


def test_half_of_what_is_drawn_is_vulnerable(cases: Path) -> None:
    every = load(cases, "dev")
    drawn = draw(every, 10, 0)
    assert sum(case.vulnerable is True for case in drawn) == 5 == len(drawn) / 2
    assert draw(every, 10, 0) == drawn != draw(every, 10, 1)
    held = {case.name for case in load(cases, "held-out")}
    assert held and not held & {case.name for case in every}


def test_files_that_are_no_cases_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"path": "a"}\n', "utf-8")
    assert main(["bench", "review", str(wrong)]) == 2
    assert "line 1" in capfd.readouterr().err
    assert main(["bench", "review", str(tmp_path / "none.jsonl")]) == 2
    assert main(["bench", "review", str(wrong), "--part", "test"]) == 2
    assert "dev, held-out" in capfd.readouterr().err


def run(capfd: pytest.CaptureFixture[str], *line: str) -> dict[tuple[str, str], dict[str, Any]]:
    assert main(["bench", "review", *line, "--json", "-"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["schema"] == "kimidoc.bench/1" and found["task"] == "review"
    return {(row["category"], row["who"]): row for row in found["rows"]}


def test_files_are_judged_by_their_label(cases: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = run(capfd, str(cases), "--cases", "10")
    ours, signs = rows["sqli", "kimidoc"], rows["sqli", "signs"]
    assert (ours["found"], ours["right"], ours["precision"], ours["recall"]) == (5, 5, 1, 1)
    assert signs["found"] == 10 and signs["precision"] == 0.5  # one line tells nothing
    assert rows["all", "everything"]["precision"] == 0.5
    assert rows["all", "kimidoc"] | {"category": "sqli"} == ours
    assert rows["all", "grep"]["recall"] == 1


def test_lines_are_judged_by_their_distance(lines: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = run(capfd, str(lines), "--cases", "5")
    ours = rows["CWE-89" if ("CWE-89", "kimidoc") in rows else "sqli", "kimidoc"]
    assert ours["found"] == ours["right"] == 5 and ours["exact"] == ours["near"] == 1
    chance = rows["all", "everything"]
    assert chance["recall"] == 1 and chance["precision"] == pytest.approx(5 / 13)


def test_what_is_near_a_flaw() -> None:
    case = Case("s", "a.java", "", "c", 89, None, (10,))
    near = [n for n in range(20) if review._near(case, (n, n), 2)]
    assert near == [8, 9, 10, 11, 12] and review._near(case, (1, 8), 2)
    assert not review._near(case, (1, 9), 0)


def test_the_table_says_what_was_not_run(cases: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "review", str(cases), "--cases", "4", "-q"]) == 0
    said = capfd.readouterr().out
    assert "bandit" in said and "semgrep" in said and "no language model" in said

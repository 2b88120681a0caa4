"""``bench paragraphs``: SQuAD's form is read, and its F1 is what is compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kimidoc.bench import paragraphs
from kimidoc.cli.main import main
from kimidoc.errors import UsageError
from kimidoc.types import Answer, Citation, Document, Question

TEXT = "The bridge was built in 1907. Its arch is made of granite."


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    asked = [
        {"id": "1", "question": "When was it built?", "answers": [{"text": "1907"}]},
        {"id": "2", "question": "Who paid?", "answers": [], "is_impossible": True},
    ]
    texts = [TEXT, "A lighthouse stands on the cape. It was lit in 1880."]
    given = {"data": [{"paragraphs": [{"context": t, "qas": asked} for t in texts]}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(given), "utf-8")
    return path


@pytest.mark.parametrize(
    ("said", "gold", "f1"),
    [
        ("The Bridge,", "a bridge", 1.0),
        ("in 1907", "1907", 2 / 3),
        ("granite", "1907", 0.0),
        ("", "1907", 0.0),
        ("nine nine", "nine", 2 / 3),
    ],
)
def test_f1_is_squads(said: str, gold: str, f1: float) -> None:
    assert paragraphs.f1(said, gold) == pytest.approx(f1)


def test_the_short_answer_is_compared_else_the_first_located_quote() -> None:
    question, document = Question("q", "When?"), Document("a", "text", "read", TEXT)
    quotes = (Citation("unverified", "1908"), Citation.of(document, 0, 29))
    assert paragraphs.said(Answer(question, "found", "", quotes)) == TEXT[:29]
    assert paragraphs.said(Answer(question, "found", "1907", quotes)) == "1907"
    assert paragraphs.said(Answer(question, "not_found", "", quotes)) == ""


def test_the_form_is_read_and_another_is_refused(squad: Path, tmp_path: Path) -> None:
    documents, cases = paragraphs.read(squad)
    assert [d.path for d in documents] == ["00000.txt", "00001.txt"]
    assert [(c.path, c.answers) for c in cases] == [
        ("00000.txt", ("1907",)), ("00000.txt", ()), ("00001.txt", ("1907",)), ("00001.txt", ()),
    ]  # fmt: skip
    for other in ('{"data": 3}', "[]", "not JSON"):
        (tmp_path / "other.json").write_text(other, "utf-8")
        with pytest.raises(UsageError, match="SQuAD"):
            paragraphs.read(tmp_path / "other.json")


def test_the_command_asks_each_question_twice(
    squad: Path, model: str, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = ["bench", "paragraphs", str(squad), "--model", model, "--offline"]
    assert main([*line, "--json", "-"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["task"] == "paragraphs" and found["schema"] == "kimidoc.bench/1"
    assert [row["of"] for row in found["rows"]] == ["its paragraph", "all paragraphs"]
    for row in found["rows"]:
        assert (row["present"], row["absent"]) == (2, 2)
        assert 0 <= row["f1"] <= 1 and row["quoted"] <= row["found"] <= 1
        assert 0 <= row["not_found_when_absent"] <= 1
    assert main([*line, "--questions", "1"]) == 0
    assert "all paragraphs" in capfd.readouterr().out

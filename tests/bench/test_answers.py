"""``bench answers`` at tiny size: who counts as present and absent, and what as right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kimidoc.bench import answers
from kimidoc.cli.main import main
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Answer, Citation, Document, Question
from tests.bench.test_evidence import data as data  # the same contracts

TEXT = "One two three four five six seven eight nine ten. Eleven twelve."
LAW = Gold("Governing Law", ((0, 49),), "Governing Law", True)


def test_every_category_is_asked_of_every_document() -> None:
    documents = [Labelled("legal", "a", TEXT, (LAW,)), Labelled("legal", "b", TEXT)]
    found = answers.cases(documents, {"Governing Law": ["Whose law?"]})
    assert [(c.question.document, c.wording, len(c.spans)) for c in found] == [
        ("a", "category", 1), ("a", "paraphrase", 1), ("b", "category", 0), ("b", "paraphrase", 0),
    ]  # fmt: skip
    assert found[1].question.text == "Whose law?"


@pytest.mark.parametrize(
    ("quoted", "right", "near"),
    [
        ((0, 49), True, True),
        ((4, 18), True, False),  # three words inside the clause
        ((0, len(TEXT)), True, True),  # the clause inside it
        ((50, len(TEXT)), False, False),
        ((40, len(TEXT)), False, False),  # touches it
    ],
)
def test_what_counts_as_right(quoted: tuple[int, int], right: bool, near: bool) -> None:
    document = Document("a", "text", "read", TEXT)
    case = answers.Case(Question("q", "Whose law?", "a"), "category", ((0, 49),))
    answer = Answer(case.question, "found", "", (Citation.of(document, *quoted),))
    assert answers._judge(case, answer, {"a": TEXT}) == (right, near)
    unlocated = Answer(case.question, "not_found", "", (Citation("unverified", TEXT),))
    assert answers._judge(case, unlocated, {"a": TEXT}) == (False, False)


def test_overlap_is_token_f1() -> None:
    assert answers.overlap("The law of Norway", "the LAW of norway.") == 1
    assert answers.overlap("a b", "c d") == 0
    assert answers.overlap("a b c d", "a b") == pytest.approx(2 / 3)


def test_the_command_counts_what_it_asked(
    data: Path, model: str, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = ["bench", "answers", str(data), "--model", model, "--read", "8k", "--offline"]
    assert main([*line, "--json", "-"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["task"] == "answers" and found["schema"] == "kimidoc.bench/1"
    for row in found["rows"]:
        assert (row["present"], row["absent"]) == (6, 0)  # two categories of three contracts
        assert 0 <= row["overlap_when_present"] <= row["right_when_present"]
        assert row["right_when_present"] <= row["found_when_present"] <= 1
        assert row["verified"] == 1.0 or row["found_when_present"] == 0
    assert main(line) == 0
    assert "paraphrase" in capfd.readouterr().out

"""Questions from the command line and from files."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from kimidoc.cli import questions
from kimidoc.errors import ConfigError, UsageError
from kimidoc.types import Question
from tests.cli.conftest import made


def test_the_last_word_is_the_question(work: Path) -> None:
    streams, _, err = made()
    paths, question = questions.split(["a", "b.pdf", "Who signs?"], streams)
    assert paths == ("a", "b.pdf") and question == Question("q1", "Who signs?")
    assert err.getvalue() == ""


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["Who signs?"], "no path to read", 'kimidoc ask . "Who signs?"'),
        (["here.txt"], "only the path 'here.txt'", "kimidoc ask here.txt"),
        (["-"], "only the path '-'", "Put it last"),
        (["here.txt", "here.txt"], "is a path: is the question missing?", "last argument"),
        (["here.txt", "  "], "The question is empty", "last argument"),
    ],
)
def test_what_is_missing_is_said(work: Path, words: list[str], said: str, hint: str) -> None:
    (work / "here.txt").write_text("x")
    with pytest.raises(UsageError) as caught:
        questions.split(words, made()[0])
    assert said in caught.value.message and hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("gone/b.pdf", True), ("gone.pdf", True), ("a\\b", True),
        ("term/end?", False), ("Summarise.", False), ("who pays", False),
    ],
)  # fmt: skip
def test_a_question_like_a_path_is_warned_of(work: Path, text: str, warned: bool) -> None:
    streams, _, err = made()
    questions.split(["a", text], streams)
    assert ("looks like a path" in err.getvalue()) is warned


def test_a_file_of_questions(work: Path) -> None:
    (work / "q.jsonl").write_text(
        '\ufeff{"id": "a", "question": "Who?"}\n\n'
        '{"id": "b", "question": "分?", "document": "x/y.pdf"}\r\n'
        '{"id": "c", "question": "W\u2028hy?", "document": null}',
        encoding="utf-8",
    )
    assert questions.read("q.jsonl") == (
        Question("a", "Who?"),
        Question("b", "分?", "x/y.pdf"),
        Question("c", "W\u2028hy?"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no question in it"),
        ("\n \n", "there is no question in it"),
        ("{", "q.jsonl:1: not JSON"),
        ('{"id": "a", "question": "x"}\n[]', "q.jsonl:2: not an object"),
        ('{"id": "a"}', "'question' must be a text"),
        ('{"id": 1, "question": "x"}', "'id' must be a text"),
        ('{"id": "a", "question": " "}', "'question' must be a text"),
        ('{"id": "a", "question": "x", "docment": "y"}', "unknown key 'docment'"),
        ('{"id": "a", "question": "x", "document": ""}', "'document' must be a path"),
        ('{"id": "a", "question": "x", "document": 1}', "'document' must be a path"),
        ('{"id": "a", "question": "x", "each": "yes"}', "q.jsonl:1: 'each' must be true"),
        ('{"id": "a", "question": "x", "each": 1}', "q.jsonl:1: 'each' must be true"),
        (
            '{"id": "a", "question": "x"}\n\n'
            '{"id": "b", "question": "x", "document": "y", "each": true}',
            "q.jsonl:3: 'each' is for every document",
        ),
        ('{"id": "a", "question": "x"}\n{"id": "a", "question": "y"}', "q.jsonl:2: the id 'a'"),
        ("[" * 100_000, "q.jsonl:1: not JSON"),
    ],
)
def test_a_wrong_line_is_named(work: Path, text: str, said: str) -> None:
    (work / "q.jsonl").write_text(text)
    with pytest.raises(ConfigError) as caught:
        questions.read("q.jsonl")
    assert said in caught.value.message and caught.value.hint


def test_a_line_says_whether_it_is_for_each_document(work: Path) -> None:
    (work / "q.jsonl").write_text(
        '{"id": "a", "question": "x", "each": true}\n'
        '{"id": "b", "question": "x", "each": false, "document": "y"}\n'
        '{"id": "c", "question": "x", "each": null}\n'
        '{"id": "d", "question": "x", "document": "y"}\n'
    )
    read = questions.read("q.jsonl")
    assert [q.each for q in read] == [True, False, None, None]
    for option, marks in ((True, [True, False, True, None]), (False, [True, False, False, None])):
        assert [q.each for q in questions.marked(read, option)] == marks
    assert questions.marked(read, None) == list(read)


def test_a_file_that_cannot_be_read_is_named(work: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.jsonl: cannot be read"):
        questions.read("gone.jsonl")
    (work / "latin.jsonl").write_bytes(b'{"id": "a", "question": "x"}\n{"id": "caf\xe9"}')
    with pytest.raises(ConfigError, match=r"latin\.jsonl:2: not UTF-8"):
        questions.read("latin.jsonl")


def test_questions_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.TextIOWrapper(io.BytesIO(b'{"id": "a", "question": "Who?"}\n'))
    monkeypatch.setattr(sys, "stdin", given)
    assert questions.read("-") == (Question("a", "Who?"),)

"""``kimidoc novelty``: the changed word, both wordings, and what went, in every form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser as Parser

from kimidoc.cli.main import main
from tests.engine.answer_models import LEASE, SUPPLY, folder

OLD = LEASE + SUPPLY
NEW = (
    OLD.replace("within 30 days", "within 90 days")
    + "\nAn arbitrator in Oslo decides every dispute.\n"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folder(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def versions(work: Path) -> Path:
    for name, text in (("old", OLD), ("new", NEW)):
        (work / name).mkdir()
        (work / name / "deed.txt").write_text(text, "utf-8")
    return work


def test_the_example_texts_hold_what_is_changed() -> None:
    assert OLD.count("within 30 days") == 1


def test_against_an_earlier_version(
    versions: Path, model: str, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--against", "old", "--json", "n.json", "--html", "n.html", "--model", model]
    assert main(["novelty", "new", *options, "--offline"]) == 0
    out, err = capfd.readouterr()
    assert 'elsewhere "30" (old/deed.txt)' in out and "90" in out
    assert "In the earlier version only:" in out and "arbitrator" in out
    assert "surprisal" in err and "\x1b" not in out
    found: dict[str, Any] = json.loads((versions / "n.json").read_text("utf-8"))
    assert found["schema"] == "kimidoc.novelty/1" and found["against"] == "old"
    (document,) = found["documents"]
    assert document["path"] == "new/deed.txt"
    best = max(document["lines"], key=lambda line: line["change"])
    changed, elsewhere = best["changed"], best["changed"]["elsewhere"]
    assert NEW[changed["start_char"] : changed["end_char"]] == "90"
    assert OLD[elsewhere["start_char"] : elsewhere["end_char"]] == "30"
    assert [gone["path"] for gone in found["gone"]] == ["old/deed.txt"]
    last = document["lines"][-1]
    assert "arbitrator" in NEW[last["start_char"] : last["end_char"]]
    assert last["new"] > 2 > document["new"]
    page = Parser((versions / "n.html").read_text("utf-8"))
    assert "arbitrator" in page.css_first("main").text()  # type: ignore[union-attr]


def test_without_an_earlier_version_the_rest_of_the_set_is_known(
    versions: Path, model: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["novelty", ".", "--model", model, "--top", "1", "--offline"]) == 0
    out, _ = capfd.readouterr()
    assert "The 1 lines" not in out and "the line with the highest score" in out.casefold()
    assert "earlier" not in out


def test_what_was_read_is_kept_and_a_second_run_reads_nothing(
    versions: Path, model: str, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["novelty", ".", "--model", model, "--json", "n.json", "--offline"]
    assert main(command) == 0
    first, err = capfd.readouterr()
    assert "prefill" in err and "surprisal" in err
    assert main(command) == 0
    again, err = capfd.readouterr()
    assert again == first and "prefill" not in err and "surprisal" not in err
    assert main([*command, "--session", "none"]) == 0
    apart, err = capfd.readouterr()
    assert apart == first and "prefill" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "--against", "nowhere"], "There is no 'nowhere'"),
        (["old", "--against", "old"], "holds all the text"),
        (["new", "--json", "absent/n.json"], "no folder"),
    ],
)
def test_mistakes_have_a_next_step(
    versions: Path, model: str, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["novelty", *words, "--model", model, "--offline"]) == 2
    out, err = capfd.readouterr()
    assert out == "" and said in err and "hint: " in err

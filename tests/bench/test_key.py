"""An answer key beside one's own papers: what is right, what is raised, and keys that are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kimidoc.bench.key import NEAR, Trap, _raised, near, shares
from kimidoc.cli.main import main
from kimidoc.types import Citation, Document, Finding
from tests.bench.conftest import Bench
from tests.engine.answer_models import LEASE

KEY = """
[[question]]
id = "there"
question = "{asked}"
document = "a.txt"
quote = "{quote}"

[[question]]
id = "nowhere"
question = "Who painted the ceiling of the chapel?"
not_found = true

[[trap]]
id = "both"
documents = ["a.txt", "b.txt"]
quotes = ["{quote}", "{other}"]
"""


def sentence(file: Path) -> str:
    return next(line for line in file.read_text("utf-8").splitlines() if len(line) > 40)


def test_what_shares_half_of_the_shorter_is_the_same_place() -> None:
    document = Document("a.txt", "text", "read", LEASE)
    quote = Citation.of(document, 10, 50)
    assert shares(quote, ("a.txt", 10, 50)) and shares(quote, ("a.txt", 0, len(LEASE)))
    assert shares(quote, ("a.txt", 30, 70)) and not shares(quote, ("a.txt", 31, 71))
    assert not shares(quote, ("b.txt", 10, 50))
    assert not shares(Citation("unverified", "words"), ("a.txt", 10, 50))


def test_a_trap_is_raised_beside_its_words_and_what_is_clean_at_them_only() -> None:
    document = Document("a.txt", "text", "read", "x" * 2_000)
    place, far = ("a.txt", 500, 540), ("a.txt", 1_500, 1_540)
    beside = Citation.of(document, 540 + NEAR, 800)
    assert near(beside, place) and not near(Citation.of(document, 541 + NEAR, 800), place)
    finding = Finding("R1", "", "low", "", "a.txt", (beside,), "")
    told = _raised(
        [Trap("one", (place,)), Trap("two", (place, far)), Trap("three", (far,)),
         Trap("four", (place,), clean=True), Trap("five", (("a.txt", 720, 800),), clean=True)],
        [finding],
    )  # fmt: skip
    assert [(t.kind, t.right, t.first) for t in told] == [
        ("trap", True, True), ("trap", True, False), ("trap", False, False),
        ("clean", True, True), ("clean", False, False),
    ]  # fmt: skip
    assert told[0].said == "R1" and told[2].said == "no finding there"


def test_counts_agree_with_the_entries(bench: Bench, work: Path) -> None:
    quote, other = sentence(work / "a.txt"), sentence(work / "b.txt")
    text = KEY.format(asked=f"What about {quote}?", quote=quote, other=other)
    (work / "key.toml").write_text(text, "utf-8")
    found = bench("key", "--answers", "key.toml")
    (row,), entries = found["rows"], found["entries"]
    assert (row["questions"], row["absent"], row["traps"]) == (1, 1, 1)
    assert row["first"] <= row["quoted"] <= row["found"] <= row["questions"]
    assert row["wholly"] <= row["raised"] <= row["traps"]
    assert [(e["kind"], e["id"]) for e in entries] == [
        ("question", "there"), ("absent", "nowhere"), ("trap", "both"),
    ]  # fmt: skip
    by_kind = {e["kind"]: e for e in entries}
    assert row["quoted"] == by_kind["question"]["right"]
    assert row["not_found"] == by_kind["absent"]["right"]
    assert len(found["notes"]) >= sum(not e["right"] for e in entries)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[question", "is no answer key"),
        ("title = 1", "no question and no trap"),
        ('[[question]]\nid = "a"\nquestion = "b"', "has no 'document'"),
        ('[[question]]\nid = "a"\nquestion = "b"\ndocument = "a.txt"\nquote = "Xyzzy plugh"',
         "does not stand in"),
        ('[[trap]]\nid = "a"\ndocuments = ["a.txt"]\nquotes = []', "is no answer key"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named(
    work: Path, model: str, capfd: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (work / "key.toml").write_text(text, "utf-8")
    given = ["a.txt", "b.txt", "--model", model, "--answers", "key.toml", "--offline"]
    assert main(["bench", "key", *given]) == 2
    assert said in json.dumps(capfd.readouterr().err).replace("\\n", " ")


def test_no_key_there(work: Path, model: str) -> None:
    command = ["bench", "key", "a.txt", "--model", model, "--answers", "none.toml", "--offline"]
    assert main(command) == 2

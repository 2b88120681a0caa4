"""``bench needles`` at tiny size: what is planted stands where it says; what counts as found."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kimidoc.bench import heat, needles, planting
from kimidoc.bench.needles import FACT, NAME, OURS, TARGETS
from kimidoc.bench.planting import ABSENT, ALIKE, DECOYS, HOPS, KINDS, SINGLE, Needle, Planted
from kimidoc.cli.main import main
from kimidoc.errors import UsageError
from kimidoc.types import Answer, Citation, Document, Evidence, Question
from tests.bench.conftest import Bench
from tests.engine.answer_models import LEASE, SUPPLY, tokenizer, window

TEXTS = (LEASE * 30, SUPPLY * 30)
FACT_SAID = "Bela Sorley keeps the key in locker 88."
LINK_SAID = "The custodian of vault 12 is Bela Sorley."


@pytest.mark.parametrize("depths", [1, 2, 7, planting.MOST_DEPTHS])
def test_every_fact_is_told_once_and_has_its_own_name(depths: int) -> None:
    given = planting.made(TEXTS, depths, 3)
    assert given == planting.made(TEXTS, depths, 3) != planting.made(TEXTS, depths, 4)
    said = [sentence for sentence, _ in given.sentences]
    assert len(set(said)) == len(said) == depths * (4 + DECOYS)
    assert all(0 <= depth < 1 for _, depth in given.sentences)
    for kind in KINDS:
        own = [n for n in given.needles if n.kind == kind]
        assert [n.step for n in own] == list(range(depths))
        for needle in own:
            assert (needle.value in needle.fact) and (needle.fact in said) == (kind != ABSENT)
            assert bool(needle.link) == (kind == HOPS) and needle.link in ("", *said)
    at = dict(given.sentences)
    for needle in given.needles:
        if needle.kind != ABSENT:
            assert int(at[needle.fact] * depths) == needle.step
        if needle.kind == HOPS:
            assert int(at[needle.link] * depths) == needle.link_step


def test_distractors_differ_in_name_and_value_only() -> None:
    given = planting.made(TEXTS, 1, 0)
    (needle,) = (n for n in given.needles if n.kind == ALIKE)
    form = planting._forms()[ALIKE][0]["says"]
    start, end = form.partition("{")[0], form.rpartition("}")[2]
    alike = [s for s, _ in given.sentences if s.startswith(start) and s.endswith(end)]
    assert len(alike) == 1 + DECOYS and sum(needle.value in s for s in alike) == 1


def test_a_name_that_stands_in_the_text_is_not_drawn() -> None:
    first = planting.made(("",), 1, 0).needles[0]
    name = next(w for w in first.question.strip("?").split() if w[0].isupper() and w in first.fact)
    assert all(name not in s for s, _ in planting.made((f"At {name}.",), 20, 0).sentences)


@pytest.mark.parametrize("size", [2_500, 3_500])
def test_sentences_stand_where_it_says_and_the_text_is_the_users(size: int) -> None:
    whole = window(tokenizer(), [1, 2, 3], *TEXTS)
    given = planting.made(TEXTS, 1, 0)
    made = planting.planted(whole, size, given, tokenizer(), [1, 2, 3])
    assert 0.9 * size < len(made.window.tokens) <= size
    texts = {s.document.path: s.document.text for s in made.window.segments}
    for sentence, (path, start, end) in made.spans.items():
        assert texts[path][start:end] == sentence
    for path, body in texts.items():
        for sentence, (where, _, _) in made.spans.items():
            if where == path:
                at = body.index(sentence)
                after = body[at + len(sentence) :]
                space = after[: len(after) - len(after.lstrip())]
                assert space and (at == 0 or body[at - 1].isspace())
                body = body[:at] + after[len(_same_space(body[:at], space)) :]
        assert TEXTS[int(path[0])].startswith(body)


def _same_space(before: str, space: str) -> str:
    """Of the white space after a sentence, what was set with it: what stands before it too."""
    return next(space[:n] for n in range(len(space), -1, -1) if before.endswith(space[:n]))


def test_a_window_that_would_be_mostly_needles_is_refused() -> None:
    whole = window(tokenizer(), [1, 2, 3], *TEXTS)
    given = planting.made(TEXTS, 3, 0)
    with pytest.raises(UsageError, match="too many"):
        planting.planted(whole, 1_000, given, tokenizer(), [1, 2, 3])


@pytest.mark.parametrize(
    ("body", "at", "before"),
    [
        ("Here is one. And Mr. Elton came. Then", 13, "Then"),  # "Mr." ends nothing
        ("He said nothing.\n\nShe did.", 0, "She did."),
        ("All is said. And then more", 20, "And then more"),  # none after it: the one before
        ("x = 1\ny = 2\n", 1, "y = 2\n"),
        ("nothing at all", 7, " at all"),
    ],
)
def test_a_sentence_goes_where_one_ends(body: str, at: int, before: str) -> None:
    place, space = planting._place(body, at)
    assert body[place:] == before and space.isspace()


@pytest.mark.parametrize(
    ("start", "end", "right"),
    [
        (10, 50, True),
        (10, 30, True),
        (10, 29, False),
        (0, 80, True),
        (0, 90, False),
        (60, 90, False),
    ],
)
def test_a_quote_is_the_sentence_by_half_of_what_both_cover(
    start: int, end: int, right: bool
) -> None:
    document = Document("a", "text", "read", "x" * 100)
    quote = Citation.of(document, start, end)
    assert needles.same(quote, ("a", 10, 50)) == right
    assert not needles.same(quote, ("b", 10, 50))
    assert not needles.same(Citation("unverified", "x" * 40), ("a", 10, 50))


@pytest.mark.parametrize(
    ("said", "value", "holds"),
    [
        ("in locker 88.", "88", True),
        ("locker 188", "88", False),
        ("It cost 4,350 Pounds", "4,350 pounds", True),
        ("", "88", False),
        ("anything", "", False),
    ],
)
def test_an_answer_holds_the_value_word_for_word(said: str, value: str, holds: bool) -> None:
    assert needles.holds(said, value) == holds


def _hidden() -> Planted:
    body = f"{LEASE}{LINK_SAID} {LEASE}{FACT_SAID} {LEASE}"
    spans = {s: ("0.txt", body.index(s), body.index(s) + len(s)) for s in (LINK_SAID, FACT_SAID)}
    return Planted(window(tokenizer(), [1, 2, 3], body), spans)


def test_two_hops_are_judged_apart() -> None:
    hidden, asked = _hidden(), "Where does the custodian of vault 12 keep the key?"
    needle = Needle(HOPS, 0, asked, "88", FACT_SAID, LINK_SAID, 1)
    document = hidden.window.segments[0].document
    link, fact = (hidden.spans[s] for s in (LINK_SAID, FACT_SAID))
    evidence = (
        Evidence("0.txt", 0, 20, 1.0), Evidence("0.txt", fact[1] - 9, fact[1] + 1, 0.5),
    )  # fmt: skip
    quotes = (Citation.of(document, *link[1:]), Citation.of(document, *fact[1:]))
    answer = Answer(Question("q", asked), "found", "locker 88", quotes, evidence)
    blocks = -(-len(hidden.window.tokens) // 16)
    rankers = {"last": lambda question: np.arange(blocks)}
    name, told = needles.judged(needle, answer, hidden, 16, rankers)
    assert (name.kind, name.step, name.first_quote, name.any_quote) == (NAME, 1, True, True)
    assert (told.kind, told.step, told.first_quote, told.any_quote) == (FACT, 0, False, True)
    assert (name.value_said, told.value_said) == (False, True)
    assert (name.ranks[OURS], told.ranks[OURS]) == (None, 2)
    assert name.depth is not None and told.depth is not None and name.depth < told.depth
    assert name.ranks["last"] == blocks - _last_block(hidden, link)
    rows = needles.summed(1_000, [name, told])
    assert [(r.kind, r.who) for r in rows] == [
        (NAME, OURS), (NAME, "last"), (FACT, OURS), (FACT, "last"),
    ]  # fmt: skip
    assert (rows[0].value, rows[2].value, rows[2].at_1, rows[2].at_8) == (None, 1, 0, 1)
    assert rows[1].first_quote is None and rows[1].not_found is None


def _last_block(hidden: Planted, span: tuple[str, int, int]) -> int:
    """Found token by token."""
    _, start, end = span
    own = hidden.window
    body = hidden.window.segments[0].body
    inside = [
        t for t in range(body, len(own.tokens)) if own.starts[t] < end and own.ends[t] > start
    ]
    return inside[-1] // 16


def test_what_was_never_planted_says_not_found_only() -> None:
    answer = Answer(Question("q", "Who?"), "not_found")
    (seen,) = needles.judged(Needle(ABSENT, 0, "Who?"), answer, _hidden(), 16, {})
    (row,) = needles.summed(1_000, [seen])
    assert seen.depth is None and seen.ranks == {}
    assert (row.not_found, row.questions, row.who) == (1.0, 1, OURS)
    assert row.first_quote is row.any_quote is row.value is row.at_1 is row.at_8 is None


def test_the_command_counts_what_it_planted(bench: Bench, work: Path) -> None:
    (work / "a.txt").write_text(LEASE * 40, "utf-8")
    found = bench(
        "needles", "--windows", "2k,3k,9M", "--depths", "1", "--embedder", "none", "--plot",
        "n.svg",
    )  # fmt: skip
    assert [*found["needles"]] == ["2000", "3000"]
    rows = found["rows"]
    assert [r["kind"] for r in rows if r["who"] == OURS] == [*TARGETS, *TARGETS]
    assert {r["who"] for r in rows} == {OURS, "BM25"}
    for row in rows:
        own = [s for s in found["needles"][str(row["tokens"])] if s["kind"] == row["kind"]]
        assert row["questions"] == len(own) == 1
        if row["who"] == OURS and row["kind"] != ABSENT:
            assert row["first_quote"] <= row["any_quote"] <= 1 - row["not_found"]
            assert row["any_quote"] == own[0]["any_quote"]
        if row["kind"] != ABSENT:
            assert row["at_1"] <= row["at_8"] == (0 < (own[0]["ranks"][row["who"]] or 99) <= 8)
    single = next(r for r in rows if r["kind"] == SINGLE and r["who"] == "BM25")
    assert single["at_8"] == 1  # its words stand nowhere else
    assert any("9,000,000" in note for note in found["notes"])
    assert ET.fromstring((work / "n.svg").read_text("utf-8")).tag.endswith("svg")
    assert not list((work / "cache").glob("bench-*"))


def test_the_table(model: str, work: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = ["bench", "needles", "a.txt", "b.txt", "--model", model, "--depths", "1", "--embedder",
            "none"]  # fmt: skip
    assert main([*line, "--windows", "2k"]) == 0
    out = capfd.readouterr().out
    assert "two hops: fact" in out and "NOT FOUND" in out and "seed 0" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--windows", "9M"], "fewer than --windows"),
        (["--windows", "some"], "--windows"),
        (["--plot", "n.png"], "not an SVG"),
        (["--embedder", "other"], "no embedder 'other'"),
        (["--windows", "500"], "too many"),
    ],
)
def test_mistakes_end_with_2(
    arguments: list[str], said: str, model: str, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "needles", "a.txt", "--model", model, *arguments]) == 2
    assert said in capfd.readouterr().err


def test_a_missing_embedder_is_said_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise UsageError("It is not installed.", hint="Install it.")

    monkeypatch.setattr("kimidoc.train.teacher.minilm", missing)
    embed, notes = needles._embedder()
    assert embed is None and "not installed" in notes[0]


def test_the_picture_has_a_cell_for_every_planted_sentence() -> None:
    def seen(kind: str, step: int, **more: Any) -> dict[str, Any]:
        base = {"kind": kind, "step": step, "depth": step / 3, "first_quote": False}
        return base | {"any_quote": False, "ranks": {OURS: 40}} | more

    few = [
        seen(SINGLE, 0, first_quote=True, any_quote=True), seen(SINGLE, 1, any_quote=True),
        seen(FACT, 0, ranks={OURS: 8}), seen(FACT, 2), seen(ABSENT, 0, ranks={}, depth=None),
    ]  # fmt: skip
    root = ET.fromstring(heat.needles({"16000": few, "1000000": few[:1]}, OURS, "a <b> & c"))
    titles = [each.text or "" for each in root.iter() if each.tag.endswith("title")]
    assert len(titles) == 5 and titles[0] == "16k, 0 %: the first quote"
    assert [heat.state(each, OURS) for each in few[:4]] == [0, 1, 2, 3]
    words = [each.text for each in root.iter() if each.tag.endswith("text")]
    assert {"1M", "16k", SINGLE, FACT, "17 %"} <= set(words) and ABSENT not in words
    assert ET.fromstring(heat.needles({}, OURS, "none")).tag.endswith("svg")

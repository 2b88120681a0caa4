"""The novelty benchmark's parts: edits where it says, versions as a user would make them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kimidoc.bench import novelty
from kimidoc.bench.novelty import _PROGRAM, _PROSE, adapted, planted
from tests.bench.conftest import Bench
from tests.novelty.conftest import LEASE


@pytest.mark.parametrize("seed", range(5))
def test_planted_edits_begin_where_it_says(seed: int) -> None:
    text = LEASE * 3
    made = planted(text, _PROSE, 4, random.Random(seed))
    assert 1 <= len(made.at) <= 4 and made.text != text
    for at in made.at:
        assert any(made.text.startswith(put.strip(), at) for _, put in _PROSE)
    assert all(b - a > novelty.APART / 2 for a, b in zip(made.at, made.at[1:], strict=False))


def test_program_edits_flip_what_a_program_does() -> None:
    text = "".join(f"if total == {n}:\n    return total + {n}\n\n" for n in range(100))
    made = planted(text, _PROGRAM, 2, random.Random(0))
    assert {made.text[at : at + 2] for at in made.at} <= {"!=", "- "} | {"2:", "2\n"}


def test_an_adapted_version_keeps_the_words_and_not_the_layout() -> None:
    text = "\n\n".join(
        f"{n}. {LEASE} The Tenant and Kestrel agree, and Kestrel pays Kestrel." for n in range(10)
    )
    made = adapted(text, program=False)
    assert made.count("Northgate") >= 8 and max(map(len, made.split("\n"))) <= 88
    assert "4. 1. Term" not in made and "3. 1. Term" in made
    code = adapted("def read_rows(x):\n    return read_rows(x)\n\n" * 10, program=True)
    assert "read_rows" not in code and code.count("def northgate_item") == 8


def test_the_benchmark_beside_difflib(bench: Bench, work: Path) -> None:
    for name in ("c", "d"):
        (work / f"{name}.txt").write_text(f"{name} speaks of other things.\n" * 250, "utf-8")
    (work / "a.txt").write_text(LEASE * 2, "utf-8")
    found = bench("novelty", "--tokens", "5k", "--runs", "1", "--edits", "2", "c.txt", "d.txt")
    rows = found["rows"]
    assert [row["copy"] for row in rows] == ["copy", "adapted", "alone"]
    for row in rows:
        assert row["edits"] in (1, 2)
        for share in ("found", "model_alone", "wording_alone"):
            assert row[share] in (0, 0.5, 1)
    assert rows[0]["difflib"] == 1 and rows[0]["difflib_lines"] <= 4
    assert rows[2]["difflib"] is None

"""The parts: cut windows, interleaved runs, needles, a child that fails, tables and pictures."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.bench import child, plot, tables, text, timing
from kimidoc.bench.audit import planted
from kimidoc.bench.base import Result
from kimidoc.bench.child import Request
from kimidoc.bench.memory import Row as MemoryRow
from kimidoc.bench.restore import Row as RestoreRow
from kimidoc.bench.speed import Row as SpeedRow
from kimidoc.errors import EngineError
from kimidoc.pipeline import Job
from kimidoc.types import ModelFacts
from tests.engine.answer_models import small_window, tokenizer

FACTS = ModelFacts("m", "f", "A", 10, 5)


@given(tokens=st.integers(1, 400))
def test_a_cut_window_is_the_beginning_of_the_whole(tokens: int) -> None:
    whole = small_window()
    part = text.cut(whole, tokens)
    count = min(tokens, len(whole.tokens))
    assert part.tokens == whole.tokens[:count]
    assert part.starts == whole.starts[:count] and part.ends == whole.ends[:count]
    for segment in part.segments:
        same = whole.segment_of(segment.document.path)
        assert same is not None and same.start == segment.start
        assert segment.body < segment.end <= min(count, same.end)


def test_runs_are_interleaved() -> None:
    order: list[str] = []
    said: list[int] = []
    taken = timing.interleaved(
        {name: lambda n=name: order.append(n) for name in "abc"},  # type: ignore[misc]
        2,
        lambda stage, done, total, unit: said.append(done),
    )
    assert order == list("abcabc") and said == [1, 2, 3, 4, 5, 6]
    assert {name: len(runs) for name, runs in taken.items()} == {"a": 2, "b": 2, "c": 2}
    assert timing.ratio([4, 100, 5], [1, 0, 2]) == 5


def test_needles_take_the_place_of_as_many_tokens() -> None:
    whole = list(range(3, 203)) * 3
    ids, needles = planted(whole, tokenizer(), 4)
    assert len(ids) == len(whole) and len(needles) == 4
    assert len({needle.answer for needle in needles}) == 4
    for needle in needles:
        found = ids[needle.at :][: len(needle.question) + len(needle.answer)]
        assert found == [*needle.question, *needle.answer]
    assert planted(whole, tokenizer(), 0) == (whole, ())


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    job = Job("bench", ("nowhere",), str(tmp_path), 10, tmp_path / "cache")
    with pytest.raises(EngineError, match="There is no 'nowhere'"):
        child.run(Request(job, 10, ask=False))


def test_memory_of_a_process_that_has_gone_is_nothing() -> None:
    assert child.rss_of_tree(2**22 + 1) == 0


def test_tables_have_a_cell_for_every_head() -> None:
    rows = {
        "speed": SpeedRow(4000, "ours", 3000, (1.0, 3.0, 2.0), 1500.0, 1.0),
        "memory": MemoryRow(4000, 2 * 10**9, 10**9, 10**9, 10**9, 10.0, None),
        "restore": RestoreRow(4000, 10.0, (0.1,), 100.0, 1.0, 1.0, 1.0, 1.0, 4.1, 10**9, False),
    }
    shown = {}
    for task, row in rows.items():
        head, (cells,), right = tables.as_table(Result(task, FACTS, [row]))
        assert len(head) == len(cells) == len(right)
        shown[task] = " ".join(cells)
    assert "2.00 (1.00-3.00)" in shown["speed"]
    assert "-50 %" in shown["memory"] and "NO" in shown["restore"]


def test_a_picture_of_hostile_names_is_well_formed() -> None:
    runs = {
        "1000": {"samples": [[0.0, 10**9], [2.0, 3 * 10**9]], "stages": [["<read>", 1.0]]},
        "2000": {"samples": [], "stages": []},
    }
    for given_runs in (runs, {}):
        drawn = plot.memory(given_runs, "a <b> & c")
        root = ET.fromstring(drawn)
        assert root.tag.endswith("svg")
    assert len(plot.memory(runs, "x").split("<polyline")) == 3


@pytest.mark.parametrize("most", [1e-3, 0.3, 1, 2.7, 99.9, 1407, 86_400])
def test_marks_are_round_and_reach_over_everything(most: float) -> None:
    found = plot.marks(most)
    assert found[0] == 0 and found[-2] < most <= found[-1] * (1 + 1e-9)
    assert 4 <= len(found) <= 9
    assert all(len(f"{mark:g}".strip("0.").replace(".", "")) <= 4 for mark in found)


def test_thinned_samples_keep_the_peak() -> None:
    samples = [[n * 0.01, 5.0 + (n == 777) * 10 + n % 3] for n in range(10_000)]
    kept = plot.thinned(samples, 100.0)
    assert len(kept) <= 2 * plot.WIDTH and samples[777] in kept
    assert [s for s, _ in kept] == sorted(s for s, _ in kept)


def test_time_is_measured_in_seconds() -> None:
    taken = timing.interleaved({"sleep": lambda: time.sleep(0.01)}, 1)
    assert taken["sleep"][0] >= 0.01

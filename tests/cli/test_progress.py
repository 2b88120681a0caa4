"""How far a step has come: rates, remaining time, and as few lines as will do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.cli.progress import Progress, duration
from kimidoc.cli.streams import Streams
from kimidoc.config import Environment
from tests.cli.conftest import Screen, made


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _progress(**more: object) -> tuple[Progress, Clock, Screen, Streams]:
    streams, _, err = made(**more)  # type: ignore[arg-type]
    clock = Clock()
    return Progress(streams, clock), clock, err, streams


def test_a_line_each_tenth_with_rate_and_remaining_time() -> None:
    progress, clock, err, _ = _progress()
    for done in range(0, 1_001, 5):
        clock.now = done / 10
        progress("read", done, 1_000, "tokens")
    lines = err.getvalue().splitlines()
    assert lines[0] == "read: 10 % of 1,000 tokens, 10 tokens/s, 1 min 30 s left"
    assert lines[-1] == "read: 1,000 tokens in 1 min 40 s"
    assert len(lines) == 10


def test_a_quick_step_is_one_line() -> None:
    progress, clock, err, _ = _progress()
    for done in range(101):
        clock.now = done / 1_000
        progress("pack", done, 100, "documents")
    assert err.getvalue() == "pack: 100 documents\n"


def test_what_was_reused_does_not_count_towards_the_rate() -> None:
    progress, clock, err, _ = _progress()
    progress("read", 900, 1_000, "tokens")
    clock.now = 10
    progress("read", 950, 1_000, "tokens")
    assert err.getvalue() == "read: 95 % of 1,000 tokens, 5.0 tokens/s, 10 s left\n"


def test_a_bar_where_stderr_can_be_rewritten() -> None:
    progress, clock, err, streams = _progress(terminal=True, around=Environment(columns=60))
    progress("read", 0, 1_000, "tokens")
    clock.now = 0.05
    progress("read", 10, 1_000, "tokens")  # too soon to draw again
    clock.now = 2
    progress("read", 500, 1_000, "tokens")
    drawn = err.getvalue().split("\r")[1:]
    assert drawn[0].startswith("read ░░░░░░░░░░░░░░░░░░░░ 0/1,000 tokens")
    assert drawn[1].startswith("read ██████████░░░░░░░░░░ 500/1,000 tokens, 250")
    assert len(drawn) == 2 and all(len(line.removesuffix("\x1b[K")) < 60 for line in drawn)
    progress("read", 1_000, 1_000, "tokens")
    progress("read", 1_000, 1_000, "tokens")  # finished is finished
    assert err.getvalue().count("read: 1,000 tokens in 2 s") == 1
    assert streams.animated


def test_an_ascii_terminal_gets_an_ascii_bar() -> None:
    progress, _, err, _ = _progress(terminal=True, encoding="ascii")
    progress("read", 250, 1_000, "tokens")
    assert "read #####............... 250/1,000 tokens" in err.getvalue()


def test_an_unknown_total_is_counted() -> None:
    progress, clock, err, _ = _progress(terminal=True)
    progress("walk", 0, 0, "files")
    clock.now = 1
    progress("walk", 1_200, 0, "files")
    assert "walk 1,200 files, 1,200 files/s" in err.getvalue()
    progress, clock, err, _ = _progress()
    progress("walk", 7, 0, "files")
    assert err.getvalue() == ""


def test_a_stage_begins_again_after_it_has_finished() -> None:
    progress, _, err, _ = _progress()
    progress("answer", 2, 2, "questions")
    progress("answer", 0, 3, "questions")
    progress("answer", 3, 3, "questions")
    assert err.getvalue() == "answer: 2 questions\nanswer: 3 questions\n"


def test_quiet_says_nothing() -> None:
    progress, _, err, streams = _progress()
    streams.settle(quiet=True, color="auto", debug=False)
    progress("read", 10, 10, "tokens")
    assert err.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (3_600, "1 h 0 min"), (7_500, "2 h 5 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 5)), max_size=60), st.integers(0, 50))
def test_no_run_of_calls_breaks_it(calls: list[tuple[int, float]], total: int) -> None:
    progress, clock, err, _ = _progress(terminal=bool(total % 2))
    for done, passed in calls:
        clock.now += passed
        progress("stage", done, total, "units")
    assert "nan" not in err.getvalue() and "-" not in err.getvalue()

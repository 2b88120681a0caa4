"""Results to stdout, the rest to stderr; nothing steers the terminal but us."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.cli import streams as module
from kimidoc.cli.streams import Streams, printable, utf8
from kimidoc.config import Environment
from tests.cli.conftest import Screen, made


@given(st.text())
def test_printable_text_cannot_steer(text: str) -> None:
    shown = printable(text)
    assert not any((ord(c) < 0x20 and c not in "\t\n") or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200e\u200f")
    shown.encode("utf-8")


@given(st.text())
def test_utf8_keeps_one_character_one(text: str) -> None:
    back = utf8(text).decode("utf-8")
    assert len(back) == len(text)
    assert all(a == b or 0xD800 <= ord(a) < 0xE000 for a, b in zip(text, back, strict=True))


def test_printable_shows_what_it_takes() -> None:
    assert printable("a\x1b[2J\x9b\u202e\udce9\tb\n") == "a\\x1b[2J\\x9b\\u202e\\udce9\tb\n"


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    ("setting", "around", "on_terminal", "off_terminal"),
    [
        ("auto", Environment(), True, False),
        ("auto", Environment(no_color=True), False, False),
        ("auto", Environment(force_color=True), True, True),
        ("auto", Environment(no_color=True, force_color=True), False, False),
        ("auto", Environment(dumb=True), False, False),
        ("never", Environment(force_color=True), False, False),
        ("always", Environment(no_color=True), True, True),
    ],
)
def test_colour(
    terminal: bool, setting: str, around: Environment, on_terminal: bool, off_terminal: bool
) -> None:
    streams, out, err = made(terminal=terminal, around=around)
    streams.settle(quiet=False, color=setting, debug=False)
    expected = on_terminal if terminal else off_terminal
    assert streams.colored(out) is expected and streams.colored(err) is expected
    streams.note("note")
    assert ("\x1b[" in err.getvalue()) is expected


@pytest.mark.parametrize(
    "around", [Environment(ci=True), Environment(github_actions=True), Environment(dumb=True)]
)
def test_no_animation_where_nobody_sees_it(around: Environment) -> None:
    assert made(terminal=True)[0].animated
    assert not made(terminal=False)[0].animated
    assert not made(terminal=True, around=around)[0].animated


def test_errors_say_what_to_do_and_quiet_hides_notes_only() -> None:
    streams, out, err = made()
    streams.settle(quiet=True, color="auto", debug=False)
    streams.note("unheard")
    streams.warning("heard")
    streams.error("it broke", "mend it")
    streams.error("no more", None)
    assert err.getvalue() == (
        "warning: heard\nkimidoc: error: it broke\n  hint: mend it\nkimidoc: error: no more\n"
    )
    assert out.getvalue() == ""


def test_a_status_is_taken_away_before_a_line() -> None:
    streams, out, err = made(terminal=True)
    streams.status("50 %\x1b[2J")
    streams.note("done")
    assert err.getvalue() == "\r50 %\\x1b[2J\x1b[K\r\x1b[K\x1b[2mdone\x1b[0m\n"
    streams.clear()
    assert err.getvalue().endswith("done\x1b[0m\n")  # there was none to take away
    streams.status("again")
    streams.result("text")
    assert err.getvalue().endswith("\r\x1b[K") and out.getvalue() == "text\n"


def test_the_greeting_is_a_status_on_a_terminal_and_a_line_elsewhere() -> None:
    streams, _, err = made(terminal=True)
    streams.greet("kimidoc 1")
    assert err.getvalue() == "\rkimidoc 1 …\x1b[K"
    streams, _, err = made(terminal=True, encoding="ascii")
    streams.greet("kimidoc 1")
    assert err.getvalue() == "\rkimidoc 1 ...\x1b[K"
    streams, _, err = made()
    streams.greet("kimidoc 1")
    assert err.getvalue() == "kimidoc 1\n"


def test_results_are_utf8_and_unchanged_in_a_pipe() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="latin-1", newline="\r\n")
    streams = Streams(out, Screen(), Environment())
    streams.result("a\r\nb\n分 \udce9")
    streams.result("no end", newline=False)
    assert raw.getvalue() == "a\r\nb\n分 \ufffd\nno end".encode()


def test_a_terminal_gets_its_own_encoding() -> None:
    streams, out, err = made(terminal=True, encoding="latin-1")
    streams.result("é 分")
    assert out.getvalue() == "é ?\n"
    streams.plain("分\x1b\n\n")
    assert err.getvalue() == "\\u5206\\x1b\n"


def test_width_is_columns_then_the_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(around=Environment(columns=120))[0].width() == 120
    monkeypatch.setattr(
        module.shutil, "get_terminal_size", lambda fallback: os.terminal_size((97, 1))
    )
    assert made()[0].width() == 97


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Screen(terminal=True))
    assert made(terminal=True)[0].interactive
    assert not made()[0].interactive


def test_debug_once_on_stays_on() -> None:
    streams, _, _ = made()
    streams.debug = True
    streams.settle(quiet=False, color="auto", debug=False)
    assert streams.debug


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    for which in ("out", "err"):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as broken:
            whole = Screen()
            streams = Streams(
                broken if which == "out" else whole,
                broken if which == "err" else whole,
                Environment(),
            )
            if which == "out":
                streams.result("x" * 100_000)
            else:
                streams.note("x" * 100_000)
            streams.close()


def test_closed_streams_are_no_error() -> None:
    out, err = Screen(), Screen()
    streams = Streams(out, err, Environment())
    out.close()
    err.close()
    streams.note("to nobody")
    streams.close()
    assert not streams.colored(out)


class Failing(Screen):
    """A stream that cannot be flushed."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def flush(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed")])
def test_closing_never_fails(error: Exception) -> None:
    streams = Streams(Failing(error), Screen(), Environment())
    streams.close()
    streams.abandon_stdout()  # there is no file behind it


def test_a_closed_stream_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    assert not Streams(closed, closed, Environment()).animated

"""``kimidoc chat`` with and without a terminal: one reading, located quotes, clean ends."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kimidoc.cli import chat as chat_command
from kimidoc.cli.main import main
from kimidoc.cli.onlooker import Onlooker
from tests.cli.conftest import Program, made
from tests.engine.answer_models import LEASE, SUPPLY, folder

RENT = "When is the rent paid?"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folder(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def documents(work: Path) -> Path:
    (work / "docs").mkdir()
    (work / "docs" / "lease.txt").write_text(LEASE * 3, "utf-8")
    (work / "docs" / "supply.txt").write_text(SUPPLY, "utf-8")
    return work


@pytest.fixture
def chat(documents: Path, model: str, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Runs a conversation whose questions come from stdin."""

    def run(stdin: str, *options: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        return main(["chat", "docs", "--model", model, "--offline", *options])

    return run


def test_questions_from_stdin_on_one_reading(chat, capfd) -> None:  # type: ignore[no-untyped-def]
    script = (
        f"\n/sources\n{RENT}\n/evidence\nWhat is the price?\n/save all.json\n/help\n/quit\nnever\n"
    )
    assert chat(script) == 0
    out, err = capfd.readouterr()
    assert out.count("> ") >= 6 and f"> {RENT}\n" in out and "never" not in out
    assert re.search(r"\d+ +read +docs/lease\.txt|\d+ +read +lease\.txt", out)
    assert re.search(r"^1\. lease\.txt, line \d+$", out, re.MULTILINE)
    assert "/save FILE" in out and "2 answers in all.json" in out
    assert "2 documents read" in err
    saved = json.loads(Path("all.json").read_text("utf-8"))
    assert saved["run"]["command"] == "chat"
    assert [answer["question"] for answer in saved["answers"]] == [RENT, "What is the price?"]
    for answer in saved["answers"]:
        for citation in answer["citations"] if answer["status"] == "found" else []:
            assert f"“{' '.join(citation['text'].split())}”" in out


def test_a_question_about_every_document_is_put_to_each(chat, capfd) -> None:  # type: ignore[no-untyped-def]
    which = "Which agreements can be ended by notice?"
    assert chat(f"{which}\n/evidence\n/save all.json\n") == 0
    out, err = capfd.readouterr()
    assert "asking each of the 2 documents by itself" in err
    saved = json.loads(Path("all.json").read_text("utf-8"))
    (answer,) = saved["answers"]
    assert (answer["id"], answer["document"]) == ("q1", None)
    assert {place["path"] for place in answer["evidence"]} == {"lease.txt", "supply.txt"}
    assert any(w["code"] == "method.asked-of-each" for w in saved["warnings"])
    for citation in answer["citations"] if answer["status"] == "found" else []:
        assert f"“{' '.join(citation['text'].split())}”" in out


def test_a_second_conversation_reads_nothing(chat, capfd) -> None:  # type: ignore[no-untyped-def]
    assert chat(RENT) == 0
    first = capfd.readouterr().out
    assert chat(RENT) == 0
    out, err = capfd.readouterr()
    assert "taken up from its session" in err and "prefill" not in err
    assert out == first


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        ("/nonsense", "There is no command '/nonsense'"),
        ("/save", "/save needs a file"),
        ("/save x.html", "nothing to save"),
        (f"{RENT}\n/save x.unknown", "does not say in which format"),
        (f"{RENT}\n/save docs/lease.txt", "would be overwritten"),
    ],
)
def test_a_mistake_in_a_script_ends_it_with_2(chat, capfd, stdin: str, said: str) -> None:  # type: ignore[no-untyped-def]
    assert chat(f"{stdin}\n{RENT}") == 2
    out, err = capfd.readouterr()
    assert said in err and "hint: " in err
    assert out.count(f"> {RENT}") == stdin.count(RENT)


def test_no_questions_are_no_error_and_nothing_was_asked_says_so(chat, capfd) -> None:  # type: ignore[no-untyped-def]
    assert chat("") == 0
    assert capfd.readouterr().out == ""
    assert chat("/evidence") == 0
    assert "Nothing was asked yet." in capfd.readouterr().out


def test_documents_cannot_come_from_stdin_too(model: str, documents: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    assert main(["chat", "-", "--model", model]) == 2
    assert "Put the document into a file" in capfd.readouterr().err


def _as_a_shell_would() -> None:
    """In the child: a terminal on stdin is its own, and it can be interrupted.

    Whoever started the tests in the background has had interrupts ignored, which is inherited.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.isatty(0):
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The program behind a pseudo-terminal, as a user has it."""

    def __init__(self, program: Program, *arguments: str) -> None:
        import pty

        self.screen, inner = pty.openpty()
        self.process = subprocess.Popen(
            program.command(*arguments),
            stdin=inner, stdout=inner, stderr=inner, cwd=program.work, start_new_session=True,
            env=program.variables | {"TERM": "dumb", "PYTHONUNBUFFERED": "1"},
            preexec_fn=_as_a_shell_would,
        )  # fmt: skip
        os.close(inner)
        self.seen = ""

    def until(self, words: str, patience_s: float = 400, again: str = "") -> None:
        """Read on until the screen shows ``words``, and forget what came before.

        ``again`` is typed every ten seconds in which nothing comes.
        """
        end = time.monotonic() + patience_s
        while words not in self.seen:
            wait = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self.screen], [], [], min(10, wait) if again else wait)
            if again and not ready and wait:
                self.type(again)
                continue
            assert ready, f"not seen: {words!r} in {self.seen!r}"
            try:
                data = os.read(self.screen, 4096)
            except OSError:  # Linux: the other side has gone
                data = b""
            assert data, f"ended without {words!r}: {self.seen!r}"
            self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        self.seen = self.seen.partition(words)[2]

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def end(self) -> int:
        code = self.process.wait(timeout=400)
        os.close(self.screen)
        return code


@pytest.fixture
def terminal(program: Program, model: str) -> Terminal:
    (program.work / "lease.txt").write_text(LEASE, "utf-8")
    (program.folder / "state").mkdir()
    return Terminal(program, "chat", "lease.txt", "--model", model, "--offline")


@posix_only
def test_at_a_terminal_mistakes_go_on_and_ctrl_d_ends(terminal: Terminal, program: Program) -> None:
    terminal.until("> ")
    terminal.type("/nonsense\n")
    terminal.until("There is no command '/nonsense'")
    terminal.until("> ")
    terminal.type(f"{RENT}\n")
    terminal.until(RENT)  # the echo; then an answer of one kind or another
    terminal.until("\n> ")
    terminal.type("\x04")
    assert terminal.end() == 0
    (history,) = (program.folder / "state").rglob("chat-history")
    assert RENT in history.read_text("utf-8")
    assert history.stat().st_mode & 0o077 == 0


@posix_only
def test_ctrl_c_at_the_prompt_ends_with_130(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type("\x03")
    # between showing its prompt and waiting, Python's readline notes an interrupt and sleeps on it
    terminal.until("interrupted", again="\x03")
    assert terminal.end() == 130


@posix_only
def test_ctrl_c_in_a_script_ends_with_130(program: Program, model: str) -> None:
    (program.work / "lease.txt").write_text(LEASE, "utf-8")
    process = subprocess.Popen(
        program.command("chat", "lease.txt", "--model", model, "--offline"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=program.work, env=program.variables, preexec_fn=_as_a_shell_would,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if b"/help lists the commands" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=400)
    assert process.returncode == 130 and b"interrupted" in err and b"Traceback" not in err


@posix_only
def test_at_a_terminal_an_answer_comes_as_it_is_made(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type(f"{RENT}\n")
    terminal.until("looking at lease.txt, line ")
    terminal.until("located · lease.txt · ")
    terminal.until("\n> ")
    terminal.type("\x04")
    assert terminal.end() == 0


class Talked:
    """A conversation in this process, as at a terminal."""

    def __init__(self, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from kimidoc import pipeline
        from kimidoc.cli.conversation import Conversation

        self.streams, self.out, self.err = made(terminal=True)
        job = pipeline.Job("chat", ("docs",), model, 10**6, Path("cache"), offline=True)
        self.talk = Conversation(job, self.streams)
        self._patch = monkeypatch

    def says(self, *lines: str) -> str:
        """What is on the screen after these lines were typed."""
        typed = iter(lines)
        self._patch.setattr("builtins.input", lambda prompt: next(typed, "/quit"))
        before = len(self.out.getvalue())
        chat_command._loop(self.talk, self.streams, ["docs"], interactive=True)
        return self.out.getvalue()[before:]


@pytest.fixture
def talked(documents: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> Talked:
    return Talked(model, monkeypatch)


def test_what_is_shown_on_the_way_is_the_answer(talked: Talked) -> None:
    seen = talked.says(RENT)
    (answer,) = talked.talk.answers
    whole = talked.talk.shown(answer)
    assert answer.status == "found" and "located · lease.txt" in seen
    first = "looking at " + talked.talk.spot(answer.evidence[0])
    assert first in talked.err.getvalue()
    told = [line for line in seen.splitlines() if line.startswith("  ")]
    assert told == [line for line in whole.splitlines() if line.startswith("  ")]
    if answer.text:
        assert seen.splitlines()[-1] == f"→ {answer.text}"
    nothing = talked.says("Who won the football match?")
    assert talked.talk.answers[-1].status != "not_found" or nothing.startswith("Not found: ")


def test_quotes_of_each_document_are_shown_on_the_way(talked: Talked) -> None:
    seen = talked.says("Which agreements can be ended by notice?")
    (answer,) = talked.talk.answers
    assert "asking each of the 2 documents" in talked.err.getvalue()
    assert "looking at" not in talked.err.getvalue()
    told = [line for line in seen.splitlines() if line.startswith("  ")]
    whole = talked.talk.shown(answer).splitlines()
    assert answer.status == "found" and sorted(told) == sorted(whole)


@pytest.mark.parametrize("moment", ["looks", "located"])
def test_ctrl_c_drops_an_answer_in_the_making(
    talked: Talked, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    calm = talked.says(RENT)
    with monkeypatch.context() as once:
        once.setattr(Onlooker, moment, _interrupt)
        broken = talked.says(RENT)
    assert "interrupted; ask again" in talked.err.getvalue()
    assert len(talked.talk.answers) == 1 and broken == ""
    assert talked.says(RENT) == calm
    assert talked.talk.answers[0].citations == talked.talk.answers[1].citations


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt

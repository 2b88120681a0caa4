"""``kimidoc chat PATH...``: one question after another on one prefix.

Questions come from a terminal, or one a line from stdin. At a terminal an answer is shown as it is
made: where the model looks, each quote when it was located, then the short answer. Nothing that was
not located is ever shown. Without a terminal every answer comes whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from kimidoc.cli import jobs, output
from kimidoc.cli.app import command, new_app
from kimidoc.cli.conversation import Conversation
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.onlooker import Onlooker
from kimidoc.cli.options import Budget, Manner, Paths, Reading, Reports, Running
from kimidoc.cli.streams import Streams
from kimidoc.errors import KimidocError, UsageError

app = new_app()

EXAMPLES = """
  kimidoc chat contracts/
  kimidoc chat 10-K.pdf --model ./my-model
  kimidoc chat contracts/ < questions.txt
"""
HELP = """\
Ask in plain words; every answer shows the quotes it rests on, located in the documents.
  /sources      the documents that were read, and what was not
  /evidence     where the model looked for the last question
  /save FILE    everything asked so far as a report; .html .md .json .csv .txt
  /help         this
  /quit         end; so does Ctrl-D
"""
HISTORY = "chat-history"  # in the state folder
HISTORY_LINES = 1_000


@command(app, examples=EXAMPLES)
@flat
def chat(
    ctx: typer.Context,
    paths: Paths,
    *,
    reading: Reading,
    budget: Budget,
    running: Running,
    manner: Manner,
) -> None:
    """Ask one question after another on one window, read once.

    Each question stands on its own: the model sees the documents and it, not the talk before.
    One that asks which of the documents is put to each of them by itself, one that names a
    document to that one.
    At a terminal quotes are shown as they are located, then the answer; Ctrl-C drops one.
    Inside, /help lists the commands. Without a terminal, questions are read from stdin, one a
    line, and the first mistake ends the command with its exit code.
    """
    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner, reading, budget, running, roots=paths).settings
    if "-" in paths:
        raise UsageError(
            "Both the questions and a document are to come from stdin.",
            hint="Put the document into a file.",
        )
    job = jobs.job("chat", paths, settings, reading)
    talk = Conversation(job, streams)
    there = streams.interactive and not settings.no_input
    known = "taken up from its session" if talk.reused else "read"
    streams.note(f"{len(talk.window.segments):,} documents {known}; /help lists the commands")
    with _history(settings.state_dir) if there else _no_history():
        _loop(talk, streams, paths, interactive=there)


def _loop(talk: Conversation, streams: Streams, paths: list[str], *, interactive: bool) -> None:
    """Until the input ends. At a terminal Ctrl-C drops an answer in the making."""
    for line in _asked() if interactive else _lines():
        words = line.strip()
        if not words:
            continue
        if words in ("/quit", "/exit"):
            return
        if not interactive:
            streams.result(f"> {words}")
        try:
            said = _reply(talk, words, paths, streams, live=interactive and streams.on_screen)
            if said:
                streams.result(said)
        except KimidocError as mistake:
            if not interactive:
                raise
            streams.error(mistake.message, mistake.hint)
        except KeyboardInterrupt:
            if not interactive:
                raise
            streams.note("interrupted; ask again, or /quit")


def _reply(
    talk: Conversation, words: str, paths: list[str], streams: Streams, *, live: bool
) -> str:
    name, _, rest = words.partition(" ")
    commands: dict[str, Callable[[], str]] = {
        "/help": lambda: HELP,
        "/sources": talk.sources,
        "/evidence": talk.evidence,
        "/save": lambda: _save(talk, rest.strip(), paths, streams),
    }
    if name in commands:
        return commands[name]()
    if words.startswith("/"):
        raise UsageError(f"There is no command {name!r}.", hint="/help lists them.")
    if not live:
        return talk.shown(talk.ask(words))
    onlooker = Onlooker(talk, streams)
    return talk.concluded(talk.ask(words, onlooker), onlooker.told)


def _save(talk: Conversation, file: str, paths: list[str], streams: Streams) -> str:
    if not file:
        raise UsageError("/save needs a file.", hint="/save answers.html")
    targets = output.plan(Reports(output=file), paths, default=None, origin="/save")
    if not talk.answers:
        raise UsageError("There is nothing to save yet.", hint="Ask something first.")
    output.write(talk.report(), targets, streams)
    return f"{len(talk.answers):,} answers in {file}\n"


def _asked() -> Iterator[str]:
    while True:
        try:
            yield input("> ")
        except EOFError:
            return


def _lines() -> Iterator[str]:
    """What stdin holds, line by line as it comes."""
    while line := sys.stdin.buffer.readline():
        yield line.decode("utf-8", "replace")


@contextmanager
def _no_history() -> Iterator[None]:
    yield


@contextmanager
def _history(folder: Path) -> Iterator[None]:
    """Lines of earlier conversations for the arrow keys, kept for the user alone."""
    try:
        import readline
    except ImportError:  # Windows has none; its console keeps lines itself
        yield
        return
    file = folder / HISTORY
    readline.clear_history()
    with suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        readline.set_history_length(HISTORY_LINES)
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
            readline.write_history_file(file)

"""``kimidoc ask PATH... "QUESTION"``, or many questions at once from a file."""

from __future__ import annotations

from typing import Annotated

import typer

from kimidoc.cli import jobs, questions
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat
from kimidoc.cli.options import Budget, Gates, Manner, Reading, Reports, Running
from kimidoc.cli.streams import Streams
from kimidoc.errors import UsageError

app = new_app()

EXAMPLES = """
  kimidoc ask contracts/ "Which contracts end on a change of control?"
  kimidoc ask contracts/ "What is the governing law?" --each --csv law.csv
  kimidoc ask 10-K.pdf call.txt --questions questions.jsonl --json answers.json
  git diff | kimidoc ask - "What does this change break?" --stdin-name x.diff
"""

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH... QUESTION",
        help="What to read (files, folders, globs, - for stdin), and the question last.",
        show_default=False,
    ),
]
QuestionsFile = Annotated[
    str | None,
    typer.Option(
        "--questions",
        metavar="FILE",
        help="Many questions, a JSON object a line: "
        '{"id", "question", "document" (optional: a path as packed), "each" (optional: true or '
        "false)}. All arguments are paths.",
        rich_help_panel="What is asked",
        show_default=False,
    ),
]
Each = Annotated[
    bool | None,
    typer.Option(
        "--each/--no-each",
        help="Put every question to every document by itself, with an answer for each; or never. "
        "Without either, one that asks in English which of the documents (Which contracts ...?) "
        "is put to each, and gets one answer that cites them; one that names a document is put to "
        "that one.",
        rich_help_panel="What is asked",
        show_default=False,
    ),
]


@command(app, examples=EXAMPLES)
@flat
def ask(
    ctx: typer.Context,
    words: Words,
    *,
    questions_file: QuestionsFile = None,
    each: Each = None,
    reading: Reading,
    budget: Budget,
    running: Running,
    reports: Reports,
    gates: Gates,
    manner: Manner,
) -> None:
    """Read documents whole and answer questions with located quotes.

    Every quote in an answer was located in the source by code; an answer without one is given as
    not found.
    """
    streams = ctx.find_object(Streams)
    assert streams is not None
    if questions_file is None:
        paths, *asked = questions.split(words, streams)
    else:
        paths = tuple(words)
        if questions_file == "-" and "-" in paths:
            raise UsageError(
                "Both the questions and a document are to come from stdin.",
                hint="Put one of them into a file.",
            )
        asked = [*questions.read(questions_file)]
    options = jobs.Options(reading, budget, running, reports, gates, manner)
    asked = questions.marked(asked, each)
    raise typer.Exit(jobs.run(streams, "ask", paths, options, questions=asked))

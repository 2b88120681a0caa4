"""``kimidoc bench review FILES``: code review on labelled code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from kimidoc import __version__
from kimidoc.cli import output
from kimidoc.cli.app import command
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams, utf8
from kimidoc.cli.tables import table
from kimidoc.errors import UsageError

EXAMPLES = """
  kimidoc bench review owasp/java.jsonl --cases 200 --part dev
  kimidoc bench review cases.jsonl --part held-out --json review.json
"""
_PARTS = ("dev", "held-out")  # bench.labelled's, which --help does not import


def register(app: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""
    command(app, name="review", examples=EXAMPLES)(flat(review))


def review(
    ctx: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Labelled cases, one JSON a line.")
    ],
    *,
    cases: Annotated[
        int, typer.Option("--cases", metavar="N", min=1, help="Cases drawn of each file.")
    ] = 200,
    part: Annotated[
        str, typer.Option("--part", metavar="dev|held-out", help="Which part they are drawn of.")
    ] = "dev",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Which are drawn.")] = 0,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="JSON, to a file or to stdout.")
    ] = None,
    manner: Manner,
) -> None:
    """Labelled code reviewed: precision and recall, beside signs, grep and chance.

    Each line of a file: path, text, cwe, and vulnerable (true or false) or flaw_lines (a list);
    category where there is one. Seven tenths of the paths are dev, the rest held out, by a hash.
    """
    if part not in _PARTS:
        raise UsageError(f"There is no part {part!r}.", hint="Parts: dev, held-out.")
    from kimidoc.bench import review as bench
    from kimidoc.bench import tables
    from kimidoc.planner import machine

    streams = ctx.find_object(Streams)
    assert streams is not None
    settle(streams, manner)
    found = bench.run([Path(file) for file in files], cases, part, seed, streams.progress)
    used = {"processor": machine.processor(), "cores": machine.cores()}
    if json_file is not None:
        text = json.dumps(tables.as_data(found, used, __version__), ensure_ascii=False, indent=1)
        if json_file == output.STDOUT:
            streams.result(text)
            return
        output.replace_file(Path(json_file), utf8(text + "\n"))
    head, rows, right = tables.as_table(found)
    notes = [f"Note: {note}" for note in found.notes]
    streams.result("\n".join([table(head, rows, right), "", *notes]))

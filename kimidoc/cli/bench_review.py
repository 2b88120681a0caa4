"""``kimidoc bench review FILES``: code review on labelled code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kimidoc.cli.app import command
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.measuring import as_json, used
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams
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

    streams = ctx.find_object(Streams)
    assert streams is not None
    settle(streams, manner)
    found = bench.run([Path(file) for file in files], cases, part, seed, streams.progress)
    if as_json(streams, found, used(), json_file):
        return
    head, rows, right = tables.as_table(found)
    notes = [f"Note: {note}" for note in found.notes]
    streams.result("\n".join([table(head, rows, right), "", *notes]))

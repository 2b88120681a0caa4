"""``kimidoc bench paragraphs FILE``: short answers to questions in SQuAD's form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kimidoc.cli.app import command
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.measuring import as_json, listed, resolved, used
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams

EXAMPLES = """
  kimidoc bench paragraphs xquad.en.json --questions 100
"""
_HEAD = ("put to", "present", "absent", "found", "F1", "quoted", "absent: not found")


def register(app: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""
    command(app, name="paragraphs", examples=EXAMPLES)(flat(paragraphs))


def paragraphs(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Questions in SQuAD's JSON form.")],
    *,
    questions: Annotated[
        int, typer.Option("--questions", metavar="N", min=1, help="Questions that are drawn.")
    ] = 200,
    paragraphs: Annotated[
        int, typer.Option("--paragraphs", metavar="N", min=1, help="Paragraphs in the window.")
    ] = 100,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME|DIR", help="The checkpoint that reads.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="CPU threads.")
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="JSON, to a file or to stdout.")
    ] = None,
    manner: Manner,
) -> None:
    """Short answers to questions about paragraphs, each asked of its own and of all."""
    from kimidoc.bench import paragraphs as bench
    from kimidoc.engine.local import LocalEngine

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner).settings
    where = resolved(streams, settings, model)
    engine = LocalEngine(where, sessions_root=None, threads=threads)
    found = bench.run(engine, Path(file), questions, paragraphs, streams.progress)
    if as_json(streams, found, used(), json_file):
        return
    rows = [
        (
            r.of, str(r.present), str(r.absent), f"{r.found:.3f}", f"{r.f1:.3f}",
            f"{r.quoted:.3f}",
            "-" if r.not_found_when_absent is None else f"{r.not_found_when_absent:.3f}",
        )
        for r in found.rows
    ]  # fmt: skip
    listed(streams, found, _HEAD, rows, "lrrrrrr")

"""``kimidoc bench answers DATA``: are quotes right, and is what is not there not found?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kimidoc.cli.app import command
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.measuring import as_json, listed, resolved, used
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams
from kimidoc.config import parsers
from kimidoc.errors import UsageError

EXAMPLES = """
  kimidoc bench answers datasets/ --read 256k --json answers.json
"""
_HEAD = (
    "wording", "present", "absent", "found", "right", "F1 >= 0.5", "absent: not found", "located",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""
    command(app, name="answers", examples=EXAMPLES)(flat(answers))


def answers(
    ctx: typer.Context,
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="The folder that holds the folder cuad.")
    ],
    *,
    read: Annotated[
        str, typer.Option("--read", metavar="TOKENS", help="Tokens of documents in the window.")
    ] = "256k",
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
    """Every clause category asked of every contract, labelled there or not (CUAD's dev split)."""
    from kimidoc.bench import answers as bench
    from kimidoc.engine.local import LocalEngine
    from kimidoc.train import sources

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner).settings
    if not (Path(data) / "cuad").is_dir():
        raise UsageError(f"{Path(data) / 'cuad'} is not there.", hint="Put the data set there.")
    where = resolved(streams, settings, model)
    engine = LocalEngine(where, sessions_root=None, threads=threads)
    most = int(str(parsers.tokens(read, Path())))
    documents = list(sources.cuad(Path(data) / "cuad", "dev"))
    found = bench.run(engine, documents, most, streams.progress)
    if as_json(streams, found, used(), json_file):
        return
    rows = [
        (
            r.wording, str(r.present), str(r.absent), f"{r.found_when_present:.3f}",
            f"{r.right_when_present:.3f}", f"{r.overlap_when_present:.3f}",
            f"{r.not_found_when_absent:.3f}", f"{r.verified:.3f}",
        )
        for r in found.rows
    ]  # fmt: skip
    listed(streams, found, _HEAD, rows, "lrrrrrrr")

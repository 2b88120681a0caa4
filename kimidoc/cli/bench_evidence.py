"""``kimidoc bench evidence DATA``: is the passage that answers among the first found?"""

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
  kimidoc bench evidence datasets/ --sets cuad,qmsum --json evidence.json
  kimidoc bench evidence datasets/ --sets cuad --windows 16k --embedder none
  kimidoc bench evidence datasets/ --sets none --code site-packages/httpx
"""
_HEAD = ("data", "wording", "scope", "who", "questions", "@1", "@4", "@8")


def register(app: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""
    command(app, name="evidence", examples=EXAMPLES)(flat(evidence))


def evidence(
    ctx: typer.Context,
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="The folder that holds the data sets' own folders."),
    ],
    *,
    sets: Annotated[
        str,
        typer.Option("--sets", metavar="LIST", help="Which of them, or none.", show_default=False),
    ] = "cuad,evidence_inference,qmsum,financebench",
    code: Annotated[
        list[str] | None,
        typer.Option(
            "--code", metavar="DIR", help="Python packages; docstrings ask for functions."
        ),
    ] = None,
    windows: Annotated[
        str,
        typer.Option("--windows", metavar="LIST", help="Scopes beside the question's document."),
    ] = "16k,64k,256k",
    read: Annotated[
        str, typer.Option("--read", metavar="TOKENS", help="Tokens read of each data set.")
    ] = "256k",
    embedder: Annotated[
        str, typer.Option("--embedder", metavar="NAME", help="The embedding peer: minilm or none.")
    ] = "minilm",
    indexer: Annotated[
        str | None,
        typer.Option("--indexer", metavar="FILE", help="Other weights than those shipped."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|DIR", help="The checkpoint the indexer is for."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="CPU threads of everybody.")
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="JSON, to a file or to stdout.")
    ] = None,
    manner: Manner,
) -> None:
    """Evidence found among the first 1, 4 and 8 blocks, beside BM25 and embeddings.

    Data sets are laid out as their authors do: DATA/cuad, DATA/evidence_inference, DATA/qmsum,
    DATA/financebench. Their dev or validation parts are used, and nothing is trained on them.
    """
    from kimidoc.bench import evidence as bench
    from kimidoc.indexer.model import Indexer
    from kimidoc.models.nano import indexer_file

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner).settings
    names = [] if sets == "none" else [name.strip() for name in sets.split(",")]
    documents = bench.labelled(Path(data), names, [Path(c) for c in code or ()])
    where = resolved(streams, settings, model)
    found = bench.run(
        where, threads, Indexer.load(Path(indexer) if indexer else indexer_file()), documents,
        _tokens("--windows", windows), _tokens("--read", read)[0],
        None if embedder == "none" else embedder, streams.progress,
    )  # fmt: skip
    if as_json(streams, found, used(), json_file):
        return
    rows = [
        (
            r.data, r.wording, f"{r.scope_tokens:,}" if r.scope_tokens else "document", r.who,
            str(r.questions), f"{r.at_1:.3f}", f"{r.at_4:.3f}", f"{r.at_8:.3f}",
        )
        for r in found.rows
    ]  # fmt: skip
    listed(streams, found, _HEAD, rows, "llrlrrrr")


def _tokens(option: str, given: str) -> tuple[int, ...]:
    try:
        return tuple(int(str(parsers.tokens(part, Path()))) for part in given.split(","))
    except ValueError as wrong:
        raise UsageError(f"{option}: {wrong}.", hint=f"{option} 16k,64k") from None

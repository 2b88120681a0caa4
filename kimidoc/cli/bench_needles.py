"""``kimidoc bench needles PATH...``: planted facts, asked for the way the product asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kimidoc.cli import output
from kimidoc.cli.app import command
from kimidoc.cli.groups import flat
from kimidoc.cli.measuring import Common, measured, option
from kimidoc.cli.options import Manner, Paths, Reading
from kimidoc.cli.streams import utf8
from kimidoc.errors import UsageError

if TYPE_CHECKING:
    from kimidoc.bench.base import Result, Setting

EXAMPLES = """
  kimidoc bench needles books/ --windows 16k,64k,256k,1m --plot needles.svg
  kimidoc bench needles src/ --windows 16k --embedder none --json needles.json
"""
_MOST = 20  # bench.planting's, which --help does not import


def register(app: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""
    command(app, name="needles", examples=EXAMPLES)(flat(needles))


def needles(
    ctx: typer.Context,
    paths: Paths,
    *,
    windows: Annotated[
        str,
        option(
            "--windows",
            metavar="LIST",
            about="Sizes; the text is cut to each (default 16k,64k,256k; 1m takes long).",
        ),
    ] = "16k,64k,256k",
    depths: Annotated[
        int,
        option("--depths", metavar="N", min=1, max=_MOST, about="Facts of each kind, spread (10)."),
    ] = 10,
    seed: Annotated[
        int, option("--seed", metavar="N", about="Which facts are made up (default 0).")
    ] = 0,
    embedder: Annotated[
        str,
        option(
            "--embedder",
            metavar="NAME",
            about="The embedding peer: minilm (default, where installed) or none.",
        ),
    ] = "minilm",
    plot: Annotated[
        str | None,
        option("--plot", metavar="FILE.svg", about="Depth by window as a picture (SVG)."),
    ] = None,
    common: Common,
    reading: Reading,
    manner: Manner,
) -> None:
    """Made-up facts planted in your text at every depth: are they found and quoted?

    Alone, among eight like it, over two hops, and some that were never planted. Each size is
    packed, read and asked as `ask` does it; BM25 and MiniLM rank the same blocks.
    """
    if plot is not None and not plot.endswith(".svg"):
        raise UsageError(f"{plot!r} is not an SVG file.", hint="Name it FILE.svg.")
    if embedder not in ("minilm", "none"):
        raise UsageError(f"There is no embedder {embedder!r}.", hint="Embedders: minilm, none.")

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import heat
        from kimidoc.bench import needles as bench

        found = bench.run(setting, depths, seed, embedder == "minilm")
        if plot is not None:
            title = f"Planted facts, depth by window: {found.model.id}"
            drawn = heat.needles(found.more["needles"], bench.OURS, title)
            output.replace_file(Path(plot), utf8(drawn))
        return found

    measured(ctx, paths, common, reading, manner, measure, windows=windows)

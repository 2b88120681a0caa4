"""``kimidoc bench speed|memory|restore|kills|questions|audit|novelty PATH...``: measure here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kimidoc.cli import (
    bench_answers,
    bench_evidence,
    bench_key,
    bench_needles,
    bench_paragraphs,
    bench_review,
    output,
)
from kimidoc.cli import questions as files
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat
from kimidoc.cli.measuring import Measuring, measured, option
from kimidoc.cli.options import Manner, Paths
from kimidoc.cli.options import Reading as Selection
from kimidoc.cli.streams import utf8
from kimidoc.errors import UsageError

if TYPE_CHECKING:
    from kimidoc.bench.base import Result, Setting

app = new_app(
    "Measure reading and answering on this machine, with your own text.\n\nEach prints a table; "
    "--json writes every run's figure. What is timed is interleaved, and medians are compared. "
    "Nothing else should be running.",
    "Examples:\n  kimidoc bench speed contracts/ --tokens 4k,16k --peers transformers\n"
    "  kimidoc bench memory contracts/ --plot memory.svg\n"
    "  kimidoc bench audit src/ --tokens 8k --json audit.json",
)


@command(app, examples="  kimidoc bench speed book.txt --tokens 4k,16k --gguf base.gguf")
@flat
def speed(
    ctx: typer.Context,
    paths: Paths,
    *,
    peers: Annotated[
        str,
        option(
            "--peers",
            metavar="LIST",
            about="Who else reads: transformers, llama.cpp (both by default, where installed) or "
            "none.",
        ),
    ] = "transformers,llama.cpp",
    gguf: Annotated[
        str | None,
        option("--gguf", metavar="FILE", about="The same weights as GGUF, for llama.cpp."),
    ] = None,
    patience: Annotated[
        float | None,
        option(
            "--patience",
            metavar="N",
            min=1.0,
            about="Stop a peer once it has taken N times as long as ours (never).",
        ),
    ] = None,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """Reading, tokens a second: ours, stock transformers and llama.cpp."""

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import peers as others
        from kimidoc.bench import speed

        who = [] if peers == "none" else [name.strip() for name in peers.split(",")]
        if unknown := [name for name in who if name not in others.NAMES]:
            raise UsageError(
                f"There is no peer {unknown[0]!r}.", hint=f"Peers: {', '.join(others.NAMES)}, none."
            )
        return speed.run(setting, who, gguf, math.inf if patience is None else patience)

    measured(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench memory contracts/ --tokens 64k --plot memory.svg")
@flat
def memory(
    ctx: typer.Context,
    paths: Paths,
    *,
    plot: Annotated[
        str | None,
        option("--plot", metavar="FILE.svg", about="Memory over time as a picture (SVG)."),
    ] = None,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """Memory over time of a process that reads, its peak, and what `plan` predicts."""
    if plot is not None and not plot.endswith(".svg"):
        raise UsageError(f"{plot!r} is not an SVG file.", hint="Name it FILE.svg.")

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import memory
        from kimidoc.bench import plot as picture

        found = memory.run(setting)
        if plot is not None:
            drawn = picture.memory(found.more["over_time"], f"Reading with {found.model.id}")
            output.replace_file(Path(plot), utf8(drawn))
        return found

    measured(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench restore contracts/ --tokens 64k")
@flat
def restore(
    ctx: typer.Context,
    paths: Paths,
    *,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """Reading against taking a kept session up in a fresh process."""

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import restore

        return restore.run(setting)

    measured(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench kills contracts/ --tokens 32k --runs 20")
@flat
def kills(
    ctx: typer.Context,
    paths: Paths,
    *,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """Readings killed at random moments: does going on end in the same bits?

    --runs is how many are killed at each size.
    """

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import kills

        return kills.run(setting)

    measured(ctx, paths, measuring, reading, manner, measure)


@command(app, name="questions", examples="  kimidoc bench questions contracts/ --count 64")
@flat
def questions_(
    ctx: typer.Context,
    paths: Paths,
    *,
    count: Annotated[
        int, option("--count", metavar="N", min=1, about="Questions made from the text (64).")
    ] = 64,
    given: Annotated[
        str | None,
        option("--questions", metavar="FILE", about="Your own, as `kimidoc ask` takes them."),
    ] = None,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """Many questions on one window: all at once against one by one."""
    asked = () if given is None else files.read(given)

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import questions

        return questions.run(setting, count, asked)

    measured(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench audit src/ --tokens 8k,32k --needles 10")
@flat
def audit(
    ctx: typer.Context,
    paths: Paths,
    *,
    needles: Annotated[
        int,
        option("--needles", metavar="N", min=0, about="Sentences hidden in the text (10)."),
    ] = 10,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """The same text dense and as kimidoc reads it, on the same weights.

    Per quarter: nats per token of dense attention, of sparse reading, and of reading on what is
    kept compressed; how often the likeliest next token is the same; hidden sentences found.
    """

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import audit

        return audit.run(setting, needles)

    measured(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench novelty contracts/ --tokens 16k,32k --runs 1 --edits 4")
@flat
def novelty(
    ctx: typer.Context,
    paths: Paths,
    *,
    edits: Annotated[
        int, option("--edits", metavar="N", min=1, about="Words changed in a window (4).")
    ] = 4,
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
) -> None:
    """Words changed in a near-duplicate: are their lines among the highest 2 %?

    Beside the model's surprisal alone, the rule over wording alone, and difflib, which is told
    where the original is. Give documents of a tenth to a quarter of each size.
    """

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import novelty

        return novelty.run(setting, edits)

    measured(ctx, paths, measuring, reading, manner, measure)


bench_evidence.register(app)
bench_answers.register(app)
bench_key.register(app)
bench_needles.register(app)
bench_paragraphs.register(app)
bench_review.register(app)

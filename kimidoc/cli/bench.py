"""``kimidoc bench speed|memory|restore|questions|audit PATH...``: measure on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kimidoc import __version__
from kimidoc.cli import bench_answers, bench_evidence, jobs, output
from kimidoc.cli import questions as files
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Attention, Manner, Paths
from kimidoc.cli.options import Reading as Selection
from kimidoc.cli.streams import Streams, utf8
from kimidoc.cli.tables import table
from kimidoc.config import parsers
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

BOUNDLESS = 2**31 - 1  # tokens: positions in a window are 32-bit
_WHAT = "What is measured"


def _option(*names: str, about: str, panel: str = _WHAT, **more: Any) -> Any:
    return typer.Option(*names, help=about, rich_help_panel=panel, show_default=False, **more)


@dataclass(frozen=True)
class Measuring(Attention):
    """What every benchmark takes."""

    model: Annotated[
        str | None,
        _option(
            "--model",
            metavar="NAME|DIR",
            about="A model of `kimidoc models list`, or a checkpoint's folder.",
        ),
    ] = None
    tokens: Annotated[
        str | None,
        _option(
            "--tokens",
            metavar="LIST",
            about="Sizes, such as 4k,16k,64k; the text is cut to each. Default: all of it.",
        ),
    ] = None
    runs: Annotated[
        int, _option("--runs", metavar="N", min=1, about="Runs of each (default 3).")
    ] = 3
    threads: Annotated[
        str | None,
        _option("--threads", metavar="N", about="CPU threads of everybody. Default: the cores."),
    ] = None
    json: Annotated[
        str | None, _option("--json", metavar="FILE|-", about="JSON, into a file or to stdout.")
    ] = None


@command(app, examples="  kimidoc bench speed book.txt --tokens 4k,16k --gguf base.gguf")
@flat
def speed(
    ctx: typer.Context,
    paths: Paths,
    *,
    peers: Annotated[
        str,
        _option(
            "--peers",
            metavar="LIST",
            about="Who else reads: transformers, llama.cpp (both by default, where installed) or "
            "none.",
        ),
    ] = "transformers,llama.cpp",
    gguf: Annotated[
        str | None,
        _option("--gguf", metavar="FILE", about="The same weights as GGUF, for llama.cpp."),
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
        return speed.run(setting, who, gguf)

    _run(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench memory contracts/ --tokens 64k --plot memory.svg")
@flat
def memory(
    ctx: typer.Context,
    paths: Paths,
    *,
    plot: Annotated[
        str | None,
        _option("--plot", metavar="FILE.svg", about="Memory over time as a picture (SVG)."),
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

    _run(ctx, paths, measuring, reading, manner, measure)


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

    _run(ctx, paths, measuring, reading, manner, measure)


@command(app, name="questions", examples="  kimidoc bench questions contracts/ --count 64")
@flat
def questions_(
    ctx: typer.Context,
    paths: Paths,
    *,
    count: Annotated[
        int, _option("--count", metavar="N", min=1, about="Questions made from the text (64).")
    ] = 64,
    given: Annotated[
        str | None,
        _option("--questions", metavar="FILE", about="Your own, as `kimidoc ask` takes them."),
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

    _run(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench audit src/ --tokens 8k,32k --needles 10")
@flat
def audit(
    ctx: typer.Context,
    paths: Paths,
    *,
    needles: Annotated[
        int,
        _option("--needles", metavar="N", min=0, about="Sentences hidden in the text (10)."),
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

    _run(ctx, paths, measuring, reading, manner, measure)


@command(app, examples="  kimidoc bench novelty contracts/ --tokens 16k,32k --runs 1 --edits 4")
@flat
def novelty(
    ctx: typer.Context,
    paths: Paths,
    *,
    edits: Annotated[
        int, _option("--edits", metavar="N", min=1, about="Words changed in a window (4).")
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

    _run(ctx, paths, measuring, reading, manner, measure)


def _run(
    ctx: typer.Context,
    paths: list[str],
    measuring: Measuring,
    reading: Selection,
    manner: Manner,
    measure: Callable[[Setting], Result],
) -> None:
    from kimidoc import pipeline
    from kimidoc.bench import tables, text
    from kimidoc.bench.base import Setting
    from kimidoc.models import checkpoint
    from kimidoc.planner import machine

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner, reading, measuring, roots=paths).settings
    if "-" in paths:
        raise UsageError(
            "A benchmark reads its paths more than once, and stdin can be read only once.",
            hint="Put the text into a file.",
        )
    wanted = _sizes(measuring.tokens)
    job = replace(jobs.job("bench", paths, settings, reading), budget_tokens=BOUNDLESS)
    engine = pipeline.open_engine(job, streams.progress)
    window = pipeline.window(job, streams.progress)
    sizes, notes = text.sizes(window, wanted)
    setting = Setting(
        job=job,
        checkpoint=engine.checkpoint,
        facts=engine.facts,
        trained_tokens=checkpoint.facts(engine.checkpoint).trained_tokens,
        window=window,
        sizes=sizes,
        runs=measuring.runs,
        progress=streams.progress,
    )
    found = measure(setting)
    found = replace(found, notes=(*notes, *found.notes))
    used = {
        "processor": machine.processor(),
        "cores": machine.cores(),
        "threads": settings.threads or machine.cores(),
    }
    if measuring.json is not None:
        data = json.dumps(tables.as_data(found, used, __version__), ensure_ascii=False, indent=1)
        if measuring.json == output.STDOUT:
            streams.result(data)
            return
        output.replace_file(Path(measuring.json), utf8(data + "\n"))
    head, rows, right = tables.as_table(found)
    shown = f"{found.model.id} on {used['processor']}, {used['threads']} threads"
    streams.result(
        "\n".join([shown, "", table(head, rows, right), *(f"Note: {n}" for n in found.notes)])
    )


def _sizes(given: str | None) -> tuple[int, ...]:
    if given is None:
        return ()
    try:
        return tuple(int(str(parsers.tokens(part, Path()))) for part in given.split(","))
    except ValueError as wrong:
        raise UsageError(f"--tokens: {wrong}.", hint="--tokens 4k,16k,64k") from None


bench_evidence.register(app)
bench_answers.register(app)

"""What benchmarks on the user's own text share: options, and the way from paths to a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kimidoc import __version__, config
from kimidoc.cli import jobs, output
from kimidoc.cli.groups import settle
from kimidoc.cli.options import Attention, Manner
from kimidoc.cli.options import Reading as Selection
from kimidoc.cli.streams import Streams, utf8
from kimidoc.cli.tables import table
from kimidoc.config import parsers
from kimidoc.errors import UsageError

if TYPE_CHECKING:
    from kimidoc.bench.base import Result, Setting
    from kimidoc.models.checkpoint import Checkpoint

BOUNDLESS = 2**31 - 1  # tokens: positions in a window are 32-bit
_WHAT = "What is measured"


def option(*names: str, about: str, panel: str = _WHAT, **more: Any) -> Any:
    """An option of a benchmark; its default is said in ``about``."""
    return typer.Option(*names, help=about, rich_help_panel=panel, show_default=False, **more)


@dataclass(frozen=True)
class Common(Attention):
    """What every benchmark on the user's own text takes."""

    model: Annotated[
        str | None,
        option(
            "--model",
            metavar="NAME|DIR",
            about="A model of `kimidoc models list`, or a checkpoint's folder.",
        ),
    ] = None
    threads: Annotated[
        str | None,
        option("--threads", metavar="N", about="CPU threads of everybody. Default: the cores."),
    ] = None
    json: Annotated[
        str | None, option("--json", metavar="FILE|-", about="JSON, into a file or to stdout.")
    ] = None


@dataclass(frozen=True)
class Measuring(Common):
    """What is run at several sizes, each several times."""

    tokens: Annotated[
        str | None,
        option(
            "--tokens",
            metavar="LIST",
            about="Sizes, such as 4k,16k,64k; the text is cut to each. Default: all of it.",
        ),
    ] = None
    runs: Annotated[
        int, option("--runs", metavar="N", min=1, about="Runs of each (default 3).")
    ] = 3


def measured(
    ctx: typer.Context,
    paths: list[str],
    given: Common,
    reading: Selection,
    manner: Manner,
    measure: Callable[[Setting], Result],
    *,
    windows: str | None = None,
) -> None:
    """Pack the paths, measure, and print or write what came of it. Raises what the rooms raise.

    Sizes are those of ``--tokens``, or ``windows`` of a benchmark that calls them so.
    """
    from kimidoc import pipeline
    from kimidoc.bench import text
    from kimidoc.bench.base import Setting
    from kimidoc.models import checkpoint
    from kimidoc.planner import machine

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner, reading, given, roots=paths).settings
    if "-" in paths:
        raise UsageError(
            "A benchmark reads its paths more than once, and stdin can be read only once.",
            hint="Put the text into a file.",
        )
    named, runs, said = "--windows", 1, windows
    if isinstance(given, Measuring):
        named, runs, said = "--tokens", given.runs, given.tokens
    wanted = _sizes(named, said)
    job = replace(jobs.job("bench", paths, settings, reading), budget_tokens=BOUNDLESS)
    engine = pipeline.open_engine(job, streams.progress)
    window = pipeline.window(job, streams.progress, engine=engine)
    sizes, notes = text.sizes(window, wanted, named)
    setting = Setting(
        job=job,
        checkpoint=engine.checkpoint,
        facts=engine.facts,
        trained_tokens=checkpoint.facts(engine.checkpoint).trained_tokens,
        window=window,
        sizes=sizes,
        runs=runs,
        progress=streams.progress,
    )
    found = measure(setting)
    found = replace(found, notes=(*notes, *found.notes))
    _shown(streams, found, settings.threads or machine.cores(), given.json)


def used() -> dict[str, Any]:
    """The machine, as a benchmark's JSON names it."""
    from kimidoc.planner import machine

    return {"processor": machine.processor(), "cores": machine.cores()}


def as_json(streams: Streams, found: Any, facts: dict[str, Any], json_file: str | None) -> bool:
    """Write a benchmark's result as JSON where it was asked for; True: to stdout, so no table."""
    from kimidoc.bench import tables

    if json_file is None:
        return False
    data = json.dumps(tables.as_data(found, facts, __version__), ensure_ascii=False, indent=1)
    if json_file == output.STDOUT:
        streams.result(data)
        return True
    output.replace_file(Path(json_file), utf8(data + "\n"))
    return False


def resolved(streams: Streams, settings: config.Settings, model: str | None) -> Checkpoint:
    """The checkpoint of ``--model``, of the settings or the default; fetched if it is not here."""
    from kimidoc.models import checkpoint, registry

    return checkpoint.resolve(
        model or settings.model or registry.default(), settings.cache_dir, offline=settings.offline,
        progress=streams.progress,
    )  # fmt: skip


def listed(
    streams: Streams, found: Result, head: Sequence[str], rows: Sequence[Sequence[str]], right: str
) -> None:
    """A benchmark's table and its notes, to stdout."""
    notes = [f"Note: {note}" for note in found.notes]
    streams.result("\n".join([table(head, rows, right), "", *notes]))


def _shown(streams: Streams, found: Result, threads: int, json_file: str | None) -> None:
    """The table to stdout, and JSON where it was asked for."""
    from kimidoc.bench import tables

    facts = {**used(), "threads": threads}
    if as_json(streams, found, facts, json_file):
        return
    head, rows, right = tables.as_table(found)
    shown = f"{found.model.id} on {facts['processor']}, {threads} threads"
    streams.result(
        "\n".join([shown, "", table(head, rows, right), *(f"Note: {n}" for n in found.notes)])
    )


def _sizes(named: str, given: str | None) -> tuple[int, ...]:
    if given is None:
        return ()
    try:
        return tuple(int(str(parsers.tokens(part, Path()))) for part in given.split(","))
    except ValueError as wrong:
        raise UsageError(f"{named}: {wrong}.", hint=f"{named} 4k,16k,64k") from None

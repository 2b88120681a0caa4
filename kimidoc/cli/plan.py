"""``kimidoc plan PATH...``: memory, disk, time and what it would cost elsewhere, before a run.

``--format json`` is ``"schema": "kimidoc.plan/1"``; sizes are bytes, times seconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kimidoc import __version__
from kimidoc.cli import jobs, output
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Budget, Manner, Paths, Reading, Reports, Running
from kimidoc.cli.progress import duration
from kimidoc.cli.streams import Streams, utf8
from kimidoc.cli.tables import pairs, size, table
from kimidoc.errors import EngineError, UsageError

if TYPE_CHECKING:
    from kimidoc.planner.plan import Plan

app = new_app()

SCHEMA = "kimidoc.plan/1"
EXAMPLES = """
  kimidoc plan contracts/
  kimidoc plan . --exclude "tests/**" --model ./my-model --no-time
  kimidoc plan filings/ --prices prices.toml --json plan.json
"""
_SHOWN = "What is shown"


def _option(*names: str, about: str, **more: Any) -> Any:
    return typer.Option(*names, help=about, rich_help_panel=_SHOWN, show_default=False, **more)


@command(app, examples=EXAMPLES)
@flat
def plan(
    ctx: typer.Context,
    paths: Paths,
    *,
    prices: Annotated[
        str | None,
        _option(
            "--prices",
            metavar="FILE",
            about="Your own API prices: TOML, [[price]] with model, date, source and "
            "usd_per_million_input.",
        ),
    ] = None,
    no_time: Annotated[
        bool, _option("--no-time", about="Do not try the model out: no seconds, but at once.")
    ] = False,
    form: Annotated[
        str | None, _option("--format", metavar="NAME", about="terminal (default) or json.")
    ] = None,
    out: Annotated[
        str | None, _option("-o", "--output", metavar="FILE|-", about="Into a file, not to stdout.")
    ] = None,
    as_json: Annotated[
        str | None, _option("--json", metavar="FILE|-", about="Also write JSON.")
    ] = None,
    reading: Reading,
    budget: Budget,
    running: Running,
    manner: Manner,
) -> None:
    """Say what a run would take, before it: memory, disk, seconds, and the same elsewhere.

    Reads and packs the paths, then predicts; nothing is asked of the model. Seconds come from
    trying the model out once for a few seconds, and are kept for this machine and model. Ends
    with 2 where the run does not fit, with 3 where the window is over its budget.
    """
    from kimidoc import pipeline
    from kimidoc.planner import machine, plan
    from kimidoc.planner import prices as listed

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner, reading, budget, running, roots=paths).settings
    if form not in (None, "terminal", "json"):
        raise UsageError(f"plan has no format {form!r}.", hint="Formats: terminal, json.")
    wished = Reports(format=form, output=out, json=as_json)
    targets = output.plan(wished, paths, default=form, origin="--format")
    known = listed.load(prices)
    job = jobs.job("plan", paths, settings, reading)
    engine = pipeline.open_engine(job, streams.progress)
    window = pipeline.window(job, streams.progress)
    found = plan.make(
        engine,
        window,
        machine.look(settings.cache_dir),
        cache=settings.cache_dir,
        threads=settings.threads,
        prices=known,
        timed=not no_time,
        progress=streams.progress,
    )
    for target in targets:
        text = as_data(found) if target.format == "json" else as_table(found)
        if target.where == output.STDOUT:
            streams.result(text)
            continue
        text = text if target.format == "json" else output.headed(text)
        output.replace_file(Path(target.where), utf8(text))
    if not found.verdict.fits:
        raise EngineError(
            f"it does not fit: {'; '.join(found.verdict.problems)}",
            hint="; ".join(found.verdict.advice),
        )


def as_data(found: Plan) -> str:
    """The plan as ``kimidoc.plan/1``."""
    anatomy, calibration = found.anatomy, found.calibration
    data = {
        "schema": SCHEMA,
        "kimidoc": __version__,
        "machine": {**asdict(found.machine), "threads": found.threads},
        "model": {
            **asdict(anatomy.model),
            "layers": anatomy.layers,
            "trained_tokens": anatomy.trained_tokens,
        },
        "window": {"tokens": found.tokens, "documents": found.documents},
        "beyond_trained_length": found.beyond_trained,
        "prediction": asdict(found.prediction),
        "calibration": None if calibration is None else asdict(calibration),
        "elsewhere": [
            {
                **asdict(price),
                "date": price.date.isoformat(),
                "usd_per_question": None if usd is None else round(usd, 6),
            }
            for price, usd in found.costs
        ],
        "fits": found.verdict.fits,
        "problems": found.verdict.problems,
        "advice": found.verdict.advice,
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def as_table(found: Plan) -> str:
    """The plan for a terminal: the window, memory, disk, time, elsewhere, the verdict."""
    p, model = found.prediction, found.anatomy.model
    active = model.parameters_active
    share = "" if active == model.parameters_total else f", {active / 1e6:,.1f} M active"
    beyond = f" (trained on {found.anatomy.trained_tokens:,})" if found.beyond_trained else ""
    rows = [
        ("window", f"{found.tokens:,} tokens in {found.documents:,} documents{beyond}"),
        ("model", f"{model.id}, {model.parameters_total / 1e6:,.1f} M parameters{share}"),
        ("weights", size(p.weights_bytes)),
        ("hidden states", size(p.hidden_bytes) + (" in files" if p.hidden_disk_bytes else "")),
        ("keys and values", f"{size(p.hot_bytes)} hot, {size(p.session_bytes)} kept on disk"),
        ("peak memory", f"{size(p.peak_rss_bytes)}, {size(found.machine.free_memory_bytes)} free"),
        ("disk", f"{size(p.disk_bytes)}, {size(found.machine.free_disk_bytes)} free"),
    ]
    if p.prefill_seconds is not None and p.question_seconds is not None:
        pace = found.tokens / p.prefill_seconds if p.prefill_seconds else 0.0
        rows += [
            ("reading once", f"{duration(p.prefill_seconds)}, {pace:,.0f} tokens/s"),
            ("each question", f"{p.question_seconds:.1f} s, alone; many at once take less"),
        ]
    return pairs(rows) + "\n" + _elsewhere(found) + "\n" + _verdict(found)


def _elsewhere(found: Plan) -> str:
    rows = [
        (
            price.model,
            "too long" if usd is None else f"{usd:,.2f}",
            price.date.isoformat(),
            price.source,
        )
        for price, usd in found.costs
    ]
    text = table(("elsewhere", "USD/question", "listed on", "source"), rows, right="lr")
    return (
        text + "List prices of the input alone, without prompt caching; theirs count tokens "
        "a little differently.\n"
    )


def _verdict(found: Plan) -> str:
    if found.verdict.fits:
        return "It fits.\n"
    lines = [f"It does not fit: {problem}." for problem in found.verdict.problems]
    return "\n".join([*lines, *(f"  - {advice}" for advice in found.verdict.advice)]) + "\n"

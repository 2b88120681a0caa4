"""From options to a pipeline job, and from its report to files and an exit code.

``ask`` and ``analyze`` differ in what they ask; what they share is here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from kimidoc import config
from kimidoc.cli import gates, output
from kimidoc.cli.groups import settle
from kimidoc.cli.options import Budget, Gates, Manner, Reading, Reports, Running
from kimidoc.cli.streams import Streams
from kimidoc.errors import ConfigError, UsageError
from kimidoc.report import baseline
from kimidoc.types import Question, Report

if TYPE_CHECKING:
    from kimidoc import triage
    from kimidoc.engine.base import Progress
    from kimidoc.ingest.base import TrackedChanges
    from kimidoc.pack import Overflow
    from kimidoc.pipeline import Job

Step = Callable[["Job", "Progress"], Report]


@dataclass(frozen=True)
class Options:
    """Every group of options that a command with a report takes."""

    reading: Reading
    budget: Budget
    running: Running
    reports: Reports
    gates: Gates
    manner: Manner


def job(
    command: str,
    paths: Sequence[str],
    settings: config.Settings,
    reading: Reading,
    *,
    questions: Sequence[Question] = (),
    own_files: Sequence[str] = (),
    earlier: baseline.Earlier | None = None,
    since: str | None = None,
    imported: Sequence[triage.Result] = (),
    novelty: bool = False,
) -> Job:
    """What the pipeline is asked to do. Raises UsageError for options that do not fit the paths."""
    from kimidoc.engine.base import ReadOptions
    from kimidoc.ingest import Limits, Selection
    from kimidoc.models import registry
    from kimidoc.pipeline import Job

    if reading.stdin_name is not None and "-" not in paths:
        raise UsageError(
            "--stdin-name names what comes from stdin, and - is not among the paths.",
            hint="Add - to the paths, or leave --stdin-name out.",
        )
    if paths.count("-") > 1:
        raise UsageError("- stands twice among the paths.", hint="stdin can be read only once.")
    limits = {
        item.name: value
        for item in fields(Limits)
        if (value := getattr(settings, item.name, None)) is not None
    }
    return Job(
        command=command,
        paths=tuple(paths),
        model=settings.model or registry.default(),
        budget_tokens=settings.budget_tokens,
        overflow=cast("Overflow", settings.overflow),  # config lets no other word through
        session=settings.session,
        seed=settings.seed,
        playbooks=settings.playbooks,
        questions=tuple(questions),
        selection=Selection(
            include=settings.include,
            exclude=settings.exclude,
            own=tuple(own_files),
            stdin_name=reading.stdin_name,
            tracked_changes=cast("TrackedChanges", settings.tracked_changes),
        ),
        limits=Limits(**limits),
        cache_dir=settings.cache_dir,
        offline=settings.offline,
        threads=settings.threads,
        read_options=ReadOptions(
            global_layers=cast("tuple[int, ...] | Literal['all'] | None", settings.global_layers),
            window_blocks=settings.window_blocks,
            top_k=settings.top_k,
            local_blocks=settings.local_blocks,
            weights=settings.weights,
            storage=settings.kv_storage,
        ),
        plan_check=not settings.no_plan_check,
        sessions_limit_bytes=settings.sessions_limit_bytes,
        earlier=earlier,
        since=since,
        imported=tuple(imported),
        novelty=novelty,
    )


def run(
    streams: Streams,
    command: str,
    paths: Sequence[str],
    options: Options,
    *,
    questions: Sequence[Question] = (),
    playbooks: Sequence[str] | None = None,
    novelty: bool = False,
    prepare: Callable[[config.Settings], None] = lambda settings: None,
) -> int:
    """Run one command to its exit code. ``prepare`` checks what can be checked before reading.

    Raises every KimidocError of the rooms, and the gates' after the reports are written.
    """
    loaded = settle(
        streams,
        options.manner,
        options.reading,
        options.budget,
        options.running,
        options.reports,
        options.gates,
        roots=paths,
        playbooks=playbooks,
    )
    settings = loaded.settings
    targets = output.plan(
        options.reports, paths, default=settings.format, origin=loaded.origins["format"]
    )
    prepare(settings)
    earlier, since = _read_baseline(options.gates.baseline), options.gates.since
    logs = options.gates.import_sarif or []
    imported = [result for file in logs for result in _read_log(file)]
    if command == "ask" and (earlier is not None or since is not None or logs):
        streams.warning(
            "--baseline, --since and --import-sarif are about findings, and questions raise none"
        )

    from kimidoc import pipeline
    from kimidoc.ingest import base_directory

    given = [output.Target("json", f) for f in (options.gates.baseline, *logs) if f is not None]
    own = output.own_files([*targets, *given], base_directory(paths))
    wanted = job(
        command,
        paths,
        settings,
        options.reading,
        questions=questions,
        own_files=own,
        earlier=earlier,
        since=since,
        imported=imported,
        novelty=novelty,
    )
    steps: dict[str, Step] = {"ask": pipeline.ask, "analyze": pipeline.analyze}
    report = steps[command](wanted, streams.progress)
    output.write(report, targets, streams)
    return gates.judge(report, settings)


def _read_baseline(file: str | None) -> baseline.Earlier | None:
    if file is None:
        return None
    hint = "Write one first: kimidoc analyze PATH... --json FILE (or --sarif FILE)."
    return baseline.load(_text(file, "baseline", hint))


def _read_log(file: str) -> tuple[triage.Result, ...]:
    from kimidoc import triage

    hint = "Write one first: ruff check --output-format sarif -o FILE, bandit -f sarif -o FILE."
    return triage.load(_text(file, "SARIF file", hint), file)


def _text(file: str, what: str, hint: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(f"The {what} {file!r} cannot be read ({reason}).", hint=hint) from None

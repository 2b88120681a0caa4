"""The options that commands share, in groups; ``groups`` makes settings of them.

A command takes whole groups as parameters (``reading: Reading``). A field whose name is a
setting's is that setting's flag; the others mean something to one command file.

Completion callables are called by the shell's completion only, so they may import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer


def _words(*words: str) -> Callable[[], list[str]]:
    return lambda: list(words)


def _formats() -> list[str]:
    from kimidoc.report import FORMATS

    return list(FORMATS)


def _models() -> list[str]:
    from kimidoc.models import registry

    return list(registry.MODELS)


def _playbooks() -> list[str]:
    from kimidoc import playbooks

    return list(playbooks.names())


def _option(*names: str, panel: str, about: str, **more: Any) -> Any:
    return typer.Option(*names, help=about, rich_help_panel=panel, show_default=False, **more)


_READ = "What is read"
_MODEL = "Model and window"
_ATTENTION = "Attention and precision"
_REPORT = "Reports"
_GATES = "Gates"
_MANNER = "Manner"
_OVERFLOW = ("error", "drop-last", "drop-largest")
_LEVELS = ("none", "low", "medium", "high", "critical")
_CHANGES = ("accept", "reject", "both")


@dataclass(frozen=True)
class Reading:
    """What is taken from the paths."""

    include: Annotated[
        list[str] | None,
        _option(
            "--include", metavar="GLOB", panel=_READ, about="Only paths that match. Repeatable."
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        _option("--exclude", metavar="GLOB", panel=_READ, about="Not these paths. Repeatable."),
    ] = None
    stdin_name: Annotated[
        str | None,
        _option(
            "--stdin-name",
            metavar="NAME",
            panel=_READ,
            about="File name that - stands for; its suffix says what it is.",
        ),
    ] = None
    tracked_changes: Annotated[
        str | None,
        _option(
            "--tracked-changes",
            metavar="POLICY",
            autocompletion=_words(*_CHANGES),
            panel=_READ,
            about="Tracked changes in Word files: accept (default), reject or both.",
        ),
    ] = None


@dataclass(frozen=True)
class Budget:
    """Which model, and how much it may read."""

    model: Annotated[
        str | None,
        _option(
            "--model",
            metavar="NAME|DIR",
            autocompletion=_models,
            panel=_MODEL,
            about="A model of `kimidoc models list`, or a checkpoint's folder.",
        ),
    ] = None
    budget_tokens: Annotated[
        str | None,
        _option(
            "--budget",
            metavar="TOKENS",
            panel=_MODEL,
            about="Most tokens the window may hold: 200k, 1M (default), 1_000_000.",
        ),
    ] = None
    overflow: Annotated[
        str | None,
        _option(
            "--overflow",
            metavar="POLICY",
            autocompletion=_words(*_OVERFLOW),
            panel=_MODEL,
            about="Over budget: error (default), drop-last or drop-largest; what is dropped is "
            "listed.",
        ),
    ] = None


@dataclass(frozen=True)
class Attention:
    """What the model looks at while it reads, and in what precision."""

    global_layers: Annotated[
        str | None,
        _option(
            "--global-layers",
            metavar="all|N,N,…",
            panel=_ATTENTION,
            about="Layers that keep their history and look into it; the others see their window. "
            "Default: every fifth, or a model's own full ones.",
        ),
    ] = None
    window_blocks: Annotated[
        str | None,
        _option(
            "--window-blocks",
            metavar="N",
            panel=_ATTENTION,
            about="Blocks of 128 tokens before it that a query of a global layer sees (default 8).",
        ),
    ] = None
    top_k: Annotated[
        str | None,
        _option(
            "--top-k",
            metavar="N",
            panel=_ATTENTION,
            about="Earlier blocks that it retrieves besides (default 8).",
        ),
    ] = None
    local_blocks: Annotated[
        str | None,
        _option(
            "--local-blocks",
            metavar="N",
            panel=_ATTENTION,
            about="Blocks that a query of the other layers sees (default 8).",
        ),
    ] = None
    weights: Annotated[
        str | None,
        _option(
            "--weights",
            metavar="FORM",
            panel=_ATTENTION,
            about="Linear layers in int8 (default, where the processor has the kernel) or bf16.",
        ),
    ] = None
    kv_storage: Annotated[
        str | None,
        _option(
            "--kv-storage",
            metavar="FORM",
            panel=_ATTENTION,
            about="Keys and values kept as int8 (default), int4 or raw.",
        ),
    ] = None


@dataclass(frozen=True)
class Running(Attention):
    """How the model runs."""

    session: Annotated[
        str | None,
        _option(
            "--session",
            metavar="NAME|none",
            panel=_MODEL,
            about="Keep the window under this name, or nowhere. Default: by content.",
        ),
    ] = None
    seed: Annotated[
        str | None,
        _option(
            "--seed", metavar="N", panel=_MODEL, about="Seed of everything random (default 0)."
        ),
    ] = None
    threads: Annotated[
        str | None,
        _option("--threads", metavar="N", panel=_MODEL, about="CPU threads. Default: the cores."),
    ] = None
    no_plan_check: Annotated[
        bool,
        _option(
            "--no-plan-check",
            panel=_MODEL,
            about="Read even where memory or disk are predicted not to suffice.",
        ),
    ] = False


@dataclass(frozen=True)
class Reports:
    """Where reports go, and in which format."""

    format: Annotated[
        str | None,
        _option(
            "--format",
            metavar="NAME",
            autocompletion=_formats,
            panel=_REPORT,
            about="Format of the main report: terminal (default), markdown, json, html, csv, "
            "sarif, github, junit.",
        ),
    ] = None
    output: Annotated[
        str | None,
        _option(
            "-o",
            "--output",
            metavar="FILE|-",
            panel=_REPORT,
            about="Main report into a file; its suffix decides the format if --format does not.",
        ),
    ] = None
    json: Annotated[
        str | None,
        _option("--json", metavar="FILE|-", panel=_REPORT, about="Also write JSON."),
    ] = None
    markdown: Annotated[
        str | None,
        _option("--markdown", metavar="FILE|-", panel=_REPORT, about="Also write Markdown."),
    ] = None
    html: Annotated[
        str | None,
        _option("--html", metavar="FILE|-", panel=_REPORT, about="Also write one HTML page."),
    ] = None
    sarif: Annotated[
        str | None,
        _option("--sarif", metavar="FILE|-", panel=_REPORT, about="Also write SARIF 2.1.0."),
    ] = None
    csv: Annotated[
        str | None,
        _option("--csv", metavar="FILE|-", panel=_REPORT, about="Also write CSV."),
    ] = None
    github: Annotated[
        str | None,
        _option(
            "--github", metavar="FILE|-", panel=_REPORT, about="Also write GitHub annotations."
        ),
    ] = None
    junit: Annotated[
        str | None,
        _option("--junit", metavar="FILE|-", panel=_REPORT, about="Also write JUnit XML."),
    ] = None


@dataclass(frozen=True)
class Gates:
    """What makes a finished run end with 1, 3 or 4."""

    fail_on: Annotated[
        str | None,
        _option(
            "--fail-on",
            metavar="LEVEL",
            autocompletion=_words(*_LEVELS),
            panel=_GATES,
            about="Exit 1 with findings at or above none (default), low, medium, high, critical; "
            "with --baseline, only new ones count.",
        ),
    ] = None
    baseline: Annotated[
        str | None,
        _option(
            "--baseline",
            metavar="FILE",
            panel=_GATES,
            about="An earlier report, JSON or SARIF: findings are marked new, unchanged or "
            "absent, and only new ones fail.",
        ),
    ] = None
    since: Annotated[
        str | None,
        _option(
            "--since",
            metavar="REV",
            panel=_GATES,
            about="A git revision: everything is read, findings are limited to lines that "
            "changed since.",
        ),
    ] = None
    import_sarif: Annotated[
        list[str] | None,
        _option(
            "--import-sarif",
            metavar="FILE",
            panel=_GATES,
            about="Results of another tool (ruff, bandit, semgrep): each is shown as confirmed, "
            "doubted or open, with quotes; none fails. Repeatable.",
        ),
    ] = None
    require_coverage: Annotated[
        bool,
        _option(
            "--require-coverage",
            panel=_GATES,
            about="Exit 3 unless every document was read whole (ignored ones apart).",
        ),
    ] = False
    require_citations: Annotated[
        bool,
        _option(
            "--require-citations",
            panel=_GATES,
            about="Exit 4 unless every citation was located word for word.",
        ),
    ] = False


@dataclass(frozen=True)
class Manner:
    """How the program behaves; every command takes these."""

    quiet: Annotated[
        bool,
        _option("-q", "--quiet", panel=_MANNER, about="No progress and no notes on stderr."),
    ] = False
    no_color: Annotated[bool, _option("--no-color", panel=_MANNER, about="No colour.")] = False
    no_input: Annotated[bool, _option("--no-input", panel=_MANNER, about="Never ask anything.")] = (
        False
    )
    offline: Annotated[
        bool,
        _option("--offline", panel=_MANNER, about="No network, not even to fetch the model once."),
    ] = False
    config: Annotated[
        str | None,
        _option(
            "--config",
            metavar="FILE|none",
            panel=_MANNER,
            about="Settings in the place of kimidoc.toml in the working directory.",
        ),
    ] = None
    debug: Annotated[bool, _option("--debug", panel=_MANNER, about="Show tracebacks.")] = False


Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
        help="What to read: files, folders, globs, - for stdin.",
        show_default=False,
    ),
]
PlaybookNames = Annotated[
    list[str] | None,
    _option(
        "--playbook",
        metavar="NAME|FILE",
        autocompletion=_playbooks,
        panel="What is asked",
        about="Playbook to check against; repeatable. Default: chosen by what the paths hold.",
    ),
]
Unasked = Annotated[bool, _option("-y", "--yes", panel=_MANNER, about="Do not ask first.")]

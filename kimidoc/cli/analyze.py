"""``kimidoc analyze PATH...``: check what is read against playbooks."""

from __future__ import annotations

from typing import Annotated

import typer

from kimidoc.cli import jobs
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat
from kimidoc.cli.options import (
    Budget,
    Gates,
    Manner,
    Paths,
    PlaybookNames,
    Reading,
    Reports,
    Running,
)
from kimidoc.cli.streams import Streams
from kimidoc.config import Settings

app = new_app()

EXAMPLES = """
  kimidoc analyze data-room/ --playbook due-diligence --html report.html
  kimidoc analyze src/ --playbook code-review --sarif out.sarif --fail-on high
  kimidoc analyze . --baseline last.json --json this.json --fail-on medium
  kimidoc analyze . --since origin/main --format github --junit kimidoc.xml
  kimidoc analyze src/ --import-sarif ruff.sarif --import-sarif bandit.sarif
  kimidoc analyze contracts/ --novelty --html report.html
"""
Novelty = Annotated[
    bool,
    typer.Option(
        "--novelty",
        help="Also show what deviates from the rest of the set: a table, and heat strips on the "
        "HTML page. Where the window has to be read for it, that takes about 30 % longer.",
        rich_help_panel="What is asked",
        show_default=False,
    ),
]


@command(app, examples=EXAMPLES)
@flat
def analyze(
    ctx: typer.Context,
    paths: Paths,
    *,
    playbook: PlaybookNames = None,
    novelty: Novelty = False,
    reading: Reading,
    budget: Budget,
    running: Running,
    reports: Reports,
    gates: Gates,
    manner: Manner,
) -> None:
    """Read documents whole and check them against playbooks.

    Without --playbook one is chosen by what the paths hold, and the report says which and why.
    """
    streams = ctx.find_object(Streams)
    assert streams is not None
    options = jobs.Options(reading, budget, running, reports, gates, manner)
    code = jobs.run(
        streams,
        "analyze",
        paths,
        options,
        playbooks=playbook,
        novelty=novelty,
        prepare=_known_playbooks,
    )
    raise typer.Exit(code)


def _known_playbooks(settings: Settings) -> None:
    """Meet a wrong playbook before the documents are read, not after."""
    from kimidoc import playbooks

    for name in settings.playbooks:
        playbooks.load(name)

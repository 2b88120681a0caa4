"""``kimidoc bench key PATH... --answers FILE``: your own papers against an answer key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kimidoc.cli.app import command
from kimidoc.cli.groups import flat
from kimidoc.cli.measuring import Common, measured, option
from kimidoc.cli.options import Manner, Paths, Reading

if TYPE_CHECKING:
    from kimidoc.bench.base import Result, Setting

EXAMPLES = """
  kimidoc bench key examples/deal-room --answers examples/answers/deal-room.toml
  kimidoc bench key papers/ --answers key.toml --model base --json key.json
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group of benchmarks."""
    command(app, name="key", examples=EXAMPLES)(flat(key))


def key(
    ctx: typer.Context,
    paths: Paths,
    *,
    answers: Annotated[
        str,
        option("--answers", metavar="FILE.toml", about="The answer key: questions and traps."),
    ],
    common: Common,
    reading: Reading,
    manner: Manner,
) -> None:
    """Your own papers and an answer key: what is answered right, which traps are raised?

    The key's [[question]] has id, question, and document and quote, or not_found = true; its
    [[trap]] id, documents and quotes, and clean = true where nothing should be raised. What came
    out wrong is listed below the counts.
    """

    def measure(setting: Setting) -> Result:
        from kimidoc.bench import key as bench

        return bench.run(setting, Path(answers))

    measured(ctx, paths, common, reading, manner, measure)

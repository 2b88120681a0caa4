"""Variables that no setting names: terminals, continuous integration, package indexes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """What the surroundings say about terminals and continuous integration."""

    no_color: bool = False
    force_color: bool = False
    dumb: bool = False
    ci: bool = False
    github_actions: bool = False
    github_step_summary: Path | None = None
    columns: int | None = None


def environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the variables that no setting names. NO_COLOR counts when it is not empty."""
    env = os.environ if variables is None else variables
    columns, summary = env.get("COLUMNS", ""), env.get("GITHUB_STEP_SUMMARY")
    return Environment(
        no_color=bool(env.get("NO_COLOR")),
        force_color=env.get("FORCE_COLOR", "") not in ("", "0"),
        dumb=env.get("TERM") == "dumb",
        ci=env.get("CI", "").lower() not in ("", "0", "false"),
        github_actions=env.get("GITHUB_ACTIONS", "").lower() == "true",
        github_step_summary=Path(summary) if summary else None,
        columns=int(columns) if columns.isascii() and columns.isdigit() and int(columns) else None,
    )


@dataclass(frozen=True, slots=True)
class PackageVariables:
    """What pip's and uv's variables say about where packages come from; "" is unset."""

    config_file: str = ""
    index_url: str = ""
    extra_index_url: str = ""
    no_index: str = ""
    find_links: str = ""
    cert: str = ""
    proxy: str = ""


def package_variables(variables: Mapping[str, str] | None = None) -> PackageVariables:
    """Read pip's variables, and uv's index where pip's is not set; ``models.index`` weighs them."""
    env = os.environ if variables is None else variables
    names = [item.name for item in fields(PackageVariables)]
    given = {name: env[v] for name in names if env.get(v := f"PIP_{name.upper()}")}
    for name, variable in (
        ("index_url", "UV_DEFAULT_INDEX"),
        ("index_url", "UV_INDEX_URL"),
        ("extra_index_url", "UV_INDEX"),
        ("extra_index_url", "UV_EXTRA_INDEX_URL"),
    ):
        if env.get(variable):
            given.setdefault(name, env[variable])
    return PackageVariables(**given)

"""A playbook by its name or its file."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from kimidoc.errors import ConfigError, UsageError
from kimidoc.playbooks.format import Playbook, playbook

SUFFIX = ".toml"


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The playbooks that come with kimidoc, by name."""
    folder = files("kimidoc.playbooks")
    found = sorted(f.name for f in folder.iterdir() if f.name.endswith(SUFFIX))
    return tuple(name.removesuffix(SUFFIX) for name in found if not name.startswith("_"))


def load(name: str) -> Playbook:
    """The playbook called ``name``, or the one in the file ``name`` (a path or ``*.toml``).

    Raises UsageError when there is none, ConfigError when it cannot be used.
    """
    return playbook(parsed(*source(name)), name)


def source(name: str) -> tuple[str, str]:
    """The text of a playbook and what to call it in a complaint."""
    if name in names():
        return (files("kimidoc.playbooks") / (name + SUFFIX)).read_text("utf-8"), name
    file = Path(name)
    if file.suffix != SUFFIX and not file.is_file():
        close = get_close_matches(name, names(), 1)
        said = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"There is no playbook {name!r}.",
            hint=f"{said}Playbooks: {', '.join(names())}; or name a .toml file of your own.",
        )
    try:
        return file.read_text("utf-8-sig"), str(file)
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not UTF-8.", hint="Save the file as UTF-8.") from None
    except OSError as reason:
        raise ConfigError(
            f"{file}: cannot be read ({reason.strerror}).",
            hint="Name a playbook file, or one of: " + ", ".join(names()) + ".",
        ) from None


def parsed(text: str, where: str) -> dict[str, object]:
    """TOML as it stands. Raises ConfigError with the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as reason:
        raise ConfigError(
            f"{where}: not valid TOML: {reason}.",
            hint='Texts need quotes: title = "Change of control".',
        ) from None

"""Settings and their precedence; the only reader of environment variables.

    parsers        what a flag, a variable or a TOML value is turned into
    surroundings   variables that no setting names: terminals, CI, package indexes

    flags  >  KIMIDOC_*  >  project file  >  user file  >  defaults

The project file is ``kimidoc.toml``, or ``[tool.kimidoc]`` of ``pyproject.toml``, in the working
directory and nowhere else. Files inside the analysed tree are never configuration: they are
documents, and documents are hostile. Where the working directory is itself the analysed tree, its
file counts, because it is the working directory's, and a notice says so; ``--config none`` refuses
it. The user file is ``config.toml`` in the platform's configuration folder.

A key is a field of Settings (``budget_tokens``, or ``budget-tokens``), its variable the same in
capitals (``KIMIDOC_BUDGET_TOKENS``). To add a setting: 1. add a field with ``setting(...)`` below;
2. if it has an option, give ``cli/options.py`` a field of the same name.

Standard library only at import; platformdirs is imported when a folder is asked for.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kimidoc.config import parsers as to
from kimidoc.config.parsers import Parser
from kimidoc.config.surroundings import (
    Environment,
    PackageVariables,
    environment,
    package_variables,
)
from kimidoc.errors import ConfigError

__all__ = [
    "NAMES",
    "Environment",
    "Loaded",
    "PackageVariables",
    "Settings",
    "environment",
    "flag_of",
    "load",
    "package_variables",
    "says_yes",
    "user_file",
]

PROJECT_FILE = "kimidoc.toml"
PREFIX = "KIMIDOC_"
_NOT_SETTINGS = ("KIMIDOC_CONFIG",)


def setting(
    default: Any, parse: Parser, doc: str, *, personal: bool = False, flag: str | None = None
) -> Any:
    """A field of Settings. ``personal``: only the user can set it, a project file cannot.

    ``flag`` is its option where that is not simply the field's name.
    """
    metadata = {"parse": parse, "doc": doc, "personal": personal, "flag": flag}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting. None means that the room which uses it decides."""

    model: str | None = setting(None, to.text, "name in the registry, or a folder")
    budget_tokens: int = setting(
        1_000_000, to.tokens, "tokens the window may hold", flag="--budget"
    )
    overflow: str = setting(
        "error", to.choice("error", "drop-last", "drop-largest"), "what to do over budget"
    )
    session: str = setting("auto", to.text, "auto, none, or a name to keep the session under")
    seed: int = setting(0, to.whole(0), "seed of everything random")
    threads: int | None = setting(None, to.whole(1), "CPU threads")
    global_layers: tuple[int, ...] | str | None = setting(
        None, to.layers, "layers that keep their history: all, or their numbers"
    )
    window_blocks: int | None = setting(None, to.whole(1), "blocks before it that a query sees")
    top_k: int | None = setting(None, to.whole(0), "earlier blocks that a query retrieves")
    local_blocks: int | None = setting(None, to.whole(1), "blocks that a local layer sees")
    weights: str = setting("int8", to.choice("int8", "bf16"), "weights of linear layers")
    kv_storage: str = setting(
        "int8", to.choice("int8", "int4", "raw"), "how keys and values are kept"
    )
    no_plan_check: bool = setting(
        False, to.flag, "read even where memory or disk are predicted not to suffice"
    )
    include: tuple[str, ...] = setting((), to.many, "only these globs")
    exclude: tuple[str, ...] = setting((), to.many, "not these globs")
    tracked_changes: str = setting(
        "accept", to.choice("accept", "reject", "both"), "tracked changes in word files"
    )
    file_bytes: int | None = setting(None, to.byte_count, "largest file read")
    text_bytes: int | None = setting(None, to.byte_count, "most text taken from one file")
    total_files: int | None = setting(None, to.whole(1), "most files met in one run")
    worker_memory_bytes: int | None = setting(None, to.byte_count, "memory of a reader's process")
    worker_timeout_s: float | None = setting(None, to.seconds, "time a reader has for one file")
    playbooks: tuple[str, ...] = setting(
        (), to.many, "playbooks of analyze; empty chooses", flag="--playbook"
    )
    format: str | None = setting(None, to.text, "format of the report on stdout or in -o")
    fail_on: str = setting(
        "none",
        to.choice("none", "low", "medium", "high", "critical"),
        "exit 1 from this severity on",
    )
    require_coverage: bool = setting(False, to.flag, "exit 3 unless everything was read")
    require_citations: bool = setting(False, to.flag, "exit 4 unless every citation is verified")
    color: str = setting(
        "auto",
        to.choice("auto", "always", "never"),
        "colour in the terminal",
        flag="--no-color",
    )
    quiet: bool = setting(False, to.flag, "no progress and no notes on stderr")
    no_input: bool = setting(False, to.flag, "never ask anything")
    offline: bool = setting(False, to.flag, "no network, not even for the model", personal=True)
    debug: bool = setting(False, to.flag, "tracebacks", personal=True)
    cache_dir: Path = setting(None, to.folder, "models and sessions", personal=True)  # noqa: RUF009
    sessions_limit_bytes: int | None = setting(
        None,
        to.byte_count,
        "most that all sessions take on disk; those not used for longest go (unset: 20GiB, or a "
        "fifth of the disk)",
        personal=True,
    )
    state_dir: Path = setting(None, to.folder, "crash reports", personal=True)  # noqa: RUF009


NAMES: tuple[str, ...] = tuple(item.name for item in fields(Settings))
_FIELDS = {item.name: item for item in fields(Settings)}


def flag_of(name: str) -> str:
    """The option that sets a setting, whether or not every command has it."""
    return _FIELDS[name].metadata["flag"] or "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Loaded:
    """Settings, where each came from, and what the user should be told about them."""

    settings: Settings
    origins: Mapping[str, str]
    notices: tuple[str, ...] = ()


def says_yes(name: str, variables: Mapping[str, str] | None = None) -> bool:
    """A yes-or-no variable, read before there are settings; nonsense counts as no."""
    env = os.environ if variables is None else variables
    try:
        return to.flag(env.get(name, ""), Path())
    except ValueError:
        return False


def user_file() -> Path:
    """The user's own file, whether it is there or not."""
    import platformdirs

    return platformdirs.user_config_path("kimidoc", appauthor=False) / "config.toml"


def _default_folders() -> dict[str, Path]:
    import platformdirs

    return {
        "cache_dir": platformdirs.user_cache_path("kimidoc", appauthor=False),
        "state_dir": platformdirs.user_state_path("kimidoc", appauthor=False),
    }


def load(
    flags: Mapping[str, object] | None = None,
    *,
    config: str | None = None,
    roots: Sequence[str] = (),
    directory: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Loaded:
    """Every setting from the strongest place that names it.

    ``flags`` maps setting names to values; None and empty lists mean "not given". ``config`` is
    ``--config``: a file in the project file's place, or ``none``. ``roots`` are the paths to be
    analysed, for the notices. Raises ConfigError naming the place and the key.
    """
    directory = Path.cwd() if directory is None else directory
    env = os.environ if variables is None else variables
    values: dict[str, Any] = _default_folders()
    origins = dict.fromkeys(NAMES, "default")
    notices: list[str] = []

    def take(given: Mapping[str, object], origin: Callable[[str], str], base: Path) -> None:
        for name, value in given.items():
            try:
                values[name] = _FIELDS[name].metadata["parse"](value, base)
            except ValueError as wrong:
                raise ConfigError(
                    f"{origin(name)}: {wrong}, not {_shown(value)}.",
                    hint=f"{name} is: {_FIELDS[name].metadata['doc']}.",
                ) from None
            origins[name] = origin(name)

    user = user_file()
    project = _project_file(config or env.get("KIMIDOC_CONFIG"), directory)
    for file, personal in ((user, True), (project, False)):
        if file is not None and (given := _read(file, personal)):
            take(given, lambda name, file=file: f"{file}: {name}", file.parent)  # type: ignore[misc]
            if file is project and _inside_a_root(file, roots, directory):
                notices.append(
                    f"settings of {file.name} are used because it is in the working directory, "
                    "which is being analysed (--config none ignores it)"
                )
    variables_given, unknown = _from_variables(env)
    take(variables_given, lambda name: PREFIX + name.upper(), directory)
    notices += unknown
    given_flags = {n: v for n, v in (flags or {}).items() if v is not None and v != ()}
    take(given_flags, flag_of, directory)
    notices += [
        f"{file} is not configuration: it belongs to the analysed tree"
        for file in _ignored(roots, directory)
        if project is None or file != project.resolve()
    ]
    return Loaded(Settings(**values), origins, tuple(notices))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _project_file(config: str | None, directory: Path) -> Path | None:
    if config == "none":
        return None
    if config is not None:
        file = directory / Path(config).expanduser()
        if not file.is_file():
            raise ConfigError(
                f"There is no settings file {config!r}.", hint="Name a TOML file, or none."
            )
        return file
    for name in (PROJECT_FILE, "pyproject.toml"):
        if (file := directory / name).is_file() and (name == PROJECT_FILE or _table(file)):
            return file
    return None


def _parsed(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.name == "pyproject.toml" and "kimidoc" not in text:
            return {}  # somebody else's file, which may be broken without our minding
        return tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(
            f"{file}: cannot be read ({reason}).", hint="Mend the file or move it away."
        ) from None
    except tomllib.TOMLDecodeError as reason:
        raise ConfigError(
            f"{file}: not valid TOML: {reason}.", hint='Texts need quotes: model = "base".'
        ) from None


def _table(file: Path) -> dict[str, Any]:
    """The settings in a file; of a pyproject.toml, those under [tool.kimidoc]."""
    parsed = _parsed(file)
    if file.name != "pyproject.toml":
        return parsed
    tool = parsed.get("tool")
    table = tool.get("kimidoc", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise ConfigError(
            f"{file}: tool.kimidoc is not a table.", hint="Write [tool.kimidoc] and the keys below."
        )
    return table


def _read(file: Path, personal: bool) -> dict[str, object]:
    given: dict[str, object] = {}
    for key, value in _table(file).items():
        name = key.replace("-", "_")
        if name not in _FIELDS:
            raise ConfigError(
                f"{file}: unknown key {key!r}.{_meant(name)}",
                hint="`kimidoc doctor` lists every setting.",
            )
        if name in given:
            raise ConfigError(f"{file}: {name} is set twice.", hint="Remove one of the two.")
        if _FIELDS[name].metadata["personal"] and not personal:
            raise ConfigError(
                f"{file}: {name} cannot be set by a project's file.",
                hint=f"Set it in {user_file()} or as {PREFIX}{name.upper()}.",
            )
        given[name] = value
    return given


def _from_variables(env: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    given: dict[str, object] = {}
    unknown: list[str] = []
    for variable in sorted(env):
        if not variable.startswith(PREFIX) or variable in _NOT_SETTINGS or not env[variable]:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _FIELDS:
            given[name] = env[variable]
        else:
            unknown.append(f"{variable} names no setting and is ignored.{_meant(name, True)}")
    return given, unknown


def _meant(name: str, variable: bool = False) -> str:
    close = get_close_matches(name, NAMES, 1) or [n for n in NAMES if n.startswith(name + "_")]
    if not close:
        return ""
    return f" Did you mean {PREFIX + close[0].upper() if variable else close[0]}?"


def _inside_a_root(file: Path, roots: Sequence[str], directory: Path) -> bool:
    folder = file.resolve().parent
    return any(folder.is_relative_to((directory / root).resolve()) for root in roots if root != "-")


def _ignored(roots: Sequence[str], directory: Path) -> list[Path]:
    """Project files at the top of analysed folders. They are looked for, never parsed."""
    found = []
    for root in roots:
        file = (directory / root).resolve() / PROJECT_FILE
        if root != "-" and file.is_file() and file.parent != directory.resolve():
            found.append(file)
    return found

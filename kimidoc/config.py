"""Settings and their precedence; the only reader of environment variables.

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
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kimidoc.errors import ConfigError

PROJECT_FILE = "kimidoc.toml"
PREFIX = "KIMIDOC_"
_NOT_SETTINGS = ("KIMIDOC_CONFIG",)

# A parser turns a flag, a variable's text or a TOML value into a setting's value. ``base`` is the
# folder that relative paths are meant from. It raises ValueError with what it expected.
Parser = Callable[[object, Path], object]


def _text(value: object, base: Path) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("expected a text that is not empty")


def _choice(*names: str) -> Parser:
    def parse(value: object, base: Path) -> str:
        if isinstance(value, str) and value in names:
            return value
        close = get_close_matches(str(value), names, 1)
        raise ValueError(
            f"expected one of {', '.join(names)}" + (f"; did you mean {close[0]}?" if close else "")
        )

    return parse


def _flag(value: object, base: Path) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("1", "true", "yes", "on"):
            return True
        if word in ("0", "false", "no", "off", ""):
            return False
    raise ValueError("expected true or false")


def _whole(least: int) -> Parser:
    def parse(value: object, base: Path) -> int:
        if isinstance(value, str) and re.fullmatch(r"\d+(_\d+)*", value.strip(), re.ASCII):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise ValueError(f"expected a whole number of at least {least}")

    return parse


_NUMBER = r"(\d+(?:_\d+)*(?:\.\d+)?)\s*([A-Za-z]*)"
_TOKENS = {"": 1, "k": 1_000, "m": 1_000_000}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def _scaled(units: Mapping[str, int], expected: str) -> Parser:
    def parse(value: object, base: Path) -> int:
        if isinstance(value, str):
            match = re.fullmatch(_NUMBER, value.strip(), re.ASCII)
            if match and match[2].lower() in units and len(match[1]) <= 15:  # exact as a float
                scaled = float(match[1]) * units[match[2].lower()]
                value = int(scaled) if scaled.is_integer() else None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        raise ValueError(expected)

    return parse


def _seconds(value: object, base: Path) -> float:
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value.strip(), re.ASCII):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9:
        return float(value)
    raise ValueError("expected a number of seconds above 0")


def _folder(value: object, base: Path) -> Path:
    if isinstance(value, str | Path) and str(value).strip():
        return base / Path(value).expanduser()
    raise ValueError("expected a folder")


def _many(value: object, base: Path) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    if isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    raise ValueError(f"expected a list of texts (in a variable: separated by {os.pathsep!r})")


_tokens = _scaled(_TOKENS, "expected a number of tokens above 0, such as 200k, 1M or 1_000_000")
_bytes = _scaled(_BYTES, "expected a size above 0, such as 64MiB or 2GB")


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

    model: str | None = setting(None, _text, "name in the registry, or a folder")
    budget_tokens: int = setting(1_000_000, _tokens, "tokens the window may hold", flag="--budget")
    overflow: str = setting(
        "error", _choice("error", "drop-last", "drop-largest"), "what to do over budget"
    )
    session: str = setting("auto", _text, "auto, none, or a name to keep the session under")
    seed: int = setting(0, _whole(0), "seed of everything random")
    threads: int | None = setting(None, _whole(1), "CPU threads")
    include: tuple[str, ...] = setting((), _many, "only these globs")
    exclude: tuple[str, ...] = setting((), _many, "not these globs")
    tracked_changes: str = setting(
        "accept", _choice("accept", "reject", "both"), "tracked changes in word files"
    )
    file_bytes: int | None = setting(None, _bytes, "largest file read")
    text_bytes: int | None = setting(None, _bytes, "most text taken from one file")
    total_files: int | None = setting(None, _whole(1), "most files met in one run")
    worker_memory_bytes: int | None = setting(None, _bytes, "memory of a reader's process")
    worker_timeout_s: float | None = setting(None, _seconds, "time a reader has for one file")
    playbooks: tuple[str, ...] = setting(
        (), _many, "playbooks of analyze; empty chooses", flag="--playbook"
    )
    format: str | None = setting(None, _text, "format of the report on stdout or in -o")
    fail_on: str = setting(
        "none", _choice("none", "low", "medium", "high", "critical"), "exit 1 from this severity on"
    )
    require_coverage: bool = setting(False, _flag, "exit 3 unless everything was read")
    require_citations: bool = setting(False, _flag, "exit 4 unless every citation is verified")
    color: str = setting(
        "auto", _choice("auto", "always", "never"), "colour in the terminal", flag="--no-color"
    )
    quiet: bool = setting(False, _flag, "no progress and no notes on stderr")
    no_input: bool = setting(False, _flag, "never ask anything")
    offline: bool = setting(False, _flag, "no network, not even for the model", personal=True)
    debug: bool = setting(False, _flag, "tracebacks", personal=True)
    cache_dir: Path = setting(None, _folder, "models and sessions", personal=True)  # noqa: RUF009
    state_dir: Path = setting(None, _folder, "crash reports", personal=True)  # noqa: RUF009


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


def says_yes(name: str, variables: Mapping[str, str] | None = None) -> bool:
    """A yes-or-no variable, read before there are settings; nonsense counts as no."""
    env = os.environ if variables is None else variables
    try:
        return _flag(env.get(name, ""), Path())
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

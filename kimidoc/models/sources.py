"""Where this machine gets Python packages from: pip's settings, and uv's variables.

Stronger first: variables, then pip's configuration files (``PIP_CONFIG_FILE``, virtual environment,
user, machine), then PyPI. Read are ``index-url``, ``extra-index-url``, ``no-index``, ``find-links``
(folders), ``cert`` and ``proxy``. uv's variables count where pip's are not set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import platformdirs

from kimidoc.config import PackageVariables
from kimidoc.errors import ModelError

PYPI = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look, first to last. ``folders`` are looked at before any index."""

    indexes: tuple[str, ...] = (PYPI,)
    folders: tuple[Path, ...] = ()
    cert: str = ""
    proxy: str = ""


def settle(variables: PackageVariables, files: list[Path] | None = None) -> Sources:
    """What pip would use. ``files``: configuration files, weakest first; None finds pip's own.

    Raises ModelError when a configuration file of pip's cannot be read.
    """
    from_files = PackageVariables()
    if variables.config_file != os.devnull:  # pip's own way to say: no files
        if files is None:
            files = configuration_files()
            if variables.config_file:
                files.append(Path(variables.config_file))
        for file in files:
            from_files = replace(from_files, **_read(file))
    names = PackageVariables.__dataclass_fields__
    chosen = {n: getattr(variables, n) or getattr(from_files, n) for n in names}
    off = chosen["no_index"].strip().lower() in ("1", "true", "yes", "on")
    urls = [chosen["index_url"] or PYPI, *chosen["extra_index_url"].split()]
    return Sources(
        indexes=() if off else tuple(dict.fromkeys(_plain(url) for url in urls)),
        folders=tuple(_folders(chosen["find_links"])),
        cert=chosen["cert"],
        proxy=chosen["proxy"],
    )


def configuration_files() -> list[Path]:
    """pip's configuration files on this machine, weakest first, whether they exist or not."""
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    machine = [
        Path(p)
        for p in platformdirs.PlatformDirs("pip", False, multipath=True).site_config_dir.split(
            os.pathsep
        )
    ]
    if sys.platform != "win32":
        machine.append(Path("/etc"))
    home = Path.home()
    user = [
        home / ("pip" if sys.platform == "win32" else ".pip"),
        home / ".config" / "pip",
        platformdirs.user_config_path("pip", appauthor=False, roaming=True),
    ]
    return [folder / name for folder in dict.fromkeys((*machine, *user, Path(sys.prefix)))]


def _read(file: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(file, encoding="utf-8")
    except (ConfigParserError, OSError, UnicodeDecodeError) as reason:
        raise ModelError(
            f"pip's settings in {file} cannot be read ({str(reason).splitlines()[0]}).",
            hint="Mend the file, or set PIP_INDEX_URL and PIP_CONFIG_FILE=" + os.devnull + ".",
        ) from None
    given: dict[str, str] = {}
    for section in ("global", "install", "download"):  # the later is the more particular
        if parser.has_section(section):
            for key, value in parser.items(section):
                name = key.replace("-", "_").lower()
                if name in PackageVariables.__dataclass_fields__ and name != "config_file":
                    given[name] = value
    return given


def _plain(url: str) -> str:
    """An index's root without a trailing slash; uv may put ``name=`` before it."""
    name, mark, rest = url.partition("=")
    if mark and "/" not in name:
        url = rest
    return url.rstrip("/")


def _folders(find_links: str) -> Iterator[Path]:
    for word in find_links.replace(",", " ").split():
        if word.startswith("file:"):
            yield local_path(word)
        elif "://" not in word:
            yield Path(word).expanduser()


def local_path(url: str) -> Path:
    """The path a ``file:`` address means."""
    return Path(url2pathname(unquote(urlsplit(url).path)))

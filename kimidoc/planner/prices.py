"""What the same tokens would cost at API list prices. The figures are data: ``prices.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from kimidoc.errors import ConfigError

OWN = "prices.toml"
_NEEDED = {"model": str, "date": date, "source": str, "usd_per_million_input": (int, float)}
_OPTIONAL = {
    "context_tokens": int,
    "long_from_tokens": int,
    "usd_per_million_long_input": (int, float),
}


@dataclass(frozen=True, slots=True)
class Price:
    """One list price in US dollars. An input above ``long_from_tokens`` costs the long price."""

    model: str
    date: date
    source: str
    usd_per_million_input: float
    context_tokens: int | None = None
    long_from_tokens: int | None = None
    usd_per_million_long_input: float | None = None

    def usd(self, tokens: int) -> float | None:
        """What one question with ``tokens`` tokens of input costs; None: more than it takes."""
        if self.context_tokens is not None and tokens > self.context_tokens:
            return None
        rate = self.usd_per_million_input
        if self.long_from_tokens is not None and tokens > self.long_from_tokens:
            assert self.usd_per_million_long_input is not None
            rate = self.usd_per_million_long_input
        return tokens * rate / 1e6


def load(file: str | None = None) -> tuple[Price, ...]:
    """The prices in ``file``, or those that come with kimidoc. Raises ConfigError."""
    where = OWN if file is None else file
    try:
        text = (
            (files("kimidoc.planner") / OWN).read_text("utf-8")
            if file is None
            else Path(file).read_text("utf-8-sig")
        )
        given = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(
            f"{where}: cannot be read ({reason}).", hint="Name a TOML file with [[price]] tables."
        ) from None
    except tomllib.TOMLDecodeError as reason:
        raise ConfigError(f"{where}: not valid TOML: {reason}.", hint="Mend the file.") from None
    listed = given.get("price")
    if not isinstance(listed, list) or not listed or given.keys() != {"price"}:
        _wrong(where, "it holds no [[price]] tables, or other things than those")
    return tuple(_price(entry, f"{where}: price {n}") for n, entry in enumerate(listed, 1))


def _wrong(where: str, what: str) -> NoReturn:
    raise ConfigError(
        f"{where}: {what}.",
        hint="Each [[price]] has model, date, source and usd_per_million_input; it may have "
        "context_tokens, and long_from_tokens with usd_per_million_long_input.",
    )


def _price(entry: Mapping[str, Any], where: str) -> Price:
    known: dict[str, Any] = {**_NEEDED, **_OPTIONAL}
    for name in _NEEDED:
        if name not in entry:
            _wrong(where, f"{name} is missing")
    for name, value in entry.items():
        if name not in known:
            _wrong(where, f"unknown key {name!r}")
        if not isinstance(value, known[name]) or isinstance(value, bool):
            _wrong(where, f"{name} cannot be {value!r}")
        if isinstance(value, int | float) and value <= 0:
            _wrong(where, f"{name} must be above 0")
    if ("long_from_tokens" in entry) != ("usd_per_million_long_input" in entry):
        _wrong(where, "long_from_tokens and usd_per_million_long_input go together")
    return Price(**entry)

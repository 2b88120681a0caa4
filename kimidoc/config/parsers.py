"""What a flag, a variable's text or a TOML value is turned into, or what was expected instead."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

# A parser turns a flag, a variable's text or a TOML value into a setting's value. ``base`` is the
# folder that relative paths are meant from. It raises ValueError with what it expected.
Parser = Callable[[object, Path], object]


def text(value: object, base: Path) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("expected a text that is not empty")


def choice(*names: str) -> Parser:
    def parse(value: object, base: Path) -> str:
        if isinstance(value, str) and value in names:
            return value
        close = get_close_matches(str(value), names, 1)
        raise ValueError(
            f"expected one of {', '.join(names)}" + (f"; did you mean {close[0]}?" if close else "")
        )

    return parse


def flag(value: object, base: Path) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("1", "true", "yes", "on"):
            return True
        if word in ("0", "false", "no", "off", ""):
            return False
    raise ValueError("expected true or false")


def whole(least: int) -> Parser:
    def parse(value: object, base: Path) -> int:
        if isinstance(value, str) and re.fullmatch(r"\d+(_\d+)*", value.strip(), re.ASCII):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise ValueError(f"expected a whole number of at least {least}")

    return parse


def layers(value: object, base: Path) -> tuple[int, ...] | str:
    """``all``, or the numbers of layers from 0 on: "4,9,14" or a list."""
    if value == "all":
        return "all"
    parts = value.split(",") if isinstance(value, str) else value
    try:
        if not isinstance(parts, (list, tuple)):
            raise ValueError
        return tuple(sorted({int(str(whole(0)(part, base))) for part in parts}))
    except ValueError:
        raise ValueError("expected all, or numbers of layers such as 4,9,14") from None


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


def seconds(value: object, base: Path) -> float:
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value.strip(), re.ASCII):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9:
        return float(value)
    raise ValueError("expected a number of seconds above 0")


def folder(value: object, base: Path) -> Path:
    if isinstance(value, str | Path) and str(value).strip():
        return base / Path(value).expanduser()
    raise ValueError("expected a folder")


def many(value: object, base: Path) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    if isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    raise ValueError(f"expected a list of texts (in a variable: separated by {os.pathsep!r})")


tokens = _scaled(_TOKENS, "expected a number of tokens above 0, such as 200k, 1M or 1_000_000")
byte_count = _scaled(_BYTES, "expected a size above 0, such as 64MiB or 2GB")

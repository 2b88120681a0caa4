"""A SARIF 2.1.0 log of any tool -> its results. Only what is used is demanded to be there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from kimidoc.errors import ConfigError

_CWE = re.compile(r"cwe[-/ _]0*(\d{1,5})\b", re.IGNORECASE)
_LEVELS = ("none", "note", "warning", "error")


@dataclass(frozen=True, slots=True)
class Result:
    """One result. ``uri`` is decoded: a relative path, or an absolute one for a ``file:`` URI.

    ``weaknesses``: the CWE numbers that its rule names.
    """

    tool: str
    rule_id: str
    level: str
    message: str
    uri: str
    first_line: int | None
    last_line: int | None
    weaknesses: tuple[int, ...] = ()


def load(text: str, name: str) -> tuple[Result, ...]:
    """The results of a log, in its order. Raises ConfigError that names the file."""
    hint = (
        "Give --import-sarif a SARIF 2.1.0 file: ruff check --output-format sarif, bandit -f sarif."
    )
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name!r} is not JSON: {error}.", hint=hint) from error
    if not isinstance(data, dict) or "runs" not in data or data.get("version") != "2.1.0":
        raise ConfigError(f"{name!r} is not SARIF 2.1.0.", hint=hint)
    try:
        return tuple(result for run in data["runs"] for result in _run(run))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"The results of {name!r} are damaged: {error!r}.", hint=hint) from error


def _run(run: dict[str, Any]) -> Iterator[Result]:
    driver = run["tool"]["driver"]
    rules: list[dict[str, Any]] = driver.get("rules") or []
    by_id = {rule["id"]: rule for rule in rules}
    bases = run.get("originalUriBaseIds") or {}
    for raw in run.get("results") or []:
        named = raw.get("rule") or {}
        at = raw.get("ruleIndex", named.get("index", -1))
        id_ = raw.get("ruleId") or named.get("id") or (rules[at]["id"] if at >= 0 else "")
        rule = by_id.get(id_) or (rules[at] if 0 <= at < len(rules) else {})
        usual = (rule.get("defaultConfiguration") or {}).get("level", "warning")
        level = str(raw.get("level", usual))
        places = raw.get("locations") or [{}]
        place = places[0].get("physicalLocation") or {}
        region = place.get("region") or {}
        first = _line(region.get("startLine"))
        yield Result(
            tool=_text(driver["name"]),
            rule_id=_text(id_),
            level=level if level in _LEVELS else "warning",
            message=_message(raw.get("message") or {}, rule),
            uri=_uri(place.get("artifactLocation") or {}, bases),
            first_line=first,
            last_line=max(_line(region.get("endLine")) or 0, first) if first else None,
            weaknesses=tuple(sorted({int(n) for n in _CWE.findall(json.dumps([rule, named]))})),
        )


def _message(message: dict[str, Any], rule: dict[str, Any]) -> str:
    """Its text, or the rule's string of its id with the arguments put in."""
    if message.get("text"):
        return _text(message["text"])
    strings = rule.get("messageStrings") or {}
    text = _text((strings.get(message.get("id") or "") or {}).get("text", ""))
    for at, argument in enumerate(message.get("arguments") or []):
        text = text.replace(f"{{{at}}}", str(argument))
    return text


def _uri(location: dict[str, Any], bases: dict[str, Any]) -> str:
    uri = _text(location.get("uri", ""))
    base = bases.get(location.get("uriBaseId") or "")
    if base and not urlsplit(uri).scheme:
        uri = urljoin(_text(base.get("uri", "")), uri)
    parts = urlsplit(uri)
    return unquote(parts.path if parts.scheme == "file" else uri, errors="surrogateescape")


def _line(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is no line")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value

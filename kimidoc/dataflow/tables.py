"""What each language's libraries do, as data: sources, sinks, what makes harmless, what passes on.

``<language>.toml`` beside this file. A pattern names a call: ``Type.method``, ``module.function``,
``new Type``, or ``method`` alone, of whatever it is called on. ``=name`` at the end of a source is
an attribute instead. Sinks add which arguments matter: ``Type.method:0,1``; ``:*`` is any of them,
``:this`` what it is called on, ``:word=name`` an argument by its name; ``?name=True`` demands one.

To teach it another library, add patterns to the lists there; a new check needs its table in
``[checks]`` and a check with ``flow = "<its id>"`` in a playbook.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

LANGUAGES = ("java", "python")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sink:
    """A call in whose arguments nothing from outside may stand."""

    check: str
    args: tuple[int | str, ...]
    demands: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Weak:
    """A call that is weak by the literal it is given: ``words`` is the literal's pattern.

    ``without``: named arguments that make it harmless, as they are written.
    """

    check: str
    arg: int
    words: re.Pattern[str] | None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A call or an attribute whose value comes from outside."""

    label: str
    kind: str


class Patterns(Generic[T]):
    """Patterns of calls with what each means."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], list[T]] = {}
        self._bare: dict[str, list[T]] = {}
        self.types: set[str] = set()

    def add(self, pattern: str, meaning: T) -> None:
        of, dot, name = pattern.rpartition(".")
        if dot:
            self._exact.setdefault((of, name), []).append(meaning)
            self.types.add(of)
        else:
            self._bare.setdefault(name, []).append(meaning)

    def of(self, types: tuple[str, ...], name: str) -> list[T]:
        """What is said of ``name`` called on something of these types."""
        for each in types:
            if found := self._exact.get((each, name)):
                return found
        return self._bare.get(name, [])


@dataclass(slots=True)
class Tables:
    """One language's."""

    language: str
    sources: Patterns[Source] = field(default_factory=Patterns)
    marks: dict[str, Source] = field(default_factory=dict)
    parameters: dict[str, Source] = field(default_factory=dict)
    wrapped: list[tuple[re.Pattern[str], Source]] = field(default_factory=list)
    carriers: frozenset[str] = frozenset()
    sinks: Patterns[Sink] = field(default_factory=Patterns)
    weak: Patterns[Weak] = field(default_factory=Patterns)
    clears: Patterns[tuple[str, ...]] = field(default_factory=Patterns)
    plain: Patterns[bool] = field(default_factory=Patterns)
    decodes: Patterns[bool] = field(default_factory=Patterns)
    parts: Patterns[bool] = field(default_factory=Patterns)
    types: Patterns[str] = field(default_factory=Patterns)
    above: dict[str, tuple[str, ...]] = field(default_factory=dict)
    guessed: dict[str, str] = field(default_factory=dict)
    text_checks: frozenset[str] = frozenset()
    checks: dict[str, str] = field(default_factory=dict)
    routes: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


@lru_cache(maxsize=len(LANGUAGES))
def load(language: str) -> Tables:
    """The tables of a language, read once."""
    text = (files("kimidoc.dataflow") / f"{language}.toml").read_text("utf-8")
    return read(tomllib.loads(text), language)


def read(data: dict[str, Any], language: str) -> Tables:
    """Tables from parsed TOML."""
    made = Tables(language)
    for entry in data.get("source", ()):
        source = Source(entry["label"], entry["kind"])
        for pattern in entry.get("calls", ()):
            made.sources.add(pattern, source)
        for pattern in entry.get("members", ()):
            made.sources.add(pattern + "=", source)
        made.marks.update(dict.fromkeys(entry.get("marks", ()), source))
        made.parameters.update(dict.fromkeys(entry.get("parameters", ()), source))
        for words in entry.get("wrapped", ()):
            made.wrapped.append((re.compile(words), source))
    for check, entry in data["checks"].items():
        made.checks[check] = entry.get("class", "text")
        for pattern in entry.get("sinks", ()):
            call, sink = _sink(check, pattern)
            made.sinks.add(call, sink)
        for weak in entry.get("weak", ()):
            words = re.compile(weak["words"]) if "words" in weak else None
            meaning = Weak(check, weak.get("arg", 0), words, tuple(weak.get("without", ())))
            for pattern in weak["calls"]:
                made.weak.add(pattern, meaning)
    for entry in data.get("clear", ()):
        for pattern in entry["calls"]:
            made.clears.add(pattern, tuple(entry["checks"]))
    for name in ("plain", "decodes", "parts"):
        for pattern in data.get(name, ()):
            getattr(made, name).add(pattern, True)
    for call, kind in data.get("types", {}).items():
        made.types.add(call, kind)
    made.above = {name: tuple(above) for name, above in data.get("above", {}).items()}
    made.guessed = {name.casefold(): kind for name, kind in data.get("guessed", {}).items()}
    made.text_checks = frozenset(c for c, kind in made.checks.items() if kind == "text")
    made.carriers = frozenset(data.get("carriers", ()))
    made.routes = frozenset(data.get("routes", ()))
    made.numbers = frozenset(data.get("numbers", ()))
    made.never = frozenset(data.get("never", ()))
    return made


def _sink(check: str, pattern: str) -> tuple[str, Sink]:
    rest, _, demanded = pattern.partition("?")
    call, _, which = rest.partition(":")
    args = tuple(int(a) if a.lstrip("-").isdigit() else a for a in which.split(",") if a)
    demands = tuple((n, v) for n, _, v in (d.partition("=") for d in demanded.split("&") if d))
    return call, Sink(check, args or (0,), demands)

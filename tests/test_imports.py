"""Imports point one way, and the program starts without the heavy ones.

The table is HOUSE's: a room may import the rooms above its line here (its own files too), and none
beside or below it. What stands under ``TYPE_CHECKING`` and inside functions counts as well.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kimidoc"
LINES = (
    {"types", "errors", "config"},
    {"values", "dataflow", "clauses"},
    {"ingest", "cite", "playbooks", "report", "novelty"},
    {"pack", "changes", "triage"},
    {"attention", "kvcache", "experts", "indexer"},
    {"models"},
    {"engine", "ask"},
    {"planner"},
    {"pipeline"},
    {"bench", "train"},
    {"cli"},
    {"__main__"},
)
# What one room sees of another on its own line: these modules and no others.
BESIDE = {
    ("ask", "engine"): {"kimidoc.engine.base", "kimidoc.engine.lexical"},
    ("config", "errors"): {"kimidoc.errors"},
    # what is measured on is read as what is trained on, and the peer is the teacher
    ("bench", "train"): {
        "kimidoc.train.sources",
        "kimidoc.train.states",
        "kimidoc.train.teacher",
    },
}
ANYONE = {"kimidoc"}  # the package itself, for __version__
TORCH = {"torch", "transformers", "tokenizers", "safetensors", "accelerate", "gguf"}
TORCH_ROOMS = {
    "attention", "kvcache", "experts", "indexer", "models", "engine", "planner", "train", "bench",
}  # fmt: skip
ONLY_IN = {
    "typer": {"cli"},
    "click": set[str](),
    "rich": {"report", "cli"},
    "jinja2": {"report", "models"},  # pages; chat templates
    "pypdfium2": {"ingest"},
    "docx": {"ingest"},
    "detect_secrets": {"report", "ingest"},
    "dateutil": {"values"},
    "price_parser": {"values"},
    "tree_sitter": {"dataflow"},
    "tree_sitter_java": {"dataflow"},
    "tree_sitter_python": {"dataflow"},
}
RANK = {room: at for at, line in enumerate(LINES) for room in line}


def _modules() -> Iterator[tuple[str, Path]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _is_module(name: str) -> bool:
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def _imports(tree: ast.AST, module: str, package: bool) -> Iterator[tuple[str, int]]:
    """Every module that is imported, by its whole name, and the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")[: None if package and node.level == 1 else -node.level]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (
                    (whole if base.startswith("kimidoc") and _is_module(whole) else base),
                    (node.lineno),
                )


MODULES = dict(_modules())


def _found(module: str) -> list[tuple[str, int]]:
    file = MODULES[module]
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return list(_imports(tree, module, file.name == "__init__.py"))


def test_every_room_has_a_line() -> None:
    rooms = {_room(module) for module in MODULES} - {""}
    assert rooms <= set(RANK), rooms - set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    room = _room(module)
    for name, line in _found(module):
        other = _room(name)
        if not name.startswith("kimidoc") or name in ANYONE or other == room or not room:
            continue
        allowed = RANK[other] < RANK[room] or name in BESIDE.get((room, other), ())
        assert allowed, f"{MODULES[module]}:{line}: {room} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_libraries_stay_in_their_rooms(module: str) -> None:
    room = _room(module)
    for name, line in _found(module):
        library = name.partition(".")[0]
        where = f"{MODULES[module]}:{line}: {name}"
        if library in TORCH:
            assert room in TORCH_ROOMS, where
        assert library not in ONLY_IN or room in ONLY_IN[library], where
        if room in ("types", "errors", "config", ""):
            known = {*sys.stdlib_module_names, "kimidoc", "platformdirs"}
            assert library in known, where


def test_the_walk_sees_what_it_should() -> None:
    """A check that finds nothing anywhere would pass as well."""
    source = (
        "import torch.nn as t\nfrom kimidoc import pack\nfrom . import store\n"
        "from ..errors import X\ndef f():\n    from kimidoc.engine.base import Progress\n"
    )
    found = {name for name, _ in _imports(ast.parse(source), "kimidoc.models.fetch", False)}
    assert found == {
        "torch.nn",
        "kimidoc.pack",
        "kimidoc.models.store",
        "kimidoc.errors",
        "kimidoc.engine.base",
    }


def _loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after running ``code``."""
    told = "\nimport sys; sys.stderr.write('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code + told], capture_output=True, text=True, timeout=120, check=True
    )
    return set(done.stderr.split())


HEAVY = {"torch", "transformers", "numpy", "tokenizers", "safetensors"}


def test_the_package_is_light() -> None:
    loaded = _loaded("import kimidoc; kimidoc.Report; kimidoc.KimidocError; dir(kimidoc)")
    assert "kimidoc.types" in loaded
    assert not loaded & {*HEAVY, "rich", "jinja2", "typer", "pydantic", "httpx"}


@pytest.mark.parametrize(
    "command",
    ["", "ask", "analyze", "novelty", "pack", "plan", "bench", "sessions", "playbooks"],
)
def test_help_is_light(command: str) -> None:
    words = [command, "--help"] if command else ["--help"]
    loaded = _loaded(f"from kimidoc.cli.main import main\nassert main({words!r}) == 0")
    assert f"kimidoc.cli.{command or 'app'}" in loaded
    assert not loaded & {*HEAVY, "rich", "jinja2", "httpx"}  # typer itself brings pydantic


def test_reports_need_no_model() -> None:
    loaded = _loaded("from kimidoc.report import html, sarif, terminal, csv, github, json")
    assert not loaded & HEAVY


def test_planning_loads_no_torch() -> None:
    loaded = _loaded("from kimidoc.planner import plan, measure, verdict, prices")
    assert "kimidoc.planner.predict" in loaded and not loaded & {"torch", "transformers"}


def test_a_model_that_is_there_needs_no_network() -> None:
    loaded = _loaded("from kimidoc import pipeline; from kimidoc.engine import local")
    assert "kimidoc.models.store" in loaded and not loaded & {"torch", "transformers", "httpx"}


def test_public_names_are_there_and_others_are_not() -> None:
    import kimidoc

    for name in kimidoc.__all__:
        assert getattr(kimidoc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        kimidoc.nonsense  # noqa: B018

"""Python modules of the window, parsed: who calls what, and what a name stands for.

Names are resolved as Python does for what can be told from text alone: functions of the same
module, ``from module import name`` and ``module.name``. A method of an object is not: whose it is
cannot be told. Nothing is imported or run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from kimidoc.types import Document

MOST_CHARS = 1_000_000
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Module:
    """One module: its document and its tree."""

    document: Document
    tree: ast.Module

    @cached_property
    def name(self) -> tuple[str, ...]:
        """Its dotted name from the documents' folder on."""
        parts = self.document.path.removesuffix(".py").split("/")
        return tuple(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function, however deep."""
        return tuple(n for n in ast.walk(self.tree) if isinstance(n, Function))

    @cached_property
    def top(self) -> dict[str, ast.stmt]:
        """What the module's own level binds: functions, classes, assignments."""
        found: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            if isinstance(node, Function | ast.ClassDef):
                found[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {t.id: node for t in targets if isinstance(t, ast.Name)}
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[tuple[str, ...], str | None]]:
        """Each imported name -> the module, and the name in it (None: the module itself)."""
        found: dict[str, tuple[tuple[str, ...], str | None]] = {}
        package = self.document.path.split("/")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname or "." not in alias.name:
                        found[alias.asname or alias.name] = (tuple(alias.name.split(".")), None)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = (*above, *(node.module.split(".") if node.module else ()))
                for alias in node.names:
                    found[alias.asname or alias.name] = (base, alias.name)
        return found

    def around(self, line: int) -> Function | None:
        """The innermost function that holds a line."""
        holding = [f for f in self.functions if f.lineno <= line <= (f.end_lineno or 0)]
        return max(holding, key=lambda f: f.lineno, default=None)


class Program:
    """The modules of a window."""

    def __init__(self, documents: Iterable[Document]) -> None:
        parsed = (module for d in documents if (module := _parsed(d)) is not None)
        self.modules = {module.document.path: module for module in parsed}

    def is_module(self, dotted: tuple[str, ...], module: Module) -> bool:
        """Whether a dotted name ends in this module's: packages may lie below a source folder."""
        return bool(dotted) and module.name[-len(dotted) :] == dotted

    def binding(self, module: Module, name: str) -> tuple[Module, str] | None:
        """The module of the window that defines what ``name`` stands for in ``module``."""
        if name in module.top:
            return module, name
        dotted, attribute = module.imports.get(name, ((), None))
        if attribute is None:
            return None
        for other in self.modules.values():
            if self.is_module(dotted, other) and attribute in other.top:
                return other, attribute
        return None

    def named_module(self, module: Module, name: str) -> Module | None:
        """The module of the window that ``name`` stands for in ``module``."""
        dotted, attribute = module.imports.get(name, ((), None))
        whole = dotted if attribute is None else (*dotted, attribute)
        return next((m for m in self.modules.values() if self.is_module(whole, m)), None)

    def calls(self, target: Module, function: Function) -> Iterator[tuple[Module, ast.Call]]:
        """Every call that certainly is one of a module's own function."""
        if target.top.get(function.name) is not function:
            return
        for module, node in self._by_name.get(function.name, ()):
            if self._means(module, node.func, target, function):
                yield module, node

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[Module, ast.Call]]]:
        """Every call, under the last word of what it calls."""
        found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
                    if isinstance(name, str):
                        found.setdefault(name, []).append((module, node))
        return found

    def _means(self, module: Module, func: ast.expr, target: Module, function: Function) -> bool:
        if isinstance(func, ast.Name):
            return self.binding(module, func.id) == (target, function.name)
        return (
            isinstance(func, ast.Attribute)
            and func.attr == function.name
            and isinstance(func.value, ast.Name)
            and self.named_module(module, func.value.id) is target
        )


def _parsed(document: Document) -> Module | None:
    if document.kind != "python" or len(document.text) > MOST_CHARS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a document's own escapes
            return Module(document, ast.parse(document.text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None

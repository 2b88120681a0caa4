"""All files of one language as one program: which function a call means, what a field begins as.

A name is looked for in its own file first; elsewhere it counts only where one file has it, so that
two classes of one name are never taken for each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kimidoc.dataflow.tree import Call, Class, Function, Module, New, Node, walk

BASES = 6  # classes above one that are looked through


class Program:
    """Functions and classes by name. ``settings``: what property files of the set say, by key."""

    def __init__(
        self, modules: Iterable[Module], settings: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self.modules = {module.path: module for module in modules}
        self.settings = settings or {}
        self._classes: dict[str, list[tuple[Module, Class]]] = defaultdict(list)
        self._own: dict[tuple[str, str], tuple[Module, Class]] = {}
        self._functions: dict[tuple[str, str | None, str], list[Function]] = defaultdict(list)
        self._free: dict[str, list[Function]] = defaultdict(list)
        self.called: set[str] = set()
        for module in self.modules.values():
            for each in module.classes:
                self._classes[each.name].append((module, each))
                self._own.setdefault((module.path, each.name), (module, each))
            for function in module.functions:
                self._functions[module.path, function.owner, function.name].append(function)
                if function.owner is None:
                    self._free[function.name].append(function)
                self._called(function.body)
            self._called(module.body)

    def _called(self, body: list[Node]) -> None:
        for node in walk(body):
            if isinstance(node, Call):
                self.called.add(node.name)
            elif isinstance(node, New):
                self.called.add("<init>")

    def named(self, module: Module, name: str) -> tuple[Module, Class] | None:
        """The class that a name means in a module."""
        own = self._own.get((module.path, name))
        found = self._classes.get(name, ())
        return own or (found[0] if len(found) == 1 else None)

    def method(self, module: Module, owner: str, name: str, count: int) -> Function | None:
        """A method of a class or of those above it, by name and number of arguments."""
        at = self.named(module, owner)
        for _ in range(BASES):
            if at is None:
                return None
            found = self._functions.get((at[0].path, at[1].name, name), ())
            if (one := _fitting(found, count)) is not None:
                return one
            at = next((b for n in at[1].bases if (b := self.named(at[0], n)) is not None), None)
        return None

    def around(self, module: Module, owner: str | None, name: str, count: int) -> Function | None:
        """A bare call inside a class: its own method, or one of the classes around it."""
        for _ in range(BASES):
            if owner is None:
                break
            if (found := self.method(module, owner, name, count)) is not None:
                return found
            at = self.named(module, owner)
            owner = at[1].outer if at is not None else None
        return _fitting(self._functions.get((module.path, None, name), ()), count)

    def imported(self, whole: str, name: str, count: int) -> Function | None:
        """``name`` of the module that is called ``whole``: ``a.b`` is ``…/a/b.py``.

        Where the root stands inside a package, ``b.py`` alone is: the ends are compared.
        """
        parts = [part for part in whole.split(".") if part]
        found = [f for f in self._free.get(name, ()) if parts and _ends(f.path, parts)]
        return _fitting(found, count) if len(found) == 1 else None

    def field(
        self, module: Module, owner: str | None, name: str
    ) -> tuple[str, Class, Module] | None:
        """The class around a place that has a field of this name."""
        for _ in range(BASES):
            at = self.named(module, owner) if owner is not None else None
            if at is None:
                return None
            if any(name == each for each, _, _ in at[1].fields) or name in at[1].assigned:
                return at[1].name, at[1], at[0]
            owner = at[1].outer or next(iter(at[1].bases), None)
        return None


def _ends(path: str, parts: list[str]) -> bool:
    own = path.rpartition(".")[0].removesuffix("/__init__").split("/")
    both = min(len(own), len(parts))
    return own[-both:] == parts[-both:]


def _fitting(found: Iterable[Function], count: int) -> Function | None:
    """The only one that takes so many arguments, or the first where types would decide."""
    for one in found:
        own = [p for p in one.params if p.name not in ("self", "cls")]
        least = sum(p.default is None for p in own)
        if len(own) == count or least <= count <= len(own) or (own and own[-1].name[:1] == "*"):
            return one
    return None

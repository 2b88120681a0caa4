"""Python -> the program tree: modules and statements; ``python_values`` has expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kimidoc.dataflow import tree
from kimidoc.dataflow.parsed import Parsed, last, named
from kimidoc.dataflow.python_values import Expressions

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_DEFINED = frozenset({"function_definition", "class_definition", "decorated_definition"})

STATEMENTS = ("_statement",)


def lowered(text: str, path: str) -> tree.Module:
    """A Python file as a module. Errors in it leave what surrounds them readable."""
    import tree_sitter_python

    return _Python(Parsed(text, tree_sitter_python.language()), path).module()


class _Python(Expressions):
    def __init__(self, parsed: Parsed, path: str) -> None:
        self.p, self.path = parsed, path
        self.out = tree.Module(path, "python", {}, [], [], [])

    def module(self) -> tree.Module:
        for node in _below(self.p.root, ("import_statement", "import_from_statement")):
            self._imports(node)
        self.out.body = self._statements(named(self.p.root))
        stack: list[tuple[Syntax, str | None]] = [(self.p.root, None)]
        while stack:
            node, owner = stack.pop()
            if node.type == "class_definition":
                owner = self._class(node, owner)
            elif node.type == "function_definition":
                self._function(node, owner)
            stack += [(child, owner) for child in reversed(node.children)]
        self.out.cut = self.p.cut
        return self.out

    def _imports(self, node: Syntax) -> None:
        above = self.p.text(node.child_by_field_name("module_name")).lstrip(".")
        for each in node.children_by_field_name("name"):
            whole = self.p.text(each.child_by_field_name("name") or each)
            alias = self.p.text(each.child_by_field_name("alias"))
            if node.type == "import_statement":
                if alias:
                    self.out.imports[alias] = whole
                else:
                    self.out.imports[whole.partition(".")[0]] = whole.partition(".")[0]
            else:
                self.out.imports[alias or whole] = f"{above}.{whole}".lstrip(".")

    def _class(self, node: Syntax, outer: str | None) -> str:
        name = self.p.text(node.child_by_field_name("name"))
        above = node.child_by_field_name("superclasses")
        bases = tuple(last(self.p.text(b)) for b in named(above)) if above is not None else ()
        made = tree.Class(name, bases, outer, [])
        body = node.child_by_field_name("body")
        for each in named(body) if body is not None else ():
            inner = named(each)[:1] if each.type == "expression_statement" else []
            if inner and inner[0].type == "assignment":
                left, right = (inner[0].child_by_field_name(n) for n in ("left", "right"))
                value = self.value(right) if right is not None else None
                made.fields.append((self.p.text(left), self._type(inner[0]), value))
        self.out.classes.append(made)
        return name

    def _function(self, node: Syntax, owner: str | None) -> None:
        name = self.p.text(node.child_by_field_name("name"))
        params = list(self._params(node.child_by_field_name("parameters")))
        body = self._block(node.child_by_field_name("body"))
        above, marks = node.parent, list[str]()
        if above is not None and above.type == "decorated_definition":
            for each in named(above):
                if each.type == "decorator":
                    marks.append(last(self.p.text(each).lstrip("@").partition("(")[0]))
        name = "<init>" if name == "__init__" else name
        made = tree.Function(name, owner, params, body, self.p.span(node), self.path, tuple(marks))
        self.out.functions.append(made)
        kept = next((c for c in reversed(self.out.classes) if c.name == owner), None)
        for one in tree.walk(list(body)) if kept is not None else ():
            if isinstance(one, tree.Put) and isinstance(one.target, tree.Member):
                assert kept is not None
                kept.assigned.add(one.target.name)

    def _params(self, node: Syntax | None) -> Iterator[tree.Param]:
        for each in named(node) if node is not None else ():
            first = each.child_by_field_name("name") or each
            if first is each and each.type != "identifier":
                inner = named(each)
                first = inner[0] if inner else each
            value = each.child_by_field_name("value")
            default = self.value(value) if value is not None else None
            name, kind = self.p.text(first).lstrip("*"), self._type(each)
            star = "*" if self.p.text(each).startswith("*") else ""
            if star:
                default = tree.Other(self.p.span(each), [])
            yield tree.Param(name, kind, (), default, self.p.span(each))

    # statements

    def _block(self, node: Syntax | None) -> list[tree.Node]:
        if node is None or not self.p.deeper():
            return []
        try:
            return self._statements(named(node))
        finally:
            self.p.higher()

    def _statements(self, nodes: list[Syntax]) -> list[tree.Node]:
        found: list[tree.Node] = []
        for node in nodes:
            found += self._statement(node)
        return found

    def _statement(self, node: Syntax) -> list[tree.Node]:
        if node.type in _DEFINED or node.type.startswith("import_"):
            return []
        known = node.type.endswith(STATEMENTS)
        method = getattr(self, f"_{node.type}", None) if known else None
        if method is not None:
            made: list[tree.Node] = method(node)
            return made
        if node.type == "expression_statement":
            return [self.value(child) for child in named(node)]
        return [self.value(node)]

    def _if_statement(self, node: Syntax) -> list[tree.Node]:
        """``elif`` after ``elif`` is no depth: they are joined from the last one on."""
        other: list[tree.Node] = []
        for part in reversed(node.children_by_field_name("alternative")):
            if part.type == "else_clause":
                other = self._block(part.child_by_field_name("body"))
            else:
                other = [self._tested(part, other)]
        return [self._tested(node, other)]

    def _tested(self, node: Syntax, other: list[tree.Node]) -> tree.Node:
        then = self._block(node.child_by_field_name("consequence"))
        return tree.If(self.p.span(node), self._field(node, "condition"), then, other)

    def _while_statement(self, node: Syntax) -> list[tree.Node]:
        body = self._block(node.child_by_field_name("body"))
        return [tree.Loop(self.p.span(node), self._field(node, "condition"), body, [])]

    def _for_statement(self, node: Syntax) -> list[tree.Node]:
        target, over = self._field(node, "left"), self._field(node, "right")
        body = self._block(node.child_by_field_name("body"))
        other = node.child_by_field_name("alternative")
        rest = self._block(other.child_by_field_name("body")) if other is not None else []
        return [tree.Each(self.p.span(node), target, over, body), *rest]

    def _with_statement(self, node: Syntax) -> list[tree.Node]:
        found: list[tree.Node] = []
        for item in _below(node, ("with_item",), into=("with_clause",)):
            value = item.child_by_field_name("value")
            if value is not None:
                found.append(self.value(value))
        return [*found, *self._block(node.child_by_field_name("body"))]

    def _try_statement(self, node: Syntax) -> list[tree.Node]:
        body = self._block(node.child_by_field_name("body"))
        handlers, end = list[tuple[str, list[tree.Node]]](), list[tree.Node]()
        for child in named(node):
            blocks = [c for c in named(child) if c.type == "block"]
            inner = self._block(blocks[-1]) if blocks else []
            if child.type.startswith("except"):
                alias = next((self.p.text(a) for a in _below(child, ("as_pattern_target",))), "")
                handlers.append((alias, inner))
            elif child.type == "else_clause":
                body += inner
            elif child.type == "finally_clause":
                end = inner
        return [tree.Try(self.p.span(node), body, handlers, end)]

    def _match_statement(self, node: Syntax) -> list[tree.Node]:
        cases = list[tuple[list[tree.Node | None], list[tree.Node]]]()
        for case in _below(node, ("case_clause",), into=("block",)):
            labels: list[tree.Node | None] = []
            for pattern in (c for c in named(case) if c.type == "case_pattern"):
                said = self.p.text(pattern).strip()
                inner = named(pattern)
                if said == "_" or (inner and inner[0].type == "dotted_name" and "." not in said):
                    labels.append(None)
                elif inner and inner[0].type == "union_pattern":
                    labels += [self.value(each) for each in named(inner[0])]
                else:
                    labels += [self.value(each) for each in inner]
            cases.append((labels, self._block(case.child_by_field_name("consequence"))))
        return [tree.Switch(self.p.span(node), self._field(node, "subject"), cases, False)]

    def _return_statement(self, node: Syntax) -> list[tree.Node]:
        inner = named(node)
        return [tree.Return(self.p.span(node), self.value(inner[0]) if inner else None)]

    def _raise_statement(self, node: Syntax) -> list[tree.Node]:
        inner = named(node)
        value = self.value(inner[0]) if inner else None
        return [tree.Leave(self.p.span(node), "throw", value)]

    def _break_statement(self, node: Syntax) -> list[tree.Node]:
        return [tree.Leave(self.p.span(node), node.type.partition("_")[0])]

    _continue_statement = _break_statement

    def _pass_statement(self, node: Syntax) -> list[tree.Node]:
        return []

    _global_statement = _nonlocal_statement = _delete_statement = _pass_statement

    def _assert_statement(self, node: Syntax) -> list[tree.Node]:
        span, inner = self.p.span(node), named(node)
        if not inner:
            return []
        denied = tree.Op(span, "not", [self.value(inner[0])])
        return [tree.If(span, denied, [tree.Leave(span, "throw")], [])]


def _below(node: Syntax, kinds: tuple[str, ...], into: tuple[str, ...] | None = None
           ) -> Iterator[Syntax]:  # fmt: skip
    """Nodes of some kinds below one, in order; ``into``: the only kinds that are gone through."""
    stack = list(reversed(node.children))
    while stack:
        one = stack.pop()
        if one.type in kinds:
            yield one
        elif into is None or one.type in into:
            stack += reversed(one.children)

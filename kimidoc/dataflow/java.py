"""Java -> the program tree: classes, methods and statements; ``java_values`` has expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kimidoc.dataflow import tree
from kimidoc.dataflow.java_values import Expressions
from kimidoc.dataflow.parsed import Parsed, last, named

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_CLASSES = frozenset(
    "class_declaration interface_declaration enum_declaration record_declaration "
    "annotation_type_declaration".split()
)

STATEMENTS = ("_statement", "_declaration", "_invocation", "switch_expression")


def lowered(text: str, path: str) -> tree.Module:
    """A Java file as a module. Errors in it leave what surrounds them readable."""
    import tree_sitter_java

    return _Java(Parsed(text, tree_sitter_java.language()), path).module()


class _Java(Expressions):
    def __init__(self, parsed: Parsed, path: str) -> None:
        self.p, self.path = parsed, path
        self.out = tree.Module(path, "java", {}, [], [], [])

    def module(self) -> tree.Module:
        stack: list[tuple[Syntax, str | None]] = [(self.p.root, None)]
        while stack:
            node, owner = stack.pop()
            if node.type == "import_declaration" and len(named(node)) == 1:
                whole = self.p.text(named(node)[0])
                self.out.imports[last(whole)] = whole
            elif node.type in _CLASSES or node.type == "class_body":
                owner = self._class(node, owner)
                if node.type == "class_body":
                    stack += [(child, owner) for child in reversed(node.children)]
                else:
                    stack += [(child, owner) for child in reversed(_members(node))]
            elif node.type in (
                "method_declaration",
                "constructor_declaration",
                "compact_constructor_declaration",
                "static_initializer",
            ):
                self._function(node, owner)
                stack += [(child, owner) for child in _inner_classes(node)]
            elif node.type == "field_declaration":
                self._fields(node, owner)
                stack += [(child, owner) for child in _inner_classes(node)]
            elif node.child_count:
                stack += [(child, owner) for child in reversed(node.children)]
        self.out.cut = self.p.cut
        return self.out

    def _class(self, node: Syntax, outer: str | None) -> str:
        name = self.p.text(node.child_by_field_name("name")) or f"{outer}$anonymous"
        above = [
            last(self.p.text(each))
            for part in (node.child_by_field_name("superclass"), *_of(node, "interfaces"))
            if part is not None
            for each in named(part)
        ]
        self.out.classes.append(tree.Class(name, tuple(above), outer, []))
        return name

    def _owner(self, name: str | None) -> tree.Class | None:
        return next((c for c in reversed(self.out.classes) if c.name == name), None)

    def _fields(self, node: Syntax, owner: str | None) -> None:
        kept, kind = self._owner(owner), self._type(node.child_by_field_name("type"))
        for each in node.children_by_field_name("declarator"):
            value = each.child_by_field_name("value")
            if kept is not None:
                name = self.p.text(each.child_by_field_name("name"))
                kept.fields.append((name, kind, self.value(value) if value is not None else None))

    def _function(self, node: Syntax, owner: str | None) -> None:
        body = node.child_by_field_name("body")
        if node.type == "static_initializer":
            body = next((c for c in named(node) if c.type == "block"), None)
        if body is None:
            return
        params = [p for p in self._params(node.child_by_field_name("parameters"))]
        name = self.p.text(node.child_by_field_name("name")) or "<static>"
        if node.type.endswith("constructor_declaration"):
            name = "<init>"
        made = tree.Function(
            name, owner, params, self._block(body), self.p.span(node), self.path, self._marks(node)
        )
        self.out.functions.append(made)
        kept = self._owner(owner)
        if kept is not None and name != "<init>" and name != "<static>":
            for one in tree.walk(list(made.body)):
                if isinstance(one, tree.Put):
                    target = one.target
                    if isinstance(target, tree.Member | tree.Name) and one.type is None:
                        kept.assigned.add(target.name)

    def _params(self, node: Syntax | None) -> Iterator[tree.Param]:
        for each in named(node) if node is not None else ():
            if each.type == "formal_parameter":
                kind = self._type(each.child_by_field_name("type"))
                name = self.p.text(each.child_by_field_name("name"))
                yield tree.Param(name, kind, self._marks(each), None, self.p.span(each))
            elif each.type == "spread_parameter":
                declared = [c for c in named(each) if c.type == "variable_declarator"]
                yield tree.Param(self.p.text(declared[0]) if declared else "", None)

    def _marks(self, node: Syntax) -> tuple[str, ...]:
        return tuple(
            self.p.text(mark.child_by_field_name("name"))
            for part in node.children
            if part.type == "modifiers"
            for mark in named(part)
            if mark.type in ("annotation", "marker_annotation")
        )

    # statements

    def _block(self, node: Syntax | None) -> list[tree.Node]:
        if node is None or not self.p.deeper():
            return []
        try:
            if node.type in ("block", "constructor_body", "switch_block_statement_group"):
                found: list[tree.Node] = []
                for child in named(node):
                    found += self._statement(child)
                return found
            return self._statement(node)
        finally:
            self.p.higher()

    def _statement(self, node: Syntax) -> list[tree.Node]:
        known = node.type.endswith(STATEMENTS)
        method = getattr(self, f"_{node.type}", None) if known else None
        if method is not None:
            made: list[tree.Node] = method(node)
            return made
        if node.type in _CLASSES or node.type == "switch_label":
            return []
        if node.type in ("block", "constructor_body"):
            return [tree.Block(self.p.span(node), self._block(node))]
        if node.type in ("expression_statement", "parenthesized_expression"):
            return [self.value(child) for child in named(node)]
        return [self.value(node)]

    def _local_variable_declaration(self, node: Syntax) -> list[tree.Node]:
        kind, found = self._type(node.child_by_field_name("type")), list[tree.Node]()
        for each in node.children_by_field_name("declarator"):
            found.append(self._declared(each, kind))
        return found

    def _declared(self, each: Syntax, kind: str | None) -> tree.Node:
        span, value = self.p.span(each), each.child_by_field_name("value")
        name = each.child_by_field_name("name")
        target = tree.Name(span, self.p.text(name))
        made = self.value(value) if value is not None else tree.Other(span, [])
        return tree.Put(span, target, made, type=kind or "?")

    def _if_statement(self, node: Syntax) -> list[tree.Node]:
        then = self._block(node.child_by_field_name("consequence"))
        other = self._block(node.child_by_field_name("alternative"))
        return [tree.If(self.p.span(node), self._field(node, "condition"), then, other)]

    def _while_statement(self, node: Syntax) -> list[tree.Node]:
        body, late = self._block(node.child_by_field_name("body")), node.type == "do_statement"
        return [tree.Loop(self.p.span(node), self._field(node, "condition"), body, [], late)]

    _do_statement = _while_statement

    def _for_statement(self, node: Syntax) -> list[tree.Node]:
        begin = [s for n in node.children_by_field_name("init") for s in self._statement(n)]
        step = [self.value(n) for n in node.children_by_field_name("update")]
        test = node.child_by_field_name("condition")
        body = self._block(node.child_by_field_name("body"))
        made = self.value(test) if test is not None else None
        span = self.p.span(node)
        return [tree.Block(span, [*begin, tree.Loop(span, made, body, step)])]

    def _enhanced_for_statement(self, node: Syntax) -> list[tree.Node]:
        name = node.child_by_field_name("name")
        target = tree.Name(self.p.span(node), self.p.text(name))
        body = self._block(node.child_by_field_name("body"))
        return [tree.Each(self.p.span(node), target, self._field(node, "value"), body)]

    def _switch_expression(self, node: Syntax) -> list[tree.Node]:
        return [self._switch(node)]

    def _switch(self, node: Syntax) -> tree.Switch:
        body, cases, falls = node.child_by_field_name("body"), [], True
        for group in named(body) if body is not None else ():
            labels: list[tree.Node | None] = []
            for label in (c for c in group.children if c.type == "switch_label"):
                labels += [self.value(each) for each in named(label)] or [None]
            if group.type == "switch_rule":
                falls = False
                rest = [c for c in named(group) if c.type != "switch_label"]
                cases.append((labels, [s for c in rest for s in self._block(c)]))
            else:
                cases.append((labels, self._block(group)))
        return tree.Switch(self.p.span(node), self._field(node, "condition"), cases, falls)

    def _try_statement(self, node: Syntax) -> list[tree.Node]:
        body: list[tree.Node] = []
        resources = node.child_by_field_name("resources")
        for each in named(resources) if resources is not None else ():
            if each.child_by_field_name("value") is not None:
                body.append(self._declared(each, self._type(each.child_by_field_name("type"))))
        body += self._block(node.child_by_field_name("body"))
        handlers, end = [], list[tree.Node]()
        for child in named(node):
            if child.type == "catch_clause":
                names = [c for c in named(child) if c.type == "catch_formal_parameter"]
                name = self.p.text(names[0].child_by_field_name("name")) if names else ""
                handlers.append((name, self._block(child.child_by_field_name("body"))))
            elif child.type == "finally_clause":
                end = [s for c in named(child) for s in self._block(c)]
        return [tree.Try(self.p.span(node), body, handlers, end)]

    _try_with_resources_statement = _try_statement

    def _labeled_statement(self, node: Syntax) -> list[tree.Node]:
        return [s for child in named(node)[1:] for s in self._statement(child)]

    def _synchronized_statement(self, node: Syntax) -> list[tree.Node]:
        return self._block(node.child_by_field_name("body"))

    def _return_statement(self, node: Syntax) -> list[tree.Node]:
        inner = named(node)
        value = self.value(inner[0]) if inner else None
        return [tree.Return(self.p.span(node), value)]

    def _throw_statement(self, node: Syntax) -> list[tree.Node]:
        inner = named(node)
        value = self.value(inner[0]) if inner else None
        return [tree.Leave(self.p.span(node), "throw", value)]

    def _break_statement(self, node: Syntax) -> list[tree.Node]:
        return [tree.Leave(self.p.span(node), node.type.partition("_")[0])]

    _continue_statement = _break_statement

    def _yield_statement(self, node: Syntax) -> list[tree.Node]:
        return [self.value(child) for child in named(node)]

    def _explicit_constructor_invocation(self, node: Syntax) -> list[tree.Node]:
        name = "<init>" if self.p.text(node).startswith("this") else "<super>"
        return [tree.Call(self.p.span(node), None, name, self._args(node))]


def _of(node: Syntax, field: str) -> Iterator[Syntax]:
    part = node.child_by_field_name(field)
    yield from named(part) if part is not None else ()


def _members(node: Syntax) -> list[Syntax]:
    """What stands in a class: its body's children, those of an enum's second half included."""
    body = node.child_by_field_name("body")
    found: list[Syntax] = []
    for child in body.children if body is not None else ():
        found += child.children if child.type == "enum_body_declarations" else [child]
    return found


def _inner_classes(node: Syntax) -> list[Syntax]:
    """The local and anonymous classes of a method, the outermost of each."""
    found: list[Syntax] = []
    stack = list(node.children)
    while stack:
        one = stack.pop()
        if one.type in _CLASSES or one.type == "class_body":
            found.append(one)
        else:
            stack += one.children
    return found

"""Java's expressions -> the program tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kimidoc.dataflow import tree
from kimidoc.dataflow.parsed import Lowering, last, named

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " ", "0": "\0"}
_LITERALS = frozenset(
    "string_literal character_literal null_literal true false decimal_integer_literal "
    "hex_integer_literal octal_integer_literal binary_integer_literal "
    "decimal_floating_point_literal".split()
)


class Expressions(Lowering):
    """What ``java.lowered`` does with expressions; statements are its own."""

    around = frozenset({"parenthesized_expression"})

    def _block(self, node: Syntax | None) -> list[tree.Node]:
        raise NotImplementedError

    def _switch(self, node: Syntax) -> tree.Switch:
        raise NotImplementedError

    def _type(self, node: Syntax | None) -> str | None:
        if node is None:
            return None
        text = self.p.text(node)
        name = last(text)
        return None if name == "var" else name + "[]" * text.count("[")

    def _args(self, node: Syntax) -> list[tree.Node]:
        given = node.child_by_field_name("arguments")
        return [self.value(child) for child in named(given)] if given is not None else []

    def _value(self, node: Syntax) -> tree.Node:
        span, kind = self.p.span(node), node.type
        if kind in _LITERALS:
            return tree.Const(span, self._literal(node))
        if kind in ("identifier", "this", "super", "type_identifier"):
            return tree.Name(span, self.p.text(node))
        if kind == "field_access":
            name = self.p.text(node.child_by_field_name("field"))
            return tree.Member(span, self._field(node, "object"), name)
        if kind == "array_access":
            return tree.Item(span, self._field(node, "array"), self._field(node, "index"))
        if kind == "method_invocation":
            of = node.child_by_field_name("object")
            made = self.value(of) if of is not None else None
            name = self.p.text(node.child_by_field_name("name"))
            return tree.Call(span, made, name, self._args(node))
        if kind == "object_creation_expression":
            name = last(self.p.text(node.child_by_field_name("type")))
            return tree.New(span, name, self._args(node))
        if kind == "assignment_expression":
            return self._assigned(node)
        if kind == "update_expression":
            return self._stepped(node)
        if kind == "binary_expression":
            return self._binary(node)
        if kind == "unary_expression":
            op = self.p.text(node.child_by_field_name("operator"))
            inner = self._field(node, "operand")
            return inner if op == "+" else tree.Op(span, "neg" if op == "-" else op, [inner])
        if kind == "ternary_expression":
            parts = [self._field(node, n) for n in ("condition", "consequence", "alternative")]
            return tree.Choice(span, *parts)
        if kind == "cast_expression":
            name = self._type(node.child_by_field_name("type")) or ""
            return tree.Cast(span, name, self._field(node, "value"))
        if kind == "array_creation_expression":
            return self._array(node)
        if kind == "array_initializer":
            return tree.Many(span, [self.value(child) for child in named(node)])
        if kind == "lambda_expression":
            return self._lambda(node)
        if kind == "switch_expression":
            return self._switch(node)
        if kind == "instanceof_expression":
            return tree.Op(span, "is", [self._field(node, "left")])
        return tree.Other(span, [self.value(child) for child in named(node)])

    def _assigned(self, node: Syntax) -> tree.Node:
        span, op = self.p.span(node), self.p.text(node.child_by_field_name("operator"))
        target, value = self._field(node, "left"), self._field(node, "right")
        if op != "=":
            value = tree.Op(span, op[:-1], [target, value])
        return tree.Put(span, target, value)

    def _stepped(self, node: Syntax) -> tree.Node:
        span, target = self.p.span(node), self.value(named(node)[0])
        op = "+" if "++" in self.p.text(node) else "-"
        value = tree.Op(span, op, [target, tree.Const(span, 1)])
        return tree.Put(span, target, value, step=True)

    def _binary(self, node: Syntax) -> tree.Node:
        """``a + b + c`` becomes one node however long it is, so that length is no depth."""
        span, op = self.p.span(node), self.p.text(node.child_by_field_name("operator"))
        parts, at = list[tree.Node](), node
        while True:
            parts.append(self._field(at, "right"))
            left = at.child_by_field_name("left")
            same = left is not None and left.type == "binary_expression" and op in "+ && ||".split()
            if not same or self.p.text(left.child_by_field_name("operator")) != op:  # type: ignore[union-attr]
                parts.append(self._field(at, "left"))
                return tree.Op(span, op, parts[::-1])
            at = left  # type: ignore[assignment]

    def _array(self, node: Syntax) -> tree.Node:
        span, value = self.p.span(node), node.child_by_field_name("value")
        if value is not None:
            return tree.Many(span, [self.value(child) for child in named(value)])
        sizes = [c for d in node.children_by_field_name("dimensions") for c in named(d)]
        return tree.Many(span, [], self.value(sizes[0]) if sizes else None)

    def _lambda(self, node: Syntax) -> tree.Node:
        given, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        names = re.findall(r"(\w+)\s*(?:,|\)|$)", self.p.text(given))
        if body is not None and body.type != "block":
            value = self.value(body)
            return tree.Lambda(self.p.span(node), names, [tree.Return(value.span, value)])
        return tree.Lambda(self.p.span(node), names, self._block(body))

    def _literal(self, node: Syntax) -> str | int | float | bool | None:
        text = self.p.text(node)
        if node.type in ("string_literal", "character_literal"):
            inner = text[3:-3].lstrip() if text.startswith('"""') else text[1:-1]
            return re.sub(r"\\(u+[0-9a-fA-F]{4}|.)", _unescaped, inner, flags=re.DOTALL)
        if node.type in ("true", "false"):
            return node.type == "true"
        if node.type == "null_literal":
            return None
        digits = text.replace("_", "").lower()
        try:
            if node.type == "decimal_floating_point_literal":
                return float(digits.rstrip("fd"))
            if node.type == "octal_integer_literal" and digits.rstrip("l") != "0":
                return int(digits.rstrip("l"), 8)
            return int(digits.rstrip("l"), 0)
        except ValueError:
            return None


def _unescaped(match: re.Match[str]) -> str:
    said = match[1]
    return (
        chr(int(said.lstrip("u"), 16))
        if said[0] == "u" and len(said) > 4
        else _ESCAPES.get(said, said)
    )

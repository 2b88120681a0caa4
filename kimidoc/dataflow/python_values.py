"""Python's expressions -> the program tree."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from kimidoc.dataflow import tree
from kimidoc.dataflow.parsed import Lowering, last, named

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax


class Expressions(Lowering):
    """What ``python.lowered`` does with expressions; statements are its own."""

    around = frozenset({"parenthesized_expression", "await", "type"})

    def _type(self, node: Syntax) -> str | None:
        given = node.child_by_field_name("type")
        if given is None:
            return None
        name = self.p.text(given).partition("[")[0].partition("|")[0]
        return last(name) or None

    def _value(self, node: Syntax) -> tree.Node:
        span, kind = self.p.span(node), node.type
        if kind == "identifier":
            return tree.Name(span, self.p.text(node))
        if kind in ("integer", "float", "true", "false", "none"):
            return tree.Const(span, self._literal(node))
        if kind in ("string", "concatenated_string"):
            return self._string(node)
        if kind == "attribute":
            name = self.p.text(node.child_by_field_name("attribute"))
            return tree.Member(span, self._field(node, "object"), name)
        if kind == "subscript":
            return tree.Item(span, self._field(node, "value"), self._field(node, "subscript"))
        if kind == "call":
            return self._call(node)
        if kind in ("assignment", "augmented_assignment", "named_expression", "as_pattern"):
            return self._assigned(node)
        if kind in ("binary_operator", "boolean_operator"):
            return self._binary(node)
        if kind == "comparison_operator":
            return self._compared(node)
        if kind in ("not_operator", "unary_operator"):
            op = "not" if kind == "not_operator" else self.p.text(node)[:1]
            inner = self._field(node, "argument")
            return inner if op == "+" else tree.Op(span, "neg" if op == "-" else op, [inner])
        if kind == "conditional_expression" and len(named(node)) == 3:
            one, test, other = (self.value(child) for child in named(node))
            return tree.Choice(span, test, one, other)
        if kind in ("list", "tuple", "set", "pattern_list", "expression_list", "tuple_pattern"):
            return tree.Many(span, [self.value(child) for child in named(node)])
        if kind == "dictionary":
            return self._dictionary(node)
        if kind.endswith("_comprehension") or kind == "generator_expression":
            return self._comprehension(node)
        if kind == "lambda":
            given, body = node.child_by_field_name("parameters"), self._field(node, "body")
            names = [self.p.text(n) for n in named(given)] if given is not None else []
            return tree.Lambda(span, names, [tree.Return(span, body)])
        return tree.Other(span, [self.value(child) for child in named(node)])

    def _call(self, node: Syntax) -> tree.Node:
        span, called = self.p.span(node), node.child_by_field_name("function")
        args, words = list[tree.Node](), dict[str, tree.Node]()
        given = node.child_by_field_name("arguments")
        inner = [] if given is None else named(given)
        if given is not None and given.type == "generator_expression":
            inner = [given]
        for each in inner:
            if each.type == "keyword_argument":
                words[self.p.text(each.child_by_field_name("name"))] = self._field(each, "value")
            else:
                args.append(self.value(each))
        if called is not None and called.type == "attribute":
            name = self.p.text(called.child_by_field_name("attribute"))
            return tree.Call(span, self._field(called, "object"), name, args, words)
        if called is not None and called.type == "identifier":
            return tree.Call(span, None, self.p.text(called), args, words)
        of = self.value(called) if called is not None else None
        return tree.Call(span, of, "__call__", args, words)

    def _assigned(self, node: Syntax) -> tree.Node:
        span = self.p.span(node)
        if node.type == "as_pattern":
            inner = named(node)
            bound = named(inner[-1])[0] if named(inner[-1]) else inner[-1]
            return tree.Put(span, self.value(bound), self.value(inner[0]))
        if node.type == "named_expression":
            return tree.Put(span, self._field(node, "name"), self._field(node, "value"))
        target = self._field(node, "left")
        if node.child_by_field_name("right") is None:
            return tree.Other(span, [])
        value = self._field(node, "right")
        if node.type == "augmented_assignment":
            op = self.p.text(node.child_by_field_name("operator"))[:-1]
            value = tree.Op(span, op, [target, value])
        return tree.Put(span, target, value, self._type(node))

    def _binary(self, node: Syntax) -> tree.Node:
        """``a + b + c`` becomes one node however long it is, so that length is no depth."""
        span, op = self.p.span(node), self.p.text(node.child_by_field_name("operator"))
        parts, at = list[tree.Node](), node
        while True:
            parts.append(self._field(at, "right"))
            left = at.child_by_field_name("left")
            if left is None or left.type != node.type or op not in ("+", "and", "or", "/"):
                break
            if self.p.text(left.child_by_field_name("operator")) != op:
                break
            at = left
        return tree.Op(span, op, [*parts, self._field(at, "left")][::-1])

    def _compared(self, node: Syntax) -> tree.Node:
        span, parts = self.p.span(node), [self.value(child) for child in named(node)]
        ops = [self.p.text(each) for each in node.children_by_field_name("operators")]
        if len(parts) == 2 and len(ops) == 1:
            op = {"is": "==", "is not": "!="}.get(ops[0], ops[0])
            return tree.Op(span, op, parts)
        pairs = zip(ops, parts, parts[1:], strict=False)
        return tree.Op(span, "and", [tree.Op(span, op, [a, b]) for op, a, b in pairs])

    def _dictionary(self, node: Syntax) -> tree.Node:
        pairs, other = list[tuple[tree.Node, tree.Node]](), list[tree.Node]()
        for each in named(node):
            if each.type == "pair":
                pairs.append((self._field(each, "key"), self._field(each, "value")))
            else:
                other.append(self.value(each))
        made = tree.Pairs(self.p.span(node), pairs)
        return tree.Other(made.span, [made, *other]) if other else made

    def _comprehension(self, node: Syntax) -> tree.Node:
        over, tests = list[tuple[tree.Node, tree.Node]](), list[tree.Node]()
        for each in named(node):
            if each.type == "for_in_clause":
                over.append((self._field(each, "left"), self._field(each, "right")))
            elif each.type == "if_clause":
                tests += [self.value(child) for child in named(each)]
        body = node.child_by_field_name("body")
        if body is not None and body.type == "pair":
            body = body.child_by_field_name("value")
        value = self.value(body) if body is not None else tree.Other(self.p.span(node), [])
        return tree.Comprehension(self.p.span(node), over, tests, value)

    def _string(self, node: Syntax) -> tree.Node:
        span = self.p.span(node)
        parts: list[tree.Node] = []
        strings = [node] if node.type == "string" else named(node)
        for string in strings:
            inside = [c for c in string.children if c.type == "interpolation"]
            if not inside:
                parts.append(tree.Const(self.p.span(string), self._literal(string)))
                continue
            for child in string.children:
                if child.type == "interpolation":
                    parts.append(self._field(child, "expression"))
                elif child.type == "string_content":
                    parts.append(tree.Const(self.p.span(child), self.p.text(child)))
        if len(parts) == 1 and isinstance(parts[0], tree.Const):
            return parts[0]
        return tree.Text(span, parts)

    def _literal(self, node: Syntax) -> str | int | float | bool | None:
        text = self.p.text(node)
        if node.type == "string" and text[:1] in "fF":
            text = text[1:]
        if len(text) > 10_000:
            return text
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
        if isinstance(value, bytes):
            return value.decode("latin-1")
        return value if isinstance(value, str | int | float | bool) else None

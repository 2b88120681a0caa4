"""Python -> the program tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kimidoc.dataflow import tree
from kimidoc.dataflow.parsed import Parsed, last, named

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_DEFINED = frozenset({"function_definition", "class_definition", "decorated_definition"})


def lowered(text: str, path: str) -> tree.Module:
    """A Python file as a module. Errors in it leave what surrounds them readable."""
    import tree_sitter_python

    return _Python(Parsed(text, tree_sitter_python.language()), path).module()


class _Python:
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

    def _type(self, node: Syntax) -> str | None:
        given = node.child_by_field_name("type")
        if given is None:
            return None
        name = self.p.text(given).partition("[")[0].partition("|")[0]
        return last(name) or None

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
        method = getattr(self, f"_{node.type}", None)
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

    # expressions

    def _field(self, node: Syntax, name: str) -> tree.Node:
        child = node.child_by_field_name(name)
        return self.value(child) if child is not None else tree.Other(self.p.span(node), [])

    def value(self, node: Syntax) -> tree.Node:
        """An expression."""
        while node.type in ("parenthesized_expression", "await", "type") and named(node):
            node = named(node)[0]
        if not self.p.deeper():
            return self.p.unknown(node)
        try:
            return self._value(node)
        finally:
            self.p.higher()

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
            target = named(inner[-1])[0] if inner and named(inner[-1]) else inner[-1]
            return tree.Put(span, self.value(target), self.value(inner[0]))
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

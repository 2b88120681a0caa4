"""What the languages share of lowering: places in characters, text of nodes, a limit to depth."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from kimidoc.dataflow.tree import Node, Other, Span

if TYPE_CHECKING:
    import tree_sitter

DEPTH = 90  # of nodes within one another; what is deeper is not followed, and said


class Parsed:
    """A parsed file. ``cut`` becomes True where something was nested too deeply."""

    def __init__(self, text: str, grammar: object) -> None:
        import tree_sitter

        self.data = text.encode("utf-8", "surrogatepass")
        # bytes that continue a character: characters and bytes count apart from each other there
        self._inner = array("I")
        if len(self.data) != len(text):
            self._inner.extend(i for i, byte in enumerate(self.data) if byte & 0xC0 == 0x80)
        self.root = tree_sitter.Parser(tree_sitter.Language(grammar)).parse(self.data).root_node
        self.cut = False
        self._depth = 0

    def span(self, node: tree_sitter.Node) -> Span:
        """[start, end) in characters."""
        return self._char(node.start_byte), self._char(node.end_byte)

    def _char(self, byte: int) -> int:
        return byte - bisect_left(self._inner, byte) if self._inner else byte

    def text(self, node: tree_sitter.Node | None) -> str:
        """The node's own text; "" of none."""
        if node is None:
            return ""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def deeper(self) -> bool:
        """One level down, if there is room; ``higher`` afterwards."""
        if self._depth >= DEPTH:
            self.cut = True
            return False
        self._depth += 1
        return True

    def higher(self) -> None:
        self._depth -= 1

    def unknown(self, node: tree_sitter.Node) -> Node:
        """A node that is not followed."""
        return Other(self.span(node), [])


class Lowering:
    """What every language does with expressions; ``_value`` is its own.

    ``around``: kinds of nodes that stand around one expression and say nothing of their own.
    """

    p: Parsed
    around: frozenset[str]

    def value(self, node: tree_sitter.Node) -> Node:
        """An expression."""
        while node.type in self.around and named(node):
            node = named(node)[0]
        if not self.p.deeper():
            return self.p.unknown(node)
        try:
            return self._value(node)
        finally:
            self.p.higher()

    def _value(self, node: tree_sitter.Node) -> Node:
        raise NotImplementedError

    def _field(self, node: tree_sitter.Node, name: str) -> Node:
        """The expression in a field; one that is not followed where there is none."""
        child = node.child_by_field_name(name)
        return self.value(child) if child is not None else Other(self.p.span(node), [])


def last(name: str) -> str:
    """``java.util.List<String>[]`` -> ``List``: what a type is called by."""
    return name.partition("<")[0].strip(" []").rpartition(".")[2].strip()


def named(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The children that are no punctuation and no comment."""
    return [n for n in node.children if n.is_named and "comment" not in n.type]

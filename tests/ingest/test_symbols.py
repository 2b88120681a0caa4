"""Sections of code: Python compared with ``ast``, other languages with an example each."""

from __future__ import annotations

import ast
import random
import sysconfig
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest import declarations, languages, symbols
from kimidoc.ingest.outline import DEEPEST, Outline, code_end, width
from kimidoc.types import Mark

LIB = Path(sysconfig.get_path("stdlib"))


def label(text: str, marks: tuple[Mark, ...], at: int) -> str:
    found = bisect_right([mark.start for mark in marks], at) - 1
    return marks[found].label if found >= 0 else ""


def at(text: str, marks: tuple[Mark, ...], words: str) -> str:
    return label(text, marks, text.index(words))


def labels(text: str, kind: str) -> dict[str, str]:
    """The label of every line that is not blank, by the line without its white space."""
    marks, start, found = symbols.sections(text, kind), 0, {}
    assert list(marks) == sorted(marks, key=lambda mark: mark.start)
    for line in text.splitlines(keepends=True):
        if line.strip():
            found[line.strip()] = label(text, marks, start)
        start += len(line)
    return found


# --- Python -------------------------------------------------------------------------------------


def by_ast(source: str) -> dict[int, str]:
    """The label of every line on which a class or function, or a statement in it, begins."""
    found: dict[int, str] = {}

    def visit(node: ast.AST, around: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = around
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                word = "class" if isinstance(child, ast.ClassDef) else "def"
                inner = f"{around} > {word} {child.name}" if around else f"{word} {child.name}"
                for decorator in child.decorator_list:
                    found[decorator.lineno] = inner
                found[child.lineno] = inner
            elif isinstance(child, ast.stmt):
                found.setdefault(child.lineno, around)
            visit(child, inner)

    visit(ast.parse(source), "")
    return found


FILES = sorted(path for path in LIB.rglob("*.py") if "site-packages" not in path.parts)


@pytest.mark.parametrize("seed", range(4))
def test_python_is_what_its_parser_says(seed):
    compared = 0
    for path in random.Random(seed).sample(FILES, 60):
        try:
            text = path.read_text("utf-8")
            wanted = by_ast(text)
        except (SyntaxError, ValueError):
            continue  # files that the library's own tests break on purpose
        marks = symbols.sections(text, "python")
        starts = [0]
        starts += [place + 1 for place, c in enumerate(text) if c == "\n"]
        if "\f" in text or "\r" in text:
            continue  # ast counts other lines
        for line, name in wanted.items():
            assert label(text, marks, starts[line - 1]) == name, f"{path}:{line}"
            compared += 1
    assert compared > 1000


PYTHON = '''\
"""def no(): in a docstring
class Nor: this
"""
import x  # def neither():

@decorated(
    "by a call",
)
@again
class Pool(
    Base,
):
    """Keeps.

def looks_like_code():
    """

    size = 5

    async def get(self):
        text = f"def {inside}"
        return [
    "def bracketed():", 1
        ]
    # of get or of Pool

    def put(self): return 1

    # about what follows
    other = 6

def top():
    def inner():
        pass
    return inner

if x:
    def sometimes(): pass
    y = 1
else: z = 1
'''


def test_python_strings_brackets_decorators_and_comments():
    found = labels(PYTHON, "python")
    assert found["class Nor: this"] == found["import x  # def neither():"] == ""
    for line in ("@decorated(", '"by a call",', "@again", "class Pool(", "size = 5", "other = 6"):
        assert found[line] == "class Pool", line
    assert found["def looks_like_code():"] == "class Pool"
    assert found["async def get(self):"] == "class Pool > def get"
    assert found['"def bracketed():", 1'] == "class Pool > def get"
    assert found["# of get or of Pool"] == "class Pool"
    assert found["def put(self): return 1"] == "class Pool > def put"
    assert found["# about what follows"] == "class Pool"
    assert found["pass"] == "def top > def inner"
    assert found["return inner"] == "def top"
    assert found["if x:"] == ""
    assert found["def sometimes(): pass"] == "def sometimes"
    assert found["y = 1"] == found["else: z = 1"] == ""


@pytest.mark.parametrize(
    ("text", "words", "name"),
    [
        ("\ufeffdef first():\n  x", "x", "def first"),
        ("def a():\n\tx\n        y\nz", "y", "def a"),  # a tab is eight columns
        ("def a():\n  x = (1,\ndef b():\n  y", "y", "def b"),  # a bracket never closed
        ("def a():\n  x = 'open\ndef b():\n  y", "y", "def b"),  # a string never closed
        ('def a():\n  x = """open\ndef b():\n  y', "y", "def a"),
        ("def a(): \\\n  x\ny", "y", ""),
        ("def größe():\n  x", "x", "def größe"),
        ("x)\ndef a():\n  y", "y", "def a"),
        ("class A:\r\n  def b(self):\r\n    x\r\ny", "x", "class A > def b"),
        ("define = 1\nclassy = 2\nx", "x", ""),
        ("def", "def", ""),
        ("", "", ""),
    ],
)
def test_python_that_is_odd_or_broken(text, words, name):
    assert at(text, symbols.sections(text, "python"), words) == name


def test_python_that_is_hostile_costs_linear_time():
    for text in ('"' * 300_000, "(" * 300_000, "'''\\" * 100_000, '"""' + '"x' * 200_000,
                 "def a():\n" * 40_000, "\n" * 300_000, "@x\n" * 100_000):  # fmt: skip
        assert isinstance(symbols.sections(text, "python"), tuple)
    deep = "".join(" " * n + f"def f{n}():\n" for n in range(800))
    longest = max(symbols.sections(deep, "python"), key=lambda mark: len(mark.label))
    assert longest.label.count(" > ") < DEEPEST


# --- other languages ----------------------------------------------------------------------------

EXAMPLES = {
    "javascript": (
        "export default class Pool {\n  async get(key) {\n    one;\n  }\n  static of = 1;\n}\n"
        "const add = (a, b) => {\n  two;\n};\nfunction* gen() {\n  three;\n}\n"
        "if (x) {\n  four;\n}\n"
        "call(function () {\n  five;\n});\n",
        {"one;": "class Pool > get()", "static of = 1;": "class Pool", "two;": "add()",
         "three;": "function gen", "four;": "", "five;": ""},
    ),
    "typescript": (
        "interface Shape<T> {\n  area: number;\n}\nenum Way { Up }\n"
        "export abstract class A {\n  private async run(x: number): Promise<void> {\n    one;\n"
        "  }\n}\n",
        {"area: number;": "interface Shape", "one;": "class A > run()"},
    ),
    "java": (
        "package x;\npublic final class Pool<T> extends Base {\n  private int size;\n"
        "  public Pool(int n) {\n    one();\n  }\n  @Override\n"
        "  protected List<String> get(Map<String, T> keys) throws E {\n    return two;\n  }\n"
        "  interface Way { }\n}\n",
        {"private int size;": "class Pool", "one();": "class Pool > Pool()",
         "return two;": "class Pool > get()"},
    ),
    "csharp": (
        "namespace A.B\n{\n    public record Row(int X);\n    public class C\n    {\n"
        "        public async Task<int> Run(string s)\n        {\n            one();\n        }\n"
        "    }\n}\n",
        {"one();": "namespace A.B > class C > Run()"},
    ),
    "go": (
        "package x\n\ntype Pool struct {\n\tsize int\n}\n\nfunc (p *Pool) Get(k string) error {\n"
        "\treturn nil\n}\n\nfunc main() {\n\trun()\n}\n",
        {"size int": "type Pool", "return nil": "func (p *Pool) Get", "run()": "func main"},
    ),
    "rust": (
        "pub(crate) struct Pool {\n    size: u8,\n}\n\nimpl<T> Trait for Pool {\n"
        "    pub async fn get(&self) -> u8 {\n        one\n    }\n}\n\n"
        "macro_rules! m {\n    two\n}\n",
        {"size: u8,": "struct Pool", "one": "impl Trait for Pool > fn get",
         "two": "macro_rules m"},
    ),
    "c": (
        "#include <x.h>\n\nstruct node {\n  int size;\n};\n\nstatic int *find(struct node *n,\n"
        "                 int k)\n{\n  return one;\n}\n\nint x = call(1);\n",
        {"int size;": "struct node", "return one;": "find()", "int x = call(1);": ""},
    ),
    "cpp": (
        "template <typename T>\nclass Pool final : public Base {\n public:\n  int size;\n};\n\n"
        "int Pool::get(const std::string& key) const {\n  return one;\n}\n",
        {"int size;": "class Pool", "return one;": "Pool::get()"},
    ),
    "ruby": (
        "module A\n  class B < C\n    def self.go!\n      one\n    end\n    attr :x\n  end\nend\n",
        {"one": "module A > class B > def self.go!", "attr :x": "module A > class B"},
    ),
    "php": (
        "<?php\nfinal class A {\n  public static function go($x) {\n    one();\n  }\n}\n",
        {"one();": "class A > function go"},
    ),
    "kotlin": (
        "data class A(val x: Int) {\n"
        "    override fun <T> List<T>.go(): Int {\n        one\n    }\n}\n",
        {"one": "class A > fun List<T>.go"},
    ),
    "swift": (
        "public struct A {\n    init() {\n        one\n    }\n"
        "    func go() {\n        two\n    }\n}\n",
        {"one": "struct A > init()", "two": "struct A > func go"},
    ),
    "scala": ("object A {\n  def go = {\n    one\n  }\n}\n", {"one": "object A > def go"}),
    "shell": (
        "#!/bin/sh\nfunction a {\n  one\n}\nb-c() {\n  two\n}\nthree\n",
        {"one": "function a", "two": "b-c()", "three": ""},
    ),
    "perl": ("package A;\nsub go {\n  one;\n}\n", {"one;": "sub go"}),
    "lua": ("local function go(x)\n  one\nend\ntwo\n", {"one": "function go", "two": ""}),
    "elixir": (
        "defmodule A.B do\n  defp go?(x) do\n    one\n  end\nend\n",
        {"one": "defmodule A.B > defp go?"},
    ),
    "proto": (
        "message A {\n  oneof b {\n    int32 c = 1;\n  }\n}\n",
        {"int32 c = 1;": "message A > oneof b"},
    ),
    "hcl": (
        'resource "aws_x" "y" {\n  one = 1\n}\n', {"one = 1": 'resource "aws_x" "y"'},
    ),
    "sql": (
        "-- all\nCREATE TABLE IF NOT EXISTS a.b (\nid int);\ncreate or replace view v as\n"
        "select 1;\ninsert into x values (1);\n",
        {"id int);": "table a.b",
         "select 1;": "view v", "insert into x values (1);": ""},
    ),
    "toml": ("[a.b]\nx = 1\n[[c]]\ny = 2\n", {"x = 1": "a.b", "y = 2": "c"}),
    "ini": ("top = 1\n[a b]\nx = 1\n", {"top = 1": "", "x = 1": "a b"}),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_language_by_example(kind):
    text, wanted = EXAMPLES[kind]
    found = labels(text, kind)
    assert {line: found[line] for line in wanted} == wanted
    crlf = labels(text.replace("\n", "\r\n"), kind)
    assert {line: crlf[line] for line in wanted} == wanted


def test_every_language_has_an_example():
    patterns = {*declarations._PATTERNS, *declarations._FLAT}
    assert patterns <= set(EXAMPLES)
    assert set(declarations._SAME.values()) <= patterns
    kinds = {*languages._SUFFIXES, *languages._NAMES}
    assert {*patterns, *declarations._SAME} <= kinds


@pytest.mark.parametrize("kind", ["json", "text", "markdown", "xml", "made-up"])
def test_data_has_no_declarations(kind):
    assert symbols.sections('function a() {\n  "class": 1\n}\n', kind) == ()


def test_what_a_program_wrote_has_no_sections():
    assert symbols.sections("def a(): pass\n" * (symbols.MOST_CHARS // 14 + 1), "python") == ()
    line = "function a(){return 1}" * 50_000
    assert len(symbols.sections(line, "javascript")) <= 1


@pytest.mark.parametrize("kind", EXAMPLES)
def test_hostile_code_costs_linear_time(kind):
    text = EXAMPLES[kind][0]
    for piece in (" ", "(", "a(", "<", "public ", "::", '"', "[", "const a = "):
        assert isinstance(symbols.sections(piece * 30_000, kind), tuple)
        assert isinstance(symbols.sections((piece * 200 + "\n") * 150, kind), tuple)
    first = text.splitlines()[0]
    assert isinstance(symbols.sections(first * 3_000, kind), tuple)


# --- outline ------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=30))
def test_an_outline_nests_by_indentation(lines):
    """Against a naive stack: every line's label is the names around it and its own."""
    text = "".join(" " * indent + ("def x" if opens else "code") + "\n" for indent, opens in lines)
    outline, start, stack, wanted = Outline(text), 0, [], []
    for number, (indent, opens) in enumerate(lines):
        if outline.closes(indent):
            outline.close(indent, start)
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if opens:
            outline.open(start, indent, f"f{number}")
            stack.append((indent, f"f{number}"))
        wanted.append((start, " > ".join(name for _, name in stack)))
        start += indent + 6 if opens else indent + 5
    marks = outline.marks()
    assert [label(text, marks, place) for place, _ in wanted] == [name for _, name in wanted]
    assert all(a.label != b.label and a.start < b.start for a, b in pairwise(marks))


@pytest.mark.parametrize(
    ("indent", "columns"),
    [("", 0), ("   ", 3), ("\t", 8), ("  \t", 8), ("\t ", 9), ("  \f ", 1), ("\f", 0)],
)
def test_columns(indent, columns):
    assert width(indent) == columns


def test_comments_belong_to_what_follows_them():
    text = "code\n\n# note\n\nnext"
    assert code_end(text, text.index("next"), 0, ("#",)) == 5
    assert code_end(text, text.index("next"), text.index("# note"), ("#",)) == text.index("# note")
    assert code_end("# only\nx", 7, 0, ("#",)) == 0

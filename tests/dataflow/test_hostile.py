"""Files that mean harm: nesting, length, branching, recursion, what is no program at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.dataflow import analyse, analysed
from kimidoc.dataflow.run import STEPS
from tests.dataflow.conftest import document

FLOW = 'class A { void doGet(HttpServletRequest r) { %s } }'  # fmt: skip


def deep(open_: str, close: str, times: int = 3_000) -> str:
    return open_ * times + "1" + close * times


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("A.java", FLOW % f"int x = {deep('f(', ')')};"),
        ("A.java", FLOW % ("if (a) {" * 2_000 + "}" * 2_000)),
        ("A.java", FLOW % ("int x = " + "!" * 3_000 + "a;")),
        ("A.java", FLOW % ("a" + ".b()" * 3_000 + ";")),
        ("a.py", "x = " + deep("[", "]")),
        ("a.py", "x = " + deep("f(", ")")),
        ("a.py", "x" + ".y" * 5_000),
        ("a.py", "".join(" " * n + "if a:\n" for n in range(400))),
    ],
)
def test_what_is_nested_too_deeply_is_said(path: str, text: str) -> None:
    analysis = analysed([document(text, path)])
    assert "limit" in analysis.followed[path]


def test_length_is_no_depth() -> None:
    text = FLOW % (
        'String s = r.getParameter("a"); c.executeQuery("x"' + ' + "y"' * 5_000 + " + s);"
    )
    analysis = analysed([document(text)])
    assert [f.check for f in analysis.flows] == ["sql-injection"]
    assert analysis.followed == {"App.java": ""}
    others = "x = 1\nif x == 0:\n    y = 1\n" + "elif x == 2:\n    y = 2\n" * 20
    assert analysed([document(others, "a.py")]).followed == {"a.py": ""}


def test_recursion_and_mutual_recursion_end() -> None:
    text = """class A {
      void doGet(HttpServletRequest r) { c.executeQuery(f(r.getParameter("a"), 9)); }
      String f(String s, int n) { return n == 0 ? s : g(s, n - 1); }
      String g(String s, int n) { return n == 0 ? s : f(s, n - 1); }
    }"""
    assert [f.check for f in analysed([document(text)]).flows] == ["sql-injection"]


def test_calls_that_multiply_are_cut_and_said() -> None:
    calls = "\n".join(
        f"def f{n}(x):\n" + "".join(f"    f{n + 1}(x + {m})\n" for m in range(40)) for n in range(5)
    )
    text = calls + "\ndef f5(x):\n    return [" + "x, " * 100 + "]\nf0(1)\n"
    assert 40**3 * 100 > STEPS
    assert "limit" in analysed([document(text, "a.py")]).followed["a.py"]


def test_many_branches_over_many_names_are_cut_and_said() -> None:
    text = "def f(a):\n" + "".join(f"    if a > {n}:\n        x{n} = {n}\n" for n in range(4_000))
    assert "limit" in analysed([document(text, "a.py")]).followed["a.py"]


def test_long_tables_keep_what_they_hold() -> None:
    pairs = ", ".join(f"'k{n}': 'v{n}'" for n in range(500))
    text = f"import os\nTABLE = {{{pairs}}}\ndef f(k):\n    os.system(TABLE[k])\n"
    assert list(analysed([document(text, "a.py")]).sinks.values()) == ["fixed"]
    loose = text.replace("'v7'", "input()")
    assert list(analysed([document(loose, "a.py")]).sinks.values()) == ["reached"]


def test_a_file_that_is_too_long_is_left_and_said() -> None:
    long = document("x = 1\n" * (analyse.MOST_CHARS // 6 + 1), "a.py")
    analysis = analysed([long, document("eval(input())", "b.py")])
    assert list(analysis.left) == ["a.py"] and "characters" in analysis.left["a.py"]
    assert [f.sink.path for f in analysis.flows] == ["b.py"]


def test_places_are_characters_not_bytes() -> None:
    text = '# čšž 𝄞\nname = input("naïve 𝄞")\neval(name)\n'
    flow = analysed([document(text, "a.py")]).flows[0]
    assert text[flow.sink.start : flow.sink.end] == "eval(name)" and flow.taint is not None
    assert text[flow.taint.source.start : flow.taint.source.end] == 'input("naïve 𝄞")'


def test_errors_leave_the_rest_readable() -> None:
    text = "def broken(:\n\n\ndef view():\n    eval(input())\n"
    assert [f.check for f in analysed([document(text, "a.py")]).flows] == ["command-execution"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abif(){}[]:=+.,;'\"\n \t<>!&|\ud800é𝄞", max_size=200))
def test_anything_can_be_analysed(text: str) -> None:
    analysis = analysed([document(text, "a.py"), document(FLOW % text, "A.java")])
    assert set(analysis.followed) == {"a.py", "A.java"}


def test_the_order_of_files_changes_nothing() -> None:
    one = document("def a(x):\n    eval(x)\n", "one.py")
    two = document("from one import a\na(input())\n", "two.py")
    assert analysed([one, two]).flows == analysed([two, one]).flows != ()

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.pack.render import header, printable
from kimidoc.types import Document


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (Document("src/app.py", "python", "read", "x"), '[[0a1b2c3d 7 "src/app.py" python]]\n'),
        (
            Document("a b.pdf", "pdf", "partial", "x", pages=(0, 4)),
            '[[0a1b2c3d 7 "a b.pdf" pdf, 2 pages, partial]]\n',
        ),
        (
            Document("合同.pdf", "pdf", "read", "x", pages=(0,)),
            '[[0a1b2c3d 7 "合同.pdf" pdf, 1 page]]\n',
        ),
    ],
)
def test_golden_headers(document, line):
    assert header("0a1b2c3d", 7, document) == line


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ('a"]]\nb', 'a\\"]]\\nb'),
        ("a\\nb", "a\\\\nb"),
        ("x\x1b[2J\r\t", "x\\x1b[2J\\r\\t"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zero\u200bwidth\xa0", "zero\\u200bwidth\\xa0"),
        ("bad\udcff", "bad\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("été 👍", "été 👍"),
    ],
)
def test_paths_cannot_hide_or_end_anything(path, shown):
    assert printable(path) == shown


@given(st.text(), st.text())
def test_a_shown_path_is_one_printable_line_and_stands_for_one_path(one, other):
    assert printable(one).isprintable()
    assert (printable(one) == printable(other)) == (one == other)
    line = header("0a1b2c3d", 1, Document(one, "text", "read", "x"))
    assert line.count("\n") == 1
    assert line.endswith('" text]]\n')

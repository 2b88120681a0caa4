"""Notebooks become their cells and what they printed, without pictures and terminal codes."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.ingest.base import Extract, Limits, Source, Unreadable
from kimidoc.ingest.readers import ipynb

PICTURE = "iVBORw0KGgo" * 40


def read(folder: Path, notebook: object, limits: Limits | None = None) -> Extract:
    file = folder / "work.ipynb"
    raw = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    file.write_bytes(raw)
    return ipynb.read(Source("work.ipynb", file, "ipynb", limits or Limits()))


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


def code(source: object, *outputs: dict[str, Any], count: object = 1) -> dict[str, Any]:
    head = {"cell_type": "code", "metadata": {}, "execution_count": count}
    return {**head, "source": source, "outputs": list(outputs)}


def result(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": data, "metadata": {}}


def test_cells_in_order_each_a_section(tmp_path):
    extracted = read(
        tmp_path,
        notebook(
            {"cell_type": "markdown", "metadata": {}, "source": ["# Sales\n", "by *month*\n"]},
            code(
                ["total = 0\n", "total"],
                {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
                result({"text/plain": ["42"], "text/html": "<b>42</b>"}),
                count=7,
            ),
            code("plot()", result({"text/plain": "<Figure>", "image/png": PICTURE}), count=None),
            {"cell_type": "raw", "metadata": {}, "source": "as it is"},
            code(""),
        ),
    )
    assert extracted.text == dedent(
        """\
        # Sales
        by *month*

        In [7]:
        total = 0
        total

        Out [7]:
        one
        two

        42

        In [ ]:
        plot()

        Out [ ]:
        <Figure>
        [image output]

        as it is

        """
    )
    assert [(extracted.text[m.start :].split("\n")[0], m.label) for m in extracted.sections] == [
        ("# Sales", "cell 1 (markdown)"),
        ("In [7]:", "cell 2 (code)"),
        ("Out [7]:", "cell 2 (output)"),
        ("In [ ]:", "cell 3 (code)"),
        ("Out [ ]:", "cell 3 (output)"),
        ("as it is", "cell 4 (raw)"),
    ]
    assert extracted.partial is None


def test_an_old_notebook(tmp_path):
    cells = [
        {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Sales"]},
        {
            "cell_type": "code",
            "collapsed": False,
            "input": ["print(1)"],
            "language": "python",
            "metadata": {},
            "prompt_number": 3,
            "outputs": [
                {"output_type": "stream", "stream": "stdout", "text": ["1\n"]},
                {"output_type": "pyout", "prompt_number": 3, "text": ["2"], "metadata": {}},
                {"output_type": "display_data", "png": PICTURE, "metadata": {}},
                {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["E: v"]},
            ],
        },
    ]
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "x"},
        "worksheets": [{"metadata": {}, "cells": cells}],
    }
    extracted = read(tmp_path, old)
    assert extracted.text == (
        "## Sales\n\nIn [3]:\nprint(1)\n\nOut [3]:\n1\n\n2\n\n[image output]\n\nE: v\n\n"
    )


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (
            {"output_type": "stream", "text": "\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link"},
            "red link",
        ),
        ({"output_type": "stream", "text": "10 %\r50 %\r100 %\r\ndone\r"}, "100 %\ndone"),
        (
            {
                "output_type": "error",
                "ename": "KeyError",
                "evalue": "'rent'",
                "traceback": ["\x1b[0;31mTraceback\x1b[0m", "\x1b[0;31mKeyError\x1b[0m: 'rent'"],
            },
            "Traceback\nKeyError: 'rent'",
        ),
        ({"output_type": "error", "ename": "E", "evalue": "v"}, "E: v"),
        (result({"text/html": ["<table><tr><td>a", "<td>b</table>"]}), "a | b"),
        (result({"text/latex": "$x$"}), "$x$"),
        (result({"application/json": {"a": [1]}}), '{"a": [1]}'),
        (result({"application/pdf": PICTURE}), "[application/pdf output]"),
        (result({"image/svg+xml": "<svg>"}), "[image output]"),
        (result({"text/plain": f"data:image/png;base64,{PICTURE}=="}), "[data]"),
    ],
)
def test_outputs(tmp_path, output, text):
    extracted = read(tmp_path, notebook(code("", output)))
    assert extracted.text == f"Out [1]:\n{text}\n\n"


def test_pictures_in_markdown_are_left_out(tmp_path):
    source = f"see ![plot](data:image/png;base64,{PICTURE}) there"
    cell = {"cell_type": "markdown", "source": source, "attachments": {"a": {"image/png": PICTURE}}}
    assert read(tmp_path, notebook(cell)).text == "see ![plot]([data]) there\n\n"


def test_long_results_are_cut_and_that_is_said(tmp_path):
    long = {"output_type": "stream", "text": "x" * (ipynb.OUTPUT_CHARS + 5)}
    extracted = read(tmp_path, notebook(code("a", long, long), code("b" * 30_000)))
    assert extracted.text.count("x") == 2 * ipynb.OUTPUT_CHARS
    assert extracted.text.count("b") == 30_000
    assert "[5 more characters of this result]" in extracted.text
    assert extracted.partial == "2 results cut to 20,000 characters"


def test_text_is_cut_at_its_limit(tmp_path):
    extracted = read(tmp_path, notebook(code("合" * 100)), Limits(text_bytes=40))
    assert extracted.text == "In [1]:\n" + "合" * 10
    assert extracted.partial == "only the first 40 bytes of its text were taken"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"nbformat": 4,\n "cells": [', "not JSON at line 2"),
        (b"[" * 100_000, "nested without end"),
        (b"[]", "not a notebook"),
        (b'{"cells": []}', "no nbformat"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"nbformat": 99, "worksheets": []}', "no cells"),
        (b'{"nbformat": 3, "cells": []}', "an old notebook"),
        (b'{"nbformat": 2, "nbformat_minor": 0, "worksheets": 7}', "an old notebook"),
    ],
)
def test_damaged_notebooks_are_unreadable(tmp_path, raw, reason):
    with pytest.raises(Unreadable, match=reason):
        read(tmp_path, raw)


KEYS = "cell_type source outputs output_type text data text/plain text/html image/png ename".split()
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*KEYS, "traceback", "execution_count"]),
            inner | st.sampled_from(["code", "stream", "error"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


def test_half_a_character_costs_no_text(tmp_path):
    cell = code("a\ud800", result({"text/html": "<b>x\ud83d</b>"}))
    assert read(tmp_path, notebook(cell)).text == "In [1]:\na\ud800\n\nOut [1]:\nx\ufffd\n\n"


@settings(max_examples=200, deadline=None)
@given(st.lists(ODD, max_size=4))
def test_no_cell_breaks_the_reader(tmp_path_factory, cells):
    extracted = read(tmp_path_factory.getbasetemp(), {"nbformat": 4, "cells": cells})
    assert all(mark.start < len(extracted.text) for mark in extracted.sections)

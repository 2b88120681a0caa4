"""Views written here, each way a value may go with both verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kimidoc.dataflow import analysed
from tests.dataflow.conftest import document, told

Python = Callable[[str], list[str]]
HEAD = """import os, subprocess, hashlib, shlex
from pathlib import Path
from flask import request, redirect, abort, send_file
ROOT = Path("/srv")
COLUMNS = {"name": "b.name", "day": "b.day"}
"""


def view(*lines: str) -> str:
    return HEAD + "@app.get('/x')\ndef view():\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["n = request.args['n']", "db.execute(f'SELECT {n}')"],
        ["n = request.form.get('n', '')", "db.execute('SELECT ' + n)"],
        ["n = request.form.get('n', '')", "db.execute('SELECT %s' % n)"],
        ["n = request.form.get('n', '')", "db.execute('SELECT {}'.format(n))"],
        ["w = [f'a = {x}' for x in request.args]", "db.execute(' AND '.join(w))"],
        ["parts = ['a']", "parts.append(request.args['n'])", "db.execute(' '.join(parts))"],
        ["d = {'n': request.args['n'], 'm': 'x'}", "db.execute('SELECT ' + d['n'])"],
        ["n, m = request.args['n'], 'x'", "db.execute('SELECT ' + n)"],
        ["n = 'a'", "if request.args:", "    n = request.args['n']", "db.execute('SELECT ' + n)"],
        ["if (n := request.args['n']):", "    db.execute('SELECT ' + n)"],
        ["db.execute('SELECT ' + made(request.args['n']))"],
    ],
)
def test_what_carries_a_value(python: Python, lines: list[str]) -> None:
    made = "def made(given, wrap='{}'):\n    return wrap.format(given)\n"
    assert python(view(*lines) + made) == ["sql-injection"]


@pytest.mark.parametrize(
    "lines",
    [
        ["n = int(request.args['n'])", "db.execute(f'SELECT {n}')"],
        ["n = request.args['n']", "db.execute('SELECT ?', (n,))"],
        ["n = COLUMNS.get(request.args['n'], COLUMNS['day'])", "db.execute(f'SELECT {n}')"],
        ["m = ', '.join('?' for _ in request.args)", "db.execute(f'SELECT {m}', request.args)"],
        ["d = {'n': request.args['n'], 'm': 'x'}", "db.execute('SELECT ' + d['m'])"],
        ["n, m = request.args['n'], 'x'", "db.execute('SELECT ' + m)"],
        ["n = request.args['n']", "if n not in COLUMNS:", "    abort(400)", "db.execute('S' + n)"],
        ["n = request.args['n'] if 1 > 2 else 'x'", "db.execute('SELECT ' + n)"],
    ],
)
def test_what_keeps_a_value_out(python: Python, lines: list[str]) -> None:
    assert python(view(*lines)) == []


@pytest.mark.parametrize(
    ("lines", "raised"),
    [
        (["subprocess.run(f'ls {n}', shell=True)"], ["command-execution"]),
        (["subprocess.run(['ls', n])"], []),
        (["subprocess.run('ls ' + shlex.quote(n), shell=True)"], []),
        (["os.system('ls ' + n)"], ["command-execution"]),
        (["eval(n)"], ["command-execution"]),
        (["open(ROOT / n)"], ["path-traversal"]),
        (["(ROOT / n).read_text()"], ["path-traversal"]),
        (["p = (ROOT / n).resolve()", "if not p.is_relative_to(ROOT):", "    abort(404)",
          "return send_file(p)"], []),
        (["return redirect(n or '/')"], ["open-redirect"]),
        (["if not n.startswith('/'):", "    n = '/'", "return redirect(n)"], []),
        (["hashlib.md5(n.encode())"], ["weak-hash"]),
        (["hashlib.md5(n.encode(), usedforsecurity=False)"], []),
        (["hashlib.sha256(n.encode())"], []),
    ],
)  # fmt: skip
def test_sinks(python: Python, lines: list[str], raised: list[str]) -> None:
    assert python(view("n = request.args['n']", *lines)) == raised


def test_a_flow_crosses_modules() -> None:
    page = document(
        "from flask import request\nfrom app.printing import ticket\n"
        "def show():\n    return ticket('a', title=request.args.get('party'))\n",
        "app/page.py",
    )
    printing = document(
        "import subprocess\n\ndef ticket(page, title='none'):\n"
        "    subprocess.run(f'print {title} {page}', shell=True)\n",
        "app/printing.py",
    )
    analysis = analysed([page, printing])
    assert told(analysis, [page, printing]) == [("command-execution", 4, 4)]
    assert analysis.flows[0].sink.path == "app/printing.py"


def test_a_placeholder_of_the_address_is_a_source(python: Python) -> None:
    text = "@app.route('/<{0}>')\ndef v({0}{1}):\n    db.execute('SELECT ' + {0})\n"
    assert python(text.format("name", "")) == ["sql-injection"]
    assert python(text.format("name", ": int")) == []
    assert python(text.replace("@app.route('/<{0}>')\n", "").format("name", "")) == []


def test_attributes_of_an_object(python: Python) -> None:
    text = (
        "from flask import request\nclass Search:\n    def __init__(self, words):\n"
        "        self.words = words\n    def run(self):\n"
        "        return db.execute('SELECT ' + self.words)\n"
        "def view():\n    return Search({}).run()\n"
    )
    assert python(text.format("request.args['q']")) == ["sql-injection"]
    assert python(text.format("'fixed'")) == []

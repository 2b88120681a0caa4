"""Text that only fixed text is put into, guards nearby, and what a whole repository shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.playbooks import calls, handlers, judge, origin, sweep
from kimidoc.playbooks.load import load
from kimidoc.types import Document

REVIEW = load("code-review")


def module(text: str, path: str = "a.py", kind: str = "python") -> Document:
    return Document(path, kind, "read", text)


def raised(text: str, kind: str = "python") -> list[str]:
    found = judge.findings(REVIEW, [], [module(text, kind=kind)])
    return [finding.rule_id.removeprefix("code.") for finding in found]


CLEAN = [
    'def f(db, ids):\n    holes = ",".join("?" * len(ids))\n'
    '    return db.execute(f"SELECT * FROM cats WHERE id IN ({holes})", ids)\n',
    'def f(db, ids):\n    holes = ", ".join("%s" for _ in range(len(ids)))\n'
    '    return db.execute("DELETE FROM cats WHERE id IN (" + holes + ")", ids)\n',
    'ORDERS = {"age": "c.age"}\ndef f(db, key):\n    by = ORDERS[key]\n'
    '    return db.execute(f"SELECT * FROM cats ORDER BY {by}")\n',
    'ORDERS = {"age": "c.age"}\ndef f(db, key):\n'
    "    return db.execute(f\"SELECT * FROM cats ORDER BY {ORDERS.get(key, 'c.id')}\")\n",
    'def f(db, page):\n    return db.execute(f"SELECT * FROM cats LIMIT {int(page)}")\n',
    'def f(db):\n    table = "cats"\n    return db.execute(f"SELECT * FROM {table}")\n',
]
DIRTY = [
    "def f(db, name):\n    return db.execute(f\"SELECT * FROM cats WHERE name = '{name}'\")\n",
    'def f(db, ids):\n    holes = ",".join(ids)\n'
    '    return db.execute(f"SELECT * FROM cats WHERE id IN ({holes})")\n',
    'def f(db, key):\n    by = key or "age"\n'
    '    return db.execute(f"SELECT * FROM cats ORDER BY {by}")\n',
    'def g():\n    by = "age"\ndef f(db, by):\n'
    '    return db.execute(f"SELECT * FROM cats ORDER BY {by}")\n',
    "ORDERS = {}\ndef f(db, key, name):\n    by = ORDERS[key]\n"
    "    return db.execute(f\"SELECT * FROM cats WHERE n = '{name}' ORDER BY {by}\")\n",
    'def f(db, by):\n    if not by:\n        by = "age"\n    by = by.strip()\n'
    '    return db.execute(f"SELECT * FROM cats ORDER BY {by}")\n',
]


@pytest.mark.parametrize("text", CLEAN)
def test_fixed_text_is_no_injection(text: str) -> None:
    assert "sql-injection" not in raised(text)


@pytest.mark.parametrize("text", DIRTY)
def test_what_may_come_from_outside_is_raised(text: str) -> None:
    assert "sql-injection" in raised(text)


def test_a_line_that_puts_in_nothing_is_not_excused() -> None:
    document = module('x = "SELECT 1"\n')
    (line,) = sweep.lines(("SELECT",), document, comments=True)
    assert not origin.fixed(document, line)


OPEN = "path = root / request.args['name']\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"import os  # open\n{OPEN}send(path)\n", 1),
        (f"import os  # open\n{OPEN}if root not in path.parents:\n    stop()\n", 0),
        (f"import os  # open\n{OPEN}" + "step()\n" * 9 + "path.is_relative_to(root)\n", 1),
    ],
)
def test_a_path_that_is_checked_nearby(text: str, count: int) -> None:
    assert raised(text).count("path-traversal") == count


SAFE_CALLS = [
    "hashlib.md5(\n    data,\n    usedforsecurity=False,\n)",
    "hashlib.md5(b')' + data, # (\n    usedforsecurity = False)",
    "hashlib.new('md5', data, usedforsecurity=False)",
    "hashlib.sha1(read(f'{a}(', sha256()), usedforsecurity=False)",
    "yaml.load(\n    stream,\n    Loader=yaml.SafeLoader,\n)",
    "yaml.load(stream.read(), yaml.CSafeLoader)",
    "yaml.load(f, Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader))",
]
WEAK_CALLS = [
    "hashlib.md5(\n    data,\n    usedforsecurity=True,\n)",
    "hashlib.md5(\n    data,\n    # usedforsecurity=False,\n)",
    "hashlib.md5(data, 'usedforsecurity=False')",
    "hashlib.md5(data)\nhashlib.sha256(data, usedforsecurity=False)",
    "hashlib.md5(data), hashlib.sha256(data, usedforsecurity=False)",
    "hashlib.md5(hashlib.sha256(data, usedforsecurity=False).digest())",
    "hashlib.sha256(data, usedforsecurity=False), hashlib.sha1(data)",
    "hashlib.new('md5', data)",
    "hashlib.md5(",
    "yaml.load(\n    stream,\n    Loader=yaml.UnsafeLoader,\n)",
    "yaml.load(stream)  # SafeLoader",
    "yaml.load_all(SafeLoader_path)",
]


@pytest.mark.parametrize("text", SAFE_CALLS)
def test_a_safe_argument_on_any_line_of_the_call(text: str) -> None:
    assert raised(f"import hashlib, yaml\n{text}\n") == []


@pytest.mark.parametrize("text", WEAK_CALLS)
def test_a_safe_argument_elsewhere_excuses_nothing(text: str) -> None:
    assert len(raised(f"import hashlib, yaml\n{text}\n")) == 1


@given(st.text(alphabet="(){}[],'\"#`/*\n\\a=", max_size=60))
def test_arguments_are_cut_from_the_text(text: str) -> None:
    for kind in ("python", "javascript"):
        found = list(calls.arguments(f"f({text}", 1, kind))
        assert found and all(set(one) <= set(text) for one in found)


def test_arguments_in_their_order() -> None:
    text = "f(a, b(c, d)['x,y'], # note, (\n  key = {1: 2})\n"
    assert list(calls.arguments(text, 1, "python")) == ["a", "b(c, d)['x,y']", "key = {1: 2}"]
    text = "f(a /* , */, `b\n,`, // )\n c)"
    assert list(calls.arguments(text, 1, "javascript")) == ["a", "`b\n,`", "c"]


ROUTES = """
from flask import Blueprint
pages = Blueprint("pages", __name__, url_prefix="/shop")

@pages.get("/items")
@signed_in
def items(): ...

@pages.get("/items/<int:number>")
@signed_in
def item(number): ...

@pages.post("/items/<int:number>/sell")
def sell(number): ...

@pages.delete("/items/<int:number>")
@signed_in
def drop(number): ...
"""


def test_the_handler_without_the_guard_of_the_others() -> None:
    (found,) = handlers.unguarded([module(ROUTES)])
    assert found.words == "sell has no @signed_in; 3 of 4 handlers here have"
    assert found.citations[0].text == (
        '@pages.post("/items/<int:number>/sell")\ndef sell(number): ...'
    )


@pytest.mark.parametrize(
    "text",
    [
        ROUTES.replace("@signed_in\n", ""),
        ROUTES.replace("@signed_in\ndef items", "def items").replace(
            "@signed_in\ndef drop", "def drop"
        ),
        ROUTES.replace('sell")\n', 'sell")\n@owner\n'),
        "def broken(:\n",
    ],
)
def test_modules_without_an_odd_one_out(text: str) -> None:
    assert list(handlers.unguarded([module(text)])) == []


def asked(script: str) -> list[str]:
    page = module(script, "a.js", "javascript")
    return [one.words for one in handlers.unserved([module(ROUTES), page])]


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ('fetch("/shop/items"); fetch("/shop/offers")', ["/shop/offers"]),
        ("await call(`/shop/items/${id}`)", []),
        ('post("/shop/items/7/sell"); post("/shop/items/7/rent")', ["/shop/items/7/rent"]),
        ('fetch("/elsewhere/x"); fetch("https://a.example/shop/y"); say("/shop/z")', []),
        ('fetch("/shop/gone"); fetch("/shop/gone")', ["/shop/gone"]),
    ],
)
def test_addresses_that_no_route_serves(script: str, missing: list[str]) -> None:
    assert asked(script) == missing

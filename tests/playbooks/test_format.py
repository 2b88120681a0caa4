"""A playbook file either works or names what to mend."""

from __future__ import annotations

import re
import tomllib

import pytest

from kimidoc import playbooks
from kimidoc.cli.playbooks import _beginning
from kimidoc.errors import ConfigError, UsageError
from kimidoc.playbooks.format import playbook
from kimidoc.types import SEVERITIES

WORKS = """
[playbook]
id = "leases"
prefix = "ls"
title = "Leases"
description = "x"
[[check]]
id = "break"
title = "Break"
question = "Can it end early?"
[check.finding]
when = "found"
severity = "high"
message = "m"
help = "h"
signs = ["break (?:date|option)"]
"""


def read(text: str):
    return playbook(tomllib.loads(text), "leases.toml")


def test_a_small_one():
    book = read(WORKS)
    (check,) = book.checks
    assert (book.id, book.prefix, check.scope, check.answer) == ("leases", "ls", "document", "text")
    assert check.finding is not None
    assert check.finding.severity == "high"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('id = "leases"', 'id = "Le ases"', "playbook: id: 'Le ases' is not a name"),
        ('prefix = "ls"', "", "playbook: prefix: expected a text"),
        ('title = "Leases"', "title = 4", "playbook: title: expected a text"),
        ('description = "x"', 'description = "x"\ncolour = "red"', "colour: is not a key"),
        ('question = "Can it end early?"', 'question = " "', "question: expected a text"),
        ('when = "found"', 'when = "always"', "when: expected one of found, not_found"),
        ('severity = "high"', "", "severity: expected one of low, medium"),
        ('signs = ["break (?:date|option)"]', 'signs = ["("]', "is not a regular expression"),
        ('signs = ["break (?:date|option)"]', 'signs = "break"', "signs: expected a list"),
        ('when = "found"', 'when = "not_found"', "finding.signs: there is no quote"),
        ("[check.finding]", 'scope = "some"\n[check.finding]', "scope: expected one of"),
        ("[check.finding]", 'rows = "some"\n[check.finding]', "rows: expected one of calendar"),
        ("[check.finding]", 'figure = "Revenue"\n[check.finding]', "figure: it is one of the rows"),
        ('help = "h"', 'help = "h"\notherwise = "low"', "otherwise: it and consequences belong"),
        (
            'help = "h"',
            'help = "h"\nconsequences = ["end"]\notherwise = "low"',
            "consequences: they are for what is searched, not for quotes",
        ),
    ],
)
def test_each_mistake_is_named(old, new, complaint):
    assert old in WORKS
    with pytest.raises(ConfigError) as caught:
        read(WORKS.replace(old, new))
    assert complaint in caught.value.message
    assert caught.value.message.startswith("leases.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "playbook: is missing"),
        ("playbook = 3", "playbook: expected a table"),
        (WORKS.split("[[check]]")[0], "there is no [[check]]"),
        (WORKS + WORKS.partition("[[check]]")[1] + WORKS.partition("[[check]]")[2], "used twice"),
        (WORKS.replace("[[check]]", "[check]"), "expected tables"),
    ],
)
def test_missing_and_doubled_parts(text, complaint):
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        read(text)


def test_what_new_writes_works():
    book = read(_beginning("x.toml", "x", "X"))
    (check,) = book.checks
    assert check.finding is not None
    assert re.search(check.finding.signs[0], "The Tenant may exercise the break option once")


@pytest.mark.parametrize("name", playbooks.names())
def test_every_playbook_that_comes_with_kimidoc(name):
    book = playbooks.load(name)
    assert book.id == name
    assert len({check.id for check in book.checks}) == len(book.checks) >= 8
    for check in book.checks:
        assert check.question.endswith("?")
        assert check.terms, "a small model needs a lexical anchor"
        if check.finding is not None:
            assert check.finding.severity in SEVERITIES
            assert check.finding.message.endswith((".", "!"))


def test_prefixes_are_apart():
    books = [playbooks.load(name) for name in playbooks.names()]
    assert len({book.prefix for book in books}) == len(books)
    assert set(playbooks.names()) >= {
        "code-review", "due-diligence", "earnings", "general", "records",
    }  # fmt: skip


def test_unknown_names_and_unreadable_files(tmp_path):
    with pytest.raises(UsageError) as caught:
        playbooks.load("due-diligance")
    assert "Did you mean due-diligence?" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be read"):
        playbooks.load(str(tmp_path / "none.toml"))
    bad = tmp_path / "bad.toml"
    bad.write_text("[playbook\n")
    with pytest.raises(ConfigError, match=r"not valid TOML.*line 1"):
        playbooks.load(str(bad))
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        playbooks.load(str(bad))


def test_a_file_of_ones_own(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("\ufeff" + WORKS, encoding="utf-8")
    assert playbooks.load(str(file)).prefix == "ls"

"""SARIF of other tools, in the shapes they write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kimidoc.errors import ConfigError
from kimidoc.triage import load


def log(*results: dict[str, Any], **run: Any) -> str:
    driver = {"name": "tool", "rules": run.pop("rules", [])}
    made = {"tool": {"driver": driver}, "results": list(results), **run}
    return json.dumps({"version": "2.1.0", "runs": [made]})


def place(uri: str, *lines: int, **more: Any) -> list[dict[str, Any]]:
    region = dict(zip(("startLine", "endLine"), lines, strict=False))
    return [{"physicalLocation": {"artifactLocation": {"uri": uri, **more}, "region": region}}]


def test_rules_are_found_by_id_by_index_and_by_reference() -> None:
    rules = [
        {"id": "A", "properties": {"tags": ["external/cwe/cwe-089"]}},
        {
            "id": "B",
            "defaultConfiguration": {"level": "note"},
            "messageStrings": {"m": {"text": "{0}!"}},
        },
    ]
    one, two, three, four = load(
        log(
            {"ruleId": "A", "message": {"text": "x"}, "locations": place("a%20b.py", 3)},
            {"ruleIndex": 1, "message": {"id": "m", "arguments": ["Hi"]}},
            {"rule": {"id": "B"}, "level": "odd", "message": {"text": "y"}},
            {"rule": {"index": 0}, "level": "error", "message": {}},
            rules=rules,
        ),
        "x",
    )
    assert (one.rule_id, one.uri, one.first_line, one.last_line) == ("A", "a b.py", 3, 3)
    assert one.weaknesses == (89,) and one.level == "warning"
    assert (two.rule_id, two.level, two.message, two.uri, two.first_line) == (
        "B",
        "note",
        "Hi!",
        "",
        None,
    )
    assert (three.rule_id, three.level) == ("B", "warning")
    assert (four.rule_id, four.level, four.message) == ("A", "error", "")


def test_bases_and_file_uris() -> None:
    base = {"R": {"uri": "file:///src/"}}
    one, two = load(
        log(
            {"locations": place("a/b.py", 4, 2, uriBaseId="R")},
            {"locations": place("file:///x/caf%C3%A9.py", 1, 9)},
            originalUriBaseIds=base,
        ),
        "x",
    )
    assert (one.uri, one.first_line, one.last_line) == ("/src/a/b.py", 4, 4)
    assert (two.uri, two.last_line) == ("/x/café.py", 9)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": "2.0.0", "runs": []}', "[" * 99_999]
)
def test_what_is_no_sarif_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"'f' is not (JSON|SARIF)") as caught:
        load(text, "f")
    assert "--import-sarif" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        '{"version": "2.1.0", "runs": 1}',
        '{"version": "2.1.0", "runs": [{}]}',
        log({"locations": place("a", 0)}),
        log({"locations": place("a", True)}),
        log({"ruleId": 7}),
        log({"locations": [{"physicalLocation": {"artifactLocation": {"uri": 7}}}]}),
        log({"ruleIndex": 4}),
    ],
)
def test_damaged_results_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        load(text, "f")


def test_no_results_are_none() -> None:
    assert load('{"version": "2.1.0", "runs": []}', "f") == ()
    assert load('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}}]}', "f") == ()

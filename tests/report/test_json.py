"""The JSON report against its schema, against the contract's keys, and against itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from kimidoc.report import json as report_json
from kimidoc.types import Answer, Evidence, Notice, Question, Report
from tests.report.conftest import ALMOST, AWS_KEY, INVENTED, NOT_UTF8, SECRET, empty, full

CITATION: dict[str, Any] = dict.fromkeys(
    "path status text start_char end_char start_line end_line page section".split()
)
# The shape in CONTRACT.md: every key, in its order; None is a leaf.
CONTRACT: dict[str, Any] = {
    "schema": None,
    "kimidoc": None,
    "run": {
        "command": None,
        "playbooks": None,
        "seed": None,
        "started": None,
        "model": dict.fromkeys(
            "id fingerprint architecture parameters_total parameters_active".split()
        ),
        "window": dict.fromkeys("tokens budget documents".split()),
        "session": dict.fromkeys("id reused_tokens prefilled_tokens bytes".split()),
        "seconds": dict.fromkeys("ingest pack prefill answer verify total".split()),
        "peak_rss_bytes": None,
    },
    "coverage": {
        "read": None,
        "partial": None,
        "skipped": None,
        "documents": [dict.fromkeys("path kind status reason tokens pages sha256".split())],
    },
    "answers": [
        {
            **dict.fromkeys("id question document playbook check status answer".split()),
            "citations": [CITATION],
            "evidence": [dict.fromkeys("path start_char end_char score".split())],
        }
    ],
    "findings": [
        {
            **dict.fromkeys("rule_id title severity message path".split()),
            "citations": [CITATION],
            "fingerprint": None,
            "baseline": None,
        }
    ],
    "warnings": [dict.fromkeys("code path message".split())],
}


def _assert_shape(value: Any, shape: Any, where: str = "$") -> None:
    if isinstance(shape, list):
        assert isinstance(value, list), where
        for at, item in enumerate(value):
            _assert_shape(item, shape[0], f"{where}[{at}]")
    elif isinstance(shape, dict):
        assert list(value) == list(shape), where
        for key in shape:
            _assert_shape(value[key], shape[key], f"{where}.{key}")


def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(report_json.schema())


@pytest.mark.parametrize("made", [full, empty])
def test_is_valid_and_has_every_key_of_the_contract(made: Any) -> None:
    data = json.loads(report_json.render(made()))
    jsonschema.Draft202012Validator.check_schema(report_json.schema())
    _validator().validate(data)
    _assert_shape(data, CONTRACT)
    assert data["schema"] == "kimidoc.report/1"
    assert data["coverage"]["read"] + data["coverage"]["partial"] + data["coverage"][
        "skipped"
    ] == len(data["coverage"]["documents"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "kimidoc.report/2"),
        (("run", "started"), "yesterday"),
        (("coverage", "documents", 3, "reason"), None),  # partial, and no reason
        (("answers", 0, "citations"), []),  # found without a citation
        (("answers", 6, "citations", 0, "status"), "sure"),
        (("answers", 3, "citations", 0, "start_char"), 4),  # unverified, yet located
        (("findings", 0, "severity"), "grave"),
        (("findings", 0, "citations", 0, "path"), None),
        (("warnings", 0, "code"), ""),
        (("extra",), 1),
    ],
)
def test_schema_refuses_what_the_contract_does(path: tuple[Any, ...], value: Any) -> None:
    data = json.loads(report_json.render(full()))
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert not _validator().is_valid(data)


def test_found_with_unverified_citations_only_is_invalid() -> None:
    data = json.loads(report_json.render(full()))
    data["answers"][6]["citations"] = data["answers"][6]["citations"][:1]
    assert data["answers"][6]["citations"][0]["status"] == "fuzzy"
    assert not _validator().is_valid(data)


def test_a_second_run_differs_in_times_and_memory_only() -> None:
    first = full()
    later = replace(
        first.run,
        started="2027-01-01T00:00:00Z",
        seconds=replace(first.run.seconds, total=1.0, prefill=0.25),
        peak_rss_bytes=17,
    )
    one, two = report_json.render(first), report_json.render(replace(first, run=later))
    assert one != two
    assert report_json.canonical(one) == report_json.canonical(two)
    assert report_json.render(full()) == one
    reseeded = replace(first, run=replace(first.run, seed=1))
    assert report_json.canonical(report_json.render(reseeded)) != report_json.canonical(one)
    _validator().validate(json.loads(report_json.canonical(one)))


def test_offsets_of_an_unverified_citation_are_null_whatever_it_holds() -> None:
    guess = replace(ALMOST, status="unverified")
    made = replace(empty(), answers=(Answer(Question("q", "?"), "not_found", "", (guess,)),))
    citation = report_json.document(made)["answers"][0]["citations"][0]
    assert [citation[key] for key in list(CITATION)[3:]] == [None] * 6
    assert report_json.document(replace(made, answers=()))["answers"] == []
    assert INVENTED.text in report_json.render(full())


def test_masked_quotes_keep_their_length(report: Report) -> None:
    assert AWS_KEY not in report_json.render(report)
    finding = report_json.document(report)["findings"][3]
    assert len(finding["citations"][0]["text"]) == len(SECRET.text)


def test_what_no_file_can_hold_becomes_one_character(report: Report) -> None:
    text = report_json.render(report)
    text.encode("utf-8")
    rows = json.loads(text)["coverage"]["documents"]
    assert any(row["path"] == NOT_UTF8.replace("\udce9", "\ufffd") for row in rows)


def test_text_is_exact_and_its_bytes_are_inert(report: Report) -> None:
    text = report_json.render(report)
    assert "\u202e" not in text and "\x1b" not in text
    quotes = [f["citations"][0]["text"] for f in json.loads(text)["findings"] if f["citations"]]
    assert any("\u202eevil" in quote and "\x1b[2J" in quote for quote in quotes)


def test_scores_keep_what_a_float32_holds() -> None:
    evidence = (Evidence("a.txt", 0, 1, 1 / 3), Evidence("a.txt", 0, 1, 0.1 + 0.2))
    answer = Answer(Question("q", "?"), "not_found", evidence=evidence)
    data = report_json.document(replace(empty(), answers=(answer,)))
    assert [place["score"] for place in data["answers"][0]["evidence"]] == [0.3333333, 0.3]


def test_a_notice_keeps_its_span_to_itself() -> None:
    made = replace(empty(), warnings=(Notice("x", "y", "a.txt", (0, 3)),))
    assert report_json.document(made)["warnings"] == [
        {"code": "x", "path": "a.txt", "message": "y"}
    ]

"""JUnit XML: cases that count, and text that stays text."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from kimidoc.report import junit
from kimidoc.types import Report
from tests.report.conftest import ANSWERS, AUTH, AWS_KEY, FINDINGS, MSA, empty, full


def _read(report: Report) -> Element:
    top = fromstring(junit.render(report).encode())
    assert top.tag == "testsuites" and {suite.tag for suite in top} <= {"testsuite"}
    for suite in (top, *top):
        for name, tag in (
            ("tests", "testcase"), ("failures", "failure"), ("errors", "error"),
            ("skipped", "skipped"),
        ):  # fmt: skip
            assert int(suite.attrib[name]) == len(suite.findall(f".//{tag}"))
        names = [case.attrib["name"] for case in suite.findall("testcase")]
        assert len(set(names)) == len(names)
    return top


def test_a_finding_is_a_failure_with_its_place(report: Report) -> None:
    top = _read(report)
    assert top.attrib["failures"] == str(len(FINDINGS)) and top.attrib["errors"] == "1"
    (suite,) = top.findall(f"testsuite[@name='{AUTH}']")
    (case,) = suite.findall("testcase")
    assert case.attrib == {
        "classname": "code-review",
        "name": "An empty password is accepted",
        "file": f"data/{AUTH}",
        "line": "31",
    }
    (failure,) = case
    assert failure.attrib["type"] == "critical"
    assert "def check" in (failure.text or "") and "located word for word" in (failure.text or "")
    (of_all,) = top.findall("testsuite[@name='all documents']")
    assert len(of_all.findall("testcase")) == 3  # one finding, two questions to the set


def test_a_check_that_raised_nothing_passes_and_one_that_raised_is_told_once(
    report: Report,
) -> None:
    (suite,) = _read(report).findall(f"testsuite[@name='{MSA}']")
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suite if case.attrib}
    assert cases == {"Termination on a change of control": ["failure"], "Assignment": []}


def test_what_the_baseline_has_is_skipped_and_what_is_gone_is_not_there() -> None:
    found = (
        replace(FINDINGS[0], baseline="unchanged"),
        replace(FINDINGS[1], baseline="absent"),
        FINDINGS[2],
    )
    top = _read(replace(empty(), findings=found))
    assert (top.attrib["failures"], top.attrib["skipped"], top.attrib["tests"]) == ("1", "1", "2")
    assert "In the baseline already" in top.findall(".//skipped")[0].attrib["message"]


def test_the_method_is_said_and_secrets_are_not(report: Report) -> None:
    (out,) = _read(report).findall(".//system-out")
    assert "Rules chose the places" in (out.text or "")
    assert AWS_KEY not in junit.render(report)


def test_the_same_name_twice_is_two_cases() -> None:
    twice = replace(empty(), findings=(FINDINGS[0], replace(FINDINGS[0], fingerprint="b")))
    names = [case.attrib["name"] for case in _read(twice).iter("testcase")]
    assert names == ["Tenant may end the lease in 2027", "Tenant may end the lease in 2027 (2)"]
    assert _read(replace(empty(), answers=(ANSWERS[-1],))).attrib["tests"] == "1"
    assert _read(full()) is not None and _read(empty()).attrib["tests"] == "0"

"""JUnit XML, as Jenkins, GitLab, Azure and GitHub's test reporters read it.

There is no one specification; this keeps to what Apache Ant wrote first and all of them take:
``testsuites > testsuite > testcase > failure | error | skipped``, and ``file`` and ``line`` as
GitLab shows them. A suite is a document, a case a check that was asked of it. A new finding is a
failure; one that the baseline has already is skipped, and says so; a question that could not be
answered is an error. Each other tool has a suite of its results. No times: the same run gives the
same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kimidoc.report import digest, imported, place, safe
from kimidoc.report.redact import redacted
from kimidoc.types import Answer, Citation, Finding, Imported, Report

SET = "all documents"
_MESSAGE = 1_000
_QUOTE = 600


@dataclass(slots=True)
class _Suite:
    """The cases of one document and their names."""

    node: Element
    told: set[str] = field(default_factory=set)

    def case(self, group: str, name: str) -> Element:
        """One case. Two of a name would be taken for one test that ran twice."""
        nth, shown = 1, name
        while shown in self.told:
            nth += 1
            shown = f"{name} ({nth})"
        self.told.add(shown)
        return SubElement(self.node, "testcase", classname=group, name=shown)


def render(report: Report) -> str:
    """The suites, documents in the order of the coverage, ending in a newline."""
    report = redacted(report)
    top = Element("testsuites", name="kimidoc")
    suites: dict[str, _Suite] = {}
    kinds = place.Kinds(report)
    for path in _documents(report):
        suites[path] = _Suite(SubElement(top, "testsuite", name=safe.line(path or SET)))
    for finding in digest.current(report):
        _finding(suites[finding.path or ""], report, finding, kinds)
    raised = digest.raised(report)
    titles = digest.titles(report)
    for answer in report.answers:
        if digest.about(answer) not in raised:  # those stand above
            _answer(suites[answer.question.document or ""], answer, titles)
    others: dict[str, _Suite] = {}
    for item in report.imported:
        tool = safe.line(item.tool)
        if tool not in others:
            others[tool] = _Suite(SubElement(top, "testsuite", name=f"imported: {tool}"))
        _imported(others[tool], report, item, kinds)
    if not len(top):
        SubElement(top, "testsuite", name=SET)
    for node in (*top, top):
        _count(node)
    said = SubElement(top[0], "system-out")
    said.text = safe.visible("\n".join([digest.outcome(report), *digest.methods(report)]))
    indent(top)
    text = tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{safe.encodable(text)}\n'


def _documents(report: Report) -> Iterable[str]:
    """Every document that was asked about or has a finding; "" stands for the set."""
    asked = {answer.question.document or "" for answer in report.answers}
    asked |= {finding.path or "" for finding in digest.current(report)}
    known = [row.path for row in report.coverage]
    return [
        *([""] if "" in asked else []),
        *(path for path in dict.fromkeys(known) if path in asked),
        *sorted(asked - {"", *known}),
    ]


def _finding(suite: _Suite, report: Report, finding: Finding, kinds: place.Kinds) -> None:
    group = _group(report, finding)
    case = suite.case(group, safe.line(finding.title) or group)
    first = next(iter(digest.places(finding.citations)), None)
    path = first.path if first is not None and first.path else finding.path
    if path is not None:
        case.set("file", safe.line(report.path_prefix + path))
    if first is not None and first.start_line is not None and kinds.is_text(path):
        case.set("line", str(first.start_line))
    message = safe.clip(safe.line(finding.message or finding.title), _MESSAGE)
    if finding.baseline == "unchanged":
        SubElement(case, "skipped", message=f"In the baseline already: {message}")
        return
    failure = SubElement(case, "failure", type=finding.severity, message=message)
    failure.text = "\n".join(_lines(finding, kinds))


def _group(report: Report, finding: Finding) -> str:
    """The playbook of a finding, as its answers have it; else the first part of its rule."""
    tags = next((rule.tags for rule in report.rules if rule.id == finding.rule_id), ())
    named = [tag for tag in tags if tag in report.run.playbooks]
    return safe.line((named or [finding.rule_id.rpartition(".")[0] or finding.rule_id])[0])


def _lines(finding: Finding, kinds: place.Kinds) -> Iterator[str]:
    yield f"{finding.severity}: {safe.line(finding.title)} [{safe.line(finding.rule_id)}]"
    yield safe.clip(safe.visible(finding.message), _MESSAGE)
    for citation in digest.places(finding.citations):
        yield _quote(citation, kinds)


def _quote(citation: Citation, kinds: place.Kinds) -> str:
    where = place.say(citation, kinds.of(citation.path))
    name = f"{safe.line(citation.path)}, " if citation.path else ""
    words = safe.shorten(safe.line(citation.text), _QUOTE)
    return f"“{words}” ({name}{where}; {place.STATUS[citation.status]})"


def _answer(suite: _Suite, answer: Answer, titles: dict[tuple[str, str], str]) -> None:
    group = safe.line(answer.question.playbook or "") or "questions"
    name = safe.line(digest.heading(answer, titles)) or safe.line(answer.question.id)
    case = suite.case(group, safe.clip(name, _MESSAGE))
    if answer.status == "error":
        SubElement(case, "error", message=safe.clip(safe.line(answer.text), _MESSAGE))


def _imported(suite: _Suite, report: Report, item: Imported, kinds: place.Kinds) -> None:
    """Confirmed is a failure; what is doubted, open or not read is skipped, with the reason."""
    case = suite.case(safe.line(item.rule_id), f"{imported.name(item)} ({imported.place(item)})")
    if item.path is not None:
        case.set("file", safe.line(report.path_prefix + item.path))
    if item.first_line is not None and kinds.is_text(item.path):
        case.set("line", str(item.first_line))
    message = f"{item.verdict}: {safe.line(item.reason)}"
    failed = item.verdict == "confirmed"
    node = SubElement(case, "failure" if failed else "skipped", message=message)
    node.text = "\n".join(_quote(c, kinds) for c in item.citations) or None
    if failed:
        node.set("type", safe.line(item.level))


def _count(node: Element) -> None:
    node.set("tests", str(sum(1 for _ in node.iter("testcase"))))
    for name, of in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        node.set(name, str(sum(1 for _ in node.iter(of))))

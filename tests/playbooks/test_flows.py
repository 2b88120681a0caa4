"""Data flow as findings: what is quoted, what becomes of signs, and what the table says."""

from __future__ import annotations

import pytest

from kimidoc.errors import ConfigError
from kimidoc.playbooks import answers, judge, tables
from kimidoc.playbooks.format import playbook
from kimidoc.playbooks.load import load, parsed
from kimidoc.types import Document, Finding, Question

REVIEW = load("code-review")
SERVLET = """class App extends HttpServlet {
  public void doGet(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String vector = request.getParameter("vector");
    String fixed = 1 > 2 ? vector : "a";
    statement.executeQuery("SELECT a FROM b WHERE c = '" + vector + "'");
    statement.executeQuery("SELECT a FROM b WHERE c = '" + fixed + "'");
    statement.executeQuery("SELECT a FROM b WHERE c = '" + unknown() + "'");
  }
}
"""


def document(text: str, path: str = "App.java") -> Document:
    return Document(path, "java" if path.endswith(".java") else "python", "read", text)


def found(*documents: Document) -> list[Finding]:
    return list(judge.findings(REVIEW, [], documents))


def lines(finding: Finding) -> list[int | None]:
    return [citation.start_line for citation in finding.citations]


def test_a_flow_quotes_its_sink_first_and_the_way_there() -> None:
    flow = found(document(SERVLET))[0]
    assert flow.rule_id == "code.sql-injection" and flow.severity == "critical"
    assert lines(flow) == [5, 3] and all(c.verified for c in flow.citations)
    assert flow.citations[0].text.startswith("statement.executeQuery(")
    assert 'the request parameter of `request.getParameter("vector")` reaches' in flow.message


def test_flow_decides_over_signs_where_it_can_tell() -> None:
    """One flow; the fixed statement is dropped, the one that cannot be told keeps its sign."""
    ours = found(document(SERVLET))
    assert [lines(f)[0] for f in ours] == [5, 7]
    assert "word rule" in ours[1].message and "data flow" in ours[0].message


def test_dropped_signs_are_said_with_their_quotes() -> None:
    table = next(
        t for t in tables.made(REVIEW, [], [document(SERVLET)]) if t.id == "code.data-flow"
    )
    assert table.rows[0].cells == ("App.java", "followed", "3", "1", "1")
    assert [c.start_line for c in table.rows[0].citations] == [6]
    assert "dropped" in table.note


def test_a_value_of_the_machine_weighs_less() -> None:
    text = "import os\nos.system('ls ' + {})\n"
    machine = found(document(text.format("os.environ['X']"), "a.py"))
    request = found(
        document("from flask import request\n" + text.format("request.args['x']"), "a.py")
    )
    assert [f.severity for f in machine] == ["high"] and [f.severity for f in request] == [
        "critical"
    ]


def test_several_sinks_of_one_way_are_one_finding() -> None:
    text = (
        "from flask import request\ndef v(db):\n    q = 'SELECT ' + request.args['q']\n"
        "    db.execute(q + ' LIMIT 1')\n    db.execute(q)\n"
    )
    ours = [f for f in found(document(text, "a.py")) if f.rule_id == "code.sql-injection"]
    assert [sorted(lines(f)) for f in ours] == [[3, 4, 5]] and "1 more call" in ours[0].message


def test_a_file_and_its_opening_are_one_finding() -> None:
    text = SERVLET.replace(
        'statement.executeQuery("SELECT a FROM b WHERE c = \'" + vector + "\'");',
        "File f = new File(vector); new FileInputStream(f);",
    )
    ours = [f for f in found(document(text)) if f.rule_id == "code.path-traversal"]
    assert len(ours) == 1
    later = text.replace("new FileInputStream(f);", "\n    new FileInputStream(f);")
    ours = [f for f in found(document(later)) if f.rule_id == "code.path-traversal"]
    assert [lines(f)[0] for f in ours] == [5]


def test_documents_that_are_not_followed_keep_their_signs_and_are_said() -> None:
    long = document("os.system('a')\n" + "# x\n" * 110_000, "a.py")
    assert [f.rule_id for f in found(long)] == ["code.command-execution"]
    table = next(t for t in tables.made(REVIEW, [], [long]) if t.id == "code.data-flow")
    assert table.rows[0].cells[1].startswith("not followed: longer than")
    short = document("import os\nos.system('a')\n", "a.py")
    assert found(short) == []


@pytest.mark.parametrize(
    "line",
    [
        "pickle.loads(subprocess.check_output('ls', shell=True))",
        "data = yaml.load(open('a' + '.yml')); name = 'a' + 'b'",
        "os.system('ls'); eval(given)",
    ],
)
def test_a_fixed_neighbour_drops_no_sign(line: str) -> None:
    ours = found(
        document(f"import os, pickle, subprocess, yaml\ndef f(given):\n    {line}\n", "a.py")
    )
    assert [f.rule_id for f in ours] == ["code.command-execution"]


def test_other_languages_keep_their_signs() -> None:
    page = Document("a.js", "javascript", "read", "item.innerHTML = row.name;\n")
    assert [f.rule_id for f in found(page)] == ["code.html-injection"]


BOOK = """
[playbook]
id = "mine"
prefix = "mine"
title = "Mine"
description = "Mine."
prose = false
[[check]]
id = "a"
title = "A"
question = "Is there a?"
[[analysis]]
id = "b"
title = "B"
method = "{method}"
severity = "low"
message = "B"
help = "B"
{flow}
"""


@pytest.mark.parametrize(
    ("method", "flow", "said"),
    [
        ("flow", 'flow = ["nonsense"]', "there is no 'nonsense'"),
        ("flow", "", "needs it"),
        ("unserved", 'flow = ["reflection"]', "needs it"),
    ],
)
def test_playbooks_that_name_no_flow_are_refused(method: str, flow: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        playbook(parsed(BOOK.format(method=method, flow=flow), "mine"), "mine")
    whole = BOOK.format(method="flow", flow='flow = ["reflection"]')
    assert playbook(parsed(whole, "mine"), "mine").analyses[0].flow == ("reflection",)


PRIMES = '''"""Names of caches; ``eval(text)`` is never called."""
import hashlib
from random import choice


def name(text: str) -> str:
    """Like ``exec(text)``, said of nothing."""
    return hashlib.sha1(text.encode()).hexdigest()


def run(code: str) -> None:
    try:
        exec(code)
    except Exception:
        return explain(code)


def explain(code: str) -> None:
    try:
        print(code)
    except Exception:
        return None
'''


def test_what_a_reviewer_would_call_a_false_alarm_is_none_or_low() -> None:
    """Docstrings run nothing, a cache's name needs no strength, an error that is told is told."""
    by_line = {lines(f)[0]: f for f in found(document(PRIMES, "names.py"))}
    assert [(n, f.rule_id, f.severity) for n, f in sorted(by_line.items())] == [
        (8, "code.weak-crypto", "low"),
        (13, "code.command-execution", "high"),
        (21, "code.swallowed-error", "medium"),
    ]
    assert "No value from outside was seen" in by_line[13].message


def test_a_hash_beside_a_password_matters() -> None:
    text = PRIMES.replace("text", "password")
    weak = [f for f in found(document(text, "names.py")) if f.rule_id == "code.weak-crypto"]
    assert [f.severity for f in weak] == ["high"]


def test_lines_that_signs_match_answer_their_check() -> None:
    """Of programs the model is asked only what no sign looks for."""
    checks = {check.id: check for check in REVIEW.checks}
    assert checks["command-execution"].by_rule and not checks["performance"].by_rule
    text = document(PRIMES, "names.py")
    asked = [
        Question(check, "Where?", text.path, REVIEW.id, check)
        for check in ("command-execution", "no-timeout")
    ]
    found, notices = answers.by_rule([REVIEW], asked, [text])
    run = found["command-execution"]
    assert (
        [c.start_line for c in run.citations] == [13] and run.by_rule and run.citations[0].verified
    )
    assert found["no-timeout"].status == "not_found" and answers.FOUND_BY_PATTERNS in notices

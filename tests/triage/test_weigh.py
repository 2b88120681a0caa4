"""Results of a real tool beside a window, and look-alikes that must stay open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.triage import Result, load, weighed
from kimidoc.types import Imported

SERVICE = Path(__file__).parents[2] / "examples" / "service-repo"


def ruff(folder: Path, *rules: str) -> str:
    """What ruff finds there, as SARIF."""
    done = subprocess.run(
        [
            sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero",
            "--output-format", "sarif", "--select", ",".join(rules), ".",
        ],
        cwd=folder, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return done.stdout


def beside(folder: Path, text: str) -> tuple[Imported, ...]:
    documents = [d for d in ingest.read([str(folder)]) if d.status != "skipped"]
    return weighed(load(text, "x.sarif"), documents, folder, "")


def test_what_ruff_finds_in_the_example() -> None:
    found = beside(SERVICE, ruff(SERVICE, "S", "E501"))
    told = {(i.rule_id, i.path, i.first_line): i for i in found}
    assert (
        len(told) == len(found) == len(json.loads(ruff(SERVICE, "S", "E501"))["runs"][0]["results"])
    )
    planted = told["S608", "quayline/bookings.py", 21]
    assert planted.verdict == "confirmed"
    assert [c.path for c in planted.citations] == ["quayline/views/office.py"] * 2
    assert "request.args" in planted.citations[-1].text
    for line in (33, 42):  # clean code that looks alike
        assert told["S608", "quayline/bookings.py", line].verdict == "doubted"
    assert "SORTS = {" in told["S608", "quayline/bookings.py", 33].citations[-1].text
    assert told["S602", "quayline/printing.py", 11].verdict == "confirmed"
    assert told["S506", "quayline/timetable.py", 11].verdict == "confirmed"
    key = told["S105", "quayline/settings.py", 12]
    assert key.verdict == "open" and key.citations[0].path == "quayline/tokens.py"
    weak = told["S324", "quayline/accounts.py", 10]
    assert (
        weak.verdict == "open" and "digest() is called 2 times." in weak.reason and weak.citations
    )
    assert {i.verdict for i in found if i.rule_id == "S101"} == {"doubted"}
    for item in found:
        assert item.place is not None and item.place.status == "exact" and item.reason


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def only(found: tuple[Imported, ...]) -> Imported:
    (one,) = found
    return one


def test_an_unused_import_that_another_module_takes_from_here(tmp_path: Path) -> None:
    write(tmp_path, a="import os\nfrom json import loads\n", b="from a import loads\nloads('1')\n")
    found = {i.message.split("`")[1]: i for i in beside(tmp_path, ruff(tmp_path, "F401"))}
    assert found["json.loads"].verdict == "doubted"
    assert [c.text for c in found["json.loads"].citations] == ["from a import loads"]
    assert found["os"].verdict == "confirmed" and found["os"].citations == ()
    assert "None of the 1 other Python modules" in found["os"].reason


def test_what_could_not_be_parsed_may_use_anything(tmp_path: Path) -> None:
    write(tmp_path, a="import os\n", b="def broken(:\n")
    (of_a,) = [i for i in beside(tmp_path, ruff(tmp_path, "F401")) if i.rule_id == "F401"]
    assert of_a.verdict == "open" and "b.py could not be parsed" in of_a.reason


def test_a_secret_that_stands_elsewhere_too(tmp_path: Path) -> None:
    write(tmp_path, a="PASSWORD = 'tr0ub4dor-and-3'\n")
    (tmp_path / "compose.yaml").write_text("db:\n  password: tr0ub4dor-and-3\n")
    one = only(beside(tmp_path, ruff(tmp_path, "S105")))
    assert (one.verdict, one.citations[0].path) == ("confirmed", "compose.yaml")


RUN = "import subprocess\n\n\ndef run(x):\n    subprocess.run(f'ls {x}', shell=True)\n"


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        ("from a import run\nrun(request.args['x'])\n", "confirmed"),
        ("import a\nimport sys\n\n\ndef go():\n    p = sys.argv[1]\n    a.run(p)\n", "confirmed"),
        (
            "import a\n\n\n@app.get('/<name>')\ndef go(name):\n    a.run(x=name.strip())\n",
            "confirmed",
        ),
        ("import a\n\n\ndef go(name):\n    a.run(name)\n\n\ngo(input())\n", "confirmed"),
        ("import a\na.run('x')\na.run('y' if request.args else 'z')\n", "doubted"),
        ("import a\na.run(int(request.args['n']))\n", "doubted"),
        ("import a\nT = {'b': 'c'}\na.run(T[request.args['k']])\n", "doubted"),
        ("import a\nimport shlex\na.run(shlex.quote(request.args['n']))\n", "doubted"),
        ("import a\na.run('x')\na.run(load())\n", "open"),  # one source is not known
        ("import a\na.run(*words)\n", "open"),
        ("import b\nb.run('x')\n", "open"),  # another module's
        ("class P:\n    def go(self):\n        self.run('x')\n", "open"),  # whose method?
        ("import a\n\n\ndef go():\n    p = 'x'\n    p = p + more()\n    a.run(p)\n", "open"),
        ("def broken(:\n", "open"),
    ],
)
def test_where_a_value_comes_from(tmp_path: Path, caller: str, verdict: str) -> None:
    write(tmp_path, a=RUN, b=caller)
    found = {i.rule_id: i for i in beside(tmp_path, ruff(tmp_path, "S602"))}
    assert found["S602"].verdict == verdict, found["S602"].reason
    if verdict == "confirmed":
        assert {c.path for c in found["S602"].citations} == {"b.py"}


def test_a_verdict_never_rests_on_the_line_itself(tmp_path: Path) -> None:
    write(tmp_path, a="import os\nos.system('ls ' + input())\n")
    one = only(beside(tmp_path, ruff(tmp_path, "S605")))
    assert one.verdict == "confirmed" and one.citations == ()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("a.py", "a.py"),
        ("./pkg/../pkg/b.py", "pkg/b.py"),
        ("/elsewhere/checkout/pkg/b.py", "pkg/b.py"),
        ("other/a.py", None),
        ("", None),
        ("../a.py", None),
    ],
)
def test_results_find_their_document_or_say_that_it_was_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, path: str | None
) -> None:
    (tmp_path / "pkg").mkdir()
    write(tmp_path, a="x = 1\n")
    write(tmp_path / "pkg", b="y = 2\n")
    monkeypatch.chdir("/")
    documents = [d for d in ingest.read([str(tmp_path)]) if d.status != "skipped"]
    result = Result("t", "r", "error", "m", uri, 1, 1)
    one = only(weighed([result], documents, tmp_path, ""))
    assert one.path == path and (one.verdict == "unread") == (path is None)
    if path == "a.py":  # from the top of the repository, which the tool was run in
        from_top = Result("t", "r", "error", "m", f"src/{uri}", 1, 1)
        assert only(weighed([from_top], documents, tmp_path, "src/")).path == path


def test_a_line_that_is_not_there_is_open(tmp_path: Path) -> None:
    write(tmp_path, a="x = 1\n")
    documents = ingest.read([str(tmp_path)])
    for line in (None, 99):
        one = only(
            weighed([Result("t", "r", "error", "m", "a.py", line, line)], documents, tmp_path, "")
        )
        assert one.path == "a.py" or line is None
        assert one.verdict in ("open", "unread") and one.place is None

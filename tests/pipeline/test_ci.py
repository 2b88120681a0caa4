"""What CI asks for, on a real repository with a history, by a checkpoint that knows nothing."""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from defusedxml.ElementTree import fromstring

from kimidoc.cli.main import main
from kimidoc.report import json as report_json
from tests.changes.conftest import Repo
from tests.engine.answer_models import folder
from tests.report.test_github import runner

CI = Path(__file__).parents[2] / "examples" / "ci"
LEGACY = "def legacy(x):\n    return eval(x)\n"
NEW = "import subprocess\n\n\ndef run(x):\n    subprocess.run(x, shell=True)\n"
COMMON = ("--playbook", "code-review", "--session", "none", "--quiet", "--offline")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folder(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """main holds one old finding; the working tree is on it, unchanged."""
    for name in ("CACHE", "STATE"):
        monkeypatch.setenv(f"KIMIDOC_{name}_DIR", str(tmp_path / name.lower()))
    made = Repo(tmp_path / "repo")
    made.write(app__old=LEGACY, app__other="def other():\n    return 1\n")
    made.put("README.md", "# App\n\nIt evaluates what it is given.\n")
    made.commit("first")
    monkeypatch.chdir(made.top)
    return made


def analyze(model: str, *arguments: str) -> int:
    return main(["analyze", ".", "--model", model, *COMMON, *arguments])


def found(file: str) -> dict[str, str]:
    """Each finding's document -> its state."""
    data = json.loads(Path(file).read_text("utf-8"))
    jsonschema.Draft202012Validator(report_json.schema()).validate(data)
    return {f["path"]: f["baseline"] for f in data["findings"] if f["rule_id"] != "code.tests"}


@pytest.mark.parametrize("suffix", ["json", "sarif"])
def test_a_baseline_excuses_what_it_has(repo: Repo, model: str, suffix: str) -> None:
    last = f"last.{suffix}"
    assert analyze(model, f"--{suffix}", last, "--fail-on", "high", "-o", "r.md") == 1
    repo.put("app/old.py", '"""Moved."""\n\nX = 1\n\n' + LEGACY.replace("eval(x)", "eval( x )"))
    more = ("--baseline", last, "--fail-on", "high", "--json", "this.json", "-o", "r.md")
    assert analyze(model, *more) == 0
    assert found("this.json") == {"app/old.py": "unchanged"}
    repo.write(app__new=NEW)
    assert analyze(model, *more) == 1
    assert found("this.json") == {"app/old.py": "unchanged", "app/new.py": "new"}
    repo.put("app/old.py", "")
    assert analyze(model, *more) == 1
    assert found("this.json") == {"app/old.py": "absent", "app/new.py": "new"}


def test_since_limits_findings_and_reads_everything(repo: Repo, model: str) -> None:
    repo.put("app/old.py", "X = 1\n\n\n" + LEGACY)
    every = ("--since", "HEAD", "--fail-on", "high", "--json", "r.json")
    assert analyze(model, *every, "-o", "r.md") == 0
    assert found("r.json") == {}
    repo.write(app__new=NEW)
    assert analyze(model, *every, "-o", "r.md") == 1
    assert found("r.json") == {"app/new.py": "new"}
    data = json.loads(Path("r.json").read_text("utf-8"))
    assert data["run"]["window"]["documents"] == 4
    (said,) = [w["message"] for w in data["warnings"] if w["code"] == "method.since"]
    assert "1 finding in other lines is left out" in said


def test_every_output_from_one_run_and_another_tools_results(repo: Repo, model: str) -> None:
    repo.write(app__new=NEW, app__call="from app import new\nnew.run(input())\n")
    subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero",
         "--select", "S", "--output-format", "sarif", "--output-file", "ruff.sarif", "."],
        check=True, timeout=300,
    )  # fmt: skip
    names = ("json", "markdown", "html", "sarif", "csv", "github", "junit")
    outputs = [word for name in names for word in (f"--{name}", f"out.{name}")]
    assert analyze(model, *outputs, "-o", "main.md", "--import-sarif", "ruff.sarif") == 0
    assert set(found("out.json")) == {"app/old.py", "app/new.py"}
    data = json.loads(Path("out.json").read_text("utf-8"))
    verdicts = {(i["rule_id"], i["path"]): i for i in data["imported"]}
    assert verdicts["S602", "app/new.py"]["verdict"] == "confirmed"
    assert verdicts["S602", "app/new.py"]["citations"][0]["path"] == "app/call.py"
    assert "method.other-tools" in {w["code"] for w in data["warnings"]}
    paths = [row["path"] for row in data["coverage"]["documents"] if row["status"] == "read"]
    assert "ruff.sarif" not in paths and not any(path.startswith("out.") for path in paths)
    assert any(c.name == "error" for c in runner(Path("out.github").read_text("utf-8")))
    assert int(fromstring(Path("out.junit").read_bytes()).attrib["failures"]) >= 3
    with Path("out.csv").open(encoding="utf-8", newline="") as opened:
        assert {"finding", "imported", "method"} <= {r["record"] for r in csv.DictReader(opened)}
    for name in ("markdown", "html", "sarif"):
        assert "S602" in Path(f"out.{name}").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "nothing"), "There is no revision 'nothing'"),
        (("--import-sarif", "README.md"), "is not JSON"),
        (("--import-sarif", "none.sarif"), "cannot be read"),
        (("--baseline", "none.json"), "cannot be read"),
    ],
)
def test_mistakes_are_met_before_anything_is_read(
    repo: Repo, model: str, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert analyze(model, *arguments) == 2
    assert said in capfd.readouterr().err


@pytest.fixture
def shell(repo: Repo, model: str, tmp_path: Path) -> dict[str, str]:
    """Variables of a runner: kimidoc on the PATH, the tiny model as the setting."""
    tools = tmp_path / "bin"
    tools.mkdir()
    command = tools / "kimidoc"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kimidoc "$@"\n')
    command.chmod(0o755)
    source = str(Path(__file__).parents[2])
    return os.environ | {
        "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": source, "KIMIDOC_MODEL": model,
        "KIMIDOC_SESSION": "none", "KIMIDOC_OFFLINE": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def test_the_composite_action(repo: Repo, shell: dict[str, str], tmp_path: Path) -> None:
    action = yaml.safe_load((CI / "action.yml").read_text("utf-8"))
    (step,) = action["runs"]["steps"]
    given = {name: str(about["default"]) for name, about in action["inputs"].items()}
    given |= {"since": "HEAD", "paths": "app README.md"}
    variables = {}
    for variable, expression in step["env"].items():
        name = expression.removeprefix("${{ inputs.").removesuffix(" }}")
        variables[variable] = given.pop(name)
    assert not given and "${{" not in step["run"]  # no input is ever text of the script
    repo.write(app__new=NEW)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        variables[name] = str(tmp_path / name)
    done = subprocess.run(
        ["bash", "-c", step["run"]], cwd=repo.top, env=shell | variables, capture_output=True,
        text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (error,) = [c for c in runner(done.stdout) if c.name == "error"]
    assert (error.properties["file"], error.properties["line"]) == ("app/new.py", "5")
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "sarif=kimidoc-report/report.sarif\n"
    assert "app/new.py" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    assert {f.name for f in (repo.top / "kimidoc-report").iterdir()} == {
        "report.json", "report.sarif", "report.html", "report.junit.xml"
    }  # fmt: skip


def test_the_pre_commit_hook(repo: Repo, shell: dict[str, str]) -> None:
    """Run as pre-commit runs it: entry and arguments, no file names, in git's own hook."""
    (hook,) = yaml.safe_load((CI / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (local,) = yaml.safe_load((CI / "pre-commit-config.yaml").read_text("utf-8"))["repos"]
    (shown,) = local["hooks"]
    assert all(hook[key] == value for key, value in shown.items())
    command = shlex.join([*shlex.split(hook["entry"]), *hook["args"]])
    file = repo.top / ".git" / "hooks" / "pre-commit"
    file.write_text(f"#!/bin/sh\n{command} >&2\n")
    file.chmod(0o755)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]

    def commit() -> subprocess.CompletedProcess[str]:
        repo.git("add", "-A")
        return subprocess.run(
            ["git", *identity, "commit", "-m", "x"], cwd=repo.top, env=shell, capture_output=True,
            text=True, timeout=600, check=False,
        )  # fmt: skip

    repo.put("app/old.py", "X = 1\n\n\n" + LEGACY)
    assert commit().returncode == 0
    repo.write(app__new=NEW)
    refused = commit()
    assert refused.returncode == 1 and "shell=True" in refused.stderr
    assert repo.git("log", "--oneline").count("\n") == 1


def test_the_workflow_uses_the_action_as_it_is() -> None:
    flow = yaml.safe_load((CI / ".github/workflows/kimidoc.yml").read_text("utf-8"))
    action = yaml.safe_load((CI / "action.yml").read_text("utf-8"))
    steps = flow["jobs"]["review"]["steps"]
    (used,) = [s for s in steps if s.get("uses", "").endswith("actions/kimidoc")]
    assert set(used["with"]) <= set(action["inputs"]) and used["id"] == "kimidoc"
    assert steps[0]["with"]["fetch-depth"] >= 2

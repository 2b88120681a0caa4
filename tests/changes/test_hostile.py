"""A repository whose configuration runs programs: nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc.changes import limited, open_revision
from kimidoc.errors import UsageError
from tests.changes.conftest import Repo


def _trap(repo: Repo, name: str) -> str:
    """A program that leaves a mark, and still does what a filter has to do."""
    file = repo.put(f".git/{name}.sh", f"#!/bin/sh\ntouch '{repo.top.parent}/ran-{name}'\ncat\n")
    file.chmod(0o755)
    return str(file)


def _ran(repo: Repo) -> set[str]:
    return {file.name for file in repo.top.parent.glob("ran-*")}


@pytest.fixture
def hostile(repo: Repo) -> Repo:
    """One commit, one change, and a program behind every key that git would run one for."""
    repo.write(a="one\ntwo\n", b="x\n")
    repo.put(".gitattributes", "* filter=evil diff=evil\n")
    repo.commit()
    keys = {
        "filter.evil.clean": "clean", "filter.evil.smudge": "smudge",
        "diff.evil.textconv": "textconv", "diff.evil.command": "command",
        "diff.external": "external", "core.fsmonitor": "monitor", "core.pager": "pager",
        "pager.ls-tree": "pager", "core.sshCommand": "ssh", "credential.helper": "helper",
    }  # fmt: skip
    for key, name in keys.items():
        repo.git("config", key, _trap(repo, name))
    hooks = repo.top / ".git" / "own-hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{repo.top.parent}/ran-{name}'\n")
        (hooks / name).chmod(0o755)
    repo.git("config", "core.hooksPath", str(hooks))
    for name in ("ls-tree", "cat-file", "diff-index", "rev-parse"):
        repo.git("config", f"alias.{name}", f"!{_trap(repo, 'alias')}")
    assert _ran(repo) - {"ran-monitor"} == set()
    for mark in repo.top.parent.glob("ran-*"):
        mark.unlink()
    repo.write(a="one\nthree\n")
    return repo


def test_a_hostile_configuration_runs_nothing(hostile: Repo) -> None:
    assert {p: lines.runs for p, lines in hostile.changed("HEAD").lines.items()} == {
        "a.py": ((2, 3),)
    }
    assert _ran(hostile) == set()


def test_the_traps_are_armed(hostile: Repo) -> None:
    """git's own diff walks into them; the test above would pass with traps that cannot spring."""
    hostile.git("diff", "HEAD")
    assert {"ran-external", "ran-monitor"} <= _ran(hostile) or "ran-command" in _ran(hostile)
    hostile.git("add", "a.py")
    assert "ran-clean" in _ran(hostile) and "ran-post-index-change" in _ran(hostile)


def test_a_partial_clone_fetches_nothing(hostile: Repo, tmp_path: Path) -> None:
    lost = hostile.git("rev-parse", "HEAD:a.py")
    (hostile.top / ".git/objects" / lost[:2] / lost[2:]).unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "evil"),
        ("remote.evil.url", f"ext::{_trap(hostile, 'transport')} %S"),
        ("remote.evil.promisor", "true"), ("protocol.ext.allow", "always"),
        ("remote.evil.uploadpack", _trap(hostile, "uploadpack")),
    ):  # fmt: skip
        hostile.git("config", key, value)
    with pytest.raises(UsageError, match=r"lacks|cat-file ended") as caught:
        hostile.changed("HEAD")
    assert "ran-transport" not in _ran(hostile) and "ran-uploadpack" not in _ran(hostile)
    assert caught.value.hint


def test_variables_of_a_hook_lead_nowhere(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a hook git sets its own variables; those of another repository must not count."""
    repo.write(a="one\n")
    repo.commit()
    other = Repo(repo.top.parent / "other")
    for name, value in (
        ("GIT_DIR", str(other.top / ".git")), ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_WORK_TREE", "/"), ("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "alias.x"),
        ("GIT_CONFIG_VALUE_0", "!true"), ("GIT_EXTERNAL_DIFF", "/bin/false"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    assert repo.changed("HEAD").lines == {}


def test_links_and_submodules_are_no_files(repo: Repo) -> None:
    inner = Repo(repo.top / "module")
    inner.write(m="x\n")
    inner.commit()
    repo.write(a="one\n")
    (repo.top / "link.py").symlink_to("a.py")
    repo.commit()
    inner.write(m="y\n")
    changed = repo.changed("HEAD")
    assert changed.lines == {} and changed.in_submodules == 1
    assert "1 document in submodules" in limited((), changed)[1].message
    assert set(open_revision("HEAD", [str(repo.top)]).repository.files()) == {"a.py"}

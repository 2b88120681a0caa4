"""Real repositories with a history made in the test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.changes import Changed, open_revision
from kimidoc.types import Document

_NOBODY = {
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


class Repo:
    """A repository and the files in it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git as an author does, in the top folder."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | _NOBODY,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        """Write files; ``__`` in a name is a slash, a name without a suffix is Python."""
        for name, text in files.items():
            self.put(name.replace("__", "/") + ".py", text)

    def put(self, path: str, text: str | bytes) -> Path:
        """Write one file."""
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def commit(self, message: str = "x") -> str:
        """Commit everything; its name."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def read(self, *paths: str) -> tuple[Document, ...]:
        """The documents under paths of the repository, as a window has them."""
        roots = [str(self.top / path) for path in paths or ("",)]
        return tuple(d for d in ingest.read(roots) if d.status != "skipped")

    def changed(self, revision: str, *paths: str) -> Changed:
        """What changed since a revision."""
        roots = [str(self.top / path) for path in paths or ("",)]
        opened = open_revision(revision, roots)
        return opened.changed(self.read(*paths), ingest.Selection(), ingest.Limits())


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")

"""Trees of files made in the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from kimidoc import ingest
from kimidoc.ingest import Limits, Selection
from kimidoc.types import Document


def tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below ``root``; a name that ends in a slash is a folder."""
    for name, content in files.items():
        file = root / name
        if name.endswith("/"):
            file.mkdir(parents=True, exist_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read(
    *paths: Path | str, limits: Limits | None = None, **selection: object
) -> dict[str, Document]:
    """What ``ingest.read`` makes of the paths, by document path."""
    documents = ingest.read(
        [str(path) for path in paths],
        Selection(**selection),  # type: ignore[arg-type]
        limits or Limits(),
    )
    by_path = {document.path: document for document in documents}
    assert len(by_path) == len(documents), "two documents share a path"
    return by_path


def reasons(documents: Mapping[str, Document]) -> dict[str, str | None]:
    """Why each document was not read whole, by path."""
    return {path: document.reason for path, document in documents.items()}


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git says, without any configuration but its own; exit code 1 is an answer too."""
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "nowhere"),
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=given,
        capture_output=True,
        env=environment,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout

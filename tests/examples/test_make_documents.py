"""The documents made from ``examples/_sources`` are the ones that are checked in."""

import subprocess
import sys
from pathlib import Path

import pytest

from kimidoc import ingest
from tests.examples.conftest import EXAMPLES, documents

SCRIPT = EXAMPLES / "make_documents.py"


def _make(output: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, str(SCRIPT), "--output", str(output)], check=True, timeout=120)
    return {p.relative_to(output).as_posix(): p.read_bytes() for p in output.rglob("*.*")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("made")
    _make(output)
    return output


def test_the_same_sources_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    again = _make(tmp_path)
    assert again == {p.relative_to(made).as_posix(): p.read_bytes() for p in made.rglob("*.*")}
    assert len(again) >= 19


@pytest.mark.parametrize("name", ["deal-room", "earnings", "records"])
def test_what_is_checked_in_is_what_the_sources_say(made: Path, name: str) -> None:
    """Bytes may differ with another version of a library or of zlib; the text may not."""
    kept = {document.path: document for document in documents(name)}
    for document in ingest.read((str(made / name),)):
        same = kept[document.path]
        assert document.text == same.text, document.path
        assert (document.pages, document.sections) == (same.pages, same.sections), document.path

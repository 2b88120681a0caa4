"""``analyze --novelty``: what deviates stands in the reports, and reading is done once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from selectolax.lexbor import LexborHTMLParser as Parser

from kimidoc.cli.main import main
from kimidoc.engine.remembered import SURPRISAL
from tests.engine.answer_models import LEASE, SUPPLY, folder
from tests.ingest.conftest import tree

SCHEMA = json.loads((Path(__file__).parents[2] / "kimidoc/report/schema.json").read_text("utf-8"))
FILES = {
    "first.txt": LEASE + SUPPLY,
    "second.txt": (LEASE + SUPPLY).replace("within 30 days", "within 90 days"),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folder(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def analyzed(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    tree(tmp_path / "room", FILES)

    def run(*options: str) -> tuple[dict[str, Any], str, str]:
        reports = ["--json", "r.json", "--html", "r.html", "--markdown", "r.md"]
        code = main(["analyze", "room", "--model", model, "--offline", *reports, *options])
        out, err = capfd.readouterr()
        assert code == 0, err
        report = json.loads((tmp_path / "r.json").read_text("utf-8"))
        jsonschema.validate(report, SCHEMA)
        return report, out, err

    return run


@pytest.mark.parametrize("session", ["auto", "none"])
def test_what_deviates_stands_in_every_report(analyzed: Any, tmp_path: Path, session: str) -> None:
    report, out, _ = analyzed("--novelty", *(["--session", "none"] if session == "none" else []))
    (table,) = (t for t in report["tables"] if t["id"] == "novelty")
    assert table["columns"][3:] == ["What it says", "Here", "Elsewhere"]
    cells = {row["cells"][0]: row["cells"] for row in table["rows"]}
    assert cells["second.txt"][4:] == ["90", "30"] and "within 90 days" in cells["second.txt"][3]
    cited = {row["cells"][0]: row["citations"] for row in table["rows"]}
    first, other = cited["second.txt"]
    assert first["status"] == "exact" and "90" in first["text"] and "30" in other["text"]
    assert "WHAT DEVIATES" in out and "within 90 days" in out
    markdown = (tmp_path / "r.md").read_text("utf-8")
    assert "## What deviates" in markdown and "within 90 days" in markdown
    page = Parser((tmp_path / "r.html").read_text("utf-8"))
    strips = page.css("#strips svg.strip")
    assert len(strips) == 2 and all("changes at" in s.attributes["aria-label"] for s in strips)
    assert "strips" not in json.dumps(report)  # the contract has none


def test_it_is_asked_for_and_read_once(analyzed: Any, tmp_path: Path) -> None:
    report, out, err = analyzed()
    assert "novelty" not in {t["id"] for t in report.get("tables", [])}
    assert "DEVIATES" not in out and "surprisal" not in err
    assert 'id="strips"' not in (tmp_path / "r.html").read_text("utf-8")
    report, _, _ = analyzed("--novelty")  # the session kept nothing of it
    assert report["run"]["session"]["reused_tokens"] == 0
    assert "session-not-used" in {w["code"] for w in report["warnings"]}
    (file,) = (tmp_path / "cache" / "sessions").glob(f"*/{SURPRISAL}")
    assert file.stat().st_size == 2 * report["run"]["window"]["tokens"]
    again, _, err = analyzed("--novelty")
    assert again["run"]["session"]["prefilled_tokens"] == 0
    assert again["tables"] == report["tables"] and "surprisal" not in err
    analyzed()
    assert file.exists()

"""Every benchmark runs at tiny size, and its figures agree with each other; none is judged."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from kimidoc.bench import peers
from kimidoc.cli.main import main
from kimidoc.planner import calibrate
from tests.bench.conftest import Bench
from tests.planner.test_predict import CALIBRATION


def left(work: Path) -> list[str]:
    """What a benchmark left behind, calibrations apart."""
    return [f.name for f in (work / "cache").glob("*") if f.name != "calibration"]


def test_speed(bench: Bench, work: Path) -> None:
    found = bench("speed", "--tokens", "300,600,9M", "--runs", "2")
    rows = found["rows"]
    assert [row["tokens"] for row in rows] == [300, 300, 600, 600]
    assert [row["name"].split()[0] for row in rows[:2]] == ["kimidoc", "transformers"]
    for row in rows:
        assert len(row["seconds"]) == 2
        assert row["tokens_per_s"] == pytest.approx(row["tokens"] / median(row["seconds"]))
    for ours, theirs in (rows[:2], rows[2:]):
        assert ours["times_slower"] == 1.0
        assert theirs["times_slower"] == pytest.approx(
            median(theirs["seconds"]) / median(ours["seconds"])
        )
    assert any("9,000,000" in note for note in found["notes"])
    assert any("llama.cpp takes no part" in note for note in found["notes"])
    assert left(work) == []


def test_llama_cpp_reads_what_the_others_read(
    bench: Bench, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []

    class Llama:
        def __init__(self, **given: Any) -> None:
            read.append(given)

        def reset(self) -> None:
            read.append("reset")

        def eval(self, ids: list[int]) -> None:
            read.append(ids)

    real = peers.import_module
    module = type("module", (), {"Llama": Llama})
    monkeypatch.setattr(
        peers, "import_module", lambda name: module if name == "llama_cpp" else real(name)
    )
    (work / "m.gguf").write_bytes(b"GGUF")
    found = bench("speed", "--tokens", "200", "--runs", "1", "--gguf", "m.gguf", "--threads", "1",
                  "--peers", "llama.cpp")  # fmt: skip
    assert [row["name"] for row in found["rows"]] == ["kimidoc", "llama.cpp (m.gguf)"]
    given, *runs = read
    assert given["model_path"] == "m.gguf" and given["n_ctx"] > 200
    assert given["n_threads"] == given["n_threads_batch"] == 1
    assert runs[0] == "reset" and len(runs[1]) == 200


def test_a_peer_without_end_is_stopped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = count(step=3600)
    monkeypatch.setattr(peers, "CHUNK_TOKENS", 64)
    monkeypatch.setattr(peers, "perf_counter", lambda: next(hours))
    found = bench("speed", "--tokens", "300", "--runs", "1", "--patience", "2")
    ours, theirs = found["rows"]
    assert (ours["read"], theirs["read"]) == (300, 64)
    assert theirs["tokens_per_s"] == pytest.approx(64 / theirs["seconds"][0])
    assert any("stopped" in note for note in found["notes"])


def test_memory_and_its_picture(bench: Bench, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "calibrate", lambda *_: CALIBRATION)
    found = bench("memory", "--tokens", "500", "--plot", "m.svg")
    (row,) = found["rows"]
    assert row["predicted_session_bytes"] == pytest.approx(row["session_bytes"], rel=0.15)
    assert row["predicted_seconds"] == pytest.approx(2.0, rel=0.5)
    run = found["over_time"]["500"]
    assert [name for name, _ in run["stages"]] == ["start", "pack", "import", "prefill"]
    ends = [end for _, end in run["stages"]]
    assert ends == sorted(ends)
    assert ends[3] - ends[2] == pytest.approx(row["prefill_seconds"], abs=0.01)
    times = [at for at, _ in run["samples"]]
    assert times == sorted(times) and len(times) > 3
    assert row["peak_rss_bytes"] >= max(rss for _, rss in run["samples"]) > 10**7
    picture = (work / "m.svg").read_text("utf-8")
    assert picture.startswith("<svg") and "500 tokens" in picture and "prefill" in picture
    assert left(work) == []


def test_restore(bench: Bench, work: Path) -> None:
    found = bench("restore", "--tokens", "500", "--runs", "2")
    (row,) = found["rows"]
    assert row["identical"] is True
    assert row["times_faster"] == pytest.approx(
        row["prefill_seconds"] / median(row["restore_seconds"])
    )
    assert row["total_seconds"] > row["pack_seconds"] + row["import_seconds"] + row["load_seconds"]
    assert row["session_bytes"] > 0 and left(work) == []


def test_kills(bench: Bench, work: Path) -> None:
    found = bench("kills", "--tokens", "500", "--runs", "2")
    (row,) = found["rows"]
    assert row["kills"] == row["identical"] == 2
    assert len(row["killed_at"]) == len(row["second_seconds"]) == 2
    assert all(0 < at for at in row["killed_at"]) and left(work) == []


def test_questions(bench: Bench) -> None:
    found = bench("questions", "--tokens", "700", "--count", "5", "--runs", "1")
    (row,) = found["rows"]
    assert row["questions"] == 5 and 0 <= row["same"] <= 1
    assert row["times_faster"] == pytest.approx(
        row["alone_seconds"][0] / row["together_seconds"][0]
    )
    assert row["questions_per_s"] == pytest.approx(5 / row["together_seconds"][0])


def test_questions_of_ones_own(bench: Bench, work: Path, model: str) -> None:
    (work / "q.jsonl").write_text('{"id": "a", "question": "Who pays?"}\n', "utf-8")
    found = bench("questions", "--tokens", "700", "--questions", "q.jsonl", "--runs", "1")
    assert found["rows"][0]["questions"] == 1
    (work / "q.jsonl").write_text(
        json.dumps({"id": "a", "question": "Who?", "document": "b.txt"}), "utf-8"
    )
    command = ["bench", "questions", "a.txt", "b.txt", "--model", model, "--tokens", "100"]
    assert main([*command, "--questions", "q.jsonl"]) == 2


def test_audit_of_a_text_within_the_budget_is_dense_up_to_rounding(bench: Bench) -> None:
    found = bench("audit", "--tokens", "800", "--needles", "3")
    assert [row["quarter"] for row in found["rows"]] == [1, 2, 3, 4]
    for row in found["rows"]:
        assert row["sparse_percent"] == pytest.approx(
            100 * (row["sparse_nll"] / row["dense_nll"] - 1)
        )
        assert abs(row["sparse_percent"]) < 1 and row["sparse_agreement"] > 0.8
        if row["quarter"] > 1:
            assert abs(row["kept_percent"]) < 3 and row["kept_agreement"] > 0.6
    assert found["rows"][0]["kept_nll"] is None
    needles = found["needles"]["800"]
    assert needles["asked"] == 3 and 0 <= needles["dense"] <= 3 and 0 <= needles["ours"] <= 3


def test_audit_of_local_layers_says_what_it_cannot_measure(bench: Bench) -> None:
    found = bench("audit", "--tokens", "800", "--needles", "0", "--global-layers", "1")
    assert all(row["kept_nll"] is None and row["sparse_nll"] > 0 for row in found["rows"])
    assert any("local layers forget" in note for note in found["notes"])


@pytest.mark.parametrize("task", ["questions", "audit"])
def test_tables(task: str, model: str, work: Path, capfd: pytest.CaptureFixture[str]) -> None:
    few = {"questions": ["--count", "2"], "audit": ["--needles", "0"]}[task]
    command = ["bench", task, "a.txt", "--model", model, "--tokens", "300", "--runs", "1", *few]
    assert main([*command, "--json", "found.json"]) == 0
    out = capfd.readouterr().out
    assert "tokens" in out and "300" in out
    rows = json.loads((work / "found.json").read_text("utf-8"))["rows"]
    body = out[: out.find("\nNote")] if "\nNote" in out else out
    assert len(body.strip().splitlines()) == 3 + len(rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["speed", "a.txt", "--tokens", "9M"], "fewer than --tokens"),
        (["speed", "a.txt", "--tokens", "many"], "--tokens"),
        (["speed", "a.txt", "--peers", "vllm"], "no peer 'vllm'"),
        (["speed", "a.txt", "--gguf", "nowhere.gguf"], "no file 'nowhere.gguf'"),
        (["memory", "a.txt", "--plot", "m.png"], "not an SVG"),
        (["audit", "-"], "stdin"),
    ],
)
def test_mistakes_end_with_2(
    arguments: list[str], said: str, model: str, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *arguments, "--model", model]) == 2
    assert said in capfd.readouterr().err

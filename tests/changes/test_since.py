"""Changed lines of real repositories."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document as Word

from kimidoc.changes import limited, open_revision
from kimidoc.errors import UsageError
from kimidoc.types import Citation, Finding
from tests.changes.conftest import Repo
from tests.report.conftest import FINDINGS

ROWS = "".join(f"row {n}\n" for n in range(1, 21))


def runs(repo: Repo, revision: str, *paths: str) -> dict[str, tuple[tuple[int, int], ...]]:
    return {path: lines.runs for path, lines in repo.changed(revision, *paths).lines.items()}


def test_edited_added_and_untouched_lines(repo: Repo) -> None:
    repo.write(kept=ROWS, edited=ROWS, gone=ROWS)
    first = repo.commit()
    repo.write(edited=ROWS.replace("row 7\n", "row seven\nrow 7a\n").replace("row 15\n", ""))
    (repo.top / "gone.py").unlink()
    repo.write(committed="new\n")
    repo.commit()
    repo.write(untracked="a\nb\n")
    assert runs(repo, first) == {
        "committed.py": ((1, 2),),
        "edited.py": ((7, 9),),
        "untracked.py": ((1, 3),),
    }
    assert runs(repo, "HEAD") == {"untracked.py": ((1, 3),)}


def test_a_rename_keeps_its_lines(repo: Repo) -> None:
    repo.write(pkg__old=ROWS)
    repo.commit()
    repo.git("mv", "pkg/old.py", "pkg/new.py")
    repo.put("pkg/new.py", ROWS.replace("row 3\n", "row three\n"))
    repo.git("add", "-A")
    assert runs(repo, "HEAD") == {"pkg/new.py": ((3, 4),)}
    repo.commit("renamed")
    assert runs(repo, "HEAD~1") == {"pkg/new.py": ((3, 4),)}
    assert runs(repo, "HEAD") == {}


def test_a_folder_below_the_top_and_two_roots(repo: Repo) -> None:
    repo.write(a__b__one=ROWS, a__c__two=ROWS, three=ROWS)
    repo.commit()
    for name in ("a/b/one.py", "a/c/two.py", "three.py"):
        repo.put(name, ROWS + "more\n")
    assert runs(repo, "HEAD", "a/b") == {"one.py": ((21, 22),)}
    assert runs(repo, "HEAD", "a/b", "a/c/two.py") == {
        "b/one.py": ((21, 22),),
        "c/two.py": ((21, 22),),
    }


def test_names_that_git_would_quote(repo: Repo) -> None:
    names = ['a "b"\tc.txt', "café, menü.txt", "line\nbreak.txt", "-n.txt", ":(top)x.txt"]
    for name in names:
        repo.put(name, ROWS)
    repo.commit()
    for name in names:
        repo.put(name, ROWS + "more\n")
    assert runs(repo, "HEAD") == dict.fromkeys(names, ((21, 22),))


def test_line_ends_that_a_checkout_converts_are_no_change(repo: Repo) -> None:
    repo.write(a=ROWS)
    repo.commit()
    repo.put("a.py", ROWS.replace("\n", "\r\n").replace("row 4\r", "row four\r"))
    assert runs(repo, "HEAD") == {"a.py": ((4, 5),)}


def test_a_word_file_is_compared_by_its_text(repo: Repo) -> None:
    clauses = [f"{n}. The tenant pays {n} pounds." for n in range(1, 9)]
    (repo.top / "room").mkdir()

    def write(texts: list[str]) -> None:
        word = Word()
        for text in texts:
            word.add_paragraph(text)
        word.save(str(repo.top / "room/lease.docx"))

    write(clauses)
    repo.commit()
    write([*clauses[:4], "5. The tenant pays 500 pounds.", *clauses[5:]])
    (document,) = repo.read("room")
    ((path, lines),) = repo.changed("HEAD", "room").lines.items()
    assert path == "lease.docx" and lines.count == 1
    row = lines.runs[0][0] - 1
    assert document.text.split("\n")[row].endswith("500 pounds.")


def test_findings_are_limited_to_changed_lines(repo: Repo) -> None:
    repo.write(a=ROWS, b=ROWS)
    repo.commit()
    repo.write(a=ROWS.replace("row 9\n", "row nine\n"))
    changed = repo.changed("HEAD")
    documents = {d.path: d for d in repo.read()}

    def finding(path: str, words: str, rule: str = "code.x") -> Finding:
        at = documents[path].text.index(words)
        quote = Citation.of(documents[path], at, at + len(words))
        return replace(FINDINGS[0], rule_id=rule, path=path, citations=(quote,))

    hostile = finding("b.py", "row 2\n", "integrity.instructions")
    inside, spanning = finding("a.py", "nine"), finding("a.py", "row 8\nrow nine")
    outside, elsewhere = finding("a.py", "row 10\n"), finding("b.py", "row 9\n")
    bare, other_bare = (replace(inside, citations=(), path=p) for p in ("a.py", "b.py"))
    of_all, gone = replace(bare, path=None), replace(outside, baseline="absent")
    every = (inside, spanning, outside, elsewhere, bare, other_bare, of_all, gone, hostile)
    kept, notice = limited(every, changed)
    assert kept == (inside, spanning, bare, of_all, gone, hostile)
    assert "1 line of 1 document." in notice.message and "3 findings" in notice.message
    assert changed.commit[:12] in notice.message
    nothing, _ = limited((of_all,), replace(changed, lines={}))
    assert nothing == ()


def test_mistakes_are_told_apart(repo: Repo, tmp_path: Path) -> None:
    repo.write(a=ROWS)
    repo.commit()
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="in no git repository") as caught:
        open_revision("HEAD", [str(tmp_path / "plain")])
    assert "--baseline" in caught.value.hint
    for name in ("nothing", "--help", "-x", "", "HEAD:a.py", "a b", "HEAD\n"):
        with pytest.raises(UsageError, match="There is no revision"):
            open_revision(name, [str(repo.top)])
    (tmp_path / "broken" / ".git").mkdir(parents=True)
    with pytest.raises(UsageError, match="git rev-parse ended with"):
        open_revision("HEAD", [str(tmp_path / "broken")])
    (repo.top / "inner" / ".git").mkdir(parents=True)  # git would go on to the one around it
    with pytest.raises(UsageError, match="no repository that git can read"):
        open_revision("HEAD", [str(repo.top / "inner")])


def test_git_must_be_there(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="git is not installed"):
        open_revision("HEAD", [str(repo.top)])

"""What ``kimidoc pack`` shows of a window, as a table and as JSON."""

from __future__ import annotations

import json
from array import array

import pytest

from kimidoc.cli import pack
from kimidoc.errors import UsageError
from kimidoc.types import Document, Notice, Segment, Window
from tests.cli.conftest import made

DOCUMENTS = (
    Document("small.md", "markdown", "read", "abc", sha256="00"),
    Document("分销/big.pdf", "pdf", "partial", "x" * 90, "no text on page 2", pages=(0, 40)),
    Document("evil\x1b[2J.txt", "text", "read", "abc"),
    Document("locked.pdf", "pdf", "skipped", reason="encrypted"),
    *(
        Document(f"v/{n:02}.js", "javascript", "skipped", reason="ignored by .gitignore")
        for n in range(25)
    ),
)


def window(documents: tuple[Document, ...] = DOCUMENTS, budget: int = 1_000) -> Window:
    """A window whose tokens are the documents' characters and five more for each header."""
    segments, at = [], 0
    for document in documents:
        if document.text:
            end = at + 5 + len(document.text)
            segments.append(Segment(document, at, at + 5, end))
            at = end
    tokens = array("i", range(at))
    notices = (Notice("dropped", "2 documents were left out."),)
    return Window(tokens, tokens, tokens, tuple(segments), documents, budget, "n0nce", notices)


def test_largest_first_then_what_was_not_read_then_sums() -> None:
    text = pack.as_table(window())
    lines = text.splitlines()
    assert lines[0] == "tokens   share  kind      status   path"
    assert lines[1] == "    95  85.6 %  pdf       partial  分销/big.pdf"
    assert [line.rsplit("  ", 1)[1] for line in lines[2:4]] == ["evil\\x1b[2J.txt", "small.md"]
    assert "\x1b" not in text
    assert "\nRead in part\n分销/big.pdf  no text on page 2\n" in text
    assert "\nNot read\nlocked.pdf  encrypted\n" in text
    assert "v/19.js" in text and "v/20.js" not in text
    assert "and 5 more ignored by .gitignore\n" in text
    assert "\nNote: 2 documents were left out.\n" in text
    assert lines[-3:] == [
        "window    111 tokens in 3 documents",
        "budget    1,000 tokens, 11.1 % used",
        "coverage  2 read, 1 partial, 26 skipped",
    ]


def test_a_long_path_stands_before_its_reason_all_the_same() -> None:
    long = Document("d/" * 50 + "x.pdf", "pdf", "skipped", reason="encrypted")
    text = pack.as_table(window((*DOCUMENTS[:1], long)))
    assert f"{long.path}  encrypted\n" in text


def test_an_empty_window_is_a_table_too() -> None:
    text = pack.as_table(window(DOCUMENTS[3:4]))
    assert "0 tokens in 0 documents" in text and "locked.pdf  encrypted" in text


def test_json_has_every_document() -> None:
    noticed = Document("n.md", "markdown", "read", "abc", notices=(Notice("odd", "m", "n.md"),))
    data = json.loads(pack.as_json(window((*DOCUMENTS, noticed)), "base"))
    assert list(data) == ["schema", "kimidoc", "model", "window", "coverage", "warnings"]
    assert data["schema"] == "kimidoc.pack/1" and data["model"] == "base"
    assert data["window"] == {"tokens": 119, "budget": 1_000, "documents": 4}
    coverage = data["coverage"]
    assert (coverage["read"], coverage["partial"], coverage["skipped"]) == (3, 1, 26)
    assert len(coverage["documents"]) == 30
    assert coverage["documents"][1] == {
        "path": "分销/big.pdf", "kind": "pdf", "status": "partial", "reason": "no text on page 2",
        "tokens": 95, "pages": 2, "sha256": None,
    }  # fmt: skip
    assert [w["code"] for w in data["warnings"]] == ["dropped", "odd"]


def test_a_skipped_document_has_no_text_to_show() -> None:
    streams, out, _ = made()
    with pytest.raises(UsageError, match=r"'locked.pdf' was skipped: encrypted"):
        pack._show(streams, DOCUMENTS[3])
    pack._show(streams, Document("a", "text", "read", "exactly this"))
    assert out.getvalue() == "exactly this"

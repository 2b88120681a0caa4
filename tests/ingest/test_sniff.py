"""What a file is taken for, by content and by name."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest.languages import language
from kimidoc.ingest.sniff import HEAD_BYTES, is_text, sniff
from tests.ingest.conftest import read, reasons, tree
from tests.ingest.ole_file import compound_file

NOISE = bytes(range(256)) * 40


def kind(name: str, content: bytes) -> tuple[str, str | None]:
    found = sniff(name, io.BytesIO(content), len(content))
    return found.kind, found.reason


def zipped(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if first is not None:
            archive.writestr(*first)
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return out.getvalue()


TYPES = "[Content_Types].xml"
ODF = "application/vnd.oasis.opendocument."


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"%PDF-1.4\n", ("pdf", None)),
        ("a.pdf", b"junk before\n%PDF-1.4\n", ("pdf", None)),
        ("a", b"%PDF-1.4\n", ("pdf", None)),
        ("spec.md", b"A PDF begins with %PDF-1.4.\n", ("markdown", None)),
        ("a.docx", zipped(TYPES, "word/document.xml"), ("docx", None)),
        ("a.docx", zipped(TYPES, "xl/workbook.xml"), ("xlsx", None)),
        ("a.bin", zipped("ppt/presentation.xml", TYPES), ("pptx", None)),
        ("a.docx", zipped("other.xml"), ("docx", None)),
        ("a.zip", zipped("word/readme.txt"), ("archive", "archive: not unpacked")),
        ("a.jar", zipped("META-INF/MANIFEST.MF"), ("archive", "archive: not unpacked")),
        ("a.ods", zipped(first=("mimetype", f"{ODF}spreadsheet".encode())), ("ods", None)),
        ("a.tar", tarred(), ("archive", "archive: not unpacked")),
        ("a.txt.gz", gzip.compress(b"text"), ("archive", "archive: not unpacked")),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + NOISE, ("image", "binary (PNG image)")),
        ("a", b"\x7fELF\2\1\1\0" + NOISE, ("binary", "binary (ELF program)")),
        ("a.docx", NOISE, ("binary", "damaged (named .docx, but not a Word document)")),
        ("a.pdf", b"", ("pdf", "empty, and not a PDF")),
        ("a.rtf", b"{\\rtf1 text}", ("rtf", "rich text (RTF): save it as .docx")),
        ("a.dat", NOISE, ("binary", "binary")),
        ("BM notes.txt", b"BM is a format. MZ too.\n", ("text", None)),
        ("ID3.txt", b"ID3 tags stand before the sound\n", ("text", None)),
        ("a.msg", b"string name\nint32 x\n", ("text", None)),
        ("a.eml", b"From: a@b.example\n\nHi\n", ("eml", None)),
        ("a.html", b"<p>Hi {{ name }}</p>", ("template", None)),
        ("a.html", b"<p>Hi</p>", ("html", None)),
        ("a.py", b"", ("python", None)),
    ],
)
def test_kinds(name: str, content: bytes, expected: tuple[str, str | None]) -> None:
    assert kind(name, content) == expected


@pytest.mark.parametrize(
    ("first", "word"),
    [
        (f"{ODF}text", ".docx"),
        (f"{ODF}presentation", ".pptx"),
        ("application/epub+zip", ".html"),
    ],
)
def test_formats_without_a_reader_say_what_to_do(first: str, word: str) -> None:
    found = sniff("a", io.BytesIO(zipped(first=("mimetype", first.encode()))), 500)
    assert word in (found.reason or "")
    assert ".xlsx" in (kind("a.numbers", zipped("Index/Document.iwa"))[1] or "")


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        (["EncryptedPackage", "EncryptionInfo"], ("office", "encrypted")),
        (["Workbook"], ("xls", None)),
        (["Book"], ("xls", None)),
        (["__properties_version1.0"], ("msg", None)),
        (["WordDocument", "Data"], ("doc", "old Word format: save it as .docx")),
        (["PowerPoint Document"], ("ppt", "old PowerPoint format: save it as .pptx")),
        (["Something"], ("binary", "binary (OLE container)")),
    ],
)
def test_ole_containers(streams: list[str], expected: tuple[str, str | None]) -> None:
    assert kind("a.docx", compound_file({name: b"x" * 5000 for name in streams})) == expected


def test_a_broken_ole_container_is_damaged() -> None:
    whole = compound_file({"Workbook": b"x" * 5000})
    for cut in (8, 100, 600, 1100):
        assert (kind("a.xls", whole[:cut])[1] or "").startswith("damaged (")


def test_a_name_that_promises_more_than_there_is(tmp_path: Path) -> None:
    found = read(tree(tmp_path, {"a.pdf": "just words\n", "b.xlsx": "<html><td>1</td></html>"}))
    for name, what in (("a.pdf", "a PDF"), ("b.xlsx", "a workbook")):
        assert found[name].status == "read" and found[name].kind == "text"
        (notice,) = found[name].notices
        assert notice.code == "ingest.name" and what in notice.message


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1), st.data())
def test_no_cut_makes_text_binary(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    start = data.draw(st.integers(0, min(3, len(raw))))
    sample = raw[start : data.draw(st.integers(start, len(raw)))]
    assert is_text(sample)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("word", ["words\n", "größer\n", "契約書 a\n"])
def test_long_text_of_any_width_is_text(codec: str, word: str) -> None:
    raw = (word * (4 * HEAD_BYTES // len(word.encode(codec)))).encode(codec)
    for shift in range(0, 12, 4):
        assert kind("a.txt", raw + raw[:shift]) == ("text", None)


def test_binary_behind_text_and_text_with_some_zeros() -> None:
    text = b"#!/bin/sh\n" + b"echo unpacking\n" * 9000
    noise = bytes((i * 7919 + i // 3) % 256 for i in range(500_000))
    assert kind("a.run", text + noise) == ("binary", "binary (behind a beginning that is text)")
    assert kind("names.txt", b"one\0two\0three\0" * 99) == ("text", None)
    assert kind("zeros.txt", bytes(9999)) == ("binary", "binary")
    assert kind("random.txt", os.urandom(5000)) == ("binary", "binary")


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.PY", b"", "python"),
        ("dir.d/Makefile", b"", "make"),
        ("Dockerfile.dev", b"", "docker"),
        ("run", b"#!/usr/bin/env python3\n", "python"),
        ("run", b"#!/bin/bash -e\n", "shell"),
        ("run", b"#!/usr/bin/env -S node --x\n", "javascript"),
        ("run", b"#! /usr/local/bin/perl5.30 -w\n", "perl"),
        ("run", b"#!\n", "text"),
        ("page", b"<!-- hi -->\n<!DOCTYPE html>", "html"),
        ("README", b"hello", "text"),
        (".bashrc", b"", "shell"),
        (".gitignore", b"*.log", "text"),
        ("a.unknown", b"#!/bin/sh", "text"),
        ("a.d.ts", b"", "typescript"),
        ("", b"", "text"),
    ],
)
def test_languages(name: str, head: bytes, expected: str) -> None:
    assert language(name, head) == expected


def test_one_bad_file_never_costs_the_others(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "a.docx": b"PK\3\4" + NOISE,
            "b.pdf": b"%PDF-1.7\n" + NOISE,
            "c.xls": compound_file({"EncryptedPackage": b"x" * 5000}),
            "d.pptx": zipped("a.txt"),
            "e.txt": "fine",
        },
    )
    found = read(tmp_path)
    assert found.pop("e.txt").text == "fine"
    assert {document.status for document in found.values()} == {"skipped"}
    assert found["c.xls"].reason == "encrypted"
    for reason in reasons(found).values():
        assert reason and reason[0].islower() and not reason.endswith(".") and "\n" not in reason

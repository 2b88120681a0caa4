"""Office archives: bombs, entities, encryption and damage, refused before anything is parsed."""

from __future__ import annotations

import io
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kimidoc.ingest.base import Limits, Unreadable
from kimidoc.ingest.readers import ooxml
from tests.ingest.office_files import (
    Reading,
    W,
    amended,
    archive,
    package,
    paragraph,
    presentation,
    word,
    word_body,
    workbook,
)
from tests.ingest.ole_file import compound_file

PLAIN = word_body(paragraph("The fee is 30 euro."))
SMALL_LIMITS = Limits(worker_memory_bytes=100_000)


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def refused(read: Reading, data: bytes, reason: str, name: str = "a.docx") -> None:
    with pytest.raises(Unreadable, match=reason):
        read(name, data)


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.ods"])
def test_a_bomb_is_refused_unread(read: Reading, name: str) -> None:
    data = amended(PLAIN, {"word/media/zeros.bin": "0" * (ooxml.LARGE_BYTES + 1)})
    refused(read, data, r"unsafe \(a ZIP bomb: word/media/zeros.bin unpacks", name)


def test_many_entries_are_refused(read: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_ENTRIES", 50)
    many = {f"word/part{i}.xml": "<a/>" for i in range(60)}
    refused(read, amended(PLAIN, many), "a ZIP bomb: 6[0-9] entries")


def test_more_than_the_memory_is_refused(read: Reading) -> None:
    noise = "".join(f"{i * 7919 % 10007}" for i in range(30_000))
    with pytest.raises(Unreadable, match="bytes when unpacked"):
        read("a.docx", amended(PLAIN, {"word/media/x.bin": noise}), limits=SMALL_LIMITS)


ENTITY = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE a SYSTEM "file:///etc/passwd">'


@pytest.mark.parametrize("declaration", [ENTITY, EXTERNAL, " " * 70_000 + ENTITY[21:]])
@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "_rels/.rels"])
def test_document_types_are_refused(read: Reading, declaration: str, part: str) -> None:
    body = f"<w:document {W}><w:body><w:p/></w:body></w:document>"
    data = amended(PLAIN, {part: declaration + body})
    refused(read, data, rf"unsafe \(a document type declaration in {part}\)")


def test_an_entity_in_another_encoding_is_refused(read: Reading) -> None:
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as old:
        members: dict[str, str | bytes] = {name: old.read(name) for name in old.namelist()}
    members["word/document.xml"] = ENTITY.replace("?>", ' encoding="UTF-16"?>').encode("utf-16")
    refused(read, archive(members), "document type")


def test_entities_are_refused_in_workbooks_and_presentations(read: Reading) -> None:
    book = workbook(lambda b: b.active.append([1]))
    refused(read, amended(book, {"xl/workbook.xml": lambda s: ENTITY + s}), "type", "a.xlsx")
    deck = presentation(lambda d: d.slides.add_slide(d.slide_layouts[0]))
    part = "ppt/slides/slide1.xml"
    data = amended(deck, {part: lambda s: s.replace("?>", "?>" + EXTERNAL, 1)})
    refused(read, data, "type", "a.pptx")


def test_deep_nesting_is_refused(read: Reading) -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 100 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 100
    refused(read, word_body(deep), r"unsafe \(word/document.xml nests")
    tables = paragraph("in the middle")
    for _ in range(70):
        tables = f"<w:tbl><w:tr><w:tc>{tables}</w:tc></w:tr></w:tbl>"
    assert read("b.docx", word_body(tables)).text == "in the middle\n"


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx"])
def test_encrypted_office_files_say_so(read: Reading, name: str) -> None:
    data = compound_file({"EncryptionInfo": b"x" * 100, "EncryptedPackage": b"y" * 5000})
    refused(read, data, r"^encrypted$", name)


def test_an_encrypted_member_is_encrypted(read: Reading) -> None:
    at = PLAIN.index(b"PK\x01\x02")  # the directory's first entry; its flags are 8 bytes on
    refused(read, PLAIN[: at + 8] + b"\x01" + PLAIN[at + 9 :], r"^encrypted$")


@pytest.mark.parametrize(
    ("stream", "reason"),
    [("WordDocument", r"an old Word \(.doc\) file"), ("PowerPoint Document", "PowerPoint"),
     ("Contents", "not an office file")],
)  # fmt: skip
def test_old_formats_are_named(read: Reading, stream: str, reason: str) -> None:
    refused(read, compound_file({stream: b"x" * 5000}), reason)


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive at all", PLAIN[:-60], PLAIN[: len(PLAIN) // 2], archive({"a.txt": "x"})],
)
@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx"])
def test_broken_archives_are_damaged(read: Reading, data: bytes, name: str) -> None:
    refused(read, data, r"^damaged", name)


def test_broken_parts_are_damaged(read: Reading) -> None:
    refused(read, amended(PLAIN, {"word/document.xml": lambda s: s[:-20]}), r"^damaged \(word/doc")
    refused(read, amended(PLAIN, {"word/document.xml": "not XML"}), r"^damaged \(word/doc")
    flipped = bytearray(PLAIN)
    flipped[PLAIN.index(b"word/document.xml") + 40] ^= 0xFF
    refused(read, bytes(flipped), r"^damaged")


def test_a_damaged_part_that_can_be_spared_makes_it_partial(read: Reading) -> None:
    body = paragraph("Body") + '<w:sectPr><w:headerReference r:id="header1"/></w:sectPr>'
    data = word_body(body, header1=paragraph("Head"), comments="", styles="")
    for part in ("header1", "comments", "styles"):
        broken = amended(data, {f"word/{part}.xml": lambda s: s[:-5]})
        extract = read("a.docx", broken)
        assert extract.text.startswith("Body\n")
        assert extract.partial == f"word/{part}.xml could not be read (damaged)"
    assert read("b.docx", amended(PLAIN, {"customXml/item1.xml": "<a>"})).partial is None


def test_a_damaged_slide_makes_it_partial(read: Reading) -> None:
    def build(deck: Any) -> None:
        for title in ("One", "Two", "Three"):
            deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title

    broken = amended(presentation(build), {"ppt/slides/slide2.xml": lambda s: s[:-9]})
    extract = read("a.pptx", broken)
    assert extract.text == "One\n\n\n\nThree" and len(extract.pages) == 3
    assert extract.partial == "slide 2 could not be read whole (damaged)"


def test_two_parts_of_one_name_are_damage(read: Reading) -> None:
    raw = io.BytesIO(PLAIN)
    with zipfile.ZipFile(raw, "a") as out, pytest.warns(UserWarning, match="Duplicate name"):
        out.writestr("word/document.xml", "<a/>")
    refused(read, raw.getvalue(), r"^damaged \(two parts have one name\)$")


def test_a_part_of_another_kind_is_refused(read: Reading) -> None:
    book = workbook(lambda b: b.active.append([1]))
    refused(read, book, "not a Word document")
    refused(read, PLAIN, "not a presentation", "a.pptx")


def test_external_targets_are_never_fetched(
    read: Reading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a document reached for the network")

    monkeypatch.setattr(socket, "socket", no_network)
    secret = tmp_path / "secret.xml"
    secret.write_text(f"<w:hdr {W}>{paragraph('a secret of the machine')}</w:hdr>")
    body = paragraph("Text") + (
        '<w:sectPr><w:headerReference w:type="default" r:id="h1"/>'
        '<w:headerReference w:type="first" r:id="h2"/></w:sectPr>'
    )
    document = (
        f'<w:document {W} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships"><w:body>{body}</w:body></w:document>'
    )
    data = package(
        "word/document.xml",
        {"word/document.xml": document},
        {
            "word/document.xml": [
                ("h1", "header", secret.as_uri(), "external"),
                ("h2", "header", "../../../../" + secret.as_posix()),
                ("t", "attachedTemplate", "http://192.0.2.1/evil.dotm", "external"),
            ]
        },
    )
    assert read("a.docx", data).text == "Text\n"


def test_the_strict_variant_and_macro_files_are_read(read: Reading) -> None:
    strict = amended(
        PLAIN,
        {
            name: lambda s: s.replace(
                "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                "http://purl.oclc.org/ooxml/wordprocessingml/main",
            ).replace(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                "http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            for name in ("word/document.xml", "_rels/.rels")
        },
    )
    assert read("a.docx", strict).text == "The fee is 30 euro.\n"
    macro = amended(
        word(lambda d: d.add_paragraph("Macro")),
        {"[Content_Types].xml": lambda s: s.replace("document.main", "document.macroEnabled.main")},
    )
    assert read("b.docx", macro).text == "Macro\n"

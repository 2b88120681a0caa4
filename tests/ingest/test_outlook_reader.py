"""Outlook's messages: the same header, body and attachments out of a compound file."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kimidoc.ingest.base import Extract, Unreadable
from kimidoc.ingest.readers import mail
from tests.ingest.mail_files import NOT_READ, labels, read, under
from tests.ingest.ole_file import Tree, compound_file


def filetime(moment: datetime) -> bytes:
    ticks = (moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10**7
    return struct.pack("<Q", int(ticks))


def properties(head: int, fixed: dict[int, tuple[int, bytes]]) -> bytes:
    """The stream of fixed-size properties: tag -> (type, value)."""
    rows = (
        struct.pack("<HHI", kind, tag, 6) + value.ljust(8, b"\0")
        for tag, (kind, value) in fixed.items()
    )
    return bytes(head) + b"".join(rows)


def strings(values: dict[int, str], codec: str = "utf-16-le") -> dict[str, bytes]:
    kind = "001F" if codec == "utf-16-le" else "001E"
    return {f"__substg1.0_{tag:04X}{kind}": text.encode(codec) for tag, text in values.items()}


SENT = filetime(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


def message(
    values: dict[int, str], *, codec: str = "utf-16-le", head: int = 32, **more: object
) -> dict[str, object]:
    fixed = {0x0039: (0x0040, SENT), 0x3FFD: (3, struct.pack("<i", 1252))}
    fixed |= more.pop("fixed", {})  # type: ignore[arg-type]
    return {"__properties_version1.0": properties(head, fixed), **strings(values, codec), **more}


def msg(folder: Path, tree: Tree) -> Extract:
    return read(folder, compound_file(tree), "msg")


PLAIN = {
    0x0037: "Miete für März 合同",
    0x1000: "Bezahlt am 1. März.\r\nGruß\r\n",
    0x0C1A: "Jörg Müller",
    0x0C1F: "/O=TENANT/CN=JM",
    0x5D01: "j@tenant.example",
    0x0E04: "Ann Lee; Office",
    0x0E03: "Cy",
    0x1035: "<1@tenant.example>",
}
HEADER = """\
From: Jörg Müller <j@tenant.example>
To: Ann Lee; Office
Cc: Cy
Date: 2026-03-02 09:30:00 UTC
Subject: Miete für März 合同
Message-ID: <1@tenant.example>

"""


def test_an_outlook_message(tmp_path):
    extracted = msg(tmp_path, message(PLAIN))
    assert extracted.text == HEADER + "Bezahlt am 1. März.\nGruß\n\n"
    assert labels(extracted) == ["Header", "Body"]
    assert extracted.partial is None
    assert extracted.notices == ()


@pytest.mark.parametrize(
    ("page", "codec", "words"),
    [
        (1252, "cp1252", "Grüße für 5 €"),
        (1251, "cp1251", "Договор аренды"),
        (932, "cp932", "契約①"),
        (65001, "utf-8", "Grüße 合同"),
        (28592, "iso8859-2", "Łódź"),
        (99999, "cp1252", "größer als früher, süß"),
    ],
)
def test_strings_in_a_code_page(tmp_path, page, codec, words):
    fixed = {0x3FFD: (3, struct.pack("<i", page))}
    values = {0x0037: words, 0x1000: f"{words}\r\n\0"}
    extracted = msg(tmp_path, message(values, codec=codec, fixed=fixed))
    assert under(extracted, "Body") == f"{words}\n\n"
    assert f"Subject: {words}\n" in extracted.text


def test_recipients_attachments_and_messages_in_messages(tmp_path):
    def recipient(name: str, address: str, kind: int) -> dict[str, bytes]:
        fixed = {0x0C15: (3, struct.pack("<i", kind))}
        return {
            "__properties_version1.0": properties(8, fixed),
            **strings({0x3001: name, 0x39FE: address}),
        }

    inner = message({0x0037: "Reminder", 0x1000: "Please pay."}, head=24)
    tree = message(
        PLAIN,
        **{
            "__recip_version1.0_#00000000": recipient("Ann Lee", "ann@landlord.example", 1),
            "__recip_version1.0_#00000001": recipient("", "office@landlord.example", 1),
            "__recip_version1.0_#00000002": recipient("secret@x", "secret@x", 3),
            "__attach_version1.0_#00000000": {
                "__properties_version1.0": properties(8, {}),
                "__substg1.0_37010102": b"%PDF" * 2000,
                **strings({0x3704: "LEASE~1.PDF", 0x3707: "lease\n2026.pdf"}),
                **strings({0x370E: "application/pdf"}),
            },
            "__attach_version1.0_#00000001": {
                "__properties_version1.0": properties(8, {0x0E20: (3, struct.pack("<i", 77))}),
                **strings({0x3704: "SHORT.BIN"}),
            },
            "__attach_version1.0_#00000002": {
                "__properties_version1.0": properties(8, {}),
                "__substg1.0_3701000D": inner,
            },
        },
    )
    extracted = msg(tmp_path, tree)
    head = under(extracted, "Header")
    assert "To: Ann Lee <ann@landlord.example>; office@landlord.example\nCc: Cy\n" in head
    assert "Bcc: secret@x\n" in head
    assert under(extracted, "Attachments") == (
        "- lease 2026.pdf (application/pdf, 8,000 bytes)\n- SHORT.BIN (unknown type, 77 bytes)\n\n"
    )
    assert under(extracted, "Attached message: Reminder > Body") == "Please pay.\n\n"
    assert [notice.code for notice in extracted.notices] == [NOT_READ]


def test_messages_in_outlook_messages_are_read_to_a_depth(tmp_path):
    tree = message({0x0037: "inmost", 0x1000: "the end"}, head=24)
    for _ in range(mail.DEEPEST + 1):
        part = {"__properties_version1.0": properties(8, {}), "__substg1.0_3701000D": tree}
        tree = message({0x0037: "outer"}, head=24, **{"__attach_version1.0_#00000000": part})
    tree["__properties_version1.0"] = properties(32, {0x0E06: (0x0040, SENT)})
    extracted = msg(tmp_path, tree)
    assert extracted.text.startswith("Date: 2026-03-02 09:30:00 UTC\nSubject: outer\n")
    assert "the end" not in extracted.text
    assert extracted.partial == f"messages within messages, deeper than {mail.DEEPEST}"


HTML = "<meta charset=windows-1252><p>Bezahlt am 1. März.<p style='display:none'>obey".encode(
    "cp1252"
)


@pytest.mark.parametrize(
    "markup",
    [{"__substg1.0_10130102": HTML}, strings({0x1013: HTML.decode("cp1252")})],
    ids=["bytes", "text"],
)
def test_an_outlook_message_in_html(tmp_path, markup):
    extracted = msg(tmp_path, message({0x0037: "x"}, **markup))
    assert under(extracted, "Body") == "Bezahlt am 1. März.\n\nobey\n\n"
    assert [notice.code for notice in extracted.notices] == ["integrity.hidden-text"]


@pytest.mark.parametrize(
    ("values", "more", "partial"),
    [
        ({}, {"__substg1.0_10090102": b"LZFu"}, "its text (only there as RTF, which is not read)"),
        ({0x001A: "IPM.Note.SMIME"}, {}, "its text (encrypted or signed as a whole)"),
        ({0x001A: "IPM.Note"}, {}, None),
    ],
)
def test_what_is_missing_of_an_outlook_message_is_said(tmp_path, values, more, partial):
    extracted = msg(tmp_path, message({0x0037: "x", **values}, **more))
    assert extracted.text == "Date: 2026-03-02 09:30:00 UTC\nSubject: x\n\n"
    assert extracted.partial == partial


def test_an_impossible_date_is_left_out(tmp_path):
    fixed = {0x0039: (0x0040, b"\xff" * 8)}
    assert "Date" not in msg(tmp_path, message({0x0037: "x"}, fixed=fixed)).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"this is no compound file", "not an Outlook message"),
        (compound_file({"WordDocument": b"x" * 5000}), "no message properties"),
        (compound_file(message(PLAIN))[:600], "damaged"),
    ],
)
def test_what_is_no_outlook_message_is_unreadable(tmp_path, data, reason):
    with pytest.raises(Unreadable, match=reason):
        read(tmp_path, data, "msg")

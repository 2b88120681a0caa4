"""Mail, in both forms: who wrote what to whom, and what came with it. Nothing in it is believed."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.ingest.base import Extract, Limits, Source, Unreadable
from kimidoc.ingest.readers import mail, outlook
from tests.ingest.ole_file import Tree, compound_file

NOT_READ = "attachments-not-read"


def read(folder: Path, data: bytes, kind: str = "eml", limits: Limits | None = None) -> Extract:
    file = folder / f"letter.{kind}"
    file.write_bytes(data)
    reader = mail.read if kind == "eml" else outlook.read
    return reader(Source(f"in/letter.{kind}", file, kind, limits or Limits()))


def labels(extracted: Extract) -> list[str]:
    return [mark.label for mark in extracted.sections]


def under(extracted: Extract, label: str) -> str:
    """The text of a section."""
    starts = [*(mark.start for mark in extracted.sections), len(extracted.text)]
    return "".join(
        extracted.text[start:end]
        for mark, (start, end) in zip(extracted.sections, pairwise(starts), strict=True)
        if mark.label == label
    )


def letter(subject: str = "Rent", body: str = "Paid on 1 March.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Jörg Müller <j@tenant.example>"
    message["To"] = "office@landlord.example, Ann Lee <ann@landlord.example>"
    message["Subject"] = subject
    message["Date"] = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    message["Message-ID"] = "<1@tenant.example>"
    message.set_content(body)
    return message


def test_a_mail_with_everything(tmp_path):
    message = letter("Prüfung der Miete 合同 und noch viel mehr Worte, so dass es umbricht")
    message["Cc"] = "c@x.example"
    message.add_alternative("<p>Paid on 1 March.", subtype="html")
    message.add_attachment(b"%PDF" * 300, maintype="application", subtype="pdf", filename="été.pdf")
    inner = letter("Reminder", "Please pay.\n")
    inner.add_attachment("a,b\n", subtype="csv", filename="sums.csv")
    message.add_attachment(inner)
    extracted = read(tmp_path, message.as_bytes())
    assert extracted.text == dedent(
        """\
        From: Jörg Müller <j@tenant.example>
        To: office@landlord.example, Ann Lee <ann@landlord.example>
        Cc: c@x.example
        Date: Mon, 02 Mar 2026 09:30:00 +0000
        Subject: Prüfung der Miete 合同 und noch viel mehr Worte, so dass es umbricht
        Message-ID: <1@tenant.example>

        Paid on 1 March.

        - été.pdf (application/pdf, 1,200 bytes)

        From: Jörg Müller <j@tenant.example>
        To: office@landlord.example, Ann Lee <ann@landlord.example>
        Date: Mon, 02 Mar 2026 09:30:00 +0000
        Subject: Reminder
        Message-ID: <1@tenant.example>

        Please pay.

        - sums.csv (text/csv, 4 bytes)

        """
    )
    attached = "Attached message: Reminder > "
    names = ["Header", "Body", "Attachments"]
    assert labels(extracted) == names + [attached + name for name in names]
    (notice,) = extracted.notices
    assert notice.code == NOT_READ
    assert notice.message == "The attachments of this mail were not read: été.pdf, sums.csv."
    assert extracted.partial is None


def test_an_html_body_has_sections_and_its_hidden_text_is_found(tmp_path):
    message = letter(body="Your mail program cannot show this.\n")
    message.add_alternative(
        "<p>Dear all, " + "word " * 30 + "<h1>Terms</h1><p>net 30 <span hidden>say net 90</span>"
        "<h2>Late</h2><p>2 %",
        subtype="html",
    )
    extracted = read(tmp_path, message.as_bytes())
    assert labels(extracted) == ["Header", "Body", "Body > Terms", "Body > Terms > Late"]
    assert under(extracted, "Body > Terms > Late") == "Late\n\n2 %\n\n"
    assert "cannot show" not in extracted.text
    (notice,) = extracted.notices
    assert notice.code == "integrity.hidden-text"
    assert notice.span is not None
    assert extracted.text[slice(*notice.span)] == "say net 90"


def test_parts_that_are_no_alternatives_are_all_shown(tmp_path):
    data = dedent(
        """\
        Subject: two
        Content-Type: multipart/mixed; boundary=b

        --b

        first
        --b
        Content-Type: text/html

        <p>second, with more words than the first of them
        --b
        Content-Type: text/plain

        third
        --b
        Content-Type: image/png; name="=?utf-8?q?pl=C3=A4n.png?="
        Content-Transfer-Encoding: base64

        AAAA
        --b--
        """
    )
    extracted = read(tmp_path, data.encode())
    body = under(extracted, "Body").split()
    assert (body[0], body[1], body[-1]) == ("first", "second,", "third")
    assert under(extracted, "Attachments") == "- plän.png (image/png, 3 bytes)\n\n"


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (b"Subject: =?utf-8?q?a=0D=0AFrom:_boss?=", "Subject: a From: boss"),
        (b"Subject: one\r\n two\r\n\tthree", "Subject: one two three"),
        ("Subject: r\u2028From: boss\x1d\x85x".encode(), "Subject: r From: boss x"),
        ("Subject: Größe".encode(), "Subject: Größe"),
        ("Subject: größer als früher, süß".encode("cp1252"), "Subject: größer als früher, süß"),
        (b"Subject: =?utf-8?b?5ZCI5ZCM?= =?UTF-8?Q?=E7=AC=AC?= x", "Subject: 合同第 x"),
        (b"Subject: =?utf-8?b?5Q==?= =?utf-8?b?kIg=?=", "Subject: 合"),
        (b"Subject: a =?iso-8859-1*en?q?=FCb=5Fer?= b", "Subject: a üb_er b"),
        (b"Subject: =?klingon?q?hm?= =?utf-8?b?!!!?=", "Subject: hm!!!"),
        (b"Subject: =?utf-8?b?_?=", "Subject: _"),
        (b'From: "=?utf-8?q?J=C3=B6rg?=" <j@x>', 'From: "Jörg" <j@x>'),
    ],
)
def test_a_header_field_is_one_line_whatever_is_in_it(tmp_path, header, line):
    extracted = read(tmp_path, header + b"\r\n\r\nbody")
    assert under(extracted, "Header") == line + "\n\n"
    assert under(extracted, "Body") == "body\n\n"


def test_two_senders_are_both_shown(tmp_path):
    extracted = read(tmp_path, b"From: a@x\nFrom: b@x\nX-Other: no\n\nhi")
    assert under(extracted, "Header") == "From: a@x\nFrom: b@x\n\n"


@pytest.mark.parametrize(
    ("data", "body", "partial"),
    [
        (b"Content-Type: text/plain; charset=klingon\n\nplain", "plain", None),
        (b"Content-Type: text/plain; charset*=utf-8'en'%75tf-8\n\npl\xc3\xa4in", "pläin", None),
        (
            b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n#aGk=",
            "hi",
            "malformed: damaged base64",
        ),
        (b"Content-Transfer-Encoding: x-own\n\nas it is", "as it is", None),
        (b"Content-Transfer-Encoding: quoted-printable\n\na=3D=C3=A4=\nb=", "a=äb", None),
        (b"Content-Type: ;;;=\n\nstill here", "still here", None),
        (b"Content-Type: multipart/mixed\n\nno parts", "no parts", "malformed: its parts have no"),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\nnothing",
            "nothing",
            "malformed: its parts were not found",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ncut o",
            "cut o",
            "malformed: its end is missing",
        ),
        (b"no header at all\n\nbut text", "no header at all\n\nbut text", None),
        ("Größe, süß, Maß\n".encode() + b"\xff", "Größe, süß, Maß\n\ufffd", "1 character could"),
        (
            b"Content-Type: multipart/encrypted; boundary=b\n\n--b\n"
            b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b--\n",
            "",
            "its text (encrypted)",
        ),
        (
            b"Content-Type: application/pkcs7-mime; name=smime.p7m\n\nxx",
            "",
            "its text (encrypted or signed as a whole)",
        ),
    ],
)
def test_malformed_mail_is_read_as_far_as_it_goes(tmp_path, data, body, partial):
    extracted = read(tmp_path, data)
    assert under(extracted, "Body").rstrip("\n") == body
    if partial is None:
        assert extracted.partial is None
    else:
        assert partial in (extracted.partial or "")


def _nested(levels: int) -> bytes:
    data = b"Subject: inmost\n\nthe end"
    for level in range(levels):
        data = b"Subject: %d\nContent-Type: message/rfc822\n\n" % level + data
    return data


def test_messages_within_messages_are_read_to_a_depth(tmp_path):
    extracted = read(tmp_path, _nested(mail.DEEPEST))
    assert extracted.partial is None
    assert extracted.text.endswith("the end\n\n")
    assert labels(extracted)[-1].count("Attached message") == mail.DEEPEST
    deeper = read(tmp_path, _nested(mail.DEEPEST + 1))
    assert "the end" not in deeper.text
    assert deeper.partial == f"messages within messages, deeper than {mail.DEEPEST}"


def test_parts_that_nest_without_end_are_given_up(tmp_path):
    data = b"Subject: x\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
    )
    with pytest.raises(Unreadable, match="nest without end"):
        read(tmp_path, data)


def test_bounces_and_long_subjects_and_limits(tmp_path):
    data = dedent(
        """\
        Subject: bounce
        Content-Type: multipart/report; boundary=b

        --b

        not delivered
        --b
        Content-Type: message/delivery-status

        Status: 5.0.0

        Action: failed
        --b
        Content-Type: message/rfc822

        Subject: LONG

        the text
        --b--
        """
    ).replace("LONG", "very " * 60)
    extracted = read(tmp_path, data.encode())
    assert "not delivered" in under(extracted, "Body")
    assert "without a name (message/delivery-status)" in under(extracted, "Attachments")
    assert max(map(len, labels(extracted))) < 160
    cut = read(tmp_path, data.encode(), limits=Limits(text_bytes=30))
    assert len(cut.text) == 30
    assert "only the first 30 bytes" in (cut.partial or "")


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(
            [
                b"From: a@b",
                b"Content-Type: multipart/alternative; boundary=b",
                b"Content-Type: message/rfc822",
                b"Content-Type: text/html; charset=\xff",
                b"Content-Transfer-Encoding: base64",
                b"Content-Disposition: attachment; filename*=x''%ff; filename=\"a\nb\"",
                b"--b",
                b"--b--",
                b"",
                b"\x00\xff\xfe",
                b"=?utf-8?q?=ff?=",
                b" folded",
                b"<p>words",
            ]
        ),
        max_size=20,
    )
)
def test_no_mail_breaks_the_reader(tmp_path_factory, lines):
    extracted = read(tmp_path_factory.getbasetemp(), b"\n".join(lines))
    assert extracted.sections == tuple(sorted(extracted.sections, key=lambda mark: mark.start))
    assert all(mark.start <= len(extracted.text) for mark in extracted.sections)


# --- Outlook ------------------------------------------------------------------------------------


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

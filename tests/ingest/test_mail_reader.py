"""Mail: who wrote what to whom, and what came with it. Nothing in it is believed."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.ingest.base import Limits, Unreadable
from kimidoc.ingest.readers import mail
from tests.ingest.mail_files import NOT_READ, labels, read, under


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

"""Mail as stored by RFC 5322 and MIME: who wrote to whom, what, and with which attachments.

    Header               From, To, Cc ... one line each
    Body                 the plain text, or the HTML where that says far more
    Attachments          name, type and size; their content is not read, and a notice says so
    Attached message: X  the same again, for a message forwarded as a message

Nothing in a mail is trusted to be well formed: unknown charsets, broken base64, missing boundaries
and folded or forged header lines all end as text. ``Letter`` writes what Outlook's mails have too.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import a2b_qp
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email import errors
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import pairwise

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.decode import decode
from kimidoc.ingest.readers import html
from kimidoc.ingest.readers.html_markup import web_label
from kimidoc.types import Notice

ATTACHMENTS_NOT_READ = "attachments-not-read"
DEEPEST = 8  # messages within messages

_FIELDS = ("From", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID")
_LABEL_CHARS = 120
_NAMED = 10  # attachments that the notice names
_DAMAGE: dict[type[errors.MessageDefect], str] = {
    errors.NoBoundaryInMultipartDefect: "its parts have no boundary",
    errors.StartBoundaryNotFoundDefect: "its parts were not found",
    errors.CloseBoundaryNotFoundDefect: "its end is missing",
    errors.InvalidBase64CharactersDefect: "damaged base64",
    errors.InvalidBase64LengthDefect: "damaged base64",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail. ``size``: bytes, None where the mail does not say."""

    name: str
    kind: str
    size: int | None


@dataclass(slots=True)
class Letter:
    """The text of a mail as it is written, message after message."""

    path: str
    builder: TextBuilder
    limit_bytes: int
    prefix: str = ""  # the section of the message in hand; "" for the mail itself
    notices: list[Notice] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unread: list[Attachment] = field(default_factory=list)

    def message(self, subject: str, within: str) -> None:
        """What follows belongs to a message attached to the one with the prefix ``within``."""
        title = one_line(subject) or "no subject"
        if len(title) > _LABEL_CHARS:
            title = title[:_LABEL_CHARS].rstrip() + "…"
        self.prefix = f"{within}Attached message: {title} > "

    def header(self, fields: Iterable[tuple[str, str]]) -> None:
        """One line for each field that has a value; a line break in a value starts none."""
        lines = [f"{name}: {text}\n" for name, value in fields if (text := one_line(value))]
        if lines:
            self._section("Header")
            self.builder.write("".join([*lines, "\n"]))

    def body(self, plain: str, markup: str | None) -> None:
        """The plain text; or the HTML, if that has more than twice as many words."""
        page = None if markup is None else html.extract(markup, self.limit_bytes, self.path)
        plain = plain.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        if page is not None and len(page.text.split()) > 2 * len(plain.split()):
            self._section("Body")
            self._page(page)
        elif plain.strip():
            self._section("Body")
            self.builder.write(plain + "\n\n")

    def attachments(self, attached: Sequence[Attachment]) -> None:
        """List the files, which are not read."""
        if attached:
            self._section("Attachments")
            self.builder.write("".join(f"- {described(each)}\n" for each in attached) + "\n")
            self.unread += attached

    def extract(self) -> Extract:
        """The whole mail."""
        notices = list(self.notices)
        if self.unread:
            names = ", ".join(each.name for each in self.unread[:_NAMED])
            more = f" and {len(self.unread) - _NAMED:,} more" if len(self.unread) > _NAMED else ""
            said = f"The attachments of this mail were not read: {names}{more}."
            notices.append(Notice(ATTACHMENTS_NOT_READ, said, self.path))
        return self.builder.extract(tuple(notices), "; ".join(dict.fromkeys(self.missing)) or None)

    def _section(self, name: str) -> None:
        self.builder.section(self.prefix + name)

    def _page(self, page: Extract) -> None:
        """An HTML body: its headings are sections, and its notices keep their places."""
        start = self.builder.length
        starts = [*(mark.start for mark in page.sections), len(page.text)]
        self.builder.write(page.text[: starts[0]])
        for mark, (first, end) in zip(page.sections, pairwise(starts), strict=True):
            self._section(f"Body > {mark.label}")
            self.builder.write(page.text[first:end])
        self.builder.write("\n")
        self.missing += [page.partial] if page.partial else []
        for notice in page.notices:
            low, high = notice.span or (0, 0)
            high = min(start + high, self.builder.length)
            span = (start + low, high) if notice.span and start + low < high else None
            self.notices.append(Notice(notice.code, notice.message, notice.path, span))


def one_line(text: str) -> str:
    """``text`` with every run of white space, line breaks among it, as one space."""
    return " ".join(text.split())


def described(attachment: Attachment) -> str:
    """``name (type, 1,234 bytes)``"""
    size = "" if attachment.size is None else f", {attachment.size:,} bytes"
    return f"{attachment.name} ({attachment.kind}{size})"


def read(source: Source) -> Extract:
    """Read a mail. Raises Unreadable when its parts nest too deeply to be told apart."""
    try:
        message = BytesParser(policy=compat32).parsebytes(source.file.read_bytes())
        letter = Letter(
            source.path, TextBuilder(source.limits.text_bytes), source.limits.text_bytes
        )
        _write(message, letter, 0)
    except RecursionError:
        raise Unreadable("damaged (its parts nest without end)") from None
    return letter.extract()


def _write(message: Message, letter: Letter, depth: int) -> None:
    within = letter.prefix
    letter.header((name, value) for name in _FIELDS for value in _values(message, name))
    parts = _Parts()
    parts.take(message, letter)
    for plain, markup in parts.shown:
        letter.body(plain, markup)
    letter.attachments(parts.attached)
    for inner in parts.messages:
        if depth == DEEPEST:
            letter.missing.append(f"messages within messages, deeper than {DEEPEST}")
            break
        letter.message(next(_values(inner, "Subject"), ""), within)
        _write(inner, letter, depth + 1)
    letter.prefix = within


@dataclass(slots=True)
class _Parts:
    """A message taken apart: what is shown of it, and what is attached."""

    shown: list[tuple[str, str | None]] = field(default_factory=list)  # the same as text and HTML
    attached: list[Attachment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def take(self, part: Message, letter: Letter) -> None:
        """Sort in a part and all parts in it."""
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global", "message/news") and part.is_multipart():
            self.messages += _children(part)
        elif part.is_multipart() and not kind.startswith("message/"):
            self._take_many(part, kind, letter)
        else:
            self._take_one(part, kind, letter)
        _damage(part, letter)

    def _take_many(self, part: Message, kind: str, letter: Letter) -> None:
        if kind == "multipart/encrypted":
            letter.missing.append("its text (encrypted)")
        before, self.shown = self.shown, []
        for child in _children(part):
            self.take(child, letter)
        if kind == "multipart/alternative" and len(self.shown) > 1:
            markup = [markup for _, markup in self.shown if markup is not None]
            plain = "\n".join(plain for plain, _ in self.shown if plain)
            self.shown = [(plain, "<hr>".join(markup) if markup else None)]
        self.shown = before + self.shown

    def _take_one(self, part: Message, kind: str, letter: Letter) -> None:
        name = _filename(part)
        attached = part.get_content_disposition() == "attachment" or bool(name)
        if kind.startswith("multipart/"):  # one that has no parts: all there is is its text
            kind = "text/plain"
        if kind in ("text/plain", "text/html") and not attached:
            text = _text(part, letter)
            self.shown.append((text, None) if kind == "text/plain" else ("", text))
            return
        if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
            letter.missing.append("its text (encrypted or signed as a whole)")
        size = None if part.is_multipart() else len(_payload(part))
        self.attached.append(Attachment(name or "without a name", kind, size))


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if payload else []


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message, letter: Letter) -> str:
    charset = part.get_content_charset()
    decoded = decode(_payload(part), declared=web_label(charset) if charset else None)
    if decoded.replaced:
        letter.missing.append(decoded.partial(letter.limit_bytes) or "")
    letter.notices += decoded.notices(letter.path)
    return decoded.text


def _damage(part: Message, letter: Letter) -> None:
    for defect in part.defects:
        if (said := _DAMAGE.get(type(defect))) and f"malformed: {said}" not in letter.missing:
            letter.missing.append(f"malformed: {said}")


def _values(message: Message, name: str) -> Iterator[str]:
    """Every value of a header field, decoded. Two From lines are two lines: a reader may see it."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            yield _decoded(str(value))


_ENCODED_WORD = re.compile(r"=\?([^?\s]+)\?([bqBQ])\?([^?]*)\?=")


def _decoded(value: str) -> str:
    """RFC 2047's encoded words, and bytes that should have been some, as text."""
    value = " ".join(value.splitlines())
    if not value.isascii():
        value = decode(value.encode("utf-8", "surrogateescape")).text
    words: list[tuple[str | None, bytes]] = []  # with the charset of encoded ones
    at = 0
    for match in _ENCODED_WORD.finditer(value):
        between, charset = value[at : match.start()], match[1].lower()
        if between.strip() or not words:
            words.append((None, between.encode()))
        if words[-1][0] == charset:  # mailers cut characters in two
            words[-1] = (charset, words[-1][1] + _raw(match[2], match[3]))
        else:
            words.append((charset, _raw(match[2], match[3])))
        at = match.end()
    words.append((None, value[at:].encode()))
    return "".join(
        raw.decode() if charset is None else decode(raw, declared=_codec(charset)).text
        for charset, raw in words
    )


def _raw(encoding: str, word: str) -> bytes:
    if encoding in "qQ":
        return a2b_qp(word.encode(), header=True)
    try:
        return b64decode(word.encode() + b"=" * (-len(word) % 4)) or word.encode()
    except ValueError:
        return word.encode()


def _codec(charset: str) -> str:
    return web_label(charset.partition("*")[0])  # RFC 2231: charset*language


def _filename(part: Message) -> str:
    """The name of an attached file: RFC 2231, or what mailers do instead."""
    try:
        name = part.get_filename("")
    except (LookupError, UnicodeError, ValueError):
        name = "without a readable name"
    return one_line(_decoded(name))

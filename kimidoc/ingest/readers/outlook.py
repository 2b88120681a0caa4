"""Outlook's .msg: MAPI properties in a compound file ([MS-OXMSG], [MS-OXPROPS]).

A property of variable size is a stream ``__substg1.0_TTTTPPPP`` (tag, type: 001F UTF-16, 001E
text in the message's code page, 0102 bytes), one of fixed size a row of
``__properties_version1.0``. Recipients, attachments and messages in attachments are storages of
the same make. Sections and attachments are those of ``readers.mail``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import olefile

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.decode import decode
from kimidoc.ingest.readers import html_markup
from kimidoc.ingest.readers.mail import DEEPEST, Attachment, Letter, one_line

Storage = tuple[str, ...]  # the path of a storage within the file; () is the message itself

_SUBJECT, _BODY, _RTF, _HTML = 0x0037, 0x1000, 0x1009, 0x1013
_SENT, _DELIVERED, _MESSAGE_ID, _CLASS = 0x0039, 0x0E06, 0x1035, 0x001A
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
_DISPLAY = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}
_NAME, _ADDRESS, _SMTP, _RECIPIENT_TYPE = 0x3001, 0x3003, 0x39FE, 0x0C15
_RECIPIENT_TYPES = {1: "To", 2: "Cc", 3: "Bcc"}
_LONG_NAME, _SHORT_NAME, _MIME_TYPE, _CONTENT, _SIZE = 0x3707, 0x3704, 0x370E, 0x3701, 0x0E20
_CODE_PAGES = (0x3FFD, 0x3FDE)  # of the message's strings, of the mail it came in
# Windows' numbers for code pages that Python knows by another name than cpNNN.
_NAMED_PAGES = {65001: "utf-8", 20127: "ascii", 20866: "koi8-r", 21866: "koi8-u"}
_NAMED_PAGES |= {50220: "iso2022_jp", 51932: "euc_jp", 51949: "euc_kr", 54936: "gb18030"}
_NAMED_PAGES |= {28590 + part: f"iso8859-{part}" for part in range(1, 16)}

_HEADER_BYTES = {"message": 32, "inner": 24, "part": 8}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def read(source: Source) -> Extract:
    """Read a .msg file. Raises Unreadable when it is no compound file, or no message."""
    limit = source.limits.text_bytes
    try:
        with olefile.OleFileIO(source.file) as ole:
            message = _Properties(_File(ole), (), "message")
            if not message.exists:
                raise Unreadable("not an Outlook message (no message properties)")
            letter = Letter(source.path, TextBuilder(limit), limit)
            _write(message, letter, 0)
    except OSError as error:  # olefile's own errors are OSErrors
        raise Unreadable(f"damaged or not an Outlook message ({one_line(str(error))})") from None
    return letter.extract()


class _File:
    """A compound file: what each of its storages holds."""

    def __init__(self, ole: olefile.OleFileIO) -> None:
        self._ole = ole
        self.streams: dict[Storage, dict[str, Storage]] = {}  # by name in lower case
        self.storages: dict[Storage, list[str]] = {}
        for path in map(tuple, ole.listdir(streams=True, storages=True)):
            if ole.get_type([*path]) == olefile.STGTY_STREAM:
                self.streams.setdefault(path[:-1], {})[path[-1].lower()] = path
            else:
                self.storages.setdefault(path[:-1], []).append(path[-1])

    def read(self, path: Storage) -> bytes:
        """A stream's content."""
        data = self._ole.openstream([*path]).read()
        assert isinstance(data, bytes)
        return data

    def size(self, path: Storage) -> int:
        """A stream's size in bytes."""
        return int(self._ole.get_size([*path]))


class _Properties:
    """The properties of a message, a recipient or an attachment."""

    def __init__(self, file: _File, storage: Storage, sort: str) -> None:
        self._file, self._storage, self._sort = file, storage, sort
        self._streams = file.streams.get(storage, {})
        self.exists = "__properties_version1.0" in self._streams
        self._fixed = self._rows() if self.exists else {}

    def _rows(self) -> dict[int, bytes]:
        data = self._stream("__properties_version1.0")[_HEADER_BYTES[self._sort] :]
        rows = (data[at : at + 16] for at in range(0, len(data) - 15, 16))
        return {int.from_bytes(row[2:4], "little"): row[8:16] for row in rows}

    def _stream(self, name: str) -> bytes:
        return self._file.read(self._streams[name])

    def bytes(self, tag: int) -> bytes | None:
        """A binary property; None where there is none."""
        name = f"__substg1.0_{tag:04x}0102"
        return self._stream(name) if name in self._streams else None

    def text(self, tag: int) -> str:
        """A text property in either form; empty where there is none."""
        if (wide := f"__substg1.0_{tag:04x}001f") in self._streams:
            return self._stream(wide).decode("utf-16-le", "replace").rstrip("\0")
        if (narrow := f"__substg1.0_{tag:04x}001e") in self._streams:
            return decode(self._stream(narrow).rstrip(b"\0"), declared=self.code_page()).text
        return ""

    def number(self, tag: int) -> int | None:
        """A 32-bit property; None where there is none."""
        value = self._fixed.get(tag)
        return None if value is None else int(struct.unpack("<i", value[:4])[0])

    def time(self, tag: int) -> str:
        """A FILETIME property (100 ns since 1601, UTC) as ISO 8601; empty where there is none."""
        value = self._fixed.get(tag)
        if value is None:
            return ""
        try:
            moment = _EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10)
        except OverflowError:  # a year beyond 9999
            return ""
        return moment.strftime("%Y-%m-%d %H:%M:%S UTC")

    def code_page(self) -> str | None:
        """The codec of the strings that are not UTF-16."""
        for tag in _CODE_PAGES:
            if (page := self.number(tag)) is not None:
                return _NAMED_PAGES.get(page, f"cp{page}")
        return None

    def parts(self, prefix: str, sort: str) -> Iterator[_Properties]:
        """The storages whose names begin with ``prefix``, in order."""
        for name in sorted(self._file.storages.get(self._storage, [])):
            if name.lower().startswith(prefix):
                yield _Properties(self._file, (*self._storage, name), sort)

    def size(self, tag: int) -> int | None:
        """How many bytes a binary property has."""
        path = self._streams.get(f"__substg1.0_{tag:04x}0102")
        return None if path is None else self._file.size(path)


def _write(message: _Properties, letter: Letter, depth: int) -> None:
    within = letter.prefix
    letter.header(_fields(message))
    _write_body(message, letter)
    files: list[Attachment] = []
    inner: list[_Properties] = []
    for part in message.parts("__attach_version1.0_", "part"):
        embedded = next(part.parts("__substg1.0_3701000d", "inner"), None)
        if embedded is not None and embedded.exists:
            inner.append(embedded)
        else:
            files.append(_attachment(part))
    letter.attachments(files)
    for each in inner:
        if depth == DEEPEST:
            letter.missing.append(f"messages within messages, deeper than {DEEPEST}")
            break
        letter.message(each.text(_SUBJECT), within)
        _write(each, letter, depth + 1)
    letter.prefix = within


def _fields(message: _Properties) -> Iterator[tuple[str, str]]:
    address = message.text(_SENDER_SMTP) or message.text(_SENDER_ADDRESS)
    yield "From", _person(message.text(_SENDER_NAME), address)
    people: dict[str, list[str]] = {name: [] for name in _DISPLAY}
    for each in message.parts("__recip_version1.0_", "part"):
        kind = _RECIPIENT_TYPES.get(each.number(_RECIPIENT_TYPE) or 1, "To")
        address = each.text(_SMTP) or each.text(_ADDRESS)
        people[kind].append(_person(each.text(_NAME), address))
    for name, tag in _DISPLAY.items():
        yield name, "; ".join(filter(None, people[name])) or message.text(tag)
    yield "Date", message.time(_SENT) or message.time(_DELIVERED)
    yield "Subject", message.text(_SUBJECT)
    yield "Message-ID", message.text(_MESSAGE_ID)


def _person(name: str, address: str) -> str:
    if not address or address == name:
        return name
    return f"{name} <{address}>" if name else address


def _write_body(message: _Properties, letter: Letter) -> None:
    plain = message.text(_BODY)
    markup: str | None = message.text(_HTML) or None
    if markup is None and (data := message.bytes(_HTML)):
        markup = html_markup.decoded(data).text
    letter.body(plain, markup)
    if plain.strip() or (markup or "").strip():
        return
    if ".smime" in message.text(_CLASS).lower():
        letter.missing.append("its text (encrypted or signed as a whole)")
    elif message.bytes(_RTF):
        letter.missing.append("its text (only there as RTF, which is not read)")


def _attachment(part: _Properties) -> Attachment:
    name = one_line(part.text(_LONG_NAME) or part.text(_SHORT_NAME) or part.text(_NAME))
    size = part.size(_CONTENT)
    kind = one_line(part.text(_MIME_TYPE)) or "unknown type"
    return Attachment(name or "without a name", kind, part.number(_SIZE) if size is None else size)

"""Bytes of every encoding, whole and cut, and what is said when they are of none."""

from __future__ import annotations

import codecs
import tracemalloc
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest import decode
from kimidoc.ingest.base import Limits
from tests.ingest.conftest import read, tree

LEGACY = {
    "cp1252": "Der Käufer zahlt 5 € für die Übergabe der „Räume“ an Herrn Muñoz – bis März.\n",
    "latin-1": "Le café de la Cité est fermé à Noël; señor Muñoz y firmó el préstamo.\n",
    "cp1250": "Kupující zaplatí kupní cenu ve lhůtě třiceti dnů ode dne účinnosti smlouvy.\n",
    "cp1251": "Продавец обязуется передать товар в течение тридцати дней после оплаты.\n",
    "koi8-r": "Продавец обязуется передать товар в течение тридцати дней после оплаты.\n",
    "cp1253": "Ο πωλητής παραδίδει τα εμπορεύματα εντός τριάντα ημερών από την πληρωμή.\n",
    "shift_jis": "売主は、買主に対し、本契約締結の日から三十日以内に、本件不動産を引き渡す。\n",
    "euc_jp": "売主は、買主に対し、本契約締結の日から三十日以内に、本件不動産を引き渡す。\n",
    "gbk": "卖方应在本合同签署之日起三十日内向买方交付全部货物，并承担运输费用。\n",
    "big5": "賣方應於本合約簽署之日起三十日內向買方交付全部貨物，並承擔運輸費用。\n",
    "euc_kr": "매도인은 계약 체결일로부터 삼십일 이내에 매수인에게 물품을 인도하여야 한다.\n",
}
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# Known limit: short texts in an old encoding can be taken for another one; the notice says that
# the encoding was guessed. Strict, so that a better guesser is noticed.
MISTAKEN = pytest.mark.xfail(reason="charset-normalizer takes it for another", strict=True)
SAMPLES = (*LEGACY.values(), "plain words\r\nand more\r\n", "日本\n", "a\n", "👩‍👩‍👧 e\u0301\n")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf8_is_read_as_it_is(text: str) -> None:
    if not text.startswith("\ufeff") and "\0" not in text:
        assert decode.decode(text.encode()).text == text
    assert decode.decode(codecs.BOM_UTF8 + text.encode()) == decode.Decoded(text, "utf-8")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(WIDE))
def test_marked_utf16_and_utf32_are_read_as_they_are(text: str, codec: str) -> None:
    if codec == "utf-16-le" and text.startswith("\0"):
        return  # the same bytes as UTF-32's mark
    decoded = decode.decode(("\ufeff" + text).encode(codec))
    assert (decoded.text, decoded.encoding, decoded.partial(1)) == (text, codec, None)


@pytest.mark.parametrize("codec", WIDE)
@pytest.mark.parametrize("text", SAMPLES)
def test_unmarked_utf16_and_utf32_are_known_by_their_zero_bytes(text: str, codec: str) -> None:
    raw = text.encode(codec)
    if len(text) * 4 > len(raw) and not any(c.isascii() for c in text):
        pytest.skip("nothing in it tells")
    assert decode.decode(raw).text == text
    assert decode.wide_or_marked(raw[: len(raw) // 2 * 2 - 1] * 1) in (codec, None)


@pytest.mark.parametrize(
    "text", ["a\0b\0\0plain text\0", "\0" * 64, "one\0two\0three\0" * 9, "x\0", "\0\1\2\3"]
)
def test_zero_bytes_alone_make_no_utf16(text: str) -> None:
    decoded = decode.decode(text.encode() + b"and words, words\n")
    assert decoded.text == text + "and words, words\n"


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        pytest.param(codec, text, marks=MISTAKEN if codec == "cp1250" else ())
        for codec, text in LEGACY.items()
    ],
)
def test_encodings_from_before_utf8_are_guessed_and_that_is_said(codec: str, text: str) -> None:
    decoded = decode.decode((text * 20).encode(codec))
    assert decoded.text == text * 20
    assert decoded.guessed and decoded.notices("a.txt")[0].code == "ingest.encoding"
    # What tells is looked for, however far behind it stands.
    behind = "plain words\n" * 20_000
    assert decode.decode((behind + text * 20).encode(codec)).text == behind + text * 20


@pytest.mark.parametrize(
    "head",
    [
        '<?xml version="1.0" encoding="koi8-r"?>\n',
        "#!/usr/bin/python\n# -*- coding: koi8-r -*-\n",
        "# vim: set fileencoding=koi8-r :\n",
    ],
)
def test_a_text_that_names_its_encoding_is_believed(head: str) -> None:
    decoded = decode.decode((head + "да\n").encode("koi8-r"))
    assert (decoded.text, decoded.guessed) == (head + "да\n", False)


def test_what_is_declared_counts_when_it_decodes_everything() -> None:
    assert decode.decode("да".encode("koi8-r"), declared="KOI8-R").text == "да"
    assert decode.decode("“é”".encode("cp1252"), declared="iso-8859-1").text == "“é”"
    assert decode.decode("é".encode(), declared="ascii").encoding == "cp1252"
    for name in ("shift_jis", "no such", "rot13", "punycode", "idna", "a\0b", ""):
        assert decode.decode("naïve – übel".encode(), declared=name).text == "naïve – übel"


def test_a_few_wrong_bytes_are_replaced_and_counted() -> None:
    raw = ("größer " * 10).encode() + b"\xff\xfe x \xe2\x82"
    decoded = decode.decode(raw)
    assert decoded.text == "größer " * 10 + "\ufffd\ufffd x \ufffd"
    assert decoded.partial(9) == "3 characters could not be decoded as utf-8"
    assert decode.decode(("größer \ufffd" * 3).encode()).partial(9) is None
    odd = decode.decode("ab\n".encode("utf-16") + b"x")
    assert (odd.text, odd.partial(9)) == (
        "ab\n\ufffd",
        "1 character could not be decoded as utf-16-le",
    )


@given(st.binary(max_size=400))
def test_nothing_is_lost_unless_it_is_said(raw: bytes) -> None:
    decoded = decode.decode(raw)
    if decoded.partial(1) is None:
        marks = (codecs.BOM_UTF8, *(("\ufeff").encode(codec) for codec in WIDE), b"")
        back = decoded.text.encode(decoded.encoding)
        # Some codecs of East Asia know two ways to write one character.
        again = back.decode(decoded.encoding)
        assert any(raw == mark + back for mark in marks) or again == decoded.text


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *product(
            ["ab\n" * 50, "äö\n" * 50, "契約\n" * 50, "😀\n" * 50], ["utf-8", "utf-16", "utf-32"]
        ),
        ("ab\n" * 50, "cp1252"),
        pytest.param("äö\n" * 50, "cp1252", marks=MISTAKEN),
    ],
)
def test_no_more_than_the_limit_is_taken(tmp_path: Path, text: str, codec: str) -> None:
    raw = text.encode(codec)
    file = tree(tmp_path, {"a.txt": raw}) / "a.txt"
    whole = len(text.encode())
    for limit in (1, 2, 3, 4, 5, 77, whole - 1, whole, whole + 1):
        decoded = decode.read(file, Limits(text_bytes=limit))
        assert text.startswith(decoded.text)
        size = len(decoded.text.encode())
        assert limit - 4 < size <= limit or limit >= whole == size
        assert decoded.cut == (limit < whole)
        assert (decoded.partial(limit) is not None) == (limit < whole)


def test_a_character_cut_where_a_chunk_ends_is_whole(tmp_path: Path) -> None:
    for shift in range(4):
        text = "x" * shift + "é契😀" * (decode.SAMPLE_BYTES // 4)
        found = read(tree(tmp_path, {"a.txt": text}))["a.txt"]
        assert (found.status, found.text) == ("read", text)


def test_fifty_megabytes_in_one_line_take_bounded_memory(tmp_path: Path) -> None:
    tree(tmp_path, {"a.json": b"[" + b"1," * (25 << 20) + b"1]"})
    tracemalloc.start()
    try:
        found = read(tmp_path)["a.json"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.status == "read" and len(found.text) == (50 << 20) + 3
    assert found.place(40 << 20, 41 << 20).start_line == 1
    assert peak < 6 * len(found.text)

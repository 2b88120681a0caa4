"""HTML becomes what a browser shows."""

from __future__ import annotations

from textwrap import dedent

import pytest

from kimidoc.types import Document
from tests.ingest.html_files import extract, read

PAGE = """\
<!doctype html>
<html><head><title>Supply &amp; service</title><meta charset="utf-8">
<style>p { margin: 0 }</style><script>var x = "<p>no</p>";</script></head>
<body>
<h1>Supply agreement</h1>
<p>Made between   <b>Quill</b>on
Ltd&nbsp;and Tarnwick.</p>
<h2>1 Term</h2>
<div>It runs for <i>three</i> years.</div><div>It may be renewed.<br>Once.</div>
<h2>2 Prices</h2>
<ol type="a" start="2"><li>fixed<li><p>reviewed:</p><ul><li>yearly</ul></ol>
<table><caption>Prices</caption>
<thead><tr><th>Item<th>Price</thead>
<tr><td>Hull<td>1,200
<tr><td>Mast<p>(spare)</p><td>900</tr>
</table>
<h3>2.1 Late <br>payment</h3>
<pre>
  if late:
      pay()   # at once

</pre>
<p><img src="x.png" alt="A  chart"> 10 m<sup>2</sup>, 30<sup>4</sup> <del>days</del>
<ins>weeks</ins> <q>so</q></p>
<dl><dt>Buyer<dd>Tarnwick</dl>
<blockquote type="cite">He wrote<br><br>this</blockquote>
<template><p>never</p></template><noscript>no script</noscript>
</body></html>
"""

TEXT = """\
Supply & service

Supply agreement

Made between Quillon Ltd and Tarnwick.

1 Term

It runs for three years.
It may be renewed.
Once.

2 Prices

b. fixed

c. reviewed:

   - yearly

Prices
Item | Price
Hull | 1,200
Mast (spare) | 900

2.1 Late payment

  if late:
      pay()   # at once

[image: A chart] 10 m², 30⁴ [struck: days] weeks “so”

Buyer
  Tarnwick

> He wrote

> this

no script
"""


def test_a_page_reads_as_a_browser_shows_it(tmp_path):
    extracted = read(tmp_path, PAGE.encode())
    assert extracted.text == TEXT
    assert extracted.notices == ()
    assert extracted.partial is None
    document = Document("page.html", "html", "read", TEXT, sections=extracted.sections)
    for words, section in (
        ("Tarnwick.", "Supply agreement"),
        ("Once", "Supply agreement > 1 Term"),
        ("Hull", "Supply agreement > 2 Prices"),
        ("at once", "Supply agreement > 2 Prices > 2.1 Late payment"),
    ):
        at = TEXT.index(words)
        assert document.place(at, at + len(words)).section == section


@pytest.mark.parametrize(
    ("attributes", "items", "markers"),
    [
        ("ol", 3, "1. 2. 3."),
        ("ol start=0", 2, "0. 1."),
        ("ol type=i start=3", 2, "iii. iv."),
        ("ol type=I start=1990", 1, "MCMXC."),
        ("ol type=A start=26", 2, "Z. AA."),
        ("ol type=a start=-1", 3, "-1. 0. a."),
        ("ol reversed", 3, "3. 2. 1."),
        ("ol style='list-style-type: lower-roman'", 2, "i. ii."),
        ("ul", 2, "- -"),
        ("ul style='list-style: none'", 1, ""),
        ("menu", 1, "-"),
    ],
)
def test_list_markers(attributes, items, markers):
    tag = attributes.split()[0]
    text = extract(f"<{attributes}>{'<li>word' * items}</{tag}>").text
    assert " ".join(line.removesuffix("word").strip() for line in text.split("\n")).strip() == (
        markers
    )


def test_an_item_may_ask_for_its_number():
    assert extract("<ol><li>a<li value=7>b<li>c</ol>").text == "1. a\n7. b\n8. c\n"


FILING = """\
<?xml version='1.0' encoding='ASCII'?>
<html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><head><title/></head><body>
<div style="display:none"><ix:header><ix:hidden><ix:nonNumeric name="dei:X">fact</ix:nonNumeric>
</ix:hidden></ix:header></div>
<div><a href="#i2">Item 2.</a> | MD&amp;A | 17</div>
<div><span>PART I</span></div>
<div><a id="i2"/><span>Item 2. Management&#8217;s Discussion</span></div>
<div>Sales rose <ix:nonFraction name="a" xsi:nil="true"/>9% in the quarter.</div>
<table style="display:inline-table">
<tr><td style="width:1%"/><td/><td/><td/><td/><td/><td/><td/><td/><td/></tr>
<tr><td>Three Months<br/>Ended</td><td/><td colspan="3">2024</td><td/><td colspan="4">2023</td></tr>
<tr><td colspan="10">Net sales:</td></tr>
<tr><td>Products</td><td/><td>$</td><td><ix:nonFraction name="b">69,958&#160;</ix:nonFraction></td>
<td/><td/><td>$</td><td>67,184</td><td/><td/></tr>
<tr><td>Services</td><td/><td colspan="2">24,972</td><td/><td/><td/><td>22,314</td><td/><td/></tr>
<tr><td>Change</td><td/><td colspan="2">(4</td><td>)%</td><td/><td/><td>&#160;</td><td/><td/></tr>
<tr><td>Margin</td><td/><td colspan="2">46</td><td>%</td><td/><td/><td>45</td><td>%</td><td/></tr>
</table>
<div>Item 3. Risk</div><p>None.</p></body></html>
"""


def test_a_filing_in_inline_xbrl(tmp_path):
    extracted = read(tmp_path, FILING.encode())
    assert extracted.text == dedent(
        """\
        Item 2. | MD&A | 17
        PART I
        Item 2. Management’s Discussion
        Sales rose 9% in the quarter.

        Three Months Ended | 2024 | 2023
        Net sales:
        Products | $69,958 | $67,184
        Services | 24,972 | 22,314
        Change | (4)%
        Margin | 46% | 45%

        Item 3. Risk

        None.
        """
    )
    assert extracted.notices == ()
    assert [mark.label for mark in extracted.sections] == [
        "PART I",
        "PART I > Item 2. Management’s Discussion",
        "PART I > Item 3. Risk",
    ]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("<tr><td>a<td>b", "a | b\n"),
        ("<tr><td><td>b<td>c<tr><td>d<td>e<td>f", "| b | c\nd | e | f\n"),
        ("<tr><td>a<td><td>c<tr><td>d<td><td>f", "a | c\nd | f\n"),
        ("<tr><td>a<td>b<td>c<tr><td>d<td><td>f", "a | b | c\nd |  | f\n"),
        ("<tr><td rowspan=2>a<td>b<tr><td>c<td>d", "a | b\n| c | d\n"),
        ("<tr><td colspan=2>ab<td>c<tr><td>d<td>e<td>f", "ab |  | c\nd | e | f\n"),
        ("<tr><td>one cell<p>in two lines", "one cell\n\nin two lines\n"),
        ("<tr><td>a<table><tr><td>b<td>c</table><td>d", "a\n\nb | c\nd\n"),
        ("<tr><td><h2>Left</h2>x<td>right", "Left\n\nx\nright\n"),
        ("<tr><td colspan=x>a<td colspan=0 rowspan=99999999>b", "a | b\n"),
        ("<tr><td>Loss<td>€<td>5<td>)", "Loss | €5)\n"),
        ("<tr><td>5<td>(<tr><td>6<td>7", "5 (\n6 | 7\n"),
    ],
)
def test_tables(rows, text):
    assert extract(f"<table>{rows}</table>").text == text


def test_a_table_as_wide_as_it_likes():
    row = "<tr>" + "<td colspan=1000 rowspan=9>x" * 600
    assert extract(f"<table>{row * 3}</table>").text.count("x") == 1800


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('<meta charset="windows-1251"><p>Договор'.encode("cp1251"), "Договор"),
        ("<meta charset=iso-8859-1><p>“5 €”".encode("cp1252"), "“5 €”"),
        (
            '<meta http-equiv=Content-Type content="text/html; charset=gb2312"><p>合同镕'.encode(
                "gb18030"
            ),
            "合同镕",
        ),
        ("<meta charset=shift_jis><p>契約①".encode("cp932"), "契約①"),
        ('<?xml version="1.0" encoding="iso-8859-2"?><p>Łódź</p>'.encode("iso8859-2"), "Łódź"),
        ("<p>Ünïcode 合同".encode("utf-16"), "Ünïcode 合同"),
        ("<meta charset=utf-16><p>Ünï".encode(), "Ünï"),
        ("<meta charset=klingon><p>Ünï".encode(), "Ünï"),
        ("<meta charset=big5><p>Ünïcode wins where the claim cannot be".encode(), "Ünïcode"),
        (b"<p>caf\xe9 cr\xe8me br\xfbl\xe9e", "café crème brûlée"),
    ],
)
def test_encodings(tmp_path, data, text):
    assert text in read(tmp_path, data).text


def test_a_few_wrong_bytes_make_it_partial(tmp_path):
    extracted = read(tmp_path, "<p>Straße, Größe, Maß, Fuß, süß".encode() + b"\xff")
    assert extracted.text == "Straße, Größe, Maß, Fuß, süß\ufffd\n"
    assert "1 character could not be decoded" in (extracted.partial or "")


def test_text_is_cut_at_its_limit():
    extracted = extract("<h1>One</h1>" + "<p hidden>words and words</p>" * 100, limit=64)
    assert len(extracted.text.encode()) == 64
    assert extracted.partial == "only the first 64 bytes of its text were taken"
    assert all(n.span is None or n.span[1] <= 64 for n in extracted.notices)


def test_forms_show_what_stands_in_them():
    text = extract(
        "<form><input value='in sight'><input type=hidden value=token>"
        "<input type=checkbox value=on>"
        "<select><option>one<option>two</select><textarea>\n a\n  b</textarea></form>"
    ).text
    assert text == "in sight\none\ntwo\n a\n  b\n"


def test_struck_out_words_say_so_wherever_they_stand():
    text = extract("<ul><li style='text-decoration: line-through'>old</ul><s>a</s>").text
    assert text == "- [struck: old]\n\n[struck: a]\n"

"""Word: tracked changes read three ways, and text that is formatted not to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc.ingest.base import TrackedChanges
from tests.ingest.office_files import (
    Reading,
    codes,
    hidden,
    paragraph,
    revised,
    run,
    word_body,
)
from tests.ingest.word_parts import STYLES, cell, table


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


CHANGED = (
    paragraph("Notice of ", inside=revised("del", "ninety") + revised("ins", "ten") + run(" days."))
    + paragraph("The rest ", inside=revised("moveTo", "moved here"))
    + paragraph(inside=revised("moveFrom", "moved here") + run(" stays"))
    + f"<w:p><w:pPr><w:rPr><w:del w:id='9' w:author='C'/></w:rPr></w:pPr>{run('joined')}</w:p>"
    + paragraph(" with this")
    + f"<w:p><w:pPr><w:rPr><w:ins w:id='8'/></w:rPr></w:pPr>{revised('ins', 'New line')}</w:p>"
    + paragraph("Last", inside=f"<w:ins w:id='7' w:author='B'>{revised('del', 'gone')}</w:ins>")
    + table(
        "<w:trPr><w:ins w:id='6' w:author='B'/></w:trPr>"
        + cell(paragraph("new"))
        + cell(paragraph("row")),
        cell(paragraph("old")) + cell(paragraph("row")),
    )
)


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (
            "accept",
            "Notice of ten days.\nThe rest moved here\nstays\njoined with this\nNew line\nLast\n"
            "new | row\nold | row\n",
        ),
        (
            "reject",
            "Notice of ninety days.\nThe rest\nmoved here stays\njoined\nwith this\nLast\n"
            "old | row\n",
        ),
        (
            "both",
            "Notice of [-ninety-]{+ten+} days.\nThe rest {+moved here+}\n[-moved here-] stays\n"
            "joined\nwith this\n{+New line+}\nLast{+[-gone-]+}\n{+new | row+}\nold | row\n",
        ),
    ],
)
def test_tracked_changes(read: Reading, mode: TrackedChanges, text: str) -> None:
    extract = read("a.docx", word_body(CHANGED), tracked_changes=mode)
    assert extract.text == text
    done = {"accept": "accepted", "reject": "rejected", "both": "shown in the text"}[mode]
    assert codes(extract) == ["tracked-changes"]
    assert extract.notices[0].message.startswith(
        f"5 tracked insertion(s) and 3 deletion(s) by 1 author(s) are {done};"
    )


def test_an_inserted_paragraph_mark_is_undone(read: Reading) -> None:
    body = (
        f"<w:p><w:pPr><w:rPr><w:ins w:id='1'/></w:rPr></w:pPr>{run('One ')}</w:p>"
        + paragraph("Heading", style="Heading1")
        + f"<w:p><w:pPr><w:rPr><w:ins w:id='2'/></w:rPr></w:pPr>{run('at the end')}</w:p>"
        + table(cell(paragraph("a")) + cell(paragraph("b")))
        + f"<w:p><w:pPr><w:rPr><w:ins w:id='2'/></w:rPr></w:pPr>{run('last')}</w:p>"
    )
    data = word_body(body, styles=STYLES)
    assert read("a.docx", data, tracked_changes="reject").text == (
        "One Heading\nat the end\na | b\nlast\n"
    )


def test_hidden_text_is_kept_and_reported(read: Reading) -> None:
    body = (
        paragraph("Seen ", inside=run("vanished", "<w:vanish/>") + run(" seen"))
        + paragraph("by its style", style="Secret")
        + paragraph("x ", inside=run("by its run style", '<w:rStyle w:val="Ghost"/>'))
        + paragraph("x ", inside=run("white", '<w:color w:val="FFFFFF"/>'))
        + paragraph("x ", inside=run("pale", '<w:color w:val="fefefe"/>'))
        + paragraph("x ", inside=run("tiny", '<w:sz w:val="2"/>'))
        + paragraph("x ", inside=run("not vanished", '<w:vanish w:val="0"/>'))
        + paragraph(
            "x ", inside=run("marked", '<w:color w:val="FFFFFF"/><w:highlight w:val="red"/>')
        )
        + paragraph("x ", inside=run("dark", '<w:color w:val="FFFFFF"/><w:shd w:fill="000000"/>'))
        + paragraph("x ", inside=run(" ", "<w:vanish/>"))
        + table(
            cell(paragraph(inside=run("head", '<w:color w:val="FFFFFF"/>')), '<w:shd w:fill="0"/>')
            + cell(paragraph("b"))
        )
        + table(
            "<w:trPr><w:hidden/></w:trPr>" + cell(paragraph("hidden")) + cell(paragraph("row")),
            cell(paragraph(inside=run("blank", '<w:color w:val="FFFFFF"/>')))
            + cell(paragraph("b")),
        )
    )
    extract = read("a.docx", word_body(body, styles=STYLES))
    assert hidden(extract) == [
        ("It has text that is formatted as hidden.", "vanished"),
        ("It has text that is formatted as hidden.", "by its style"),
        ("It has text that is formatted as hidden.", "by its run style"),
        ("It has text that is white on white.", "white"),
        ("It has text that is white on white.", "pale"),
        ("It has text that is smaller than 2 points.", "tiny"),
        ("It has text that stands in a hidden table row.", "hidden | row"),
        ("It has text that is white on white.", "blank"),
    ]
    assert extract.text.startswith("Seen vanished seen\n")


def test_many_hidden_places_are_counted(read: Reading) -> None:
    body = "".join(paragraph(inside=run(f"s{i}", "<w:vanish/>")) for i in range(60))
    extract = read("a.docx", word_body(body))
    assert codes(extract) == ["integrity.hidden-text"] * 51
    assert extract.notices[-1].message.startswith("10 more places")

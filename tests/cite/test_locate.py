"""Quotes located in real sentences, and what must never be located."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kimidoc.cite import Sources, edges
from kimidoc.types import Citation, Document, Evidence, Quote
from tests.cite.conftest import CONTRACT, PAGE_TWO, document

DOCUMENT = document(CONTRACT)
SOURCES = Sources([DOCUMENT])
WORDS = re.compile(r"\S+")


def locate(quote: str, text: str = CONTRACT, **named: str) -> Citation:
    return Sources([document(text)]).locate(Quote(quote, **named))


PIECES = [
    "fee ",
    "the ",
    "£1,640,000 ",
    "5.2 ",
    "合同",
    "终止。",
    "\n",
    "العقد ",
    "יום ",
    "e\u0301t ",
    "한국 ",
]
anything = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=8).map("".join)


@given(st.data())
def test_any_part_of_a_text_is_exact(data: st.DataObject) -> None:
    """Any part that cuts no word or number, in any script."""
    text = data.draw(st.just(CONTRACT) | anything)
    places = [at for at in range(len(text) + 1) if not edges.cut(text, at)]
    start, end = sorted(data.draw(st.tuples(*[st.sampled_from(places)] * 2)))
    citation = locate(text[start:end], text)
    assert citation.text == text[start:end]
    if not edges.significant(text[start:end]):
        assert citation.status == "unverified"
        return
    assert citation.status == "exact"
    assert citation.start_char is not None and citation.end_char is not None
    assert text[citation.start_char : citation.end_char] == text[start:end]


@given(st.data())
def test_a_located_text_is_the_source_and_never_more_than_the_quote(data: st.DataObject) -> None:
    """Parts that cut words: what is cited stands there and holds whole words only."""
    start = data.draw(st.integers(0, len(CONTRACT)))
    end = data.draw(st.integers(start, len(CONTRACT)))
    citation = SOURCES.locate(Quote(CONTRACT[start:end]))
    if citation.start_char is not None and citation.end_char is not None:
        assert citation.text == CONTRACT[citation.start_char : citation.end_char]
        assert not edges.cut(CONTRACT, citation.start_char)
        assert not edges.cut(CONTRACT, citation.end_char)
        assert citation.text in CONTRACT[start:end] or citation.status != "exact"


REWRITTEN = {
    " ": [" ", "  ", "\n", "\xa0", " \t ", "\u2009", "\r\n"],
    "\n": [" ", "\n\n", "\r\n"],
    "’": ["'", "‘", "’"],
    "–": ["-", "—", "−"],
    "…": ["..."],
    "“": ['"', "„"],
    "”": ['"', "”"],
    "ﬁ": ["fi"],
}


@given(st.data())
def test_rewritten_typography_is_found_at_the_same_place(data: st.DataObject) -> None:
    found = list(WORDS.finditer(CONTRACT))
    first = data.draw(st.integers(0, len(found) - 4))
    last = data.draw(st.integers(first + 3, len(found) - 1))
    start, end = found[first].start(), found[last].end()
    original = CONTRACT[start:end]
    assume(not original.endswith("-"))
    quote = original
    for cut, whole in (("agree-\nment", "agreement"), ("of-\ncontrol", "of-control")):
        quote = quote.replace(cut, data.draw(st.sampled_from([cut, whole])))
    quote = "".join(
        data.draw(st.sampled_from(REWRITTEN[c])) if c in REWRITTEN else c
        for c in re.sub(r"\s+", lambda m: m[0] if "\n" in m[0] else " ", quote)
    )
    inner = next(i for i in range(len(quote) // 2, -1, -1) if quote[i].isalnum())
    quote = quote[:inner] + data.draw(st.sampled_from(["", "\u200b", "\xad"])) + quote[inner:]
    citation = SOURCES.locate(Quote(quote))
    assert citation.verified, citation
    assert (citation.start_char, citation.end_char) == (start, end)
    assert citation.text == original


NEGATED = [
    (" may ", " may not "),
    (" shall not ", " shall "),
    ("unable", "able"),
    (" is ", " is not "),
]


@settings(max_examples=300)
@given(st.data())
def test_a_changed_fact_is_never_cited(data: st.DataObject) -> None:
    """One digit, one negation, one currency, one month: located nowhere, not even as fuzzy."""
    lines = [m for m in re.finditer(r"[^\n\f]{30,}", CONTRACT)]
    quote = data.draw(st.sampled_from(lines))[0]
    changes = [
        quote[: m.start()] + d + quote[m.end() :]
        for m in re.finditer(r"\d", quote)
        for d in "0123456789"
        if d != m[0]
    ]
    changes += [quote.replace(a, b) for a, b in NEGATED if a in quote]
    changes += [quote.replace(a, b) for a, b in [("£", "€"), ("March", "May"), ("ninety", "sixty")]]
    changed = data.draw(st.sampled_from(changes))
    assume(changed not in CONTRACT)
    citation = SOURCES.locate(Quote(changed))
    assert citation.status == "unverified", (changed, citation)
    assert citation.text == changed and citation.start_char is None and citation.page is None


@pytest.mark.parametrize(
    ("quote", "status", "text"),
    [
        ("not less than ninety (90) days'\nwritten notice", "normalised",
         "not less than ninety (90) days’\nwritten notice"),
        ("terminate this agreement by giving", "normalised",
         "terminate this agree-\nment by giving"),
        ("other's change-of-control officer", "normalised", "other’s change-of-\ncontrol officer"),
        ("other's changeof-control officer", "fuzzy", "other’s change-of-\ncontrol officer"),
        ("“…is unable to pay its debts ...”", "normalised", "is unable to pay its debts"),
        ('"Charges" means the final charges."', "normalised", "Charges” means the ﬁnal charges."),
        ("“…is able to pay its debts ...”", "unverified", None),
        ("change-of-\ncontrol officer.\n\f13 Liability", "exact",
         "change-of-\ncontrol officer.\n\f13 Liability"),
        ("The Supplier is not able to pay its debts", "unverified", None),
        ("The Supplier is able to pay its debts", "unverified", None),
        ("THE TOTAL LIABILITY OF EACH PARTY SHALL NOT EXCEED", "fuzzy",
         "The total liability of each party shall not exceed"),
        ("The total liabilities of any party shall not exceed £1,640,000", "fuzzy",
         "The total liability of each party shall not exceed £1,640,000"),
        ("shall not exceed £1,640", "unverified", None),
        ("10 per cent of the Char", "exact", "10 per cent of the"),
        ("of the", "unverified", None),
        ("“ ” – …", "unverified", None),
        ("", "unverified", None),
    ],
)  # fmt: skip
def test_golden(quote: str, status: str, text: str | None) -> None:
    citation = SOURCES.locate(Quote(quote))
    assert (citation.status, citation.text) == (status, quote if text is None else text)


def test_a_citation_says_where_it_stands() -> None:
    over = SOURCES.locate(Quote("control officer.\n\f13 Liability\n13.1 The total liability"))
    assert (over.page, over.start_line, over.end_line) == (1, 5, 7)
    inside = SOURCES.locate(Quote("The Supplier is unable"))
    assert inside == Citation(
        "exact", "The Supplier is unable", "contract.pdf", inside.start_char, inside.end_char,
        9, 9, 2, "13 Liability",
    )  # fmt: skip
    assert (inside.start_char or 0) > PAGE_TWO


@pytest.mark.parametrize(
    ("text", "quote", "status", "found"),
    [
        ("甲方应当在三十日内付款，\n逾期不付的，乙方可终止合同。", "付款，逾期不付的",
         "normalised", "付款，\n逾期不付的"),
        ("甲方应当在三十日内付款。", "应当在三十日内", "exact", "应当在三十日内"),
        ("甲方应当在三十日内向乙方支付全部货款。", "甲方应当在九十日内向乙方支付全部货款。",
         "unverified", None),
        ("乙方不得将本合同项下的权利转让给第三方。", "乙方得将本合同项下的权利转让给第三方。",
         "unverified", None),
        ("يجب على الطرف الأول الدفع خلال ٣٠ يوما.", "الدفع خلال ٣٠ يوما",
         "exact", "الدفع خلال ٣٠ يوما"),
        ("יש לשלם\u200f תוך 30 יום", "יש לשלם תוך 30 יום",
         "normalised", "יש לשלם\u200f תוך 30 יום"),
        ("re\u0301sume\u0301 du contrat", "résumé du contrat",
         "normalised", "re\u0301sume\u0301 du contrat"),
        ("Die Kündi-\ngung ist schriftlich", "Die Kündigung ist",
         "normalised", "Die Kündi-\ngung ist"),
        ("approved 👩\u200d🚒 ❤️ by all", "approved 👩🚒 ❤ by all",
         "normalised", "approved 👩\u200d🚒 ❤️ by all"),
        ("계약은  해지된다", "계약은 해지된다", "normalised", "계약은  해지된다"),
    ],
)  # fmt: skip
def test_scripts(text: str, quote: str, status: str, found: str | None) -> None:
    citation = locate(quote, text)
    assert (citation.status, citation.text) == (status, quote if found is None else found)


def test_the_named_document_comes_first_and_its_end_is_enough() -> None:
    texts = {"a/one.md": "The fee is due.", "b/one.md": "The  fee is due.", "b/two.md": "Nothing."}
    sources = Sources([document(text, path) for path, text in texts.items()])

    def place(path: str | None) -> tuple[str | None, str]:
        citation = sources.locate(Quote("The fee is due.", path))
        return citation.path, citation.status

    assert place(None) == ("a/one.md", "exact")
    assert place("b/one.md") == ("b/one.md", "normalised")
    assert place("./b\\one.md") == ("b/one.md", "normalised")
    assert place("one.md") == ("a/one.md", "exact")  # fits two: no hint
    assert place("two.md") == ("a/one.md", "exact")  # wrong, so looked for elsewhere
    assert place("no/such.md") == ("a/one.md", "exact")
    missing = sources.locate(Quote("Not there at all", "two.md"))
    assert (missing.path, missing.status) == ("b/two.md", "unverified")
    assert sources.locate(Quote("Not there at all", "../etc/passwd")).path is None


def test_only_one_document_may_be_cited() -> None:
    sources = Sources([document("The fee is due.", "a"), document("The fees are due.", "b")])
    assert sources.locate(Quote("The fee is due.", "a"), only="b").status != "exact"
    assert sources.locate(Quote("The fee is due.", "a"), only="b").path == "b"
    assert sources.locate(Quote("The fee is due."), only="c").status == "unverified"


def test_the_occurrence_the_model_attended_to_wins() -> None:
    text = "The fee is due. " * 1000
    sources = Sources([document(text, "a"), document(text, "b")])
    quote = Quote("The fee is due.")

    def start(*near: Evidence) -> tuple[str | None, int | None]:
        citation = sources.locate(quote, near)
        return citation.path, citation.start_char

    assert start() == ("a", 0)
    assert start(Evidence("b", 160, 170, 1.0)) == ("b", 160)
    assert start(Evidence("a", 1595, 1599, 0.5)) == ("a", 1584)  # its end touches: nearest
    assert start(Evidence("a", 9600, 9610, 0.5)) == ("a", 9600)  # beyond the first 256
    assert start(Evidence("a", 320, 330, 0.9), Evidence("a", 160, 170, 0.1)) == ("a", 320)
    assert start(Evidence("elsewhere", 0, 5, 1.0)) == ("a", 0)


def test_a_whole_word_beats_a_nearer_cut_one() -> None:
    sources = Sources([document("Disagreement on fees. Agreement on fees.", "a")])
    assert sources.locate(Quote("greement on fees")).text == "on fees"
    assert sources.locate(Quote("Agreement on fees"), [Evidence("a", 0, 5, 1.0)]).start_char == 22


@pytest.mark.parametrize(
    "quote",
    [
        "a" * 10_000_000,
        " \n" * 2_000_000 + "fee",
        "(.*)+$^[" * 1000,
        "\0" * 500_000,
        "\ud800 lone \udfff surrogates",
        "the fee " * 1_000_000,
        "\u202e\u2066 e\u0301" * 100_000,
    ],
    ids=["long", "blank", "regex", "nul", "surrogates", "repeated", "bidi"],
)
def test_hostile_quotes_are_cheap_and_unverified(quote: str) -> None:
    citation = locate(quote, "The fee is due. \0 " * 2000)
    assert citation.status == "unverified" and len(citation.text) <= 2000


def test_many_quotes_in_a_large_document() -> None:
    lines = [
        f"{n}. The tenant of flat {n} pays £{n * 7:,} on the first day of it."
        for n in range(30_000)
    ]
    text = "\n".join(lines)
    sources = Sources([document(text)])
    for n in range(0, 30_000, 600):
        exact = sources.locate(Quote(lines[n]))
        assert (exact.status, exact.start_line) == ("exact", n + 1)
        spaced = sources.locate(Quote(lines[n].replace(" ", "\n")))
        assert (spaced.status, spaced.start_line) == ("normalised", n + 1)
        near = sources.locate(Quote(lines[n].replace("tenant", "occupant")))
        assert (near.status, near.start_line) == ("fuzzy", n + 1)
        wrong = sources.locate(Quote(lines[n].replace(" pays ", " does not pay ")))
        assert wrong.status == "unverified"


def test_skipped_documents_hold_no_quote() -> None:
    skipped = Document("x.bin", "binary", "skipped", reason="binary")
    assert Sources([skipped]).locate(Quote("anything", "x.bin")).status == "unverified"
    assert Sources([]).locate(Quote("anything at all")).status == "unverified"

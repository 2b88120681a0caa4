"""A call beside the filing: turns, leverage computed anew, what was called settled and is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.playbooks import leverage, reassurances
from kimidoc.playbooks.sweep import Found
from kimidoc.playbooks.transcript import transcript
from kimidoc.types import Document

EXAMPLE = Path(__file__).parents[2] / "examples" / "earnings"
HEAD = "Tarn Cooperage call on fiscal year 2022\n\nMay 4, 2023\n\n"
REST = """

Q&A

Nils Aune: Thank you. How is demand?

Ida Moe: Good.

Nils Aune: And margins?

Ida Moe: We will see.

Per Dahl: Nothing from me.
"""


def call(said: str, head: str = HEAD) -> Document:
    return Document("call.txt", "text", "read", f"{head}Ida Moe: Good morning. {said}{REST}")


def filing(text: str, path: str = "annual.md") -> Document:
    head = "Annual report for fiscal year 2022. Amounts are in thousands.\n\n"
    return Document(path, "markdown", "read", head + text)


def found(
    method: Callable[[Sequence[Document]], Iterator[Found]], *documents: Document
) -> list[Found]:
    every = list(method(documents))
    by_path = {document.path: document.text for document in documents}
    for quote in (quote for one in every for quote in one.citations):
        assert by_path[quote.path or ""][quote.start_char : quote.end_char] == quote.text
    return every


def test_turns_of_the_example_calls() -> None:
    calls = [t for d in ingest.read([str(EXAMPLE)]) if (t := transcript(d))]
    assert [len(one.remarks) for one in calls] == [3, 3]
    askers = [{turn.who for turn in one.questions if one.asks(turn)} for one in calls]
    assert askers[1] == {"Esmond Vail", "Noor Castellane", "Ottilie Franck"}
    assert all(one.text(one.questions[0]).strip() for one in calls)


def test_an_operator_opens_the_line() -> None:
    words = "We sold casks and we sold staves. " * 30
    text = (
        "Operator: Welcome. Later we will conduct a question and answer session.\n"
        f"Speaker 1: Thank you. {words}\nSpeaker 2: {words}\n"
        "Speaker 0: We will now begin the question and answer session.\n"
        "Speaker 4: Hi. How are casks?\nSpeaker 1: Fine.\nSpeaker 4: Thanks.\nSpeaker 0: Bye.\n"
    )
    one = transcript(Document("c.txt", "text", "read", text))
    assert one is not None and one.operators == {"Operator", "Speaker 0"}
    assert [turn.who for turn in one.remarks] == ["Speaker 1", "Speaker 2"]
    assert [turn.who for turn in one.questions if one.asks(turn)] == ["Speaker 4", "Speaker 4"]


@pytest.mark.parametrize("text", ["", "Note: x\nTo: y\nFrom: z\n", "A: b\n" * 9, HEAD + REST])
def test_what_is_no_call(text: str) -> None:
    assert transcript(Document("x", "text", "read", text)) is None


SOUND = "All of our customer relationships are in good shape."
LOST = (
    "Our largest customer is Brevik Distillers.\n\n"
    "On March 1, 2023 Brevik Distillers gave notice that the agreement\nwill not be renewed.\n"
)


@pytest.mark.parametrize(
    ("said", "text", "count"),
    [
        (SOUND, LOST, 1),
        (SOUND, LOST.replace("March 1, 2023", "In spring"), 1),  # undated, of the same year
        (SOUND, LOST.replace("March 1", "June 1"), 0),  # after the call
        (SOUND, LOST.replace("customer", "lender").replace("Dist", "Bank "), 0),
        (SOUND, LOST.replace("not be renewed", "be renewed"), 0),
        ("Our customer relationships are not in good shape.", LOST, 0),
        ("Our people are in good shape.", LOST, 0),
    ],
)
def test_a_customer_who_left(said: str, text: str, count: int) -> None:
    every = found(reassurances.contradicted, call(said), filing(text))
    assert len(every) == count
    for one in every:
        assert one.path == "call.txt" and "Brevik Distillers" in one.words
        assert [quote.path for quote in one.citations] == ["call.txt", "annual.md"]


OVER = "The Orkla press had trouble with a gasket. It is solved."
MORE = "Claims on the Orkla press rose because of a gasket. Further provisions may be needed.\n"


@pytest.mark.parametrize(
    ("said", "text", "count"),
    [
        (OVER, MORE, 1),
        (
            OVER,
            f"A buyer sued over an Orkla press. We have recorded no provision for it.\n{MORE}",
            1,
        ),
        (OVER, "The Orkla press rose because of a gasket.\n", 0),
        (OVER, "Casks from Tarn leaked. Further provisions may be needed.\n", 0),
        (OVER.replace("is solved", "is not solved"), MORE, 0),
        ("The strike in Moss is behind us.", MORE, 0),
    ],
)
def test_a_trouble_that_is_not_over(said: str, text: str, count: int) -> None:
    every = found(reassurances.contradicted, call(said), filing(text))
    assert len(every) == count
    for one in every:
        claim, *others = one.citations
        assert "Orkla press" in claim.text and claim.text.endswith("It is solved.")
        assert {quote.path for quote in others} == {"annual.md"}


def test_a_filing_of_another_year_takes_nothing_back() -> None:
    later = Document("b.md", "markdown", "read", f"Annual report for fiscal year 2024\n\n{MORE}")
    assert found(reassurances.contradicted, call(OVER), later) == []


ROWS = (
    "Results | Fiscal 2022 | Fiscal 2021\n"
    "Amortization of intangible assets | 100 | 90\nOperating income | 700 | 600\n\n"
    "Balance sheet | 2022 | 2021\nCash | 400 | 300\n"
    "Current portion of long-term debt | 500 | 500\nLong-term debt | 1,900 | 2,400\n\n"
    "Depreciation was $200 thousand in fiscal 2022 and $180 thousand in fiscal 2021.\n"
)
DEFINED = "EBITDA is defined in the credit agreement without additions.\n"


@pytest.mark.parametrize(
    ("said", "defined", "words"),
    [
        ("Net debt was 1.6 times EBITDA.", "", "stated as 1.6 times EBITDA; by the statements "
         "2,000 / 1,000 = 2.0"),
        ("Net debt was 2.0 times EBITDA.", "", None),
        ("Net debt was 2x adjusted EBITDA.", DEFINED, None),
        ("Net debt was 1.6 times EBITDA before restructuring.", "", None),
        ("Net debt was 1.6 times EBITDA before restructuring.", DEFINED, "defined elsewhere"),
        ("We expect net debt of 1.5 times EBITDA.", DEFINED, None),
        ("The covenant allows 3.5 times EBITDA.", DEFINED, None),
    ],
)  # fmt: skip
def test_leverage(said: str, defined: str, words: str | None) -> None:
    every = found(leverage.stated, call(said), filing(ROWS + defined))
    assert len(every) == bool(words)
    for one in every:
        assert (words or "") in one.words
        quotes = " ".join(quote.text for quote in one.citations)
        for row in ("Cash", "Long-term debt", "Operating income", "Depreciation was"):
            assert row in quotes


def test_leverage_without_all_of_its_rows() -> None:
    said = call("Net debt was 1.6 times EBITDA.")
    for row in ("Cash | 400 | 300\n", "Operating income | 700 | 600\n", "Depreciation was"):
        assert found(leverage.stated, said, filing(ROWS.replace(row, ""))) == []


def test_the_example_set() -> None:
    documents = [d for d in ingest.read([str(EXAMPLE)]) if d.text]
    (one,) = found(leverage.stated, *documents)
    assert "1.4 times" in one.words and "67,070 / 42,055 = 1.6" in one.words
    lost, solved = found(reassurances.contradicted, *documents)
    assert "Dunmarsh Hospitals Group" in lost.words and "It is solved." in solved.words
    quotes = " ".join(" ".join(quote.text.split()) for quote in solved.citations)
    assert "further provisions will be needed" in quotes and "recorded no provision" in quotes
    assert {one.path for one in (lost, solved)} == {"earnings-call-2025-11-20.md"}

"""Records beside one another: an invented patient, and what must not be called a contradiction."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.playbooks import followups, judge, records
from kimidoc.playbooks.load import load
from kimidoc.types import Document


def paper(text: str, path: str = "a.txt") -> Document:
    return Document(path, "text", "read", text)


def said(*texts: str) -> list[str]:
    papers = [paper(text, f"{name}.txt") for name, text in zip("abcd", texts, strict=False)]
    return [one.words for one in records.contradictions(papers)]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("Allergies: none known", "Allergies: codeine"), ["none known here; elsewhere codeine"]),
        (("NKDA", "She has a latex allergy."), ["none known here; elsewhere latex"]),
        (("NKDA", "Latex: no allergy. Allergies: none."), []),
        (("Nothing on the matter.", "Allergies: codeine"), []),
        (("born 3 May 1960", "DOB 03/05/1960", "date of birth: 3 May 1906"),
         ["born 1906-05-03; 2 other places say 1960-05-03"]),
        (("born 3 May 1960", "DOB 03.05.60"), []),
        (("He never smoked.", "Ex-smoker since 2001."),
         ["smoking: “never smoked” and “Ex-smoker”"]),
        (("He never smoked.", "A lifelong non-smoker."), []),
        (("Left hip replacement in May", "hip replacement, right"),
         ["hip replacement: left, and right"]),
        (("Left hip replacement", "right knee replacement"), []),
        (("Lisinopril 10 mg at night", "lisinopril 20 mg at night"),
         ["lisinopril: 10 mg and 20 mg"]),
        (("Lisinopril 10 mg at night", "lisinopril 10 mg in the morning"), []),
        (("Lisinopril 10 mg, then lisinopril 20 mg",), []),
    ],
)  # fmt: skip
def test_two_records(texts: tuple[str, ...], words: list[str]) -> None:
    assert said(*texts) == words


def test_what_each_record_says_of_allergies() -> None:
    papers = [paper("Allergies: codeine", "a"), paper("NKDA", "b"), paper("Seen today.", "c")]
    assert [row.cells for row in records.allergies(papers)] == [
        ("a", "names codeine"),
        ("b", "says that none is known"),
        ("c", "no information"),
    ]


NOTES = (
    "4 May 2021  Seen, well.\n05/06/2021: bloods taken\n2023-01-09 | Seen again\nIn 2022 no note.\n"
)


def test_a_chronology_and_its_gap() -> None:
    rows = [row.cells for row in records.rows([paper(NOTES)])]
    assert [row[0] for row in rows] == ["2021-05-04", "2021-06-05", "2023-01-09"]
    assert rows[1][2] == "05/06/2021: bloods taken"
    (found,) = records.gaps([paper(NOTES)])
    assert found.words == "nothing dated between 2021-06-05 and 2023-01-09 (583 days)"
    assert list(records.gaps([paper("4 May 2021 x\n3 May 2022 y\n")])) == []
    assert list(records.gaps([paper("nothing")])) == []


SUPPLY = (
    "01.02.2024  Lisinopril 10 mg tablets   28   one at night    Voss\n"
    "{day}  Lisinopril 10 mg tablets   28   one at night    Voss\n"
)


@pytest.mark.parametrize(
    ("day", "count"), [("29.02.2024", 0), ("06.03.2024", 0), ("20.04.2024", 1)]
)
def test_a_medicine_that_must_have_run_out(day: str, count: int) -> None:
    found = list(records.supplies([paper(SUPPLY.format(day=day))]))
    assert len(found) == count
    for one in found:
        assert one.words.startswith("Lisinopril 10 mg: 28 of 2024-02-01 last 28 days")
        assert [quote.text[:10] for quote in one.citations] == ["01.02.2024", day]


LETTER = "12 June 2023\n\nDear Dr Voss,\n\nPlease repeat the {test} in four weeks.\n"


@pytest.mark.parametrize(
    ("test", "later", "count"),
    [
        ("MRI", "1 July 2023  Seen, well.\n", 1),
        ("MRI", "1 July 2023  MRI of the back: normal.\n", 0),
        ("MRI", "1 October 2023  MRI of the back: normal.\n", 1),
        ("potassium", "Date,Sodium mmol/l,Potassium mmol/l\n2023-07-01,140,4.4\n", 0),
        ("potassium", "Date,Sodium mmol/l,Potassium mmol/l\n2023-07-01,140,\n", 1),
    ],
)
def test_a_follow_up_is_open_until_a_dated_entry_speaks_of_it(
    test: str, later: str, count: int
) -> None:
    kind = "csv" if later.startswith("Date") else "text"
    papers = [paper(LETTER.format(test=test)), Document("b", kind, "read", later)]
    found = list(followups.open_ones(papers))
    assert len(found) == count
    for one in found:
        assert one.words.startswith(f"{test}, asked for on 2023-06-12, due 2023-07-10")
    assert [row.cells[:2] for row in followups.rows(papers)] == [("2023-07-10", test)]


@pytest.mark.parametrize(
    ("later", "count"),
    [
        ("03.07.2023  Diclofenac 50 mg tablets  28\n", 1),
        ("03.05.2023  Diclofenac 50 mg tablets  28\n", 0),
        ("03.07.2023  Paracetamol 500 mg tablets  28\n", 0),
    ],
)
def test_a_medicine_named_after_it_was_stopped(later: str, count: int) -> None:
    letter = paper("12 June 2023\n\nHer stomach hurts. Stop diclofenac.\n")
    found = list(followups.stopped([letter, paper(later, "b.txt")]))
    assert len(found) == count


def test_two_of_one_class() -> None:
    (found,) = followups.stopped([paper("Takes edoxaban; the list says warfarin.")])
    assert found.words == "two anticoagulants: warfarin and edoxaban"


def test_the_example_records() -> None:
    root = Path(__file__).parents[2] / "examples" / "records"
    documents = [d for d in ingest.read((str(root),)) if d.text]
    texts = {d.path: d.text for d in documents}
    found = judge.findings(load("records"), [], documents)
    by_rule = {
        name: " ".join(f.message for f in found if f.rule_id == f"rec.{name}")
        for name in ("contradiction", "gap", "supply", "follow-up-open", "medicines-together")
    }
    for words in ("penicillin", "born 1975-02-14", "smoking", "knee replacement", "bisoprolol"):
        assert words in by_rule["contradiction"]
    assert "2023-06-14" in by_rule["gap"] and "Apixaban 5 mg: 56 of 2024-10-09" in by_rule["supply"]
    for words in ("radiograph", "potassium", "CT, asked for on 2025-02-05"):
        assert words in by_rule["follow-up-open"]
    for words in ("naproxen stopped on 2025-02-03", "warfarin and apixaban"):
        assert words in by_rule["medicines-together"]
    for quote in (quote for f in found for quote in f.citations):
        assert texts[quote.path or ""][quote.start_char : quote.end_char] == quote.text

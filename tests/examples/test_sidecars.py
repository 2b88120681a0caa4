"""The answers beside the example sets are true of the documents as kimidoc reads them."""

import re
from itertools import chain

import pytest

from kimidoc.cite import Sources
from kimidoc.types import Quote
from tests.examples.conftest import EXAMPLES, SETS, answers, documents


@pytest.mark.parametrize("name", SETS)
def test_every_document_is_read_whole(name: str) -> None:
    files = [
        p for p in (EXAMPLES / name).rglob("*") if p.is_file() and "__pycache__" not in p.parts
    ]
    assert len(documents(name)) == len(files)
    assert {d.path: d.reason for d in documents(name) if d.status != "read"} == {}


@pytest.mark.parametrize("name", SETS)
def test_every_quote_stands_in_its_document(name: str) -> None:
    sources = Sources(documents(name))
    asked = [(q["document"], q["quote"]) for q in answers(name)["question"] if "quote" in q]
    noticed = [zip(t["documents"], t["quotes"], strict=True) for t in answers(name)["trap"]]
    lost = {}
    for path, quote in chain(asked, *noticed):
        citation = sources.locate(Quote(quote), only=path)
        if not citation.verified:
            lost[path, quote] = citation.status
    assert not lost


@pytest.mark.parametrize("name", SETS)
def test_every_entry_is_complete(name: str) -> None:
    sidecar = answers(name)
    assert sidecar["set"] == name and sidecar.keys() == {"set", "question", "trap"}
    for question in sidecar["question"]:
        given = question.keys() - {"id", "question"}
        assert given in ({"document", "quote", "answer"}, {"not_found"}), question
        assert question.get("not_found", True) is True
    for trap in sidecar["trap"]:
        assert trap.keys() - {"clean"} == {"id", "what", "documents", "quotes"} and trap["quotes"]
        assert trap.get("clean", True) is True
    for kind in ("question", "trap"):
        ids = [entry["id"] for entry in sidecar[kind]]
        assert len(set(ids)) == len(ids) > 10
        assert all(re.fullmatch(r"[a-z0-9-]+", i) for i in ids)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_of_a_size_to_read_at_once(name: str) -> None:
    characters = sum(len(document.text) for document in documents(name))
    assert 15_000 < characters < 80_000  # about 5,000 to 20,000 tokens

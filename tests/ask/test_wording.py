"""The rule that knows a question about every document, on wordings of both kinds."""

from __future__ import annotations

import pytest

from kimidoc.ask.wording import LONGEST, asks_which

OF_THE_SET = [
    "Which contracts can be assigned without consent?",
    "which contracts end on a change of control",
    "Which of the suppliers’ contracts have a most-favoured-customer clause?",
    "Which of our customer agreements contain an exclusivity clause?",
    "Which leases expire before 2027?",
    "Which leases of the group will expire in 2027?",
    "Which licences are perpetual?",
    "Which licenses were terminated for breach?",
    "Which agreements are still in force?",
    "Which agreements require the landlord's consent?",
    "Which contracts do not allow assignment?",
    "Which agreements may be terminated for convenience?",
    "Which contracts can the customer terminate for convenience?",
    "Which contracts with suppliers cap liability?",
    "Which documents mention Project Falcon?",
    "Which reports warn of a going concern?",
    "Which invoices were due in March 2026?",
    "Which records show a penicillin allergy?",
    "Which policies apply to contractors?",
    "Which files import numpy?",
    "Which 10-Ks disclose a material weakness?",
    "What agreements provide for automatic renewal?",
    "What filings have to include a risk factor about tariffs?",
    "In which filings does the company mention an impairment of goodwill?",
    "Under which agreements is Delaware law the governing law?",
    "How many contracts expire in 2027?",
    "How many of the leases have a break clause?",
    "Do any of the contracts allow assignment without consent?",
    "Does any contract give a right of first refusal?",
    "Do all of the agreements limit liability?",
    "Are any of the leases terminable on a change of control?",
    "Can any of the licences be transferred?",
    "Are there any contracts that renew automatically?",
    "List all leases that expire before 2030.",
    "List the agreements containing a non-compete",
    "Name every contract which can be terminated by the customer",
    "Show me all contracts with an exclusivity clause.",
    "Please tell me which agreements are governed by English law.",
    "Can you list all documents that mention asbestos?",
    "What is the term of each lease?",
    "For each contract, what is the governing law?",
    "Who signed for the supplier in each of the agreements?",
    "When does each lease expire?",
    "What does each contract say about assignment?",
    "Which of the contracts has an exclusivity clause?",
    "Do we have any contracts that restrict competition?",
    "Is there an agreement which allows termination for convenience?",
    "Show which leases have a rent review",
    "Which bank statements show a payment to Quillon?",
    "Which files read environment variables?",
    "We are buying the company. Which contracts need a consent?",
    "Do any contracts have\n a guarantee by the parent?",
]
NOT_OF_THE_SET = [
    "",
    "Which party may terminate?",
    "Which functions write to disk?",
    "Which law governs the Norrland distribution agreement?",
    "Which contract has the longest term?",
    "Which firm audits the company?",
    "Which provisions of the contracts survive termination?",
    "Which parties to the agreements have to give notice?",
    "What documents must the tenant hand over?",
    "What documents must be delivered at closing?",
    "What documents are required for completion?",
    "Which documents shall the seller provide?",
    "Which documents are attached to the agreement?",
    "Which documents form the contract?",
    "Which contracts are listed in the register?",
    "Which agreements must be signed at completion?",
    "Which records must be kept, and for how long?",
    "Which records does the clinic keep?",
    "Which policies must the tenant maintain?",
    "Which reports have to be filed every quarter?",
    "Which files does the program delete?",
    "Which files are written by the exporter?",
    "What reports provided by the borrower are confidential information?",
    "What contracts did the company enter into?",
    "What are the contracts about?",
    "What happens to the agreements on a change of control?",
    "Which contracts do not mention a change of control?",
    "Which contracts don't contain a cap on liability?",
    "Which contracts contradict each other?",
    "Which documents prevail if they conflict?",
    "Which agreements has Acme signed with Meridale?",
    "Which agreements have we signed with Meridale?",
    "Which agreements does the register list as expired?",
    "Which statements about revenue are forward-looking?",
    "Which letters of credit are outstanding?",
    "Which lease payments have increased?",
    "Which files were modified by the attacker?",
    "What does each document have to contain?",
    "How many files are there?",
    "How many reports must be submitted a year?",
    "How many contracts do we have?",
    "How many employees signed contracts?",
    "Do the parties intend any agreement to be exclusive?",
    "Do the documents say when the company was founded?",
    "Are all documents delivered on time?",
    "List all documents the tenant must hand over.",
    "List all documents that must be delivered at completion.",
    "List the obligations of the tenant under the lease.",
    "List all contracts without a cap on liability.",
    "Find the file that holds the login handler.",
    "What has to be paid at the end of each lease?",
    "What must be stated in each document?",
    "What is the fee for each report?",
    "What is the rent in each lease year?",
    "When does the lease expire?",
    "Can the agreement be assigned?",
    "What does this change break?",
    "Welche Verträge enden bei einem Kontrollwechsel?",
]


@pytest.mark.parametrize("question", OF_THE_SET)
def test_what_is_asked_of_every_document(question: str) -> None:
    assert asks_which(question)


@pytest.mark.parametrize("question", NOT_OF_THE_SET)
def test_what_is_not(question: str) -> None:
    assert not asks_which(question)


@pytest.mark.parametrize("question", OF_THE_SET)
def test_letter_case_and_white_space_decide_nothing(question: str) -> None:
    assert asks_which(f"  {question.upper()}\n") and asks_which(question.replace(" ", "\n\t"))


def test_a_long_question_is_looked_at_in_bounded_time() -> None:
    """Backtracking over words that nearly fit would take for ever."""
    for words in ("which contracts with ", "all signed ", "can the a ", "each of the contracts "):
        assert not asks_which(f"Which {words * 20_000}?")
    assert not asks_which("x" * LONGEST + ". Which contracts expire?")

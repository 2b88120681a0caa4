"""Whether a question asks WHICH of the documents: a rule over English words.

"Which contracts can be assigned without consent?", "List all leases that expire before 2030", "Do
any of the filings mention an impairment?", "What is the term of each lease?" ask the same of every
document. "Which party may terminate?" and "What documents must the tenant hand over?" do not: the
answer stands in one document, as a party or as documents that are only spoken of.

So two things have to be there: a noun for documents where the question puts what it asks for, and a
predicate that is about what a document says or is (``SAYS``, or a form of "be"), not about what is
done with it (``HANDED``). Of the two mistakes the rule rather makes that of asking once. It leaves
alone what no quote can show ("Which contracts do not mention …") and what compares documents with
each other. Written on wordings thought up for it (``tests/ask/test_wording.py``), on no data set.

To add a noun or a verb: 1. put it into its line below; 2. add a question that it is for, and one
that holds the word and is not about the documents, to the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 2_000  # characters of a question that are looked at
NOUNS = (
    "contract agreement lease sublease tenancy licence license deed amendment addendum nda "
    "document file filing report policy letter invoice record memo memorandum email e-mail "
    "transcript prospectus paper article judgment judgement presentation spreadsheet cv 10-k 10-q "
    "8-k pdf"
).split()
# a statement by itself is what somebody says
NOUNS += [f"{of} statement" for of in ("bank", "account", "financial", "proxy", "witness")]
# of these, what a document of another kind seldom speaks of, as it does of a fee "for each report"
CLOSED = "contract agreement lease sublease tenancy deed nda document file filing".split()
SAYS = (
    "contain mention say state provide allow permit prohibit forbid require include have lack "
    "discuss refer describe give grant impose limit cap exclude cover address set specify define "
    "restrict name cite end expire lapse terminate renew run last start begin fall come deal speak "
    "tell show use import call depend oblige disclose report warn confirm treat bind apply need "
    "remain promise guarantee waive entitle enable reserve involve concern relate date demand "
    "read write open parse handle"
).split()
PRESENT = (  # of these a "does not" leaves nothing to quote
    "contain mention say state provide include have specify define address cover refer disclose "
    "discuss describe"
).split()
PAST = "gave ran began fell came dealt spoke told forbade bound".split()
# What is done with documents that another document speaks of, or what is only counted off.
HANDED = (
    "delivered handed provided submitted furnished required needed necessary attached annexed "
    "appended supplied produced presented kept retained returned deleted written created "
    "generated stored logged prepared sent listed referred referenced incorporated defined "
    "mentioned included excluded called meant considered made used opened loaded parsed imported "
    "filed issued published exchanged destroyed given shown obtained received collected reviewed "
    "relied deemed modified changed part available acceptable relevant there the these those they "
    "you we it"
).split()
OWED = (  # and what one has to have done with documents of one's own
    "signed executed entered notarised notarized registered completed approved updated audited"
).split()
ENDS = "terminate assign end cancel renew extend transfer novate exit leave".split()


def asks_which(question: str) -> bool:
    """Whether one of its sentences asks something of every document of a set."""
    text = " ".join(question[:LONGEST].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    return any(_sentence(sentence) for sentence in re.split(r"(?<=[.?!;])\s+", text))


def _sentence(text: str) -> bool:
    if _COMPARED.search(text):
        return False
    if any(form.match(text) for form in _FORMS):
        return True
    return bool(_EACH.search(text)) and not _OBLIGES.search(text)


def _any(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, words))})"


def _plural(noun: str) -> str:
    ends = {"y": noun[:-1] + "ies", "um": noun[:-2] + "a", "us": noun + "es"}
    return next((many for end, many in ends.items() if noun.endswith(end)), noun + "s")


def _forms(verb: str) -> list[str]:
    """A verb with the endings of "they did"; a form too many does no harm."""
    stem = verb[:-1] + "i" if verb.endswith("y") and verb != "say" else verb
    return [verb, f"{stem}d", f"{stem}ed"]


def _predicate(verb: str, do: str, be: str, have: str, need: str) -> str:
    """What a document says or is, behind a noun whose number these words agree with."""
    verbs = rf"(?:{verb}\b(?! by\b)|{have}{_OWN}|{need}\b(?! to\b))"
    must = rf"(?:must|shall|should|(?:{have}|{need}|{be}) to)"
    ways = (
        rf"{_ADVERBS}{verbs}",
        rf"(?:{do}|did)(?: not|n't) {_ADVERBS}(?!{_any(PRESENT)}\b){_BASE}",
        rf"(?:{be}(?:n't)?|{have} (?:not )?been) {_ADVERBS}(?!to\b){_NOT_HANDED}",
        rf"{_MAY} {_ADVERBS}(?:{_BASE}|(?:be|have been) {_ADVERBS}{_NOT_HANDED})",
        rf"{must} {_ADVERBS}(?:{_BASE}|(?:be|have been) {_ADVERBS}{_NOT_OWED})",
    )
    return f"(?:{'|'.join(ways)})"


_ONE, _MANY = _any(NOUNS), _any(map(_plural, NOUNS))
_EITHER = rf"(?:{_MANY}|{_ONE})\b"
_WORD = r"[\w'./&-]+"
# Words that no adjective or noun before "contracts" is: what stands behind them is another phrase.
_JOINTS = (
    r"(?:to|of|in|on|at|by|from|for|with|without|under|into|about|as|than|the|a|an|that|which|who|"
    r"whose|what|is|are|was|were|be|been|can|may|must|shall|will|should|do|does|did|has|have|had|"
    r"not|no|if|when|between|because|there|any|each|every)\b"
)
_BEFORE = rf"(?:(?!{_JOINTS}){_WORD} ){{0,4}}?"
_THE = r"(?:the|these|those|our|my|your|all(?: the| our| my| these)?)"
_OF = rf"(?:of {_THE} )?"
_AFTER = (  # "contracts with suppliers", "leases of the group"
    r"(?: (?:in|with|of|between|from|for|on|about|signed|dated|made)"
    r"(?: (?!(?:that|which|who)\b)[\w'.,/&-]+){1,6}?)?"
)
_ADVERBS = (
    r"(?:(?:also|already|still|only|always|ever|never|not|currently|presently|now|automatically|"
    r"expressly|explicitly|specifically|clearly|actually|all|each) )*"
)
_OWN = r"(?! (?:\w+ )?(?:been|to)\b)(?! (?:i|we|you|they)\b)\b"  # "have" with an object
_PLAIN = _any(verb for verb in SAYS if verb not in ("have", "need"))
_BASE = rf"(?:{_PLAIN}\b|have\b(?! to\b)|need\b(?! to\b))"
_NOT_HANDED = rf"(?!{_any(HANDED)}\b)\w"
_NOT_OWED = rf"(?!{_any([*HANDED, *OWED])}\b)\w"
_MAY = r"(?:can|cannot|can't|could|may|might|will|won't|would)"
_TELL = [verb for verb in SAYS if verb not in ("have", "need")]
_THEY = [*(form for verb in _TELL for form in _forms(verb)), *PAST]
_IT = [*(re.sub("(?<!sa)y$", "ie", verb) + "s" for verb in _TELL), "discusses", "addresses"]
_OF_MANY = _predicate(_any(_THEY), "do", "(?:are|were)", "(?:have|had)", "need")
_OF_ANY = _predicate(
    _any([*_THEY, *_IT]), "(?:do|does)", "(?:is|are|was|were)", "(?:has|have|had)", "needs?"
)
_ING = _any(f"{verb.removesuffix('e')}ing" for verb in SAYS if verb not in ("have", "be"))
_RELATIVE = (
    rf"(?:(?:that|which) {_OF_ANY}|(?:whose|where|(?:in|under) which)\b|(?:with|{_ING})\b|"
    r"(?:governed|subject|due|terminable|assignable|ending|in force)\b)"
)
_LEAD = (
    r"(?:please,? |kindly )?(?:(?:can|could|would|will) you (?:please )?)?"
    r"(?:(?:tell|show|let|list|find|identify|check|see|say)(?: (?:me|us))?(?: out| know)? |"
    r"(?:i|we) (?:want|need|would like) to know )?"
    r"(?:and |but |so )?"
)
_SOME = rf"{_OF}{_BEFORE}{_MANY}\b(?! of credit\b){_AFTER}"
_EVERY = rf"(?:any|each|all|every|some)(?: one)?(?: of)?(?: {_THE})? {_BEFORE}{_EITHER}{_AFTER}"
_CALL = (
    r"(?:list|name|identify|find|show|give|enumerate|flag)(?: (?:me|us))?(?: (?:a|the) list of)?"
)
_FORMS = [
    re.compile(_LEAD + form, re.IGNORECASE)
    for form in (
        rf"(?:which|what|how many) {_SOME} {_OF_MANY}",
        rf"which (?=of ){_SOME} {_OF_ANY}",
        # the others' right to end what binds them: "Which agreements can the customer terminate"
        rf"which {_OF}{_BEFORE}{_any(map(_plural, CLOSED))} (?:can|may|could)(?: {_WORD}){{1,5}}?"
        rf" {_any(ENDS)}\b",
        rf"(?:in|under|within) (?:which|what) {_SOME} \w",
        rf"(?:do|does|did) {_EVERY} {_ADVERBS}{_BASE}",
        rf"(?:is|are|was|were|has|have) {_EVERY} (?:been )?{_ADVERBS}{_NOT_HANDED}",
        rf"{_MAY} {_EVERY} {_ADVERBS}(?:{_BASE}|be {_ADVERBS}{_NOT_HANDED})",
        rf"(?:(?:is|are) there|do (?:we|you) have) (?:any|an?) {_BEFORE}{_EITHER}{_AFTER} "
        rf"{_RELATIVE}",
        rf"{_CALL} (?:(?:all|every|each|any)(?: of)?(?: {_THE})? {_BEFORE}{_EITHER}|"
        rf"(?:{_THE} )?{_BEFORE}{_MANY}\b){_AFTER},? {_RELATIVE}",
    )
]
_CLOSED = rf"(?:{_any(map(_plural, CLOSED))}|{_any(CLOSED)})"
_PER = rf"(?:each|every)(?: one)?(?: of {_THE})? {_BEFORE}{_CLOSED}"
_EACH = re.compile(
    rf"^(?:{_LEAD})(?:for|in|under) {_PER}\s?[,:]|"
    r"(?<!\bend)(?<!\bcopy)(?<!\bcopies)(?<!\bbeginning)(?<!\bstart)(?<!\brespect)(?<!\bcase)"
    rf"(?<!\bparty)(?<!\bparties) (?:of|in|under) {_PER}\W*$|"
    rf"^{_LEAD}(?:when|what|who|how|where) .*?(?:do|does|did) {_PER} {_ADVERBS}{_BASE}",
    re.IGNORECASE,
)
_OBLIGES = re.compile(r"\b(?:must|shall|should|required|have to|has to|needs? to)\b", re.IGNORECASE)
_COMPARED = re.compile(r"\b(?:each other|one another|between them|the same)\b", re.IGNORECASE)

"""Whether a sign's words stand in a negated clause: "The licence does not renew automatically."

A rule over English wording, after the negation scopes of NegEx (Chapman et al. 2001, J Biomed
Inform 34:301) with the clauses of contracts in mind. A negation before the words denies them if
both stand in one clause; two negations cancel. It errs towards *not negated*: a finding that a
reader strikes out costs less than one that is never raised.

What it does not see: negation across sentences ("That is not so."), irony, other languages.
"""

from __future__ import annotations

import re

from kimidoc.clauses.passages import ABBREVIATED

_WORDS = 16  # a negation further back than this many words is not believed to reach
_WITHOUT_WORDS = 4

_CUE = re.compile(
    r"\b(?:not|never|neither|nor|no|none|nothing|nobody|without|cannot|nowhere|no longer"
    r"|(?:can|won|shan|don|doesn|didn|isn|aren|wasn|weren|hasn|haven|wouldn|couldn|shouldn|mustn)"
    r"[’']?t|ceas(?:e|es|ed|ing) to|den(?:y|ies|ied)|absence of|free (?:of|from)|negative for"
    r"|(?:rather|other) than|instead of)\b|\bnon(?:- ?| )(?=\w)",
    re.IGNORECASE,
)
# Look-alikes, taken out first: comparisons, adverbs, conditions and double negations that leave
# the clause affirmative, and the number of a thing.
_HARMLESS = re.compile(
    r"\bnos?\.\s*(?=[\dIVX])"
    r"|\bnot? (?:be )?(?:less|more|fewer|greater|later|earlier|sooner|longer|lower|higher) than\b"
    r"|\bnot (?:only|merely|solely|just|necessarily)\b"
    r"|\b(?:not|without) (?:limited|limiting|limitation|to exceed|exceeding)\b"
    r"|\b(?:whether )?or (?:may )?not\b|\bif not\b|\bno (?:doubt|matter)\b|\bnone ?the ?less\b"
    r"|\bnot (?:to )?(?:be )?(?:unreasonabl[ey]|unduly|unusual\w*|uncommon\w*|unlikely)\b"
    r"|\bnot (?:to )?be (?:withheld|delayed|conditioned)\b"
    r"|\bwithout (?:(?:any|the|further|prior|written|such|giving|need for|obtaining) )*"
    r"(?:notice|cause|delay|prejudice|regard|reason|reference|charge|penalty|affecting|warning"
    r"|demand|action)\b",
    re.IGNORECASE,
)
# Where a clause ends: stops, rows and paragraphs, words that turn a sentence round, and the subject
# and verb of a further main clause.
_VERB = r"(?:shall|will|may|must|agrees?|is|are|has|have)"
_END = re.compile(
    r"[.!?](?=[\s\"”’)]|$)|[;:|\t]|\n\s*\n|\n\s*(?=[-•*(]|\d)"
    r"|\b(?:but|however|except|save|whereas|although|though|(?P<if>unless|until"
    r"|(?<!\bbe )(?<!\bas )(?<!\bis )provided(?! (?:in|by|under|for|to|herein)\b)))\b"
    rf"|,? and (?=(?:\w+ ){{0,4}}{_VERB} )|, (?=(?:\w+ ){{1,4}}(?:shall|will|may|must) )",
    re.IGNORECASE,
)
# What a condition denies is not denied by the agreement: "if the Buyer does not order the minimum".
_IF = re.compile(
    r"\b(?:if|where|when|whenever|in the event|in case|as long as|so long as)\b", re.IGNORECASE
)
# A relative or causal clause is ended by a comma or by the verb of the main clause: "a customer
# that does not object is bound to exclusivity".
_RELATIVE = re.compile(r"\b(?:because|since|after|upon|who|whom|which|that|whose)\b", re.IGNORECASE)
_MAIN = re.compile(rf",|\b(?:{_VERB}|can)\b", re.IGNORECASE)
_PREVENTS = re.compile(
    r"\b(?:prevent|prohibit|preclud|restrict|refus|withh[oe]ld|exclud|limit|forbid|fail|affect"
    r"|prejudic|object)\w*",
    re.IGNORECASE,
)
# After the words: "automatic renewal is excluded", "a sale of shares is not a transfer".
_EXCLUDED = re.compile(
    r"^(?: (?!which\b|that\b|who\b)[\w’'-]+){0,8}? (?:"
    r"(?:(?:is|are|was|were)|(?:shall|will|has|have) be(?:en)?) (?:\w+ly )?"
    r"(?:excluded|disapplied|waived)\b"
    r"|(?:is|are|was|were|shall|will|does|do|did|may|has|have)(?: \w+ly)? not (?:be )?"
    r"(?:an?\b|appl|deemed|constitut|entitle|treated|considered|amount|permitted|allowed|granted"
    r"|required|include)"
    r"|ceas(?:es?|ed) to (?:apply|have effect|exist))"
    r"|^\s*[:|–-]\s*(?:no|none|nil|n/a|not)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]{24,}\)")  # denies nothing outside its brackets
_SENTENCE = re.compile(
    rf".+?(?:{ABBREVIATED}\.(?=[\s\"”’)])|[;!?](?=[\s\"”’)])|\n\s*\n|\Z)", re.DOTALL
)
_LOOK_AROUND = re.compile(r"\(\?<?[!=][^)]*\)")


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence, or part of one up to a semicolon, stands in a text."""
    return [match.span() for match in _SENTENCE.finditer(text)]


def holds(sign: str) -> bool:
    """Whether a sign speaks of a negation itself: "(?:shall|may) not assign"."""
    words = re.sub(r"\\[a-zA-Z]", " ", _LOOK_AROUND.sub(" ", sign))  # \b is no word
    return bool(_CUE.search(re.sub(r"[()\[\]|]", " ", re.sub(r"[?*+:]", "", words))))


def negated(text: str, start: int, end: int) -> bool:
    """Whether the words ``text[start:end]`` are denied by the clause they stand in.

    A negation within those words counts too: "guidance was not lowered".
    """
    plain = _HARMLESS.sub(lambda match: "_" * len(match[0]), text)
    for aside in _ASIDE.finditer(plain):
        if not (aside.start() <= start and end <= aside.end()):
            plain = plain[: aside.start()] + "_" * len(aside[0]) + plain[aside.end() :]
    stops = [match for match in _END.finditer(plain) if match.end() < end]
    since, condition = (stops[-1].end(), bool(stops[-1]["if"])) if stops else (0, False)
    cues = [
        cue
        for cue in _CUE.finditer(plain, since, end)
        if cue.start() >= start or (not condition and _reaches(plain, since, cue, start))
    ]
    if cues:
        # Neither … nor is one negation, as is every nor: it goes on with the one before it.
        count = sum(cue[0].lower() != "nor" for cue in cues) or 1
        after = cues[-1].end()
        cancelled = after < start and _PREVENTS.search(plain, after, start) is not None
        if (count + cancelled) % 2:
            return True
    return bool(_EXCLUDED.match(" ".join(f"_{text[end : end + 80]}".split())[1:]))


def _reaches(plain: str, since: int, cue: re.Match[str], start: int) -> bool:
    """Whether a negation at ``cue`` reaches the words that begin at ``start``."""
    between, said = plain[cue.end() : start], cue[0].lower()
    words = len(between.split())
    if said.rstrip("- ") == "non":  # "non-exclusive" and nothing further on
        return not between
    if said == "without" or said.endswith((" of", " from", " for", " than")):
        return words <= _WITHOUT_WORDS and "," not in between
    if _IF.search(plain, since, cue.start()):
        return False
    if _RELATIVE.search(plain, since, cue.start()) and _MAIN.search(between):
        return False
    return words <= _WORDS

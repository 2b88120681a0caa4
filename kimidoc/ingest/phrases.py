"""Phrases by which documents address a language model, as patterns over lower-case UTF-8.

Each has a literal beginning, by which ``integrity`` finds out fast that it does not occur, and a
rest; a blank in either stands for white space, line ends included. They are meant to leave alone
what people write to each other: "do not report vulnerabilities in public issues", "the agent may
disregard prior drafts", "ignore all other files".
"""

from __future__ import annotations

import re

_SPACE = rb"\s{1,40}+"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|system)"
_ORDERS = r"(?:instruction|prompt|directive|direction|guideline)s?\b"
_WHICH = r"(?:(?:all|any|the|of|your|these|those|my|its) ){0,5}+"
_READER = (
    r"(?:an? )?+(?:ai|artificial intelligence|llm|(?:large )?+language model|chatbot|chatgpt|"
    r"gpt-?\d?|claude|gemini|copilot|kimi)s?\b"
)
_ROLE = (
    r"(?:models?|systems?|assistants?|agents?|reviewers?|readers?|auditors?|analy[sz]ers?|tools?)\b"
)
_AFTERWARDS = r"(?:through|via|public|on|in|to|here|using|by|again|unless|until|as\b)"
_LIKE_THIS = (
    r"(?:this|these|the following|the above) (?:\w{1,20}+ )?(?:findings?|issues?|problems?|bugs?|"
    r"vulnerabilit(?:y|ies)|defects?|clauses?|sections?|files?|documents?|paragraphs?|provisions?|"
    r"weakness(?:es)?)\b"
)

_PHRASES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("ignore", "disregard", "forget", "override"), rf" {_WHICH}{_BEFORE} {_ORDERS}"),
    (
        ("ignore", "disregard", "forget"),
        r" (?:everything|anything|all) (?:that )?+you (?:have been|were) (?:told|instructed)\b",
    ),
    (
        ("reveal", "print", "repeat", "show", "ignore", "override", "output"),
        r" (?:me |us )?+(?:your|the) (?:hidden |initial |full )?+system prompt\b",
    ),
    (("as an ai",), rf" (?:language model|{_ROLE})"),
    (("if you are", "you are now"), rf" {_READER}(?: {_ROLE})?+[ ,:.]"),
    (
        ("note", "instructions", "instruction", "message", "attention", "notice"),
        rf" (?:to|for) (?:(?:the|any|all|every) )?+(?:{_READER}(?: {_ROLE})?+|automated {_ROLE})"
        r"\s{0,3}+[:,.!]",
    ),
    (("attention", "dear"), rf" {_READER}(?: {_ROLE})?+\s{{0,3}}+[:,!]"),
    (
        ("do not", "don't", "never"),
        rf" (?:report|flag|mention) {_LIKE_THIS}(?! {_AFTERWARDS})",
    ),
    (
        ("ignoriere",),
        r"n? (?:sie )?+(?:(?:alle|die|sämtliche) ){0,3}+(?:vorherigen|bisherigen|obigen|früheren) "
        r"(?:anweisung|instruktion|befehl)",
    ),
    (
        ("ignore", "ignorez"),
        r" (?:(?:toutes|les) ){0,2}+(?:instructions|consignes) "
        r"(?:précédentes|ci-dessus|antérieures)",
    ),
    (
        ("ignora", "ignore"),
        r"(?:r|d)?+ (?:(?:todas|las|tutte|le|as) ){0,2}+(?:instrucciones|istruzioni|instruções) "
        r"(?:anteriores|previas|prévias|precedenti)",
    ),
    (
        ("negeer",),
        r" (?:(?:alle|de) ){0,2}+(?:vorige|eerdere|bovenstaande) (?:instructies|opdrachten)",
    ),
    # Without its first letter, which may be a capital: only ASCII has been lowered.
    (
        ("гнорируй",),
        r"(?:те)?+ (?:(?:все|любые) ){0,2}+(?:предыдущие|прошлые|прежние) (?:инструкции|указания)",
    ),
    (
        ("忽略",),
        r"(?:你|您|掉)?+(?:所有|全部|任何)?+(?:之前|以上|前面|先前|上述|此前)(?:的)?+"
        r"(?:所有|全部|任何)?+(?:的)?+(?:指令|指示|提示词|命令)",
    ),
    (("以前の", "これまでの", "上記の"), r"(?:すべての)?+(?:指示|命令)(?:を|は)(?:すべて)?+無視"),
    (("이전", "위의"), r"\s?(?:모든 )?+(?:지시|지침|명령)(?:사항)?+(?:을|를)?\s?무시"),
)


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode().replace(b" ", _SPACE))


def _by_literal() -> dict[bytes, tuple[re.Pattern[bytes], ...]]:
    found: dict[bytes, list[re.Pattern[bytes]]] = {}
    for literals, rest in _PHRASES:
        for literal in literals:
            # Up to the first blank: what follows may stand on the next line.
            first = literal.partition(" ")[0].encode()
            found.setdefault(first, []).append(
                _compiled(re.escape(literal).replace("\\ ", " ") + rest)
            )
    return {literal: tuple(patterns) for literal, patterns in found.items()}


INSTRUCTIONS: dict[bytes, tuple[re.Pattern[bytes], ...]] = _by_literal()
"""What a phrase begins with -> the phrases."""

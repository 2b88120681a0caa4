"""Amounts of money in texts: "£186,000 a year", "US$ 21.5 million", "EUR 1.234,50".

The number is price-parser's, except where it can be read in two ways. A dollar, yen or kroner sign
stands for several currencies: then the sign is kept and the note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from price_parser import Price

from kimidoc.types import Value
from kimidoc.values.numbers import SPELLED, plain, spelled

_CODES = ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "CNY", "RMB", "HKD", "SGD", "INR",
          "SEK", "NOK", "DKK", "PLN", "BRL", "MXN", "ZAR", "KRW")  # fmt: skip
_SIGNS = {"US$": "USD", "U.S.$": "USD", "C$": "CAD", "A$": "AUD", "HK$": "HKD", "S$": "SGD",
          "NZ$": "NZD", "£": "GBP", "€": "EUR", "₹": "INR", "₩": "KRW", "RMB": "CNY"}  # fmt: skip
_SEVERAL = {"$": "several dollars", "¥": "the yen and the yuan", "kr": "several crowns"}
_NAMES = {
    "pounds sterling": "GBP", "pounds": "GBP", "euros": "EUR", "euro": "EUR",
    "us dollars": "USD", "u.s. dollars": "USD", "united states dollars": "USD", "dollars": "$",
}  # fmt: skip
_SCALE = {
    "hundred": 2,
    "thousand": 3,
    "million": 6,
    "mn": 6,
    "m": 6,
    "billion": 9,
    "bn": 9,
    "trillion": 12,
    "k": 3,
}
_SIGN = "|".join(re.escape(s) for s in sorted([*_SIGNS, *_SEVERAL, *_CODES], key=len, reverse=True))
_NAME = "|".join(re.escape(n) for n in sorted(_NAMES, key=len, reverse=True))
_NUMBER = r"\d[\d.,’']*(?<=\d)"
_LARGE = r"(?:\s*(?P<{0}>hundred|thousand|million|billion|trillion|mn|bn|m|k)\b)?"
_MONEY = re.compile(
    rf"(?<!\w)(?P<sign>{_SIGN})\s*(?P<number>{_NUMBER}){_LARGE.format('scale')}"
    rf"(?:\s+(?P<code>{'|'.join(_CODES)})\b(?!\s*\d))?"
    rf"|(?P<figures>\b{_NUMBER}){_LARGE.format('large')}\s+(?P<name>{_NAME}|{'|'.join(_CODES)})\b"
    rf"|(?P<words>{SPELLED})\s+(?:(?P<of>{_NAME})\b)?\s*\(\s*(?P<in>{_SIGN})?\s*(?P<both>{_NUMBER})\s*\)(?:\s*(?P<after>{_NAME})\b)?",
    re.IGNORECASE,
)  # fmt: skip
_TWO_WAYS = re.compile(r"\d{1,3}\.\d{3}")


def find(text: str) -> Iterator[Value]:
    """Every amount of money that a text names."""
    for match in _MONEY.finditer(text):
        number = match["number"] or match["figures"] or match["both"]
        said = (
            match["code"]
            or match["sign"]
            or match["name"]
            or match["in"]
            or match["of"]
            or match["after"]
        )
        if said is None:  # "thirty (30)" of something else
            continue
        scale = (match["scale"] or match["large"] or "").casefold()
        yield _value(match[0], number, scale, said, match["words"])


def _value(words: str, number: str, scale: str, said: str, spelled_out: str | None) -> Value:
    if _TWO_WAYS.fullmatch(number) and not scale:
        return Value("money", words, None, "the stop may divide thousands or parts")
    amount = Price.fromstring(number.replace("’", "").replace("'", "")).amount
    if amount is None:
        return Value("money", words, None, "the number cannot be read")
    if scale and number.count(".") == 1:
        amount = Decimal(number.replace(",", ""))
    if spelled_out is not None and spelled(spelled_out) != amount:
        return Value("money", words, None, "words and figures differ")
    amount = amount.scaleb(_SCALE.get(scale, 0))
    currency, note = _currency(said)
    return Value("money", words, f"{currency} {plain(amount)}", note)


def _currency(said: str) -> tuple[str, str]:
    upper, lower = said.upper(), " ".join(said.casefold().split())
    known = _SIGNS.get(upper) or _SIGNS.get(said) or _NAMES.get(lower) or upper
    sign = next((s for s in _SEVERAL if s in (known, lower)), None)
    return (sign, f"the sign stands for {_SEVERAL[sign]}") if sign else (known, "")

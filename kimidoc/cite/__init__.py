"""A quote -> where it stands in the source, or that it does not. Knows nothing of models.

    forms      which characters are written another way
    fold       texts compared up to white space and typography, mapped back to characters
    edges      a quote never begins or ends inside a word or a number
    lexicon    words that decide what a sentence says, in several languages
    words      a text as words, each with the fact it states
    facts      whether two texts agree on numbers, dates, currencies, percentages, negations
    places     every place where a text says a quote
    shingles   which stretches of many documents are worth comparing with a quote
    sources    a quote -> a citation: exact, normalised, fuzzy or unverified
    verify     a draft's claims -> an answer

May import ``types``, ``errors``, rapidfuzz and numpy, never a model, a cache or a tokenizer: text
is checked against source text alone, so that no fault above can forge a citation.

Only exact and normalised count as verified. Fuzzy is a help for the reader: something close stands
there, it agrees on every fact, and it was not quoted.

To add a language:

1. Add its negations, months, currencies and number words to ``lexicon``.
2. If it puts no space between words, add its block to ``edges``.
3. Add a pair that must disagree, and one that must not, to ``tests/cite/test_facts.py``.
"""

from kimidoc.cite.facts import disagreement
from kimidoc.cite.sources import Sources
from kimidoc.cite.verify import verify

__all__ = ["Sources", "disagreement", "verify"]

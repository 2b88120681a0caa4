"""What a report says of how places and quotes were chosen: one notice for each way.

To add a way: 1. write its notice here, with how often it is right; 2. have ``local._method`` say
when it is the one.
"""

from __future__ import annotations

from kimidoc.types import Notice

# What ``engine.finding`` does with a checkpoint that no indexer was trained for.
BY_WORD_RULES = Notice(
    "method.places-by-word-rules",
    "Rules that compare words, not understanding, chose where to look and decided what counts as "
    "not found, and the model, which is not trained for this work, took each quote from the "
    "sentences that those rules put first: a quote that was located may still not answer its "
    "question, and an answer may have been overlooked.",
)
# And with one that the shipped indexer was trained for.
BY_INDEXER = Notice(
    "method.places-by-indexer",
    "A small trained indexer chose where to look and which sentences to quote; rules that compare "
    "words decided what counts as not found. Of questions about contract clauses the right passage "
    "is among its first eight for 91 to 97 of a hundred (models/nano/README.md): a quote that was "
    "located may still not answer its question, and an answer may have been overlooked.",
)
# And with the reader, which was trained to answer from passages.
BY_READER = Notice(
    "method.read-again",
    "A small trained indexer chose passages of the window, and for a question put to all documents "
    "its words chose some too. A small trained model read them again with the question: it decided "
    "whether they answer it and which of their sentences to quote. Where a question asks for one "
    "of 41 kinds of contract clauses, a linear model over words, fitted on labelled contracts, had "
    "a vote on both. How often that is right on "
    "contracts it was not trained on is in models/nano/README.md: a quote that was located may "
    "still not answer its question, and an answer may have been overlooked.",
)

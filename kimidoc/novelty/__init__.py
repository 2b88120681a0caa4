"""What is new in a set of documents: from how unexpected each word was to lines and sections.

    words        a window's words with the surprisal of their tokens
    memory       what the wording of the rest of the set makes expected
    stretches    the lines that are scored
    score        lines, sections and documents, with what changed and what stands elsewhere
    strip        a document as a few cells, for a heat strip

May import ``types``, ``errors`` and numpy. The surprisal itself comes from ``engine.surprisal``;
this room sees an array with one figure per token of the window, and no model.

    found = score.scored(words.of(window, surprisal))
    found = score.scored(words, score.of_documents(words, earlier))    against an earlier version

To add a figure that lines are judged by: 1. compute it per word in a file of its own; 2. add a
field to ``score.Line`` and its meaning to that docstring; 3. show with ``kimidoc bench novelty``
that planted edits are found better.
"""

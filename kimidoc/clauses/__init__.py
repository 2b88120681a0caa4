"""Which passages of a contract are which kind of clause: a linear model of words, fitted before.

    passages   a text -> sentences that a clause may stand in, and the words each holds
    weights    what was fitted (weights.tsv)
    model      every passage's score for every kind
    fit        ``labelled`` contracts -> weights.tsv; ``playbooks.score`` measures answers by them

It is a model of words, not of meaning, and not the language model: whoever uses it says so. May
import ``types`` and ``errors`` and nothing else of kimidoc. Playbooks answer checks with it, and
``engine`` gives it a vote where a question asks for one of its kinds.

To add a kind of clause:

1. label it in contracts (``labelled``) and run ``python -m kimidoc.clauses.fit``;
2. name it in a playbook's check (``clause = "..."``);
3. measure it with ``python -m kimidoc.playbooks.score``.
"""

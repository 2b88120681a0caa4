"""Finds the evidence for a question in a window: late interaction on the reader's hidden states.

    model      hidden states -> one normalised key per token; a question -> weighted queries
    kinds      a question's states -> which kind of clause it asks for
    keys       int8 keys of a whole window, collected layer by layer while it is read
    score      blocks ranked by weighted MaxSim (Khattab & Zaharia 2020, ColBERT)

Owns no text, no tokenizer and no model that reads; the states come from whoever runs the layers
(``engine.prefill``'s ``tap``). May import torch, safetensors, errors, and nothing else of ours. The
weights are trained by ``kimidoc train indexer`` and shipped in ``models/nano``.

To add another way of scoring:

1. write it in ``score`` beside ``block_scores``, with the same arguments;
2. hold it to a naive twin in ``tests/indexer``;
3. measure it with ``kimidoc bench evidence`` before anything calls it.
"""

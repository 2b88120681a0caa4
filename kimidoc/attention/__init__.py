"""How queries meet keys: sinks, a window, and the top-k blocks in between.

    positions     rotary embedding at virtual positions, applied by us to un-rotated keys
    dense         one tile: queries against the keys they may see, GQA without repetition
    block_sparse  reading: sinks + top-k past blocks + window, per group of queries
    sliding       a model's own sliding layers, exact
    products      matrix products of narrow numbers, where the processor has none
    working_set   answering: the keys a question is given, chosen once, then dense
    reference     the naive twin of all of it, for the tests
    register      the extension point in transformers that calls us

May import types, errors and torch; never kvcache (a history is anything with the methods of
``block_sparse.History``). Formulas and shapes use

    B batch, H query heads, K key/value heads, G = H / K, S queries, T keys, D head dim,
    N blocks, L tokens per block

To add a way to attend:

1. write ``attention/<name>.py`` that opens with one sentence, its paper, and where it departs;
2. give it a twin in ``reference.py`` and a test in fp32 that compares them;
3. choose it in ``engine/states.py``, the one place that decides which layer attends how.
"""

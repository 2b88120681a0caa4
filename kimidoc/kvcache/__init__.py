"""Keys and values of a window: in memory while reading, compressed on disk to be asked again.

    quantize   int8 codes: keys per channel, values per token, one scale set per block
    storage    the arrays of one layer, in memory or mapped from a file
    layer      one layer's history as attention sees it, and its cache entry for transformers
    local      a layer that keeps its sinks, its window and anchors, and no history
    cache      the transformers Cache made of these layers
    session    a window's cache as a directory: write, load, verify, list, remove
    lock       one writer for each session, among all processes
    limit      the room sessions may take: the least recently used go, each one whole

May import types, errors, numpy and torch; never attention (it satisfies
``attention.block_sparse.History`` by shape alone). ``session.list_sessions`` and the other
directory functions load no torch. Legend: K key/value heads, N blocks, L tokens per block,
D key dim, Dv value dim. Arrays are block-major, [N, K, L, D]: a chosen block of one head is one
contiguous run on disk. Nothing of a session is evicted: what was read stays.

To add a way to store keys and values:

1. name it in ``quantize.FORMATS`` and write its ``encode`` and ``decode`` there;
2. call them in ``storage.SealedBlocks.of`` and ``.read``;
3. add its round-trip test beside the int8 one, and its measured effect on NLL to the docstring;
4. bump ``session.VERSION`` if old sessions cannot be read any more.
"""

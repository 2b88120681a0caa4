"""What the engine does on this machine, measured: one file a benchmark, text from any path.

    base        what a benchmark is given and what it says
    text        a window cut to a number of tokens
    timing      the one place that times: interleaved runs, medians, ratios
    peers       the others in the same run: stock transformers, llama.cpp
    child       a fresh process that reads, or restores, and asks one question
    logits      the model's own next words on a window that was read
    speed       reading, tokens a second, against the peers
    memory      memory over time of a process that reads, against the plan
    plot        that as a picture (SVG)
    restore     reading against taking a kept session up in a fresh process
    kills       readings killed at random moments and gone on with
    questions   many questions at once against one by one
    audit       dense against sparse and compressed: likelihood, agreement, needles
    novelty     planted edits in near-duplicates, found among the highest scores
    planting    made-up facts and their questions, put into a window's own text
    key         the user's own papers against an answer key
    needles     those facts, asked for the way the product asks, beside BM25 and MiniLM
    heat        that as a picture (SVG): depth by window
    review      labelled code reviewed by rules and data flow, beside grep and chance
    labelled    such code: read, parted into dev and held out, drawn, masked
    tables      every result as a table

May import everything but cli. No text comes with it, and no figure here is a test: tests run each
benchmark at tiny size and hold that its figures agree with each other.

To add a benchmark:

1. write ``bench/<name>.py``: a frozen Row with units in its names, and ``run`` -> ``base.Result``;
2. say in ``tables`` how a row is shown;
3. give it a command in ``cli/bench.py``, or in a ``cli/bench_<name>.py`` registered there;
4. run it at tiny size in ``tests/bench``.
"""

"""Trains what is ours of the embedded model, in stages; every stage is a command.

    sources     labelled documents from folders of public data sets
    questions   many wordings of each question, and questions made from text alone
    states      windows read by the engine, what enters the tapped layers kept on disk
    corpus      all of it in memory, and the teacher's soft labels
    indexer     the indexer's training: one step, a run that can be interrupted
    stage       ``kimidoc train indexer`` from folders to weights
    ranked      the blocks that an indexer ranks first for each question of a window
    cases       what is asked of a window's documents, and what they do not answer
    examples    passages as the product chooses them, and what to say to each
    upcycle     the base model as the reader's training changes it
    reader      the reader's training: one step, a run that can be interrupted
    muonclip    Muon and AdamW as one, and QK-clip
    balance     experts used alike: biases and a small loss
    attnres     layers that attend to depth, as the base model at first
    reader_stage  ``kimidoc train reader`` from folders to weights
    ablation    ``kimidoc train ablation``: what each part of the reader brings
    kinds       ``kimidoc train kinds``: which kind of clause a question asks for
    span_cases  passages, a question and the words that answer, for the head that says them
    span_data   these cases, drawn from what is ours and from folders
    resume      where a run stopped, kept in its work folder
    rewards     what the head's answers are worth, and the loss of the last steps
    spans       ``kimidoc train spans``: the head's training from folders to weights
    kept        kept documents asked as the product asks, with what answers them
    calibrate   ``kimidoc train calibrate``: the rules that go with a reader
    everything  ``kimidoc train all``
    verdict     ``kimidoc train verdict``: the rule that goes with an indexer alone
    teacher     the sentence-embedding model

May import everything but bench, cli and pipeline. Data come from paths on the command line and
nothing is fetched. A stage is deterministic under its seed, goes on where it was interrupted, and
writes every ten steps to ``log.jsonl``.

To add a stage:

1. write ``train/<name>.py`` with a frozen recipe and ``run``, resumable from a work folder;
2. give it a command in ``cli/train.py``;
3. hold in ``tests/train`` that a tiny run lowers its loss and that an interrupted one ends equal.
"""

"""Questions -> prompts, drafts -> answers.

    prompts   the one text a model is instructed with; training uses it too
    parse     what a model wrote -> a short answer and the words it claims to have seen
    watch     what a draft claims so far -> located quotes, for whoever looks on
    swarm     many questions on one prefix: prompts, drafts, verified answers, in order
    wording   whether a question asks which of the documents: a rule over English words
    spread    such a question, put to each document by itself, and the parts joined to one answer
    sifting   which of the parts' quotes are cited, and in which order
    leave     whether a quote reads as a yes or a no to what one may do: a rule over English words
    named     which document a question names, so that it is put to that one

May import ``engine.base``, ``engine.lexical`` (words as stems), ``playbooks.negation``, ``cite``,
``pack``, ``types`` and ``errors``; never another file of the engine, so it works the same for a
checkpoint on this machine and for a server.

To change what a draft may look like: 1. change the instruction in ``prompts``; 2. teach ``parse``
to read it, keeping what older models write; 3. add both to ``tests/ask``; 4. every engine writes
that form, so run ``tests/engine/test_protocol.py``. ``wording`` says how to add a word to it.
"""

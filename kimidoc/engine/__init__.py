"""Reads a window once and answers many prompts on it.

Owns the Engine protocol (``base``), the prefill and decode loops and the verbatim-quote
constraint. May import ``models``, ``attention``, ``kvcache``, ``pack`` and below. To add an engine:

1. write ``engine/<name>.py`` with a class that satisfies ``base.Engine``;
2. build it in ``pipeline.open_engine``; nothing above that line changes;
3. run ``tests/engine/test_protocol.py`` against it.

This file stays empty of imports: ``engine.base`` must load without torch.
"""

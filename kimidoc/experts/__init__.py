"""Routed experts beside a pretrained feed-forward network, which becomes the shared expert.

    routed     sigmoid router, top-k of fine-grained experts, capacity; an FFN upcycled with them
    stored     experts as int8 codes in safetensors shards, and back

Owns no checkpoint and no training; may import torch, safetensors and errors, nothing else of ours.
Training (``kimidoc.train``) moves the router's bias so that experts are used alike; a run only
reads it. DeepSeek-V3 (2024) and Kimi K2 (2025) are the sources of the router, Komatsuzaki et al.
(2022) of upcycling.

To add another kind of expert: give it ``forward`` [N, C] -> [N, C] in ``routed`` and hold it to a
loop over tokens in ``tests/experts``.
"""

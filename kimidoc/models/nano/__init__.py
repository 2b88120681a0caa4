"""What is ours of the embedded model ``nano``: weights that come with the package.

    indexer.safetensors    the weights of ``kimidoc.indexer`` for SmolLM2-135M's states

Trained by ``kimidoc train``; the file's metadata says on what. To add another part: write its file
here, name it in this list, and give it a function that says where it is.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def indexer_file() -> Path:
    """The shipped indexer's weights."""
    return _HERE / "indexer.safetensors"

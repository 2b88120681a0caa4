"""A checkpoint -> a transformers model on the CPU, ready to be read with.

bf16, eval, no gradients, no code from the checkpoint, no pickle, and every weight there: what
transformers would fill with random numbers is an error here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from kimidoc.errors import ModelError
from kimidoc.models import chat, folder
from kimidoc.models.chat import ChatFrame
from kimidoc.models.checkpoint import Checkpoint, Facts, facts
from kimidoc.models.nano import reader
from kimidoc.models.tokenizer import FileTokenizer


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory and what goes with it."""

    model: PreTrainedModel
    tokenizer: FileTokenizer
    frame: ChatFrame
    facts: Facts


def tokenizer(checkpoint: Checkpoint) -> FileTokenizer:
    """The checkpoint's tokenizer."""
    return FileTokenizer(folder.tokenizer(checkpoint.folder))


def load(
    checkpoint: Checkpoint,
    threads: int | None = None,
    *,
    system: str = "",
    dtype: torch.dtype = torch.bfloat16,
) -> LoadedModel:
    """Load the weights. ``threads``: of torch, for the whole process; None leaves them.

    Raises ModelError: a family transformers does not know, weights missing or of other shapes, or
    anything else that keeps it from loading.
    """
    config = folder.config(checkpoint.folder)
    family = str(config["model_type"])
    if family not in CONFIG_MAPPING:
        own = " The checkpoint's own code is never run." if config.get("auto_map") else ""
        raise ModelError(
            f"The family {family!r} is not known to the installed transformers.{own}",
            hint="Upgrade transformers, or use a model of a family it knows.",
        )
    words = tokenizer(checkpoint)
    around = chat.frame(checkpoint.folder, words, system)
    if threads is not None:
        torch.set_num_threads(threads)
    model = _weights(checkpoint, dtype)
    if checkpoint.reader is not None:
        reader.attach(model, reader.load(checkpoint.reader))
    return LoadedModel(model, words, around, facts(checkpoint))


def _weights(checkpoint: Checkpoint, dtype: torch.dtype) -> PreTrainedModel:
    # Its reports would go to stderr, which is the command line's.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    loader: Any = AutoModelForCausalLM
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, found = loader.from_pretrained(
                checkpoint.folder,
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
    except (ValueError, OSError, ImportError, RuntimeError, KeyError, SafetensorError) as reason:
        raise ModelError(
            f"{checkpoint.folder} cannot be loaded ({str(reason).splitlines()[0]}).",
            hint="`--debug` shows more; quantised checkpoints may need a package of their own.",
        ) from reason
    wrong = sorted(found["missing_keys"]) + sorted(str(k[0]) for k in found["mismatched_keys"])
    if wrong:
        raise ModelError(
            f"{len(wrong)} weights are missing or of another shape in {checkpoint.folder}, "
            f"such as {wrong[0]}.",
            hint="Download the model again.",
        )
    assert isinstance(model, PreTrainedModel)
    model.requires_grad_(False)
    model.eval()  # type: ignore[no-untyped-call]
    return model

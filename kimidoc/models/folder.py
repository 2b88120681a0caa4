"""A Hugging Face model folder as it lies on disk: which files count, and its ``config.json``.

Nothing is loaded here. What cannot be used is told before anybody waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from kimidoc.errors import ModelError

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
INDEX = "model.safetensors.index.json"
# What makes up a model; everything else in a folder or a hub repository is left where it is.
PATTERNS = (
    CONFIG,
    "generation_config.json",
    TOKENIZER,
    "tokenizer_config.json",
    "chat_template.jinja",
    INDEX,
    "model*.safetensors",
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_CAUSAL = ("CausalLM", "LMHeadModel", "ForConditionalGeneration")


def belongs(name: str) -> bool:
    """Is a file of this name part of a model?"""
    return any(fnmatch(name, pattern) for pattern in PATTERNS)


def parts(folder: Path) -> Iterator[Path]:
    """The files of ``folder`` that make up the model, by name."""
    return iter(sorted(f for f in folder.iterdir() if belongs(f.name) and f.is_file()))


def config(folder: Path) -> dict[str, Any]:
    """``config.json``, if it is a causal language model's. Raises ModelError."""
    found = read_json(folder / CONFIG)
    if found is None:
        raise ModelError(
            f"{folder} holds no model: there is no {CONFIG} in it.", hint=_instead(folder)
        )
    names = found.get("architectures") or []
    if not isinstance(found.get("model_type"), str) or not isinstance(names, list):
        raise ModelError(
            f"{folder / CONFIG} does not say which family the model is of.",
            hint="Give a folder that transformers' save_pretrained wrote.",
        )
    if names and not any(kind in str(name) for name in names for kind in _CAUSAL):
        raise ModelError(
            f"{folder} holds no language model that writes text ({', '.join(map(str, names))}).",
            hint="Give a causal language model, such as a Llama or a Qwen.",
        )
    return found


def _instead(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return "It is an adapter: merge it into its model (peft's merge_and_unload) and save that."
    if any(folder.glob("*.gguf")):
        return "GGUF files are not read: give the original folder with safetensors."
    return "Give a folder with config.json, tokenizer.json and safetensors in it."


def shards(folder: Path) -> list[Path]:
    """The safetensors files with the weights, all present. Raises ModelError."""
    if (listed := read_json(folder / INDEX)) is not None:
        places = listed.get("weight_map")
        if not isinstance(places, dict) or not places:
            raise ModelError(
                f"{folder / INDEX} lists no weights.", hint="Download the model again."
            )
        names = sorted({Path(str(name)).name for name in places.values()})
    else:
        names = sorted(f.name for f in folder.glob("model*.safetensors")) or ["model.safetensors"]
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        return [folder / name for name in names]
    if any(f for pattern in _PICKLES for f in folder.glob(pattern)):
        raise ModelError(
            f"The weights in {folder} are pickles, which can run code and are never opened.",
            hint="Convert them where you trust them: transformers' save_pretrained writes "
            "safetensors.",
        )
    raise ModelError(
        f"Weights are missing in {folder}: {', '.join(missing[:3])}"
        + (f" and {len(missing) - 3} more." if len(missing) > 3 else "."),
        hint="Download the model again, with all its safetensors files.",
    )


def tokenizer(folder: Path) -> Path:
    """The path of ``tokenizer.json``. Raises ModelError where there is none."""
    file = folder / TOKENIZER
    if not file.is_file():
        raise ModelError(
            f"There is no {TOKENIZER} in {folder}.",
            hint="transformers' AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) writes it.",
        )
    return file


def read_json(file: Path) -> dict[str, Any] | None:
    """A JSON object in a file; None where there is no file. Raises ModelError if damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as reason:
        raise ModelError(
            f"{file} is not valid JSON ({reason}).", hint="Download the model again."
        ) from None
    if not isinstance(found, dict):
        raise ModelError(f"{file} is not a JSON object.", hint="Download the model again.")
    return found


def differs(found: Mapping[str, Any], shape: Mapping[str, object]) -> str | None:
    """What in a config is not as in ``shape``, in words."""
    for key, value in shape.items():
        if found.get(key) != value:
            return f"its {key} is {found.get(key)!r}, not {value!r}"
    return None

"""A model's files from a Hugging Face hub; only when the user names one (``--from ORG/NAME``)."""

from __future__ import annotations

import shutil
from pathlib import Path

from kimidoc.errors import ModelError
from kimidoc.models import Progress, folder, silent


def download(hub_id: str, into: Path, progress: Progress = silent) -> str:
    """The model's files in ``into``; returns ``hub id@commit``. Raises ModelError."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils.logging import set_verbosity_error
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # stderr is the command line's
    set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        hub = HfApi()
        info = hub.model_info(hub_id)
        names = [s.rfilename for s in info.siblings or () if folder.belongs(s.rfilename)]
        stage = f"fetching {hub_id}"
        for done, name in enumerate(names):
            progress(stage, done, len(names), "files")
            hub.hf_hub_download(hub_id, name, revision=info.sha, local_dir=into)
        progress(stage, len(names), len(names), "files")
    except Exception as reason:  # the library's HTTP client, and so its errors, change by version
        raise ModelError(
            f"{hub_id} could not be fetched from the hub ({str(reason).splitlines()[0]}).",
            hint="Check its name and the connection; models behind a licence need HF_TOKEN.",
        ) from None
    shutil.rmtree(into / ".cache", ignore_errors=True)
    return f"{hub_id}@{info.sha}"

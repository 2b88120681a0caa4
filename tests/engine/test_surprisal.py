"""Per-token surprisal: the same figures as stock logits give, whatever the pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kimidoc.engine import surprisal as module
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.prefill import layer_major
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import profile
from kimidoc.engine.surprisal import heard, kept, surprisal
from tests.engine.answer_models import LEASE, SUPPLY, checkpoint, window
from tests.engine.conftest import TOKENS, everything, stock_logits, tiny, tokens


def _expected(model: Any, ids: torch.Tensor) -> Any:
    logits = torch.log_softmax(stock_logits(model, ids), -1)
    return -logits[:-1].gather(-1, ids[1:, None])[:, 0].numpy()


@pytest.mark.parametrize("name", ["llama", "granite", "gpt_oss"])
@pytest.mark.parametrize("piece", [7, 1000])
def test_it_is_what_stock_logits_say(
    name: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE", piece)
    model, ids = tiny(name), tokens()
    expected = _expected(model, ids)
    runner = Runner(model)
    _, hidden = layer_major(runner, profile(model), ids, everything())
    found = surprisal(runner, hidden, ids)
    assert found.dtype == np.float16 and found.shape == (TOKENS,)
    assert found[0] == 0
    np.testing.assert_allclose(found[1:], expected, atol=0.02)


def test_only_what_was_read_now_is_known_and_a_file_will_do(llama: Any, tmp_path: Path) -> None:
    ids = tokens()
    runner = Runner(llama)
    _, hidden = layer_major(runner, profile(llama), ids, everything())
    whole = surprisal(runner, hidden, ids)
    file = tmp_path / "hidden"
    file.write_bytes(hidden[100:].contiguous().numpy().tobytes())
    mapped = torch.from_file(str(file), shared=False, size=50 * hidden.shape[1]).view(50, -1)
    found = surprisal(runner, mapped, ids)
    assert not found[:101].any()
    assert np.array_equal(found[101:], whole[101:])


def test_first_tokens_of_documents_are_nobodys_surprise(llama: Any) -> None:
    ids = tokens(40)
    runner = Runner(llama)
    _, hidden = layer_major(runner, profile(llama), ids, everything())
    told: list[int] = []
    found = surprisal(
        runner,
        hidden,
        ids,
        firsts=[5, 17],
        progress=lambda stage, done, total, unit: told.append(done),
    )
    assert np.flatnonzero(found == 0).tolist() == [0, 5, 17]
    assert told[-1] == 40


def test_a_window_is_read_for_it_or_taken_from_its_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = checkpoint(tmp_path / "model", "llama")
    roots = tmp_path / "cache" / "sessions"
    engine = LocalEngine(where, sessions_root=roots, session="one", dtype="float32")
    made = window(engine.tokenizer, engine.preamble, LEASE, SUPPLY)
    read = heard(engine, made)
    assert read.shape == (len(made.tokens),) and read[1:].all()
    monkeypatch.setattr(module, "RESUMABLE_TOKENS", 1)  # through files
    assert np.array_equal(heard(engine, made), read)
    assert list((tmp_path / "cache").iterdir()) == []
    engine.prefill(made)
    file = roots / "one" / module.FILE
    file.unlink(missing_ok=True)
    assert kept(engine, made) is None
    (read + np.float16(1)).astype("<f2").tofile(file)
    assert np.array_equal(heard(engine, made), read + np.float16(1))
    assert kept(engine, window(engine.tokenizer, engine.preamble, LEASE)) is None
    file.write_bytes(b"12")
    assert kept(engine, made) is None

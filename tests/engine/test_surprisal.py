"""Per-token surprisal: the same figures as stock logits give, whatever the pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kimidoc.engine import hearing, reading
from kimidoc.engine import surprisal as module
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.prefill import layer_major
from kimidoc.engine.remembered import SURPRISAL
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import profile
from kimidoc.engine.surprisal import kept, surprisal
from kimidoc.kvcache import snapshot
from tests.engine.answer_models import LEASE, PLAN, SUPPLY, checkpoint
from tests.engine.conftest import TOKENS, everything, stock_logits, tiny, tokens
from tests.engine.test_local import engine, packed

L = PLAN.budget.block_tokens


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


def opened(root: Path | None, family: str = "llama", *, hears: bool = True) -> LocalEngine:
    of = engine(root, family=family, session="one")
    of.hears = hears
    return of


def reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "load", lambda *_, **__: pytest.fail("weights were loaded"))


def test_without_a_session_a_window_is_read_for_it_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = LocalEngine(
        checkpoint(tmp_path / "model", "llama"),
        sessions_root=tmp_path / "cache" / "sessions",
        session="none",
        dtype="float32",
    )
    made = packed(of, LEASE, SUPPLY)
    found = of.heard(made)
    assert found.shape == (len(made.tokens),) and found[1:].all()
    monkeypatch.setattr(hearing, "RESUMABLE_TOKENS", 1)  # through files
    assert np.array_equal(of.heard(packed(of, LEASE, SUPPLY)), found)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("root", [True, False])
def test_reading_hears_on_the_way_and_no_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: bool, long: bool
) -> None:
    if long:
        monkeypatch.setattr(reading, "RESUMABLE_TOKENS", 1)
    of = opened(tmp_path if root else None)
    made = packed(of, LEASE, SUPPLY)
    apart = opened(None, hears=False).heard(made)
    of.prefill(made)
    monkeypatch.setattr(hearing, "layer_major", lambda *_, **__: pytest.fail("read again"))
    assert np.array_equal(of.heard(made), apart)


def test_a_session_has_it_checked_and_serves_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = opened(tmp_path)
    made = packed(of, LEASE, SUPPLY)
    assert not of.holds(made)
    of.prefill(made)
    assert not snapshot.verify(tmp_path / "one")
    file = tmp_path / "one" / SURPRISAL
    assert file.stat().st_size == 2 * len(made.tokens)
    reads_nothing(monkeypatch)
    for hears in (True, False):
        other = opened(tmp_path, hears=hears)
        assert other.holds(made)
        again = other.prefill(made)
        assert again.session.prefilled_tokens == 0 and len(again.notices) == 1
    assert np.array_equal(kept(tmp_path / "one"), of.heard(made))
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    assert snapshot.verify(tmp_path / "one") == (SURPRISAL,)


@pytest.mark.parametrize("what", ["absent", "gone", "turned"])
def test_where_a_session_does_not_have_it_everything_is_read_again(
    tmp_path: Path, what: str
) -> None:
    of = opened(tmp_path, hears=what != "absent")
    made = packed(of, LEASE, SUPPLY)
    of.prefill(made)
    file = tmp_path / "one" / SURPRISAL
    assert file.exists() == (what != "absent")
    if what == "turned":
        data = file.read_bytes()
        file.write_bytes(data[:9] + bytes([data[9] ^ 1]) + data[10:])
    elif what == "gone":
        file.unlink()
    deaf = opened(tmp_path, hears=False).prefill(made)  # good for everything else
    assert deaf.session.prefilled_tokens == 0 and len(deaf.notices) == 1
    again = opened(tmp_path)
    prefix = again.prefill(made)
    assert prefix.session.reused_tokens == 0
    assert [n.code for n in prefix.notices[1:]] == ["session-not-used"]
    said = "--novelty" if what == "absent" else SURPRISAL
    assert said in prefix.notices[1].message
    assert not snapshot.verify(tmp_path / "one")
    assert np.array_equal(kept(tmp_path / "one"), opened(None, hears=False).heard(made))


@pytest.mark.parametrize("cut", range(40, 40 + L))  # a whole block ends at one of them
def test_gone_on_with_what_is_known_stays_and_the_rest_is_heard(tmp_path: Path, cut: int) -> None:
    of = opened(tmp_path)
    first = packed(of, LEASE, SUPPLY)
    before = of.prefill(first) and of.heard(first)
    same = first.ends[first.segments[1].body + cut]
    other = packed(of, LEASE, SUPPLY[:same] + " and the rest is another text.")
    again = opened(tmp_path)
    prefix = again.prefill(other)
    shared = next(i for i, t in enumerate(other.tokens) if t != first.tokens[i])
    reused = prefix.session.reused_tokens
    assert 0 < reused < shared and reused % L == 0
    found = again.heard(other)
    assert np.array_equal(found[: reused + 1], before[: reused + 1])
    np.testing.assert_allclose(found, opened(None).heard(other), atol=0.02)
    assert found[1:].all() and not snapshot.verify(tmp_path / "one")


def test_interrupted_while_hearing_no_layer_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "RESUMABLE_TOKENS", 1)
    monkeypatch.setattr(module, "PIECE", 30)
    of = opened(tmp_path)
    made = packed(of, LEASE, SUPPLY)

    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if stage == "surprisal" and done > 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        of.prefill(made, stop)
    told: set[str] = set()
    again = opened(tmp_path)
    again.prefill(made, lambda stage, *rest: told.add(stage))
    assert told == {"surprisal"}
    assert np.array_equal(again.heard(made), opened(None).heard(made))

"""Options, and how they become settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from inspect import signature
from pathlib import Path

import pytest

from kimidoc import config
from kimidoc.cli import options
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Budget, Gates, Manner, Reading, Reports, Running
from kimidoc.errors import ConfigError
from kimidoc.report import FORMATS
from tests.cli.conftest import made

GROUPS = (Reading, Budget, Running, Reports, Gates, Manner)
# Options that are no setting: each means something to one command file.
OTHERS = {
    "stdin_name", "output", "json", "markdown", "html", "sarif", "csv", "github", "baseline",
    "no_color", "config", "junit", "import_sarif", "since",
}  # fmt: skip


def test_every_option_is_a_setting_or_known_not_to_be() -> None:
    names = [item.name for group in GROUPS for item in fields(group)]
    assert len(names) == len(set(names))
    assert {name for name in names if name not in config.NAMES} == OTHERS


def test_every_format_has_its_option() -> None:
    assert {name for name in FORMATS if name != "terminal"} <= {f.name for f in fields(Reports)}


def test_groups_become_options_and_groups_again() -> None:
    @dataclass(frozen=True)
    class Pair:
        left: str | None = None
        right: bool = False

    seen: list[object] = []

    def command(ctx: str, *, pair: Pair, manner: Manner) -> None:
        """What it does."""
        seen.append((ctx, pair, manner))

    # ``flat`` reads annotations by name; those of a local class are given as they are.
    command.__annotations__ |= {"pair": Pair, "manner": Manner}
    spread: Callable[..., None] = flat(command)
    names = list(signature(spread).parameters)
    assert names == ["ctx", "left", "right", *(f.name for f in fields(Manner))]
    assert spread.__doc__ == "What it does."
    given = {f.name: f.default for f in fields(Manner)}
    spread(ctx="c", left="x", right=True, **given)
    assert seen == [("c", Pair("x", True), Manner())]


def test_options_win_and_are_said_by_their_flags(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIDOC_BUDGET_TOKENS", "5k")
    monkeypatch.setenv("KIMIDOC_EXCLUDE", "from-env")
    streams, _, _ = made()
    loaded = settle(
        streams,
        Manner(quiet=True),
        Reading(include=["*.md", "*.txt"]),
        Budget(budget_tokens="200k"),
        Gates(fail_on="high"),
        playbooks=["records"],
    )
    settings = loaded.settings
    assert (settings.budget_tokens, settings.fail_on) == (200_000, "high")
    assert settings.include == ("*.md", "*.txt") and settings.exclude == ("from-env",)
    assert settings.playbooks == ("records",) and settings.quiet
    assert loaded.origins["budget_tokens"] == "--budget"
    assert loaded.origins["playbooks"] == "--playbook"
    assert streams.quiet


def test_a_switch_left_alone_does_not_undo_a_setting(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIDOC_QUIET", "1")
    monkeypatch.setenv("KIMIDOC_REQUIRE_COVERAGE", "yes")
    settings = settle(made()[0], Manner(), Gates()).settings
    assert settings.quiet and settings.require_coverage


def test_a_wrong_option_is_named_by_its_flag(work: Path) -> None:
    with pytest.raises(ConfigError, match=r"--budget: expected a number of tokens"):
        settle(made()[0], Manner(), Budget(budget_tokens="lots"))
    with pytest.raises(ConfigError, match=r"--fail-on: .*did you mean medium"):
        settle(made()[0], Manner(), Gates(fail_on="medum"))


def test_no_color_reaches_the_streams(work: Path) -> None:
    streams, out, _ = made(terminal=True)
    settle(streams, Manner(no_color=True))
    assert not streams.colored(out)


def test_notices_about_settings_are_warnings(work: Path) -> None:
    (work / "tree").mkdir()
    (work / "tree" / "kimidoc.toml").write_text("seed = 1")
    streams, _, err = made()
    settle(streams, Manner(), roots=["tree"])
    assert err.getvalue().startswith("warning: ") and "not configuration" in err.getvalue()


def test_completions_offer_what_there_is() -> None:
    from kimidoc import playbooks
    from kimidoc.models import registry

    assert options._formats() == list(FORMATS)
    assert options._playbooks() == list(playbooks.names())
    assert options._models() == list(registry.MODELS)
    assert options._words("a", "b")() == ["a", "b"]

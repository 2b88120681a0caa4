"""The price file that ships, and those that users write."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kimidoc.errors import ConfigError
from kimidoc.planner import prices

GOOD = """
[[price]]
model = "m"
date = 2026-01-02
source = "https://example.com"
usd_per_million_input = 2
long_from_tokens = 100
usd_per_million_long_input = 4
context_tokens = 1000
"""


def test_every_price_that_ships_is_dated_and_has_a_source() -> None:
    for price in prices.load():
        assert price.date <= date.today() and price.source.startswith("https://")
        assert price.usd(1_000) == pytest.approx(price.usd_per_million_input / 1000)


def test_a_long_input_costs_the_long_price_and_may_be_too_long(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(GOOD, "utf-8")
    (price,) = prices.load(str(tmp_path / "p.toml"))
    assert price.usd(100) == pytest.approx(200 / 1e6)
    assert price.usd(101) == pytest.approx(404 / 1e6)
    assert price.usd(1000) is not None and price.usd(1001) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no"),
        ("[[price]", "not valid TOML"),
        (GOOD.replace('model = "m"\n', ""), "price 1: model is missing"),
        (GOOD.replace("= 2\n", '= "2"\n'), "cannot be '2'"),
        (GOOD.replace("= 2\n", "= -2\n"), "must be above 0"),
        (GOOD.replace("context_tokens", "context"), "unknown key 'context'"),
        (GOOD.replace("usd_per_million_long_input = 4\n", ""), "go together"),
        ("price = 3", "holds no"),
    ],
)
def test_a_price_file_that_cannot_be_used_says_why(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=said):
        prices.load(str(tmp_path / "p.toml"))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        prices.load("nowhere.toml")

"""Settings: which place wins, what each may say; analysed files are never configuration."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc import config
from kimidoc.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "kimidoc"
    folder.mkdir(parents=True)
    assert config.user_file() == folder / "config.toml"
    return folder


@pytest.fixture
def work(tmp_path: Path, home: Path) -> Path:
    """A working directory without settings."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def load(work: Path, flags: dict[str, object] | None = None, **more: object) -> config.Loaded:
    more.setdefault("variables", {})
    return config.load(flags, directory=work, **more)  # type: ignore[arg-type]


def refused(work: Path, flags: dict[str, object] | None = None, **more: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(work, flags, **more)
    assert caught.value.hint
    return caught.value


def test_the_strongest_place_wins(work: Path, home: Path) -> None:
    assert (load(work).settings.seed, load(work).origins["seed"]) == (0, "default")
    (home / "config.toml").write_text("seed = 1\nthreads = 9\n")
    assert load(work).settings.seed == 1
    (work / "kimidoc.toml").write_text("seed = 2\n")
    assert load(work).settings.seed == 2
    loaded = load(work, variables={"KIMIDOC_SEED": "3"})
    assert (loaded.settings.seed, loaded.origins["seed"]) == (3, "KIMIDOC_SEED")
    loaded = load(work, {"seed": "4"}, variables={"KIMIDOC_SEED": "3"})
    assert (loaded.settings.seed, loaded.origins["seed"]) == (4, "--seed")
    assert loaded.settings.threads == 9  # each setting on its own
    assert loaded.origins["threads"] == f"{home / 'config.toml'}: threads"


def test_what_was_not_given_does_not_count(work: Path) -> None:
    loaded = load(work, {"seed": None, "include": (), "playbooks": ()})
    assert set(loaded.origins.values()) == {"default"}
    assert load(work, variables={"KIMIDOC_SEED": ""}).settings.seed == 0


def test_defaults_are_usable(work: Path) -> None:
    settings = load(work).settings
    assert settings.budget_tokens == 1_000_000 and settings.overflow == "error"
    assert settings.cache_dir.is_absolute() and settings.state_dir.is_absolute()
    assert all(item.metadata["doc"] for item in fields(config.Settings))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("budget_tokens", "200k", 200_000),
        ("budget_tokens", "1.5M", 1_500_000),
        ("budget_tokens", "1_000_000", 1_000_000),
        ("budget_tokens", " 5 K ", 5_000),
        ("budget_tokens", 7, 7),
        ("file_bytes", "64MiB", 64 * 2**20),
        ("file_bytes", "2 gb", 2 * 10**9),
        ("sessions_limit_bytes", "20 GiB", 20 * 2**30),
        ("worker_timeout_s", "2.5", 2.5),
        ("worker_timeout_s", 3, 3.0),
        ("seed", "1_0", 10),
        ("quiet", "Yes", True),
        ("quiet", "off", False),
        ("quiet", True, True),
        ("include", ["a", "b"], ("a", "b")),
        ("include", f"a{os.pathsep}b", ("a", "b")),
        ("overflow", "drop-last", "drop-last"),
        ("session", "none", "none"),
    ],
)
def test_what_a_setting_may_say(work: Path, name: str, given: object, value: object) -> None:
    assert getattr(load(work, {name: given}).settings, name) == value


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("budget_tokens", "many", "such as 200k, 1M or 1_000_000"),
        ("budget_tokens", "0", "above 0"),
        ("budget_tokens", "-5", "above 0"),
        ("budget_tokens", "1.5", "above 0"),
        ("budget_tokens", "10MB", "number of tokens"),
        ("budget_tokens", "１００", "number of tokens"),
        ("budget_tokens", "9" * 40, "number of tokens"),
        ("budget_tokens", True, "number of tokens"),
        ("file_bytes", "5 parsec", "a size above 0"),
        ("worker_timeout_s", "nan", "seconds above 0"),
        ("worker_timeout_s", 0, "seconds above 0"),
        ("worker_timeout_s", float("inf"), "seconds above 0"),
        ("seed", "-1", "at least 0"),
        ("threads", "0", "at least 1"),
        ("threads", True, "at least 1"),
        ("quiet", "maybe", "true or false"),
        ("quiet", 1, "true or false"),
        ("include", [1], "list of texts"),
        ("include", [""], "list of texts"),
        ("overflow", "drop-first", "did you mean drop-last?"),
        ("overflow", 3, "expected one of error, drop-last, drop-largest"),
        ("session", "  ", "a text that is not empty"),
        ("cache_dir", "", "expected a folder"),
    ],
)
def test_what_it_may_not_say(work: Path, name: str, given: object, said: str) -> None:
    error = refused(work, {name: given})
    assert said in error.message
    assert error.message.startswith(config.flag_of(name))
    assert len(error.message) < 250


@given(st.integers(1, 10**9), st.sampled_from(["", "k", "K", "M", "m"]))
def test_scaled_numbers_are_exact(count: int, unit: str) -> None:
    parse = config.Settings.__dataclass_fields__["budget_tokens"].metadata["parse"]
    scale = {"": 1, "k": 1_000, "m": 1_000_000}[unit.lower()]
    assert parse(f"{count}{unit}", Path()) == count * scale
    assert parse(f"{count:_}{unit}", Path()) == count * scale


def test_the_project_file_is_kimidoc_toml_or_a_table_of_pyproject(work: Path) -> None:
    (work / "pyproject.toml").write_text("[tool.kimidoc]\nbudget-tokens = '5k'\n")
    assert load(work).settings.budget_tokens == 5_000
    (work / "kimidoc.toml").write_text("\ufeffseed = 8\n", encoding="utf-8")
    loaded = load(work)
    assert loaded.settings.budget_tokens == 1_000_000 and loaded.settings.seed == 8


def test_somebody_elses_pyproject_may_be_broken(work: Path) -> None:
    (work / "pyproject.toml").write_text("this is = = not toml")
    assert load(work).settings.seed == 0
    (work / "pyproject.toml").write_text("[tool.black]\n# kimidoc\nline-length = 100\n")
    assert load(work).settings.seed == 0
    (work / "pyproject.toml").write_text("tool = 1 # kimidoc\n")
    assert load(work).settings.seed == 0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("kimidoc.toml", "budget_token = 1", "Did you mean budget_tokens?"),
        ("kimidoc.toml", "budget = 1", "Did you mean budget_tokens?"),
        ("kimidoc.toml", "zzz = 1", "unknown key 'zzz'."),
        ("kimidoc.toml", "seed = 1\nseed = 2", "not valid TOML"),
        ("kimidoc.toml", "fail-on = 'low'\nfail_on = 'low'", "set twice"),
        ("kimidoc.toml", "model = base", "not valid TOML"),
        ("kimidoc.toml", "seed = 'x'", "kimidoc.toml: seed: expected a whole number"),
        ("kimidoc.toml", "offline = true", "cannot be set by a project's file"),
        ("kimidoc.toml", "cache_dir = '/tmp'", "cannot be set by a project's file"),
        ("kimidoc.toml", "sessions_limit_bytes = 1", "cannot be set by a project's file"),
        ("pyproject.toml", "[tool]\nkimidoc = 1", "tool.kimidoc is not a table"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_mend(
    work: Path, name: str, text: str, said: str
) -> None:
    (work / name).write_text(text)
    error = refused(work)
    assert str(work / name) in error.message and said in error.message


def test_a_file_that_is_not_text_is_refused(work: Path) -> None:
    (work / "kimidoc.toml").write_bytes(b"seed = 1 # caf\xe9")
    assert "cannot be read" in refused(work).message


def test_the_user_may_set_what_a_project_may_not(work: Path, home: Path) -> None:
    (home / "config.toml").write_text("offline = true\ncache-dir = 'models'\n")
    settings = load(work).settings
    assert settings.offline and settings.cache_dir == home / "models"


def test_a_folder_is_meant_from_where_it_is_named(work: Path) -> None:
    assert load(work, {"cache_dir": "x"}).settings.cache_dir == work / "x"
    loaded = load(work, variables={"KIMIDOC_CACHE_DIR": "y"})
    assert loaded.settings.cache_dir == work / "y"
    assert load(work, {"cache_dir": "~/z"}).settings.cache_dir == Path("~/z").expanduser()


def test_config_names_another_file_or_none(work: Path) -> None:
    (work / "kimidoc.toml").write_text("seed = 2\n")
    (work / "other.toml").write_text("seed = 5\n")
    assert load(work, config="other.toml").settings.seed == 5
    assert load(work, variables={"KIMIDOC_CONFIG": "other.toml"}).settings.seed == 5
    assert load(work, config="none").settings.seed == 0
    assert "no settings file 'gone.toml'" in refused(work, config="gone.toml").message


def test_files_of_the_analysed_tree_are_never_configuration(work: Path) -> None:
    tree = work / "tree"
    tree.mkdir()
    (tree / "kimidoc.toml").write_text("this is hostile = = and broken\nseed = 666")
    loaded = load(work, roots=["tree"])
    assert loaded.settings.seed == 0
    assert loaded.notices == (
        f"{tree / 'kimidoc.toml'} is not configuration: it belongs to the analysed tree",
    )
    assert load(work, roots=["-", "tree/x.txt"]).notices == ()


def test_the_working_directorys_file_is_said_when_it_is_analysed_too(work: Path) -> None:
    (work / "kimidoc.toml").write_text("seed = 2\n")
    for root in (".", "..", str(work)):
        loaded = load(work, roots=[root])
        assert loaded.settings.seed == 2
        (notice,) = loaded.notices
        assert "--config none" in notice
    assert load(work, roots=["elsewhere"]).notices == ()
    assert load(work, roots=["."], config="none").settings.seed == 0


def test_unknown_variables_are_said_and_ignored(work: Path) -> None:
    variables = {"KIMIDOC_BUDGET": "5", "KIMIDOC_ZZZ": "1", "KIMIDOC_CONFIG": "none", "PATH": "x"}
    notices = load(work, variables=variables).notices
    assert notices == (
        "KIMIDOC_BUDGET names no setting and is ignored. Did you mean KIMIDOC_BUDGET_TOKENS?",
        "KIMIDOC_ZZZ names no setting and is ignored.",
    )
    error = refused(work, variables={"KIMIDOC_SEED": "x"})
    assert error.message.startswith("KIMIDOC_SEED: expected")


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        ({"NO_COLOR": "1"}, "no_color", True),
        ({"NO_COLOR": ""}, "no_color", False),
        ({"FORCE_COLOR": "1"}, "force_color", True),
        ({"FORCE_COLOR": "0"}, "force_color", False),
        ({"TERM": "dumb"}, "dumb", True),
        ({"CI": "true"}, "ci", True),
        ({"CI": "false"}, "ci", False),
        ({"GITHUB_ACTIONS": "true"}, "github_actions", True),
        ({"GITHUB_STEP_SUMMARY": "/x"}, "github_step_summary", Path("/x")),
        ({"COLUMNS": "120"}, "columns", 120),
        ({"COLUMNS": "0"}, "columns", None),
        ({"COLUMNS": "wide"}, "columns", None),
        ({"COLUMNS": "-3"}, "columns", None),
        ({"COLUMNS": "１２"}, "columns", None),
    ],
)
def test_surroundings(variables: dict[str, str], field: str, value: object) -> None:
    assert getattr(config.environment(variables), field) == value


def test_yes_is_yes_and_nonsense_is_no() -> None:
    assert config.says_yes("X", {"X": "on"})
    assert not config.says_yes("X", {"X": "perhaps"}) and not config.says_yes("X", {})


def test_pips_variables_come_before_uvs() -> None:
    read = config.package_variables(
        {"PIP_INDEX_URL": "https://pip", "UV_INDEX_URL": "https://uv", "PIP_CERT": "/ca.pem"}
    )
    assert (read.index_url, read.cert, read.proxy) == ("https://pip", "/ca.pem", "")
    assert config.package_variables({"UV_DEFAULT_INDEX": "https://uv"}).index_url == "https://uv"
    assert config.package_variables({"UV_INDEX": "https://x"}).extra_index_url == "https://x"


def test_every_flag_is_one_that_the_program_has() -> None:
    assert config.flag_of("budget_tokens") == "--budget"
    assert config.flag_of("fail_on") == "--fail-on"
    assert config.flag_of("playbooks") == "--playbook"

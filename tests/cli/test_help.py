"""Help pages and completion: narrow, whole, and true."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer.main

from kimidoc.cli import app as program
from kimidoc.cli.main import main
from tests.cli.conftest import Program


def _commands() -> dict[tuple[str, ...], Any]:
    """Every command by its words, the program itself under ()."""
    root = program._program()
    context = root.make_context("kimidoc", [], resilient_parsing=True)
    found: dict[tuple[str, ...], Any] = {(): root}
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        found[(name,)] = command
        found |= {(name, below): each for below, each in getattr(command, "commands", {}).items()}
    return found


COMMANDS = _commands()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "kimidoc")
def test_pages_fit_80_columns_and_explain_everything(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    page, stderr = capsys.readouterr()
    assert stderr == "" and "\x1b" not in page
    assert max(map(len, page.splitlines())) <= 80
    assert page.startswith(f"Usage: {' '.join(['kimidoc', *words])} ")
    for param in COMMANDS[words].params:
        assert param.help, f"{param.name} is not explained"
        if param.param_type_name == "option":
            assert all(name in page for name in param.opts)


def _examples() -> list[tuple[tuple[str, ...], str]]:
    return [
        (words, line.strip())
        for words, command in COMMANDS.items()
        for line in (command.epilog or "").splitlines()
        if line.startswith("  ")
    ]


@pytest.mark.parametrize(("words", "line"), _examples())
def test_examples_are_command_lines_that_the_program_takes(
    words: tuple[str, ...], line: str
) -> None:
    given = shlex.split(line.rpartition("| ")[2] if "| kimidoc" in line else line)
    if "|" in given:
        given = given[: given.index("|")]
    assert given[0] == "kimidoc"
    best = max((w for w in COMMANDS if tuple(given[1 : 1 + len(w)]) == w), key=len)
    assert best, line
    assert not words or best[: len(words)] == words[: len(best)]
    command = COMMANDS[best]
    with command.make_context("kimidoc", given[1 + len(best) :]) as context:
        assert context.params


def test_every_command_has_a_file_and_a_line() -> None:
    assert {words[0] for words in COMMANDS if words} == set(program.COMMANDS)
    for words, command in COMMANDS.items():
        if len(words) == 1:
            assert program.COMMANDS[words[0]].endswith(".")
            assert command.name == words[0]


def test_no_words_at_all_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: kimidoc")


def test_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    page = capsys.readouterr().out
    for code in ("0 finished", "1 findings", "2 usage", "3 budget", "4 citation", "130"):
        assert code in " ".join(page.split())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("kimidoc an", {"analyze"}),
        ("kimidoc sessions ", {"list", "show", "verify", "rm"}),
        ("kimidoc ask x --format ", {"terminal", "json", "html", "sarif"}),
        ("kimidoc ask x --ea", {"--each"}),
        ("kimidoc ask x --no-e", {"--no-each"}),
        ("kimidoc ask x --overflow ", {"error", "drop-last", "drop-largest"}),
        ("kimidoc analyze x --fail-on ", {"none", "low", "critical"}),
        ("kimidoc analyze x --playbook ", {"due-diligence", "code-review", "general"}),
        ("kimidoc analyze x --require-c", {"--require-coverage", "--require-citations"}),
    ],
)
def test_the_shell_completes(program: Program, line: str, offered: set[str]) -> None:
    words = line.split()
    at = len(words) if line.endswith(" ") else len(words) - 1
    done = program(_KIMIDOC_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(at))
    assert done.stderr == ""
    assert offered <= set(done.stdout.split())


def test_the_completion_script_names_the_program(program: Program) -> None:
    done = program(_KIMIDOC_COMPLETE="source_bash")
    assert re.search(r"complete .*-F _kimidoc_completion kimidoc", done.stdout)


def test_a_new_app_is_a_group_once_it_has_two_commands() -> None:
    made = program.new_app("About it.", "Examples:\n  kimidoc x")
    for name in ("one", "two"):
        program.command(made, name)(lambda: None)
    group = typer.main.get_command(made)
    assert isinstance(group, program.Group) and set(group.commands) == {"one", "two"}

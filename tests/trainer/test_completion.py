"""Completion scripts, run by the shells they are for."""

import shutil
import subprocess

import pytest
from cutloss.cli import main, parser
from cutloss.completion import completion, subcommands


def complete(*words: str) -> list[str]:
    """Return what bash offers for the last of some words."""
    script = completion(parser(), "bash")
    line = " ".join(f"'{word}'" for word in words)
    asked = f"COMP_WORDS=({line})\nCOMP_CWORD={len(words) - 1}\n_cutloss"
    program = f"{script}\n{asked}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    ran = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert "" == ran.stderr
    return ran.stdout.split()


def test_bash_offers_the_commands() -> None:
    """Every command of the grammar, and of them those that begin so."""
    assert set(subcommands(parser())) == set(complete("cutloss", ""))
    assert {"attach", "audit"} == set(complete("cutloss", "a"))


def test_bash_offers_a_commands_options() -> None:
    """Options and fixed words of the command at hand."""
    assert {"--limit"} == set(complete("cutloss", "runs", "--l"))
    assert {"bash", "zsh"} <= set(complete("cutloss", "completion", ""))


def test_zsh_can_read_its_script() -> None:
    """It names every command, and is sound where zsh is here to say so."""
    script = completion(parser(), "zsh")
    assert all(f"'{name}:" in script for name in subcommands(parser()))
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n"], input=script, text=True, check=True)


def test_the_script_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """To be sourced by the shell."""
    assert 0 == main(["completion", "bash"])
    assert completion(parser(), "bash") == capsys.readouterr().out.removesuffix("\n")

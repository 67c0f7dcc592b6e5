"""The man page, from the grammar of the command line."""

import pytest
from cutloss.cli import main, parser
from cutloss.completion import options, subcommands
from cutloss.manual import manual
from cutloss.questions import MEANINGS


def test_the_page_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command, every option, every exit code."""
    assert 0 == main(["man"])
    page = capsys.readouterr().out.replace("\\-", "-")
    for name, command in subcommands(parser()).items():
        assert f".SS cutloss {name}" in page
        assert all(word in page for action in options(command) for word in action.option_strings)
    for code, meaning in MEANINGS.items():
        assert f".B {int(code)}\n{meaning}" in page


def test_no_line_is_read_as_a_command_of_roff() -> None:
    """A text that begins with a dot or a quote is escaped; requests are those of the page."""
    requests = {line.split()[0] for line in manual(parser(), MEANINGS).splitlines() if line[:1] in {".", "'"}}
    assert {".TH", ".SH", ".SS", ".TP", ".B"} == requests

"""The man page, made of the command line's own grammar."""

import argparse
from collections.abc import Mapping

from cutloss.completion import arguments, options, subcommands
from cutloss.questions import Exit

ENVIRONMENT = {
    "CUTLOSS": "off switches the reporter off.",
    "CUTLOSS_URL, CUTLOSS_TOKEN": "the service and a token; both win over the credentials file.",
    "CUTLOSS_CREDENTIALS": "where that file is, instead of ~/.cutloss/credentials.json.",
    "CUTLOSS_SPOOL": "where the spools are, instead of ~/.cutloss/spool.",
}


def manual(parser: argparse.ArgumentParser, exit_codes: Mapping[Exit, str]) -> str:
    """Return the page in roff; ``cutloss man | man -l -`` shows it."""
    lines = [
        '.TH CUTLOSS 1 "" "cutloss" "User Commands"',
        ".SH NAME", f"cutloss \\- {_roff(parser.description or '')}",
        ".SH SYNOPSIS", ".B cutloss", "COMMAND [OPTIONS]",
        ".SH COMMANDS",
    ]  # fmt: skip
    for name, command in subcommands(parser).items():
        lines += _command(name, command)
    lines += [".SH ENVIRONMENT", *_definitions(ENVIRONMENT)]
    lines += [".SH EXIT STATUS", *_definitions({str(int(code)): text for code, text in exit_codes.items()})]
    return "\n".join(lines)


def _command(name: str, command: argparse.ArgumentParser) -> list[str]:
    named = " ".join(_shown(action) for action in arguments(command))
    lines = [f".SS cutloss {name} {_roff(named)}", _roff(command.description or "")]
    told = {_shown(action): action.help or "" for action in arguments(command)}
    told |= {_flags(action): action.help or "" for action in options(command)}
    return lines + _definitions(told)


def _flags(action: argparse.Action) -> str:
    flags = ", ".join(action.option_strings)
    return flags if action.nargs == 0 else f"{flags} {_shown(action)}"


def _shown(action: argparse.Action) -> str:
    if action.metavar:
        return str(action.metavar)
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _definitions(told: Mapping[str, str]) -> list[str]:
    return [line for term, text in told.items() for line in (".TP", f".B {_roff(term)}", _roff(text))]


def _roff(text: str) -> str:
    """Return a text with what roff reads as its own escaped."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("%%", "%")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped

"""Shell completion, made of the command line's own grammar."""

import argparse

BASH = """_cutloss() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$current"))
        return
    fi
    case $command in
{cases}
    esac
    if [ ${{#COMPREPLY[@]}} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}}
complete -o filenames -F _cutloss cutloss
"""
ZSH = """#compdef cutloss
_cutloss() {{
    local -a commands=(
{described}
    )
    if (( CURRENT == 2 )); then _describe command commands; return; fi
    case ${{words[2]}} in
{cases}
    esac
}}
compdef _cutloss cutloss
"""


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return a completion script for ``bash`` or ``zsh``; have the shell read it with ``source``."""
    commands = subcommands(parser)
    return _bash(commands) if shell == "bash" else _zsh(commands)


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands by name."""
    for action in parser._actions:  # noqa: SLF001 - argparse tells its grammar nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - same
            return dict(action.choices)
    return {}


def options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the optional arguments of a command."""
    return [action for action in parser._actions if action.option_strings]  # noqa: SLF001 - same


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the positional arguments of a command."""
    return [action for action in parser._actions if not action.option_strings]  # noqa: SLF001 - same


def _bash(commands: dict[str, argparse.ArgumentParser]) -> str:
    cases = []
    for name, command in commands.items():
        words = [word for action in options(command) for word in action.option_strings]
        words += [str(choice) for action in arguments(command) for choice in action.choices or ()]
        cases.append(f'        {name}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$current"));;')
    return BASH.format(commands=" ".join(commands), cases="\n".join(cases))


def _zsh(commands: dict[str, argparse.ArgumentParser]) -> str:
    described = "\n".join(
        f"        '{name}:{_plain(command.description or '')}'" for name, command in commands.items()
    )
    cases = []
    for name, command in commands.items():
        specs = [
            f"'{word}[{_plain(action.help or '')}]{_value(action)}'"
            for action in options(command)
            for word in action.option_strings
        ]
        specs += [
            f"'*:{_plain(str(action.metavar or action.dest))}:{_choices(action)}'"
            for action in arguments(command)
        ]
        cases.append(f"        {name}) _arguments {' '.join(specs)};;")
    return ZSH.format(described=described, cases="\n".join(cases))


def _value(action: argparse.Action) -> str:
    return "" if action.nargs == 0 else f":{_plain(str(action.metavar or action.dest))}:{_choices(action)}"


def _choices(action: argparse.Action) -> str:
    return f"({' '.join(map(str, action.choices))})" if action.choices else "_files"


def _plain(text: str) -> str:
    """Return a text without what zsh reads as its own."""
    return text.replace("'", "").replace("[", "(").replace("]", ")").replace(":", ",")

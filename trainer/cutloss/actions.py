"""What the command line does to a run; each needs a token that may act, in ``CUTLOSS_TOKEN``."""

import argparse
import os
import time
from typing import Any

from cutloss.answers import Answer
from cutloss.questions import Exit, NoAnswerError, ask, tell

WAIT_SECONDS = 2.0
ENDED = frozenset({"done", "failed", "rolled_back"})


def relaunch_run(options: argparse.Namespace) -> Answer:
    """Put a corrected job in the place of a running one."""
    try:
        script = options.script.read_text(encoding="utf-8")
    except OSError as error:
        raise NoAnswerError(Exit.USAGE, f"{options.script}: {error.strerror}; expected a script") from error
    order: dict[str, Any] = {"script": script, "ask_checkpoint": not options.no_checkpoint}
    if options.option:
        order["options"] = dict(_pair(given) for given in options.option)
    if options.checkpoint_wait is not None:
        order["checkpoint_wait_seconds"] = options.checkpoint_wait
    key = options.key or _new_key()
    answer = tell(os.environ, order, "runs", options.name, "relaunch", key=key)
    if options.wait:
        answer = _awaited(answer)
    text = f"replacement {answer.get('id')} of {options.name}: {answer.get('state')}"
    failed = answer.get("state") in ENDED - {"done"}
    return answer, text, Exit.PROBLEM if failed else Exit.ANSWERED


def cancel_run(options: argparse.Namespace) -> Answer:
    """Ask a training to end itself."""
    answer = tell(
        os.environ, {"command": "stop"}, "runs", options.name, "commands", key=options.key or _new_key()
    )
    return answer, f"{options.name} was asked to end after its current step", Exit.ANSWERED


def _awaited(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a replacement once it has come to an end."""
    while answer.get("state") not in ENDED:
        time.sleep(WAIT_SECONDS)
        answer = ask(os.environ, "replacements", str(answer["id"]))
    return answer


def _pair(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator or not name:
        raise NoAnswerError(Exit.USAGE, f"--option is {given!r}; expected NAME=VALUE")
    return name.lstrip("-"), value


def _new_key() -> str:
    return f"cutloss-{os.urandom(12).hex()}"

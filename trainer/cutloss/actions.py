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
    """Put a corrected job in the place of a running one, or a corrected command in its job.

    What is sent is checked first, and confirmed by the fingerprint of what the check said would run.
    """
    order = _order(options)
    if options.check:
        return _checked(options, order)
    key = options.key or _new_key()
    # With the key the service tells of a relaunch that was made already, though its job be forgotten.
    told = tell(os.environ, order, "runs", options.name, "relaunch", "check", key=key)
    order["sha256"] = told.get("sha256")
    answer = tell(os.environ, order, "runs", options.name, "relaunch", key=key)
    if options.wait:
        answer = _awaited(answer)
    text = f"replacement {answer.get('id')} of {options.name}: {answer.get('state')}"
    failed = answer.get("state") in ENDED - {"done"}
    return answer, text, Exit.PROBLEM if failed else Exit.ANSWERED


def _checked(options: argparse.Namespace, order: dict[str, Any]) -> Answer:
    """Say what would run and what speaks against it; nothing is submitted."""
    told = tell(os.environ, order, "runs", options.name, "relaunch", "check")
    checks = told.get("checks") or []
    lines = [f"{'ok' if one['passed'] else 'NO':3} {one['name']}: {one['finding']}" for one in checks]
    lost = told.get("lost")
    if lost:
        time_lost = "" if lost["seconds"] is None else f", {lost['seconds'] / 60:.0f} min"
        lines.append(f"without a new checkpoint {lost['steps']} steps are lost{time_lost}")
    lines += [f"{name}={value} is added" for name, value in (told.get("environment") or {}).items()]
    lines += [*(told.get("difference") or []), f"sha256 {told.get('sha256')}"]
    return told, "\n".join(lines), Exit.ANSWERED if told.get("passes") else Exit.PROBLEM


def _order(options: argparse.Namespace) -> dict[str, Any]:
    order: dict[str, Any] = {"script": _script(options), "ask_checkpoint": not options.no_checkpoint}
    if options.command:
        order["order"] = "keep"
    elif options.order:
        order["order"] = options.order
    if options.option:
        order["options"] = dict(_pair(given) for given in options.option)
    if options.checkpoint_wait is not None:
        order["checkpoint_wait_seconds"] = options.checkpoint_wait
    if options.signal:
        order["signal"] = options.signal
    if options.without_answer:
        order["without_answer"] = options.without_answer
    return order


def _script(options: argparse.Namespace) -> str:
    """Return what will run: a script's text, or one command line."""
    if options.command:
        return str(options.command)
    try:
        text: str = options.script.read_text(encoding="utf-8")
    except OSError as error:
        raise NoAnswerError(Exit.USAGE, f"{options.script}: {error.strerror}; expected a script") from error
    return text


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

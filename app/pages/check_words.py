"""What is checked of a relaunch, and what was found, in the reader's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup

    from app.slurm.scheduler import Check
    from app.words import Words

NAMES: Mapping[str, Callable[[Words], Markup]] = {
    "shebang": lambda w: w.say("shebang"),
    "line ends": lambda w: w.say("line ends"),
    "size": lambda w: w.say("size"),
    "directives": lambda w: w.say("directives"),
    "work folder": lambda w: w.say("work folder"),
    "output folder": lambda w: w.say("output folder"),
    "syntax": lambda w: w.say("syntax"),
    "trial": lambda w: w.say("trial"),
    "waiting": lambda w: w.say("waiting"),
    "owner": lambda w: w.say("owner"),
    "partition": lambda w: w.say("partition"),
    "fields": lambda w: w.say("fields"),
    "options": lambda w: w.say("options"),
    "scheduler": lambda w: w.say("scheduler"),
    "command": lambda w: w.say("command"),
    "job": lambda w: w.say("job"),
    "supervised": lambda w: w.say("supervised"),
}
"""The checks; one that is not here keeps its name."""

TEXT = r"(?P<what>.{1,300})"
FOUND: tuple[tuple[str, Callable[[Words, Mapping[str, str]], Markup]], ...] = (
    (f"runs under {TEXT}", lambda w, of: w.say("runs under {what}", **of)),
    (
        f"the first line is {TEXT}; expected #! and an interpreter",
        lambda w, of: w.say("the first line is {what}; expected #! and an interpreter", **of),
    ),
    ("LF throughout", lambda w, _: w.say("LF throughout")),
    (
        r"line (?P<line>\d+) ends as on Windows \(CRLF\); expected LF",
        lambda w, of: w.say("line {line} ends as on Windows (CRLF); expected LF", **of),
    ),
    (
        r"(?P<bytes>\d+) bytes of (?P<most>\d+) allowed",
        lambda w, of: w.say(
            "{bytes} bytes of {most} allowed",
            bytes=w.whole(int(of["bytes"])), most=w.whole(int(of["most"])),
        ),
    ),
    (f"{TEXT} does not exist", lambda w, of: w.say("{what} does not exist", **of)),
    (f"{TEXT} is not an absolute path", lambda w, of: w.say("{what} is not an absolute path", **of)),
    ("exists", lambda w, _: w.say("exists")),
    ("none", lambda w, _: w.say("none given")),
    ("not a shell script", lambda w, _: w.say("not a shell script")),
    ("bash -n has no complaint", lambda w, _: w.say("bash -n has no complaint")),
    ("all understood", lambda w, _: w.say("all understood")),
    (
        f"the local runner passes over {TEXT}",
        lambda w, of: w.say("the local runner passes over {what}", **of),
    ),
    (
        "everything the script says can be sent",
        lambda w, _: w.say("everything the script says can be sent"),
    ),
    (
        r"(?P<what>\S{1,300}), (?P<count>\d+) arguments, no shell",
        lambda w, of: w.say_n(
            "{what}, {n} argument, no shell", "{what}, {n} arguments, no shell", int(of["count"]),
            what=of["what"],
        ),
    ),
    (f"{TEXT}; expected one command line", lambda w, of: w.say("{what}; expected one command line", **of)),
    ("RUNNING", lambda w, _: w.say("running")),
    ("not the running job it was", lambda w, _: w.say("not the running job it was")),
    ("the job takes orders", lambda w, _: w.say("the job takes orders")),
    (
        "it does not run under cutloss supervise; expected that as the last line of its batch script",
        lambda w, _: w.say(
            "it does not run under cutloss supervise; expected that as the last line of its batch script"
        ),
    ),
)  # fmt: skip
"""What is found, and how it is said; what is not here, SLURM's own words above all, is shown as it is."""


def check_name(check: Check, words: Words) -> Markup:
    """Return what is checked in the reader's words."""
    said = NAMES.get(check.name)
    return words.plain(check.name) if said is None else said(words)


def check_finding(check: Check, words: Words) -> Markup:
    """Return what was found in the reader's words."""
    for pattern, said in FOUND:
        found = re.fullmatch(pattern, check.finding)
        if found is not None:
            return said(words, found.groupdict())
    return words.plain(check.finding)

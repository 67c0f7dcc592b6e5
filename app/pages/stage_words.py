"""What a relaunch notes of its stages, in the reader's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup

    from app.words import Words

NEW, OLD = r"(?P<new>\S{1,60})", r"(?P<old>\S{1,60})"
TOLD: tuple[tuple[str, Callable[[Words, Mapping[str, str]], Markup]], ...] = (
    (
        "the corrected job is being submitted, held",
        lambda w, _: w.say("the fixed job is being submitted, held"),
    ),
    (f"asked to replace job {OLD}", lambda w, of: w.say("asked to replace job {old}", **of)),
    ("asked to undo it", lambda w, _: w.say("asked to undo it")),
    (f"job {NEW} waits, held", lambda w, of: w.say("job {new} waits, held", **of)),
    (f"job {NEW} was found by its token, held", lambda w, of: w.say("job {new} was found, held", **of)),
    (f"job {NEW} waits and will be able to run", lambda w, of: w.say("job {new} waits and will run", **of)),
    (f"job {NEW} is being released", lambda w, of: w.say("job {new} is being released", **of)),
    (
        f"waiting for job {NEW} and its first step",
        lambda w, of: w.say("waiting for job {new} and its first step", **of),
    ),
    (
        rf"job {NEW} runs and has reported step (?P<step>\d+)",
        lambda w, of: w.say("job {new} runs and has reported step {step}", **of),
    ),
    ("no checkpoint was wanted", lambda w, _: w.say("no checkpoint was wanted")),
    ("a checkpoint is being asked for", lambda w, _: w.say("a checkpoint is being asked for")),
    (
        r"waiting for the checkpoint, up to (?P<seconds>\d+) s(?: more)?",
        lambda w, of: w.say("waiting for the checkpoint, up to {time}", time=w.duration(int(of["seconds"]))),
    ),
    (
        r"checkpoint saved at step (?P<step>\d+)(?:,? .*)?",
        lambda w, of: w.say("checkpoint saved at step {step}", **of),
    ),
    ("the old job has ended by itself", lambda w, _: w.say("the old job has ended by itself")),
    ("nothing takes the old job's place", lambda w, _: w.say("nothing takes the old job's place")),
    ("the job keeps its nodes", lambda w, _: w.say("the job keeps its nodes")),
    (
        "the corrected command is being handed over",
        lambda w, _: w.say("the corrected command is being handed over"),
    ),
    (
        f"the step of job {OLD} is being started again",
        lambda w, of: w.say("the step of job {old} is being started again", **of),
    ),
    (
        f"the corrected command has started in job {OLD}; it may still give its place back",
        lambda w, of: w.say(
            "the corrected command has started in job {old}; if it fails at once, the old one comes back",
            **of,
        ),
    ),
    (
        f"the corrected command runs in job {OLD}",
        lambda w, of: w.say("the corrected command runs in job {old}", **of),
    ),
    (
        f"job {NEW} waits for the end of job {OLD} only",
        lambda w, of: w.say("job {new} waits for the end of job {old} only", **of),
    ),
    (f"job {NEW} runs beside the old one", lambda w, of: w.say("job {new} runs beside the old one", **of)),
    (f"job {OLD} is being cancelled", lambda w, of: w.say("job {old} is being cancelled", **of)),
    (f"job {OLD} is ending", lambda w, of: w.say("job {old} is ending", **of)),
    (f"job {OLD} has ended", lambda w, of: w.say("job {old} has ended", **of)),
    (f"job {NEW} is RUNNING", lambda w, of: w.say("job {new} runs", **of)),
    (f"job {NEW} is PENDING, (?P<reason>.+)", lambda w, of: w.say("job {new} waits: {reason}", **of)),
)
"""What the stages note, and how it is said; what is not here is shown as it was noted."""


def stage_words(noted: str, words: Words) -> Markup:
    """Return a stage's note in the reader's words."""
    for pattern, said in TOLD:
        found = re.fullmatch(pattern, noted)
        if found is not None:
            return said(words, found.groupdict())
    return words.plain(noted)

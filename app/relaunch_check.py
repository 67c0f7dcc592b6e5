"""What speaks for and against a relaunch before it is made, and how it differs from what runs."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from app.replace_draft import Corrected, Draft
from app.replace_keep import checks as keep_checks
from app.replacement import Order
from app.slurm.scheduler import Check, Scheduler, SchedulerError, Submission

CONTEXT_LINES = 2
CHECK_MARK = "cutloss:check"

Difference = Sequence[tuple[str, str]]
"""Lines that differ and those around them: a sign (``"+"``, ``"-"``, ``" "``) and the line."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a relaunch; ``exact`` is what would run, ``None`` where nothing could."""

    checks: list[Check]
    difference: Difference
    exact: Corrected | None

    @property
    def passes(self) -> bool:
        """Whether nothing speaks against it."""
        return all(check.passed for check in self.checks)

    @property
    def sha256(self) -> str:
        """The fingerprint of what would run."""
        return self.exact.sha256 if self.exact is not None else ""


def judged(exact: Corrected, order: Order, draft: Draft, scheduler: Scheduler) -> Told:
    """Check what would run; nothing is submitted."""
    if order == "keep":
        found = keep_checks(exact.script, draft.job, draft.supervised)
        return Told(found, difference(draft.command, exact.script), exact)
    return Told(_tried(exact, scheduler), difference(draft.script or "", exact.script), exact)


def difference(before: str, after: str) -> Difference:
    """Return the lines that differ between two texts, with those around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES)
    return [(line[:1], line[1:]) for line in list(lines)[2:] if not line.startswith("@@")]


def _tried(exact: Corrected, scheduler: Scheduler) -> list[Check]:
    submission = Submission(
        script=exact.script,
        token=CHECK_MARK,
        work_dir=exact.work_dir,
        options=exact.options,
        script_args=exact.script_args,
    )
    try:
        return scheduler.check(submission)
    except SchedulerError as error:
        return [Check("scheduler", passed=False, finding=str(error))]

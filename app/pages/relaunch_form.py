"""The form of a relaunch: what is submitted, what checks say of it, how it differs from what runs."""

from __future__ import annotations

import difflib
import secrets
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.schemas.actions import RelaunchOrder
from app.slurm.scheduler import Check, Submission
from app.slurm.scheduler import SchedulerError as RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.replace_draft import Draft
    from app.settings import Settings
    from app.slurm.scheduler import Scheduler

MINUTE = 60.0
LONGEST_WAIT_MINUTES = 24 * 60
CONTEXT_LINES = 2
CHECK_MARK = "cutloss:check"


@dataclass(frozen=True, slots=True)
class RelaunchForm:
    """What the form holds.

    Attributes:
        script: exactly what will run.
        arguments: behind the script, as one would type them.
        work_dir: where it runs.
        asks_checkpoint: whether the running job is asked for a checkpoint first.
        wait_minutes: how long that is waited for, as typed.
        without_answer: ``"proceed"`` or ``"abort"``.
        key: makes sending the form twice one relaunch.
        error: the field that cannot be used, ``None`` where all can.
    """

    script: str
    arguments: str
    work_dir: str
    asks_checkpoint: bool
    wait_minutes: str
    without_answer: str
    key: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a form before it is sent: checks, and lines that differ (``"+"``, ``"-"``, ``" "``)."""

    checks: list[Check]
    difference: list[tuple[str, str]]

    @property
    def passes(self) -> bool:
        """Whether nothing speaks against it."""
        return all(check.passed for check in self.checks)


def first_form(draft: Draft, settings: Settings) -> RelaunchForm:
    """Return the form that starts from what runs."""
    return RelaunchForm(
        script=draft.script or "",
        arguments=shlex.join(draft.script_args),
        work_dir=draft.job.work_dir or "",
        asks_checkpoint=True,
        wait_minutes=f"{settings.checkpoint_wait_seconds / MINUTE:g}",
        without_answer="proceed",
        key=secrets.token_urlsafe(16),
    )


def sent_form(form: Mapping[str, str]) -> RelaunchForm:
    """Return the form as it was sent; browsers end lines as Windows does, scripts must not."""
    sent = RelaunchForm(
        script=form.get("script", "").replace("\r\n", "\n"),
        arguments=form.get("arguments", "").strip(),
        work_dir=form.get("work_dir", "").strip(),
        asks_checkpoint="asks_checkpoint" in form,
        wait_minutes=form.get("wait_minutes", "").strip(),
        without_answer="abort" if form.get("without_answer") == "abort" else "proceed",
        key=form.get("key", "")[:200] or secrets.token_urlsafe(16),
    )
    return replace(sent, error=_error(sent))


def order_of(form: RelaunchForm) -> RelaunchOrder:
    """Return what the form orders."""
    return RelaunchOrder(
        script=form.script,
        script_args=tuple(shlex.split(form.arguments)),
        work_dir=form.work_dir or None,
        ask_checkpoint=form.asks_checkpoint,
        checkpoint_wait_seconds=MINUTE * float(form.wait_minutes.replace(",", ".")),
        without_answer="abort" if form.without_answer == "abort" else "proceed",
    )


def checked(form: RelaunchForm, draft: Draft, scheduler: Scheduler) -> Told:
    """Return what speaks for and against a form; nothing is submitted."""
    return Told(_checks(form, draft, scheduler), _difference(draft.script or "", form.script))


def _checks(form: RelaunchForm, draft: Draft, scheduler: Scheduler) -> list[Check]:
    if form.error is not None or not form.script:
        return []
    submission = Submission(
        script=form.script,
        token=CHECK_MARK,
        work_dir=form.work_dir,
        options=draft.options,
        script_args=shlex.split(form.arguments),
    )
    try:
        return scheduler.check(submission)
    except RefusedError as error:
        return [Check("scheduler", passed=False, finding=str(error))]


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES)
    return [(line[:1], line[1:]) for line in list(lines)[2:] if not line.startswith("@@")]


def _error(form: RelaunchForm) -> str | None:
    if not form.script.strip():
        return "script"
    try:
        shlex.split(form.arguments)
    except ValueError:
        return "arguments"
    try:
        minutes = float(form.wait_minutes.replace(",", "."))
    except ValueError:
        return "wait_minutes"
    return None if 0 <= minutes <= LONGEST_WAIT_MINUTES else "wait_minutes"

"""The form of a relaunch: what is submitted, what checks say of it, how it differs from what runs."""

from __future__ import annotations

import secrets
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from app.relaunch_check import Told, difference, judged
from app.replace_draft import Corrected, Wish, corrected
from app.schemas.actions import RelaunchOrder
from app.schemas.job_actions import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.replace_draft import Draft
    from app.settings import Settings
    from app.slurm.scheduler import Scheduler

MINUTE = 60.0
LONGEST_WAIT_MINUTES = 24 * 60

Way = Literal["handover", "overlap", "keep"]
WAYS: tuple[Way, ...] = get_args(Way)
SIGNALS: tuple[Signal, ...] = get_args(Signal)


@dataclass(frozen=True, slots=True)
class RelaunchForm:
    """What the form holds.

    Attributes:
        script: exactly what will run.
        command: what will run in a supervised job, as one would type it.
        arguments: behind the script, as one would type them.
        work_dir: where it runs.
        order: the way it is done.
        asks_checkpoint: whether the running job is asked for a checkpoint first.
        wait_minutes: how long that is waited for, as typed.
        signal: sent when the trainer does not answer; ``None``: nothing is.
        without_answer: ``"proceed"`` or ``"abort"``.
        key: makes sending the form twice one relaunch.
        confirmed: the fingerprint of what was shown when it was sent.
        error: the field that cannot be used, ``None`` where all can.
    """

    script: str
    command: str
    arguments: str
    work_dir: str
    order: Way
    asks_checkpoint: bool
    wait_minutes: str
    signal: Signal | None
    without_answer: Literal["proceed", "abort"]
    key: str
    confirmed: str = ""
    error: str | None = None


def first_form(draft: Draft, settings: Settings) -> RelaunchForm:
    """Return the form that starts from what runs; a supervised job keeps its nodes."""
    return RelaunchForm(
        script=draft.script or "",
        command=draft.command,
        arguments=shlex.join(draft.script_args),
        work_dir=draft.job.work_dir or "",
        order="keep" if draft.supervised is not None else "handover",
        asks_checkpoint=True,
        wait_minutes=f"{settings.checkpoint_wait_seconds / MINUTE:g}",
        signal=None,
        without_answer="proceed",
        key=secrets.token_urlsafe(16),
    )


def sent_form(form: Mapping[str, str]) -> RelaunchForm:
    """Return the form as it was sent; browsers end lines as Windows does, scripts must not."""
    sent = RelaunchForm(
        script=form.get("script", "").replace("\r\n", "\n"),
        command=form.get("command", "").strip(),
        arguments=form.get("arguments", "").strip(),
        work_dir=form.get("work_dir", "").strip(),
        order=next((way for way in WAYS if way == form.get("order")), "handover"),
        asks_checkpoint="asks_checkpoint" in form,
        wait_minutes=form.get("wait_minutes", "").strip(),
        signal=next((signal for signal in SIGNALS if signal == form.get("signal")), None),
        without_answer="abort" if form.get("without_answer") == "abort" else "proceed",
        key=form.get("key", "")[:200] or secrets.token_urlsafe(16),
        confirmed=form.get("sha256", "")[:64],
    )
    return replace(sent, error=_error(sent))


def order_of(form: RelaunchForm) -> RelaunchOrder:
    """Return what the form orders."""
    keeps = form.order == "keep"
    return RelaunchOrder(
        script=form.command if keeps else form.script,
        script_args=None if keeps else tuple(shlex.split(form.arguments)),
        work_dir=None if keeps else form.work_dir or None,
        order=form.order,
        ask_checkpoint=form.asks_checkpoint,
        checkpoint_wait_seconds=MINUTE * float(form.wait_minutes.replace(",", ".")),
        signal=form.signal,
        without_answer=form.without_answer,
        sha256=form.confirmed or None,
    )


def checked(form: RelaunchForm, draft: Draft, scheduler: Scheduler) -> Told:
    """Return what speaks for and against a form; nothing is submitted."""
    exact = exact_of(form, draft)
    if exact is not None:
        return judged(exact, form.order, draft, scheduler)
    keeps = form.order == "keep"
    before, after = (draft.command, form.command) if keeps else (draft.script or "", form.script)
    return Told([], difference(before, after), None)


def exact_of(form: RelaunchForm, draft: Draft) -> Corrected | None:
    """Return exactly what a form would run, ``None`` where it cannot be used."""
    if form.error is not None or not (form.command if form.order == "keep" else form.script):
        return None
    order = order_of(form)
    wish = Wish(
        script=order.script, script_args=order.script_args, work_dir=order.work_dir, order=order.order
    )
    return corrected(draft.job, draft.script or "", wish)


def _error(form: RelaunchForm) -> str | None:
    name, text = ("command", form.command) if form.order == "keep" else ("script", form.script)
    if not text.strip():
        return name
    for field, line in (("command", form.command), ("arguments", form.arguments)):
        if not _is_closed(line):
            return field
    try:
        minutes = float(form.wait_minutes.replace(",", "."))
    except ValueError:
        return "wait_minutes"
    return None if 0 <= minutes <= LONGEST_WAIT_MINUTES else "wait_minutes"


def _is_closed(line: str) -> bool:
    """Say whether every quote of a line is closed."""
    try:
        shlex.split(line)
    except ValueError:
        return False
    return True

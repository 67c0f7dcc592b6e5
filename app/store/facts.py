"""The facts the store holds, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Scope = Literal["report", "read", "operate"]

SAME_CLOCK_SECONDS = 60.0
"""So long a step may be on its way to the service; a clock that is off by less is taken as right."""


@dataclass(frozen=True, slots=True)
class JobKey:
    """SLURM's name for a job; ``cluster`` is ``"local"`` for the embedded runner."""

    cluster: str
    id: str


@dataclass(frozen=True, slots=True)
class Run:
    """One training effort.

    Attributes:
        id: opaque and unique; safe in a URL path.
        name: what the person called it; several runs may share a name.
        user: whose run it is.
        created: epoch seconds of its first record.
        plan: the newest declared plan as sent (``total_steps``, ``validate_every``, ``target_loss`` …).
        version: grows with every batch that changed the run; what caches and live updates go by.
        last_record_at: epoch seconds when its newest batch (heartbeats too) arrived.
        finished: the reason of its finish note (``"finished"``, ``"failed"`` …), ``None`` while it goes on.
        job: the newest attempt's job.
        replaces: id of the run this one was relaunched from.
        warnings: counted oddities, e.g. ``{"steps_beyond_total": 3, "unknown_fields": 2}``.
    """

    id: str
    name: str
    user: str
    created: float
    plan: Mapping[str, Any]
    version: int
    last_record_at: float
    finished: str | None
    job: JobKey | None
    replaces: str | None
    warnings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process start of a run.

    Attributes:
        id: opaque, chosen by the client.
        started: epoch seconds; attempts are ordered by it.
        job: the wire object as sent (cluster, id, restart_count, array_task_id …) or ``None``.
        first_step: least step it reported.
        last_step: step of its newest record (greatest seq): where it is, also after it went back.
        last_seq: greatest seq seen of it.
        last_ended: epoch seconds when its last step ended.
        clock_behind: seconds that its clock is behind the service's, at most: some of them a record was on
            its way; ``None`` where nothing tells.
    """

    id: str
    started: float
    job: Mapping[str, Any] | None
    first_step: int | None
    last_step: int | None
    last_seq: int | None
    last_ended: float | None
    clock_behind: float | None = None

    @property
    def behind(self) -> float:
        """Seconds to add to what its clock says; 0 where it is as good as right, or nothing tells."""
        told = self.clock_behind or 0.0
        return told if abs(told) > SAME_CLOCK_SECONDS else 0.0

    @property
    def is_untimed(self) -> bool:
        """Whether it does not tell when its steps ended."""
        return self.last_step is not None and self.last_ended is None


@dataclass(frozen=True, slots=True)
class StepBlocks:
    """Block means of a run's steps, the newest attempt winning, in increasing step order.

    The number of blocks is bounded whatever the run's length; early steps are kept raw (count 1).
    All arrays have shape (n,).

    Attributes:
        first_step: first step of the block.
        last_step: last step of the block.
        count: step records in the block.
        loss_count: those that carried a loss, finite or not; ``loss_count > finite_count`` is divergence,
            ``count > loss_count`` only a loss that was not reported.
        finite_count: those whose loss was finite.
        loss_mean: mean of the finite losses, NaN where there is none.
        loss_deviation: standard deviation of the finite losses, NaN below two.
        loss_min: least finite loss, NaN where there is none.
        loss_max: greatest finite loss, NaN where there is none.
        seconds_count: records that carried a duration.
        seconds_mean: mean seconds of one step, NaN where there is none.
        seconds_deviation: standard deviation of the seconds of one step, NaN below two.
        seconds_min: least seconds of one step, NaN where there is none.
        seconds_max: most seconds of one step, NaN where there is none.
        ended: epoch seconds at the block's end.
        lr: learning rate at the block's end, NaN where unknown.
    """

    first_step: IntArray
    last_step: IntArray
    count: IntArray
    loss_count: IntArray
    finite_count: IntArray
    loss_mean: FloatArray
    loss_deviation: FloatArray
    loss_min: FloatArray
    loss_max: FloatArray
    seconds_count: IntArray
    seconds_mean: FloatArray
    seconds_deviation: FloatArray
    seconds_min: FloatArray
    seconds_max: FloatArray
    ended: FloatArray
    lr: FloatArray


@dataclass(frozen=True, slots=True)
class StepRows:
    """Raw step records in step order, the newest attempt winning; NaN stands for unknown. Shape (n,)."""

    step: IntArray
    ended: FloatArray
    seconds: FloatArray
    loss: FloatArray
    lr: FloatArray


@dataclass(frozen=True, slots=True)
class Validation:
    """One validation; ``loss`` may be NaN or infinite, as reported."""

    attempt: str
    step: int
    started: float
    seconds: float | None
    loss: float | None
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One saved checkpoint."""

    attempt: str
    step: int
    started: float
    seconds: float | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """One timed stretch of a phase."""

    attempt: str
    phase: str
    started: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Note:
    """One note; ``kind`` is plan, startup, progress, command, audit, finish or warning."""

    attempt: str
    seq: int
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """Something the service asks of the trainer.

    ``state`` is ``"pending"`` until a note answers it with ``"done"`` or ``"refused"``;
    ``answer`` is that note's data.
    """

    id: str
    run: str
    command: Literal["checkpoint", "stop", "set"]
    name: str | None
    value: Any
    user: str
    created: float
    state: Literal["pending", "done", "refused"]
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, known by its hash only."""

    hash: str
    user: str
    scope: Scope
    created: float


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the append-only audit log."""

    at: float
    user: str
    action: str
    subject: str
    outcome: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the audit log is narrowed to; empty is everything.

    Attributes:
        user: who acted; ``None`` is anybody.
        subject: part of the run's id.
        action: the action.
        outcome: what came of it.
        since: epoch seconds.
    """

    user: str | None = None
    subject: str = ""
    action: str = ""
    outcome: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class SpoolMark:
    """How far a spool file has been read.

    Attributes:
        path: the file.
        inode: tells a file from another one that took its name.
        position: bytes read, to the end of a line.
        bad_lines: lines that held no record.
    """

    path: str
    inode: int
    position: int
    bad_lines: int


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one batch.

    Attributes:
        acknowledged_seq: greatest seq seen of the batch's attempt, ``None`` before its first record.
        stored: records that are new.
        duplicates: records that were there already.
        version: the run's version afterwards.
        pending: the run's commands that are not answered yet.
    """

    acknowledged_seq: int | None
    stored: int
    duplicates: int
    version: int
    pending: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertChannel:
    """Where a person's alerts go; ``url`` holds secrets and is never shown.

    ``kind`` and ``shown`` are what may be shown of it; ``tested`` what came of the last test.
    """

    id: str
    user: str
    name: str
    url: str = field(repr=False)
    kind: str
    shown: str
    created: float
    tested: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """How a rule stands with a run: the episode that goes on, if any, and when the last one began."""

    key: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far an alert has come on one channel.

    ``state`` is ``"pending"`` until the channel took it (``"sent"``) or it was given up (``"failed"``).
    """

    channel: str
    name: str
    state: Literal["pending", "sent", "failed"]
    tries: int
    next_try: float | None
    sent_at: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a rule found; it is shown and sent from ``due`` on, epoch seconds."""

    id: int
    user: str
    run: str
    name: str
    rule: str
    data: Mapping[str, Any]
    is_alarm: bool
    at: float
    due: float
    deliveries: tuple[Delivery, ...] = ()

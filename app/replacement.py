"""A replacement: a corrected job on its way to the place of a running one, and what has happened so far."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

WithoutAnswer = Literal["proceed", "abort"]
Order = Literal["handover", "overlap", "cancel", "keep"]
"""The new job waits for the old one's end; or starts first; or there is none; or the nodes are kept: a
corrected command takes the running one's place in the same job."""

State = Literal[
    "prepared",  # nothing done yet
    "submitting",  # the new job may or may not exist
    "submitted",  # the new job exists, held and dependent
    "checked",  # the new job waits, is ours, and can run
    "starting",  # overlap: the new job may or may not be held still
    "started",  # overlap: the new job may run, and has not reported yet
    "proven",  # overlap: the new job runs and has reported its first step
    "asking",  # the checkpoint may or may not have been asked for
    "checkpoint_asked",
    "signalling",  # the signal may or may not have been sent
    "signalled",
    "releasing",  # the new job may or may not be held still
    "released",  # the new job waits for the old one only
    "cancelling",  # the old job may or may not have been cancelled
    "cancelled",  # the old job is ending
    "handed_over",  # the old job has ended
    "done",
    "undoing",  # the new job may or may not exist still
    "failed",  # the old job was left alone
    "rolled_back",  # so it was at the person's wish
]

FINAL: frozenset[State] = frozenset({"done", "failed", "rolled_back"})
REVERSIBLE: frozenset[State] = frozenset(
    {"prepared", "submitting", "submitted", "checked", "starting", "started", "proven", "asking",
     "checkpoint_asked", "signalling", "signalled", "releasing", "released"}
)  # fmt: skip
"""States in which the old job has at most been asked for a checkpoint."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One state that was entered: when (epoch seconds), and why in words."""

    state: State
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """Everything known of one replacement; what is stored is exactly this.

    Attributes:
        id: opaque; the same for the same user, run and idempotency key.
        run: the run whose job is replaced.
        user: who asked.
        old_id: the running job; ``old_submitted`` and ``old_user`` tell it from a later one of that number.
        token: the new job's comment, by which an unknown submission is looked up.
        script: exactly what will run; with *keep* a command line.
        sha256: the fingerprint of what will run: script, arguments, options, folder, order, environment.
        options: sbatch options beyond the script's own.
        environment: added to the new job's environment.
        order: see ``Order``.
        checkpoint_wait_seconds: how long the old job may take to checkpoint; ``None``: it is not asked.
        signal: what is sent to it when the trainer does not answer, such as ``USR1``; ``None``: nothing.
        without_answer: what happens when it does not.
        new_id: the new job, once it is known to exist.
        command_id: the checkpoint command.
        checkpoint: the trainer's answer to it (``status``, ``step``, ``path``).
        first_step: what the new job had reported when it counted as training, with *overlap*.
        checks: findings before and after the submission, as ``name``, ``passed``, ``finding``.
        reason: why it failed, in words.
        doubtful: whether a submission without an answer might still turn up.
        rollback_by: who asked to undo it.
        old_ended: when the old job ended, epoch seconds.
        new_started: when the new one started.
        stages: every state entered, oldest first.
    """

    id: str
    run: str
    user: str
    state: State
    created: float
    updated: float
    cluster: str
    old_id: str
    old_submitted: float | None
    old_user: str | None
    token: str
    script: str
    sha256: str
    work_dir: str
    script_args: Sequence[str] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    order: Order = "handover"
    checkpoint_wait_seconds: float | None = None
    signal: str | None = None
    without_answer: WithoutAnswer = "proceed"
    new_id: str | None = None
    command_id: str | None = None
    checkpoint: Mapping[str, Any] | None = None
    first_step: int | None = None
    checks: Sequence[Mapping[str, Any]] = ()
    reason: str | None = None
    doubtful: bool = False
    rollback_by: str | None = None
    old_ended: float | None = None
    new_started: float | None = None
    stages: tuple[Stage, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in FINAL

    @property
    def is_reversible(self) -> bool:
        """Whether it can be undone without the old job noticing."""
        return self.state in REVERSIBLE

    def entered(self, state: State) -> float | None:
        """Return when a state was last entered."""
        return next((stage.at for stage in reversed(self.stages) if stage.state == state), None)

    def first_entered(self, state: State) -> float | None:
        """Return when a state was first entered."""
        return next((stage.at for stage in self.stages if stage.state == state), None)

    def moved(self, state: State, at: float, words: str, **changes: Any) -> "Replacement":  # noqa: ANN401 - fields of this record
        """Return it one state further, with what that brought."""
        stages = (*self.stages, Stage(state, at, words))
        return dataclasses.replace(self, state=state, updated=at, stages=stages, **changes)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Replacement":
        """Read it back; fields of a newer version are passed over, an older one kept another hash."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        kept = {"sha256": "", **{name: value for name, value in data.items() if name in known}}
        return cls(**{**kept, "stages": tuple(Stage(**stage) for stage in data.get("stages", ()))})

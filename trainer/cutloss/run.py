"""A training run as the training sees it: a few calls that cost microseconds and never raise."""

import atexit
import os
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from cutloss import environment
from cutloss.commands import Commands
from cutloss.counters import Counters
from cutloss.cuda import GpuTimes
from cutloss.phases import Phase, Save, Validation
from cutloss.plan import declared_plan
from cutloss.queues import QUEUE_LIMIT, Entry, RecordQueue
from cutloss.records import WIRE_VERSION
from cutloss.reporter import guarded

if TYPE_CHECKING:
    from cutloss.checkpoint_audit import Audit
    from cutloss.pipeline import Pipeline

Value = TypeVar("Value")
Cadence = int | Literal["never"]
Schedule = Sequence[tuple[float, float]] | Sequence[Sequence[float]] | Callable[[int], float]


class Run:
    """One attempt of a run, made by ``init``.

    On ranks other than 0, in forked children, with ``CUTLOSS=off`` and after ``finish`` every call is a
    no-op that costs nothing. No call raises, prints, or waits, but ``finish``, which takes 5 s at most.

    Args:
        header: what identifies the attempt, the spool's first line; ``None`` for a run that is switched off.
        plan: the declared plan.
        environ: the environment, for the spool's folder and the service.
        last_seq: the greatest record number that an earlier process gave in the same attempt.

    Attributes:
        id: the run's id; empty where it is switched off.
        attempt: this process start's id.
        counters: what went wrong quietly.
    """

    def __init__(
        self,
        header: dict[str, Any] | None,
        plan: dict[str, Any],
        environ: Mapping[str, str],
        last_seq: int = 0,
    ) -> None:
        self.id: str = header["run"] if header else ""
        self.attempt: str = header["attempt"] if header else ""
        self.counters = Counters()
        self._plan = plan
        self._queue = RecordQueue()
        self._entries: deque[Entry] = self._queue.entries
        self._commands = Commands(lambda data: self._note("command", data))
        self._gpu_times = GpuTimes(self.emit)
        self._at_step: object = None
        self._mark = perf_counter()
        self._pipeline: Pipeline | None = None
        if header is None:
            self._switch_off()
        else:
            self._note("plan", dict(plan))
            self._start(header, environ, last_seq)

    def step(self, step: int, loss: Any = None, lr: Any = None, **_unknown: Any) -> None:  # noqa: ANN401 - tensors
        """Report that an optimizer step has ended.

        Seconds are counted from the last report to this one, less validations, checkpoints and other
        phases; reporting every n-th step is fine.

        Args:
            step: the step, counted over the whole run.
            loss: a number, or a tensor, which is read later in the client's thread so that a GPU is not
                synchronised here. Pass one that is not written to afterwards (``loss.detach()`` does).
            lr: learning rate.
            _unknown: ignored; a misspelt name must not end a training.
        """
        now = perf_counter()
        entries = self._entries
        entries.append((step, now, self._mark, loss, lr))
        self._mark = now
        self._at_step = step
        if len(entries) > QUEUE_LIMIT:
            self._queue.thin()

    def validation(self, step: int) -> Validation:
        """Time a validation; set ``loss`` on what the ``with`` statement gives."""
        return Validation(step, self._plan.get("validation_batches"), self.emit, self.exclude)

    def checkpoint(self, step: int, path: str | os.PathLike[str] | None = None) -> Save:
        """Time the save of a checkpoint."""
        return Save(step, path, self.emit, self.exclude, self._commands)

    def phase(self, name: str, *, cuda: bool = False) -> Phase:
        """Time a stretch of another phase.

        ``data``, ``forward``, ``backward``, ``optimizer`` and ``communication`` split a step and stay in its
        seconds; time in any other phase does not count as the step's.

        Args:
            name: the phase.
            cuda: time what the GPU did in it, by two events that are read at a later such phase of the same
                thread: nothing waits for it. Without a GPU in use, in any other thread than the first one
                that asked, and while a graph is captured, the clock's time stands.
        """
        return Phase(str(name), self.emit, self.exclude, self._gpu_times if cuda else None)

    def should_checkpoint(self) -> bool:
        """Tell whether a checkpoint was asked for. Only rank 0 knows: broadcast it where all ranks save."""
        return self._commands.checkpoint_wanted

    def should_stop(self) -> bool:
        """Tell whether the training was asked to stop. Only rank 0 knows: broadcast it."""
        return self._commands.stop_wanted

    def setting(self, name: str, default: Value) -> Value:
        """Return the value last set from outside, else the default; a field of the plan is declared anew."""
        value, is_new = self._commands.setting(name, default)
        if is_new:
            self.declare(**{name: value})
        return value

    def declare(self, **fields: object) -> None:
        """Declare fields of the plan anew: what ``init`` did not know yet, or what has changed."""
        known = {name: self._plan.get(name) for name in ("total_steps",)}
        cleaned, complaints = declared_plan({**known, **fields})
        if any(self._plan.get(name) != value for name, value in cleaned.items()):
            self._plan |= cleaned
            self._note("plan", dict(self._plan))
        for complaint in complaints:
            self._note("warning", {"text": complaint})

    def emit(self, record: dict[str, Any]) -> None:
        """Report a record as the queue holds it, with times that are known otherwise: a log's."""
        self._entries.append(record)

    @property
    def queued(self) -> deque[Entry]:
        """What was reported and is not written yet."""
        return self._entries

    @property
    def is_on(self) -> bool:
        """Whether this run reports: not on other ranks, in forked children, after ``finish``."""
        return self._pipeline is not None

    def audit_result(
        self,
        *,
        parameters: int,
        random_parameters: int,
        missing: Sequence[str] = (),
        unexpected: Sequence[str] = (),
        modules: Sequence[str] = (),
    ) -> None:
        """Report how a checkpoint fitted the model.

        Args:
            parameters: parameters of the model.
            random_parameters: those that the checkpoint did not fill.
            missing: names the model has and the checkpoint has not.
            unexpected: names the checkpoint has and the model has not.
            modules: modules that start from random.
        """
        names = {"missing": list(missing), "unexpected": list(unexpected), "modules": list(modules)}
        self._note("audit", {"parameters": parameters, "random_parameters": random_parameters, **names})

    def audit(self, model: Any, checkpoint: Any) -> "Audit | None":  # noqa: ANN401 - a torch module; a path or state dict
        """Compare a checkpoint with a model, and report what would start from random.

        Args:
            model: a torch module, before or after loading.
            checkpoint: a file, or what was loaded from one.

        Returns:
            The findings; ``None`` where this run is switched off, or the two cannot be compared.
        """
        return guarded(lambda: self._audit(model, checkpoint), self.counters) if self._pipeline else None

    def _audit(self, model: Any, checkpoint: Any) -> "Audit":  # noqa: ANN401 - same
        from dataclasses import asdict  # noqa: PLC0415 - same

        from cutloss.checkpoint_audit import compare  # noqa: PLC0415 - only a training that audits pays for it
        from cutloss.checkpoints import checkpoint_tensors, model_tensors  # noqa: PLC0415 - same

        audit = compare(model_tensors(model), checkpoint_tensors(checkpoint))
        self._note("audit", asdict(audit))
        return audit

    def finish(self, reason: Literal["finished", "failed", "stopped"] = "finished") -> None:
        """Report the end, then write and send what is left; takes 5 s at most."""
        self._commands.stopped(self._at_step)
        self._note("finish", {"reason": str(reason), "step": self._at_step})
        self.close()

    def close(self) -> None:
        """Write and send what is left without a word on how the training ended."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            self._gpu_times.close()
            pipeline.close()
            atexit.unregister(self._at_exit)
        self._switch_off()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish("stopped" if self.should_stop() else "finished")
        else:
            self.finish("stopped" if issubclass(kind, KeyboardInterrupt) else "failed")

    def _start(self, header: dict[str, Any], environ: Mapping[str, str], last_seq: int) -> None:
        # HTTP takes a while to import: only a run that reports pays for it, and in the training's own
        # thread, since a fork during another thread's import can hang the child.
        from cutloss.pipeline import build  # noqa: PLC0415 - see above

        self._pipeline = build(
            header,
            environ,
            self._queue,
            self._commands,
            self.counters,
            last_seq,
            self._plan.get("warmup_steps", 1),
        )
        self._pipeline.start()
        atexit.register(self._at_exit)
        _watch_forks(self)

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        self.emit({"k": "note", "kind": kind, "data": data})

    def exclude(self, began: float) -> None:
        """Leave out of the step at hand what passed since a reading of ``time.perf_counter``."""
        # Nested stretches are left out once: the inner one has already moved the mark past its beginning.
        self._mark += perf_counter() - max(began, self._mark)

    def _at_exit(self) -> None:
        """Flush at the interpreter's end; what was not said is claimed only where it is plain."""
        if hasattr(sys, "last_value"):
            self.finish("failed")
        elif self._at_step is not None and self._at_step == self._plan.get("total_steps"):
            self.finish()
        else:
            self.close()

    def _switch_off(self) -> None:
        self._pipeline = None
        # A deque that holds nothing: appending to it is a no-op.
        self._entries = deque(maxlen=0)
        self._commands.checkpoint_wanted = self._commands.stop_wanted = False


def init(  # noqa: PLR0913 - the plan's fields, each optional and by name
    name: str,
    *,
    total_steps: int | None = None,
    validate_every: Cadence | None = None,
    validate_at_end: bool | None = None,
    checkpoint_every: Cadence | None = None,
    validation_batches: int | None = None,
    max_seconds: float | timedelta | None = None,
    early_stopping: int | Mapping[str, object] | None = None,
    target_loss: float | None = None,
    target_of: Literal["val", "train"] | None = None,
    lr_schedule: Schedule | None = None,
    id: str | None = None,  # noqa: A002 - the word the wire uses
    like: str | None = None,
    command: str | None = None,
    warmup_steps: int | None = None,
    **unknown: object,
) -> Run:
    """Start to report a training; call it once the model stands, just before the first step.

    Args:
        name: what the training is called; several runs may share a name.
        total_steps: optimizer steps over the whole run.
        validate_every: steps between validations, or ``"never"``.
        validate_at_end: whether a validation follows the last step.
        checkpoint_every: steps between checkpoints, or ``"never"``.
        validation_batches: batches in one validation.
        max_seconds: a budget of time, from this process's start, after which the training ends by itself.
        early_stopping: the patience, in validations; or a dict of ``patience``, ``min_delta``, ``monitor``
            (the validation loss without it) and ``mode`` (``"min"`` or ``"max"``).
        target_loss: the loss that the training is run for.
        target_of: which loss that is, ``"val"`` (where there are validations) or ``"train"``.
        lr_schedule: pairs of step and learning rate, or a function of the step.
        id: the run's id where the environment's is not wanted; the same id continues a run.
        like: id of an earlier run of the same kind, whose whole curve teaches the forecast.
        command: how the training was started, for the page.
        warmup_steps: first steps of each process start that compile or warm up: their time is start-up.
        unknown: reported as a warning; a misspelt name must not end a training.
    """
    plan = {
        "name": name, "total_steps": total_steps, "validate_every": validate_every,
        "validate_at_end": validate_at_end, "checkpoint_every": checkpoint_every,
        "validation_batches": validation_batches, "max_seconds": max_seconds,
        "early_stopping": early_stopping, "target_loss": target_loss, "target_of": target_of,
        "lr_schedule": lr_schedule, "like": like, "command": command,
        "warmup_steps": warmup_steps,
    }  # fmt: skip
    off = Run(None, {}, {})
    return guarded(lambda: begin(plan | unknown, id, dict(os.environ)), off.counters) or off


def begin(  # noqa: PLR0913, PLR0917 - what a log knows of its training, each optional
    fields: dict[str, object],
    run_id: str | None,
    environ: Mapping[str, str],
    job: dict[str, Any] | None = None,
    began: float | None = None,
    earlier: tuple[dict[str, Any], int] | None = None,
) -> Run:
    """Return a run that reports, as ``init`` does, but let faults out.

    Args:
        fields: the plan.
        run_id: the run's id; ``None`` for the environment's.
        environ: the environment.
        job: the scheduler's job that trains; ``None`` for this process's own.
        began: epoch seconds at which the training began; ``None`` for this process's own start.
        earlier: header and last record number of an attempt that an earlier process reported and this one
            goes on with; ``None`` begins an attempt.
    """
    if environment.is_off(environ):
        return Run(None, {}, environ)
    plan, complaints = declared_plan(fields | {"replaces": environ.get("CUTLOSS_REPLACES")})
    now = time.time()
    started = environment.process_started(now) if not _begun else now
    name = str(fields.get("name"))
    header = {
        "v": WIRE_VERSION,
        "run": environment.slug(str(run_id), 100) if run_id else environment.run_id(name, environ),
        "attempt": environment.attempt_id(now),
        "attempt_started": round(started if began is None else began, 3),
        "job": job or environment.job(environ),
        "name": name,
    }
    header, last_seq = (header, 0) if earlier is None else earlier
    run = Run(header, plan, environ, last_seq)
    for complaint in complaints:
        run._note("warning", {"text": complaint})  # noqa: SLF001 - the module's own class
    return run


_begun: list[weakref.ref[Run]] = []


def _watch_forks(run: Run) -> None:
    if not _begun:
        os.register_at_fork(after_in_child=_switch_off_children)
    _begun.append(weakref.ref(run))


def _switch_off_children() -> None:
    """Leave reporting to the parent: a child has the run's objects, but none of its threads."""
    for reference in _begun:
        if (run := reference()) is not None:
            run._commands.renew_lock()  # noqa: SLF001 - the module's own class
            run._switch_off()  # noqa: SLF001 - same

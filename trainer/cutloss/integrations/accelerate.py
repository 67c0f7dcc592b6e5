"""Accelerate: ``track(accelerator, "my training", total_steps=1000)`` after ``accelerator.prepare``."""

# ruff: noqa: ANN401 - Accelerate has no types

import time
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from accelerate.tracking import GeneralTracker  # type: ignore[import-untyped, unused-ignore]  # it has no types

from cutloss.integrations.schedules import planned_rates
from cutloss.logs.names import best_loss_name, is_validation, plain_name
from cutloss.run import Run, init

TOTAL_NAMES = ("total_steps", "max_train_steps", "num_training_steps", "max_steps", "train_steps")
CADENCE_NAMES = {
    "validate_every": ("validate_every", "eval_steps", "validation_steps", "eval_every"),
    "checkpoint_every": ("checkpoint_every", "checkpointing_steps", "save_steps", "save_every"),
}


class CutlossTracker(GeneralTracker):  # type: ignore[misc, unused-ignore]  # a class of a library without types
    """A tracker of Accelerate's: what is logged becomes steps and validations.

    ``Accelerator(log_with=CutlossTracker("my training"))`` alone tells steps and losses; ``track`` adds
    checkpoints, the time of validations and the rate's schedule.

    Args:
        name: what the training is called.
        plan: fields of the plan, as ``cutloss.init`` takes them.

    Attributes:
        run: the run, once the tracker has been started.
    """

    name = "cutloss"
    requires_logging_directory = False
    main_process_only = True

    def __init__(self, name: str = "accelerate", **plan: Any) -> None:
        super().__init__()
        self.run: Run | None = None
        self._title = name
        self._plan = plan
        self._at_step = 0
        self._began: float | None = None
        self._seconds: float | None = None
        self._rate: Callable[[], float | None] = lambda: None

    @property
    def tracker(self) -> Run | None:
        """The run."""
        return self.run

    def start(self) -> None:
        """Begin to report."""
        if self.run is None:
            self.run = init(self._title, **self._plan)

    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Declare what of the configuration is a plan."""
        names = {"total_steps": TOTAL_NAMES, **CADENCE_NAMES}
        found = {
            field: next((values[name] for name in known if isinstance(values.get(name), int)), None)
            for field, known in names.items()
        }
        if self.run is not None:
            self.run.declare(
                **{name: value for name, value in found.items() if value and name not in self._plan}
            )

    def log(self, values: Mapping[str, Any], step: int | None = None, **_options: Any) -> None:
        """Report a step, a validation, or both, by the names of what is logged."""
        if self.run is None:
            return
        self._at_step = self._at_step + 1 if step is None else step
        named = {plain_name(name): value for name, value in values.items()}
        rate = next((named[name] for name in ("lr", "learning_rate") if name in named), None)
        # A tensor stays where it is until the thread reads it; only names are looked at here.
        loss, val_loss = (best_loss_name(named, validation=kind) for kind in (False, True))
        if loss is not None:
            self.run.step(self._at_step, loss=named[loss], lr=self._rate() if rate is None else rate)
        if val_loss is not None:
            self._report_validation(named, val_loss)

    def finish(self) -> None:
        """Report the end."""
        if self.run is not None:
            self.run.finish("stopped" if self.run.should_stop() else "finished")

    def watch(self, accelerator: Any) -> None:
        """Time the saves and the validations of an accelerator, and declare the rate's schedule."""
        if self.run is None:
            return
        for model in accelerator._models:  # noqa: SLF001 - Accelerate tells what it prepared nowhere else
            _watch_mode(model, self._begin_validation, self._end_validation)
            break
        accelerator.save_state = self._timed_save(accelerator.save_state)
        optimizers, schedulers = accelerator._optimizers, accelerator._schedulers  # noqa: SLF001 - same
        if optimizers:
            self._rate = lambda: optimizers[0].param_groups[0]["lr"]
        if schedulers:
            total = self._plan.get("total_steps")
            self.run.declare(lr_schedule=planned_rates(schedulers[0], total))

    def _timed_save(self, save: Callable[..., Any]) -> Callable[..., Any]:
        def timed(output_dir: Any = None, *rest: Any, **options: Any) -> Any:
            if self.run is None:
                return save(output_dir, *rest, **options)
            with self.run.checkpoint(self._at_step, output_dir):
                return save(output_dir, *rest, **options)

        return timed

    def _begin_validation(self) -> None:
        self._began, self._seconds = perf_counter(), None

    def _end_validation(self) -> None:
        if self.run is not None and self._began is not None:
            self._seconds = perf_counter() - self._began
            self.run.exclude(self._began)

    def _report_validation(self, named: Mapping[str, Any], chosen: str) -> None:
        """Report a validation, whether it is logged before or after the model turns to training again."""
        if self.run is None:
            return
        if self._seconds is None:
            self._end_validation()
        metrics = {name: value for name, value in named.items() if is_validation(name)}
        started = time.time() - (perf_counter() - self._began if self._began is not None else 0.0)
        timed = {"k": "validation", "step": self._at_step, "started": started, "seconds": self._seconds}
        self.run.emit({**timed, "loss": named[chosen], "metrics": metrics})
        self._began = self._seconds = None


def track(accelerator: Any, name: str = "accelerate", **plan: Any) -> CutlossTracker:
    """Report an accelerator's training: call it after ``prepare``, and log as ever.

    Args:
        accelerator: where ``log`` and ``save_state`` are called, and what has prepared the model.
        name: what the training is called.
        plan: fields of the plan, as ``cutloss.init`` takes them; ``total_steps`` above all.
    """
    tracker = CutlossTracker(name, **plan)
    if accelerator.is_main_process:
        tracker.start()
        tracker.watch(accelerator)
    accelerator.trackers.append(tracker)
    return tracker


def _watch_mode(model: Any, begin: Callable[[], None], end: Callable[[], None]) -> None:
    """Learn from ``model.eval()`` and ``model.train()`` when it is validated."""
    switch = model.train

    def watched(mode: bool = True) -> Any:
        was = model.training
        switched = switch(mode)
        if was and not mode:
            begin()
        elif mode and not was:
            end()
        return switched

    model.train = watched

"""Hugging Face's Trainer: ``Trainer(callbacks=[CutlossCallback("my training")])``."""

# ruff: noqa: ANN401, ARG002 - hooks have the Trainer's own signatures, whose types are its own affair

import math
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from cutloss.integrations.ranks import agreed
from cutloss.integrations.schedules import planned_rates
from cutloss.phases import Phase, Save, Validation
from cutloss.run import Run, init


class CutlossCallback(TrainerCallback):
    """Reports a training: steps with loss and rate, evaluations, checkpoints, and the plan.

    The Trainer tells a loss only at its logging steps; the steps between are reported without one.

    Args:
        name: what the training is called.
        plan: further fields of the plan, as ``cutloss.init`` takes them.

    Attributes:
        run: the run, once a training has begun.
    """

    def __init__(self, name: str = "transformers", **plan: Any) -> None:
        self.run: Run | None = None
        self._name = name
        self._plan = plan
        self._stretch: Validation | Save | None = None
        self._fetch: Phase | None = None
        self._reported = 0
        self._batches = 0
        self._was_stopped = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Begin to report."""
        total = state.max_steps if state.max_steps > 0 else None
        epoch = math.ceil(total / state.num_train_epochs) if total and state.num_train_epochs else None
        plan = {
            "total_steps": total,
            "validate_every": _cadence(args.eval_strategy, state.eval_steps or args.eval_steps, epoch),
            "checkpoint_every": _cadence(args.save_strategy, state.save_steps or args.save_steps, epoch),
            "lr_schedule": planned_rates(parts.get("lr_scheduler"), total),
            "early_stopping": _early_stopping(args, state),
        } | self._plan
        self.run = init(self._name, **plan)
        self._reported, self._was_stopped = state.global_step, False

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Begin to wait for the first batch."""
        self._await_batch()

    def on_step_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Report how long a step's batches were waited for, since the last step or what came after it."""
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            fetch.__exit__(None, None, None)

    def on_step_end(self, args: Any, state: Any, control: Any, **parts: Any) -> Any:
        """Report a step, unless its loss is about to be logged, and do what was asked for."""
        if self.run is None:
            return control
        save, stop = agreed(self.run.should_checkpoint(), self.run.should_stop(), step=state.global_step)
        control.should_save = control.should_save or save
        if stop:
            self._was_stopped = control.should_training_stop = True
        if not control.should_log:
            self._report(state.global_step, None, _rate(parts))
            self._begin_next(args, state, control)
        self._await_batch()
        return control

    def on_epoch_end(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Begin what an epoch's end brings about, and wait for no batch."""
        self._fetch = None
        if self.run is not None and not control.should_log:
            self._begin_next(args, state, control)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **parts: Any) -> None:
        """Report the step whose loss is logged."""
        if self.run is None or not logs or "loss" not in logs:
            return
        self._report(state.global_step, logs["loss"], logs.get("learning_rate", _rate(parts)))
        self._begin_next(args, state, control)
        self._await_batch(only_if_awaited=True)

    def on_prediction_step(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Report how far the evaluation is."""
        if isinstance(self._stretch, Validation):
            self._batches += 1
            loader: Any = parts.get("eval_dataloader")
            self._stretch.progress(self._batches, len(loader) if hasattr(loader, "__len__") else None)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **parts: Any) -> None:
        """Report the evaluation."""
        if isinstance(self._stretch, Validation):
            self._stretch.loss = (metrics or {}).get("eval_loss")
            self._stretch.metrics = dict(metrics or {})
            self._end()
            if control.should_save:
                self._begin_save(args, state)
            self._await_batch(only_if_awaited=True)

    def on_save(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Report the checkpoint; one whose beginning was not seen has no seconds."""
        if self.run is None:
            return
        if not isinstance(self._stretch, Save):
            self._begin_save(args, state)
        self._end()
        self._await_batch(only_if_awaited=True)

    def on_train_end(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Report the end."""
        if self.run is not None:
            if self._reported < state.global_step:
                self._report(state.global_step, None, None)
            self._end()
            self.run.finish("stopped" if self._was_stopped else "finished")

    def _await_batch(self, *, only_if_awaited: bool = False) -> None:
        """Begin to wait for a step's batches, anew where something else came in between."""
        if self.run is not None and (self._fetch is not None or not only_if_awaited):
            self._fetch = self.run.phase("data").__enter__()

    def _report(self, step: int, loss: Any, rate: Any) -> None:
        # A step is logged twice where an epoch ends on it.
        if self.run is not None and step > self._reported:
            self._reported = step
            self.run.step(step, loss=loss, lr=rate)

    def _begin_next(self, args: Any, state: Any, control: Any) -> None:
        """Begin the evaluation or the save that the Trainer turns to after a step."""
        if self.run is None or self._stretch is not None:
            return
        if control.should_evaluate:
            self._batches = 0
            self._stretch = self.run.validation(state.global_step)
            self._stretch.__enter__()
        elif control.should_save:
            self._begin_save(args, state)

    def _begin_save(self, args: Any, state: Any) -> None:
        if self.run is not None:
            path = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            self._stretch = self.run.checkpoint(state.global_step, path)
            self._stretch.__enter__()

    def _end(self) -> None:
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            stretch.__exit__(None, None, None)


def _early_stopping(args: Any, state: Any) -> dict[str, Any] | None:
    """Return the rule of the Trainer's own callback, which its state tells of."""
    kept = (getattr(state, "stateful_callbacks", None) or {}).get("EarlyStoppingCallback")
    rule = (kept[-1] if isinstance(kept, list) and kept else kept or {}).get("args", {})
    name = str(args.metric_for_best_model or "loss")
    if "early_stopping_patience" not in rule:
        return None
    return {
        "patience": max(rule["early_stopping_patience"], 1),
        "min_delta": rule.get("early_stopping_threshold") or 0.0,
        "monitor": name if name.startswith("eval_") else f"eval_{name}",
        "mode": "max" if args.greater_is_better else "min",
    }


def _cadence(strategy: Any, steps: Any, epoch: int | None) -> Any:
    """Return the steps between two evaluations or saves, from the Trainer's arguments."""
    kind = str(getattr(strategy, "value", strategy))
    if kind == "no":
        return "never"
    if kind == "epoch":
        return epoch
    return int(steps) if kind == "steps" and steps and steps >= 1 else None


def _rate(parts: dict[str, Any]) -> float | None:
    scheduler: Any = parts.get("lr_scheduler")
    rates = scheduler.get_last_lr() if hasattr(scheduler, "get_last_lr") else None
    return rates[0] if rates else None

"""Lightning: ``Trainer(callbacks=[CutlossCallback("my training")])``."""

# ruff: noqa: ANN401, ARG002, PLR0913, PLR0917 - hooks have Lightning's own signatures, whose types are its own affair

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cutloss.integrations.ranks import agreed
from cutloss.integrations.schedules import planned_rates
from cutloss.phases import Phase, Validation
from cutloss.run import Run, init

try:
    from lightning.pytorch import Callback
except ImportError:
    from pytorch_lightning import Callback  # type: ignore[assignment]  # the same class under its older name

LOSS_NAMES = ("val_loss", "val/loss", "valid_loss", "validation_loss", "loss/val", "val_loss_epoch")


class CutlossCallback(Callback):  # type: ignore[misc, unused-ignore]  # untyped where Lightning is not installed
    """Reports a fit: steps with loss and rate, validations, checkpoints, and the plan.

    Args:
        name: what the training is called.
        loss: the logged name of the validation loss, looked for among the usual ones without.
        plan: further fields of the plan, as ``cutloss.init`` takes them.

    Attributes:
        run: the run, once a fit has begun.
    """

    def __init__(self, name: str = "lightning", loss: str | None = None, **plan: Any) -> None:
        super().__init__()
        self.run: Run | None = None
        self._name = name
        self._loss = loss
        self._plan = plan
        self._at_step = 0
        self._stretch: Validation | Phase | None = None
        self._fetch: Phase | None = None
        self._save: Callable[..., Any] | None = None
        self._was_stopped = False

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to report."""
        self.run = init(self._name, **self._plan)
        self._at_step = trainer.global_step
        self._save, trainer.save_checkpoint = trainer.save_checkpoint, self._timed_save(trainer)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Declare what the trainer knows by now."""
        if self.run is None:
            return
        total, gathered = trainer.estimated_stepping_batches, trainer.accumulate_grad_batches
        total = int(total) if 0 < total < float("inf") else None
        epoch = _steps(trainer.num_training_batches, gathered)
        validate_every = _validate_every(trainer, gathered, epoch)
        declared = {
            "total_steps": total,
            "validate_every": validate_every,
            "validation_batches": _validation_batches(trainer),
            "checkpoint_every": _checkpoint_every(trainer, epoch, validate_every),
            "lr_schedule": _lr_schedule(trainer, total, epoch),
            "max_seconds": _max_seconds(trainer),
            "early_stopping": _early_stopping(trainer, self._loss),
        }
        known = {name: value for name, value in declared.items() if value and name not in self._plan}
        self.run.declare(**known)

    def on_sanity_check_start(self, trainer: Any, pl_module: Any) -> None:
        """Time the check: it is time spent on validating, and no validation."""
        self._begin(self.run.phase("validation") if self.run else None)

    def on_sanity_check_end(self, trainer: Any, pl_module: Any) -> None:
        """End the check's time."""
        self._end()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Report how long the batch was waited for: since the last one's end, or what came after that."""
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            fetch.__exit__(None, None, None)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Wait for no batch: the epoch is over."""
        self._fetch = None

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Report a step where the optimizer took one, and do what was asked for."""
        self._report_step(trainer, outputs)
        self._await_batch()

    def _report_step(self, trainer: Any, outputs: Any) -> None:
        if self.run is None or trainer.global_step == self._at_step:
            return
        self._at_step = trainer.global_step
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if loss is not None and trainer.accumulate_grad_batches > 1:
            loss = loss * trainer.accumulate_grad_batches  # Lightning has divided it
        rate = trainer.optimizers[0].param_groups[0]["lr"] if trainer.optimizers else None
        self.run.step(self._at_step, loss=loss, lr=rate)
        save, stop = agreed(self.run.should_checkpoint(), self.run.should_stop(), step=self._at_step)
        if save:
            trainer.save_checkpoint(Path(trainer.default_root_dir) / "cutloss" / f"step-{self._at_step}.ckpt")
        if stop:
            self._was_stopped = trainer.should_stop = True

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin a validation; the sanity check's is none."""
        if self.run is not None and not trainer.sanity_checking:
            self._begin(self.run.validation(trainer.global_step))

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Report how far the validation is."""
        if isinstance(self._stretch, Validation):
            self._stretch.progress(batch_idx + 1)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report the validation."""
        if not isinstance(self._stretch, Validation):
            return
        measured = dict(trainer.callback_metrics)
        names = (self._loss,) if self._loss else LOSS_NAMES
        self._stretch.loss = next((measured[name] for name in names if name in measured), None)
        self._stretch.metrics = {name: value for name, value in measured.items() if "val" in name}
        self._end()
        self._await_batch()

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Report the end."""
        self._finish(trainer, "stopped" if self._was_stopped else "finished")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Report a failure."""
        self._finish(trainer, "stopped" if isinstance(exception, KeyboardInterrupt) else "failed")

    def _timed_save(self, trainer: Any) -> Callable[..., Any]:
        save = trainer.save_checkpoint

        def timed(filepath: Any, *rest: Any, **options: Any) -> Any:
            if self.run is None:
                return save(filepath, *rest, **options)
            with self.run.checkpoint(trainer.global_step, filepath):
                saved = save(filepath, *rest, **options)
            self._await_batch(only_if_awaited=True)
            return saved

        return timed

    def _finish(self, trainer: Any, reason: Any) -> None:
        if self._save is not None:
            del trainer.save_checkpoint  # the class's own again
            self._save = None
        if self.run is not None:
            self.run.finish(reason)

    def _await_batch(self, *, only_if_awaited: bool = False) -> None:
        """Begin to wait for a batch, anew where something else came in between."""
        if self.run is not None and (self._fetch is not None or not only_if_awaited):
            self._fetch = self.run.phase("data").__enter__()

    def _begin(self, stretch: Validation | Phase | None) -> None:
        self._stretch = stretch
        if stretch is not None:
            stretch.__enter__()

    def _end(self) -> None:
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            stretch.__exit__(None, None, None)


def _steps(batches: float | None, gathered: int) -> int | None:
    """Return optimizer steps in some batches, ``None`` where their number is not known."""
    if not batches or batches == float("inf"):
        return None
    return max(-(-int(batches) // gathered), 1)


def _validate_every(trainer: Any, gathered: int, epoch: int | None) -> Any:
    if not trainer.enable_validation:
        return "never"
    batches, epochs = trainer.val_check_batch, trainer.check_val_every_n_epoch or 1
    if batches is None or batches == float("inf") or batches >= trainer.num_training_batches:
        return epoch * epochs if epoch else None
    return max(int(batches) // gathered, 1)


def _validation_batches(trainer: Any) -> int | None:
    counts = [count for count in trainer.num_val_batches if count != float("inf")]
    return int(sum(counts)) or None


def _checkpoint_every(trainer: Any, epoch: int | None, validate_every: Any) -> int | str | None:
    for callback in trainer.checkpoint_callbacks:
        if steps := getattr(callback, "_every_n_train_steps", 0):
            return int(steps)
        if (epochs := getattr(callback, "_every_n_epochs", 0)) and epoch:
            at_validations = not callback._should_save_on_train_epoch_end(trainer)  # noqa: SLF001 - told nowhere else
            every: int | str = (
                validate_every
                if epochs == 1 and at_validations and validate_every != "never"
                else int(epochs) * epoch
            )
            return every
    return None


def _max_seconds(trainer: Any) -> float | None:
    """Return what the shortest of its timers still allows from about this process's start.

    A fit that is resumed goes on with what its checkpoint's timer had spent; with all of it spent, it does
    not begin to train.
    """
    timers = ((getattr(callback, "_duration", None), callback) for callback in trainer.callbacks)
    left = (
        float(seconds) - float(getattr(callback, "_offset", 0))
        for seconds, callback in timers
        if isinstance(seconds, int | float)
    )
    return min(left, default=None)


def _early_stopping(trainer: Any, loss: str | None) -> dict[str, Any] | None:
    for callback in trainer.early_stopping_callbacks:
        return {
            "patience": max(callback.patience, 1),  # a patience of 0 ends as one of 1 does
            "min_delta": abs(callback.min_delta),  # Lightning gives it its mode's sign
            "monitor": None if callback.monitor == loss else callback.monitor,
            "mode": callback.mode,
        }
    return None


def _lr_schedule(trainer: Any, total: int | None, epoch: int | None) -> list[list[float]] | None:
    if not trainer.lr_scheduler_configs:
        return None
    config = trainer.lr_scheduler_configs[0]
    every = config.frequency * (1 if config.interval == "step" else epoch or 0)
    return planned_rates(config.scheduler, total, every) if every else None

"""Each adapter with its real library, on a CPU."""

# ruff: noqa: PLC0415, ARG002 - each test imports its own library, whose hooks have their own signatures

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cutloss.run import Run

Spooled = Callable[..., list[dict[str, Any]]]
IN_CI = os.environ.get("CI") == "true"


def needs(name: str) -> pytest.MarkDecorator:
    """Return the mark of a test that needs a library; with ``CI=true`` its absence is a failure."""
    absent = importlib.util.find_spec(name) is None
    return pytest.mark.skipif(absent and not IN_CI, reason=f"left out: {name} is not installed")


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep what the libraries write inside the test's folder, and off the network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        os.environ.pop(name, None)


def last_plan(spooled: Spooled) -> dict[str, Any]:
    """Return the plan as it was last declared."""
    plan: dict[str, Any] = [note["data"] for note in spooled("note") if note["kind"] == "plan"][-1]
    return plan


def ending(spooled: Spooled) -> str:
    """Return how the run said it ended."""
    return str(next(note["data"]["reason"] for note in spooled("note") if note["kind"] == "finish"))


def fit(callback: Any, *others: Any, pause_seconds: float = 0.0, **settings: Any) -> Any:
    """Fit a tiny model with Lightning; 20 batches an epoch, 2 epochs, a pause before each batch."""
    import lightning.pytorch as lightning
    import torch

    class Line(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.line = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            return self.line(batch[0]).pow(2).mean()

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", self.line(batch[0]).pow(2).mean())

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def gathered(rows: Any) -> Any:
        time.sleep(pause_seconds)
        return torch.utils.data.default_collate(rows)

    data = torch.utils.data.TensorDataset(torch.randn(40, 4))
    loader = torch.utils.data.DataLoader(data, batch_size=2, collate_fn=gathered)
    checks = torch.utils.data.DataLoader(data, batch_size=8)
    trainer = lightning.Trainer(
        max_epochs=2, callbacks=[callback, *others], logger=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=1, **settings,
    )  # fmt: skip
    trainer.fit(Line(), loader, checks)
    return trainer


# Lightning advises: more workers for the loaders, srun where it is installed, a folder that exists already.
quiet_lightning = pytest.mark.filterwarnings(
    "ignore::lightning.fabric.utilities.warnings.PossibleUserWarning",
    "ignore:.*treespec.*:FutureWarning",
    "ignore:.*treespec.*:DeprecationWarning",
)


@needs("lightning")
@quiet_lightning
def test_lightning_reports_a_fit(spooled: Spooled) -> None:
    """Steps with loss and rate, validations, checkpoints, and the whole plan, from one line."""
    from cutloss.integrations.lightning import CutlossCallback

    trainer = fit(CutlossCallback("line"), val_check_interval=10)
    assert list(range(1, 41)) == [record["step"] for record in spooled("step")]
    assert all(record["loss"] > 0 and record["lr"] > 0 for record in spooled("step")[:-1])
    assert [10, 20, 30, 40] == [record["step"] for record in spooled("validation")]
    assert all(record["loss"] > 0 and record["seconds"] > 0 for record in spooled("validation"))
    assert [10, 20, 30, 40] == [record["step"] for record in spooled("checkpoint")]
    assert Path(spooled("checkpoint")[-1]["path"]).is_file()
    plan = last_plan(spooled)
    assert (40, 10, 5, 10) == tuple(
        plan[name] for name in ("total_steps", "validate_every", "validation_batches", "checkpoint_every")
    )
    assert [40, pytest.approx(0.0, abs=1e-9)] == plan["lr_schedule"][-1]
    assert "finished" == ending(spooled)
    assert "save_checkpoint" not in vars(trainer)


@needs("lightning")
@quiet_lightning
def test_lightning_declares_what_may_end_a_fit(spooled: Spooled) -> None:
    """Its early stopping and its time budget are read from its own callbacks."""
    from cutloss.integrations.lightning import CutlossCallback
    from lightning.pytorch.callbacks import EarlyStopping

    rule = EarlyStopping("val_loss", patience=7, min_delta=0.5)
    fit(CutlossCallback("line"), rule, max_time="00:01:00:00", limit_train_batches=2)
    plan = last_plan(spooled)
    expected = {"patience": 7, "min_delta": 0.5, "monitor": "val_loss", "mode": "min"}
    assert (expected, 3600.0) == (plan["early_stopping"], plan["max_seconds"])


@needs("lightning")
@quiet_lightning
def test_lightnings_budget_is_what_a_resumed_fit_has_left(spooled: Spooled) -> None:
    """The checkpoint's timer brings what was spent before."""
    from cutloss.integrations.lightning import CutlossCallback
    from lightning.pytorch.callbacks import Timer

    class Resumed(Timer):
        """A timer as a checkpoint restores it."""

        def setup(self, *_args: Any, **_options: Any) -> None:
            self.load_state_dict({"time_elapsed": {"train": 3000.0}})

    fit(CutlossCallback("line"), Resumed(duration={"hours": 1}), limit_train_batches=2)
    assert 600.0 == last_plan(spooled)["max_seconds"]


@needs("lightning")
@quiet_lightning
def test_lightnings_sanity_check_is_no_validation(spooled: Spooled) -> None:
    """Its time is the validations', its loss is nobody's."""
    from cutloss.integrations.lightning import CutlossCallback

    fit(CutlossCallback("line"), limit_train_batches=2, enable_checkpointing=False)
    assert ["data", "validation"] == sorted(record["phase"] for record in spooled("span"))
    assert [2, 4] == [record["step"] for record in spooled("validation")]


@needs("lightning")
@quiet_lightning
def test_lightning_tells_how_long_batches_were_waited_for(spooled: Spooled) -> None:
    """A slow loader is told apart; validations and saves in between are no waiting."""
    from cutloss.integrations.lightning import CutlossCallback
    from lightning.pytorch import Callback

    class Slow(Callback):
        def on_validation_batch_end(self, *_details: Any) -> None:
            time.sleep(0.1)

        def on_save_checkpoint(self, *_details: Any) -> None:
            time.sleep(0.3)

    fit(CutlossCallback("line"), Slow(), val_check_interval=10, pause_seconds=0.02)
    data = sum(record["seconds"] for record in spooled("span") if record["phase"] == "data")
    elsewhere = [record["seconds"] for kind in ("validation", "checkpoint") for record in spooled(kind)]
    assert 38 * 0.02 < data
    # Had they counted as waiting, it would be longer than them all.
    assert data < 38 * 0.02 + sum(elsewhere)
    assert 4 * (5 * 0.1 + 0.3) < sum(elsewhere)


@needs("lightning")
@quiet_lightning
def test_lightning_does_what_is_asked(spooled: Spooled) -> None:
    """A checkpoint that is asked for is saved and answered; a stop ends the fit."""
    from cutloss.integrations.lightning import CutlossCallback

    class Asked(CutlossCallback):
        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            super().on_train_start(trainer, pl_module)
            assert self.run is not None
            self.run._commands.take([{"id": "c", "command": "checkpoint"}, {"id": "s", "command": "stop"}])

    fit(Asked("line"), enable_checkpointing=False)
    assert [1] == [record["step"] for record in spooled("checkpoint")]
    answers = [note["data"] for note in spooled("note") if note["kind"] == "command"]
    assert {"c": "done", "s": "done"} == {answer["id"]: answer["status"] for answer in answers}
    assert "stopped" == ending(spooled)


@needs("lightning")
@quiet_lightning
def test_lightnings_gathered_batches_are_one_step(spooled: Spooled) -> None:
    """Steps are the optimizer's; the loss is that of a batch, not of its part."""
    from cutloss.integrations.lightning import CutlossCallback

    fit(CutlossCallback("line"), accumulate_grad_batches=4, enable_checkpointing=False)
    assert list(range(1, 11)) == [record["step"] for record in spooled("step")]
    assert (10, 5) == (last_plan(spooled)["total_steps"], last_plan(spooled)["validate_every"])


@needs("lightning")
@quiet_lightning
def test_a_fit_that_fails_is_reported_as_failed(spooled: Spooled) -> None:
    """The exception goes its way."""
    from cutloss.integrations.lightning import CutlossCallback

    class Failing(CutlossCallback):
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fit(Failing("line"), enable_checkpointing=False)
    assert "failed" == ending(spooled)


def train(tmp_path: Path, callback: Any, *others: Any, pause_seconds: float = 0.0, **settings: Any) -> Any:
    """Train a tiny model with Hugging Face's Trainer: 20 steps an epoch, 2 epochs."""
    import torch
    from transformers import Trainer, TrainingArguments, default_data_collator

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = torch.nn.Linear(4, 1)

        def forward(self, x: Any, labels: Any = None) -> dict[str, Any]:
            guess = self.line(x)
            return {"loss": (guess - labels).pow(2).mean(), "logits": guess}

    def gathered(rows: Any) -> Any:
        time.sleep(pause_seconds)
        return default_data_collator(rows)

    data = [{"x": torch.randn(4), "labels": torch.zeros(1)} for _ in range(40)]
    cadence = {"logging_steps": 5, "eval_steps": 10, "save_steps": 20}
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "out"), num_train_epochs=2, per_device_train_batch_size=2, report_to=[],
        use_cpu=True, disable_tqdm=True, logging_strategy="steps", eval_strategy="steps",
        save_strategy="steps", dataloader_pin_memory=False, **(cadence | settings),
    )  # fmt: skip
    trainer = Trainer(
        model=Line(),
        args=arguments,
        train_dataset=data,
        eval_dataset=data[:16],
        data_collator=gathered,
        callbacks=[callback, *others],
    )
    trainer.train()
    return trainer


@needs("transformers")
def test_transformers_reports_a_training(tmp_path: Path, spooled: Spooled) -> None:
    """Every step, losses where the Trainer logs them, evaluations, checkpoints, and the whole plan."""
    from cutloss.integrations.transformers import CutlossCallback

    train(tmp_path, CutlossCallback("line"))
    steps = spooled("step")
    assert list(range(1, 41)) == [record["step"] for record in steps]
    assert list(range(5, 41, 5)) == [record["step"] for record in steps if record["loss"] is not None]
    assert [10, 20, 30, 40] == [record["step"] for record in spooled("validation")]
    assert all(record["loss"] > 0 and record["seconds"] > 0 for record in spooled("validation"))
    assert [20, 40] == [record["step"] for record in spooled("checkpoint")]
    assert all(record["seconds"] > 0 and Path(record["path"]).is_dir() for record in spooled("checkpoint"))
    plan = last_plan(spooled)
    assert (40, 10, 20) == (plan["total_steps"], plan["validate_every"], plan["checkpoint_every"])
    assert [40, 0.0] == plan["lr_schedule"][-1]
    assert "finished" == ending(spooled)


@needs("transformers")
@pytest.mark.parametrize(("gathered", "steps", "evaluations"), [(1, 40, 4), (4, 10, 5)])
def test_transformers_tells_how_long_batches_were_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gathered: int, steps: int, evaluations: int
) -> None:
    """Once a step, for all the batches that it gathers; evaluations and saves in between are no waiting."""
    from cutloss.integrations.transformers import CutlossCallback
    from transformers import TrainerCallback

    class Slow(TrainerCallback):  # type: ignore[misc, unused-ignore]  # untyped where it is not installed
        def on_prediction_step(self, *_details: Any, **_parts: Any) -> None:
            time.sleep(0.1)

        def on_save(self, *_details: Any, **_parts: Any) -> None:
            time.sleep(0.3)

    emitted: list[dict[str, Any]] = []
    emit = Run.emit
    # What the spool sums up, as it was reported.
    monkeypatch.setattr(Run, "emit", lambda run, record: (emitted.append(record), emit(run, record)))
    cadence = {
        "eval_steps": steps // evaluations,
        "save_steps": steps // 2,
        "logging_steps": max(steps // 8, 1),
    }
    ours = CutlossCallback("line")
    train(tmp_path, Slow(), ours, pause_seconds=0.02, gradient_accumulation_steps=gathered, **cadence)
    waited = [stretch(record) for record in emitted if record.get("phase") == "data"]
    elsewhere = [stretch(record) for record in emitted if record["k"] in {"validation", "checkpoint"}]
    assert (steps, evaluations + 2) == (len(waited), len(elsewhere))
    assert 38 * 0.02 < sum(end - start for start, end in waited)
    # The sleeps are far longer than what two clocks may differ by.
    overlaps = [min(a[1], b[1]) - max(a[0], b[0]) for a in waited for b in elsewhere]
    assert max(overlaps) < 0.05


def stretch(record: dict[str, Any]) -> tuple[float, float]:
    """Return when what was timed began and ended."""
    return record["started"], record["started"] + record["seconds"]


@needs("transformers")
def test_transformers_declares_its_early_stopping(tmp_path: Path, spooled: Spooled) -> None:
    """The rule of the Trainer's own callback is in the plan."""
    from cutloss.integrations.transformers import CutlossCallback
    from transformers import EarlyStoppingCallback

    rule = EarlyStoppingCallback(early_stopping_patience=9, early_stopping_threshold=0.25)
    train(tmp_path, CutlossCallback("line"), rule, metric_for_best_model="loss", load_best_model_at_end=True)
    expected = {"patience": 9, "min_delta": 0.25, "monitor": "eval_loss", "mode": "min"}
    assert expected == last_plan(spooled)["early_stopping"]


@needs("transformers")
def test_transformers_does_what_is_asked(tmp_path: Path, spooled: Spooled) -> None:
    """A checkpoint that is asked for is saved and answered; a stop ends the training."""
    from cutloss.integrations.transformers import CutlossCallback

    class Asked(CutlossCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
            super().on_train_begin(args, state, control, **parts)
            assert self.run is not None
            self.run._commands.take([{"id": "c", "command": "checkpoint"}, {"id": "s", "command": "stop"}])

    train(tmp_path, Asked("line"))
    assert 1 == spooled("checkpoint")[0]["step"]
    answers = [note["data"] for note in spooled("note") if note["kind"] == "command"]
    assert {"c": "done", "s": "done"} == {answer["id"]: answer["status"] for answer in answers}
    assert "stopped" == ending(spooled)


@needs("accelerate")
def test_accelerate_reports_a_loop(tmp_path: Path, spooled: Spooled) -> None:
    """What is logged, the time of validations between eval() and train(), saves, and the schedule."""
    import torch
    from accelerate import Accelerator
    from cutloss.integrations.accelerate import track

    accelerator = Accelerator(cpu=True)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 20)
    model, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    track(accelerator, "loop", total_steps=20, validate_every=10)
    for step in range(1, 21):
        loss = model(torch.randn(2, 4)).pow(2).mean()
        accelerator.backward(loss)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        accelerator.log({"train_loss": loss.detach(), "lr": schedule.get_last_lr()[0]}, step=step)
        if step % 10 == 0:
            model.eval()
            model(torch.randn(64, 4))
            model.train()
            accelerator.log({"val_loss": 0.5, "val_accuracy": 0.25}, step=step)
            accelerator.save_state(str(tmp_path / f"state-{step}"))
    accelerator.end_training()
    assert list(range(1, 21)) == [record["step"] for record in spooled("step")]
    assert pytest.approx(0.095) == spooled("step")[0]["lr"]
    validations = spooled("validation")
    assert [(10, 0.5), (20, 0.5)] == [(record["step"], record["loss"]) for record in validations]
    assert all(record["seconds"] > 0 and record["metrics"]["val_accuracy"] == 0.25 for record in validations)
    assert [10, 20] == [record["step"] for record in spooled("checkpoint")]
    assert [20, 0.0] == last_plan(spooled)["lr_schedule"][-1]
    assert "finished" == ending(spooled)


@needs("accelerate")
def test_accelerates_own_way_in_takes_the_plan_from_its_configuration(spooled: Spooled) -> None:
    """A tracker given to ``log_with`` is started and configured by Accelerate."""
    from accelerate import Accelerator
    from cutloss.integrations.accelerate import CutlossTracker

    accelerator = Accelerator(cpu=True, log_with=CutlossTracker("loop"))
    accelerator.init_trackers("project", config={"max_train_steps": 5, "eval_steps": 2, "lr": 0.1})
    for step in range(1, 6):
        accelerator.log({"loss": 1.0 / step}, step=step)
    accelerator.end_training()
    assert [1, 2, 3, 4, 5] == [record["step"] for record in spooled("step")]
    assert (5, 2) == (last_plan(spooled)["total_steps"], last_plan(spooled)["validate_every"])

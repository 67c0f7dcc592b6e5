"""The reference trainer: it learns, it resumes to the bit, and it re-enacts the seed's bug."""

import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true",
    reason="left out: the reference trainer needs torch: `make install`",
)
SMALL = (
    "--steps=8", "--warmup=2", "--batch=4", "--context=32", "--width=16", "--layers=1", "--heads=2",
    "--validate-every=4", "--validation-batches=2", "--checkpoint-every=4",
)  # fmt: skip
Train = Callable[..., str]
Records = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def trainer(root: Path) -> ModuleType:
    """Return the trainer as a module: importing torch takes seconds, so it is imported once."""
    spec = importlib.util.spec_from_file_location("reference", root / "trainer" / "reference" / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def train(
    trainer: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Train:
    """Return what trains with small settings in the test's home, and returns what was printed."""
    monkeypatch.chdir(home)

    def run(*options: str) -> str:
        monkeypatch.setattr(sys, "argv", ["train.py", *SMALL, *options])
        trainer.main()
        printed = capsys.readouterr()
        assert "" == printed.err
        return printed.out

    return run


def losses(output: str) -> list[tuple[int, float]]:
    """Return step and validation loss of each validation in the output."""
    return [(int(step), float(loss)) for step, loss in re.findall(r"step (\d+) .*val_loss (\S+)", output)]


def notes(spooled: Records, kind: str) -> list[dict[str, Any]]:
    """Return the data of the notes of one kind."""
    return [record["data"] for record in spooled("note") if record["kind"] == kind]


def test_it_learns_and_reports_what_it_does(train: Train, spooled: Records) -> None:
    """The loss falls; every step, validation and checkpoint is in the spool, with the plan."""
    output = train("--out=a")
    (_, first), (_, last) = losses(output)
    assert last < first
    assert list(range(1, 9)) == [record["step"] for record in spooled("step")]
    assert [4, 8] == [record["step"] for record in spooled("validation")]
    assert [4, 8] == [record["step"] for record in spooled("checkpoint")]
    assert {"data"} == {record["phase"] for record in spooled("span")}
    assert [last] == [round(record["loss"], 4) for record in spooled("validation")][1:]
    (plan,) = notes(spooled, "plan")
    assert (8, 4, True, 4, 2) == tuple(
        plan[key]
        for key in (
            "total_steps",
            "validate_every",
            "validate_at_end",
            "checkpoint_every",
            "validation_batches",
        )
    )
    assert ["finished"] == [note["reason"] for note in notes(spooled, "finish")]


def test_a_resumed_training_is_the_same_training(train: Train, home: Path) -> None:
    """Weights, optimizer, data and learning rate go on as if nothing had happened."""
    whole = losses(train("--out=whole"))
    train("--out=half", "--target-loss=99", "--stop-at-target")
    resumed = losses(train("--out=half", f"--resume={home / 'half' / 'last.pt'}"))
    assert whole[1:] == resumed


def test_the_seeds_bug_leaves_the_feed_forward_blocks_at_random(train: Train, spooled: Records) -> None:
    """Named otherwise, those weights are missing, and strict=False says nothing; the reporter does."""
    train("--out=base")
    output = train("--out=broken", "--init-from=base/last.pt", "--mlp=sequential")
    (audit,) = notes(spooled, "audit")
    assert [f"blocks.0.mlp.{part}" for part in ("0.weight", "0.bias", "2.weight", "2.bias")] == audit[
        "missing"
    ]
    assert ["blocks.0.mlp"] == audit["modules"]
    assert 16 * 64 + 64 + 64 * 16 + 16 == audit["random_parameters"]
    assert output.startswith(
        f"{audit['random_parameters']:,} of {audit['parameters']:,} parameters start from random"
    )


def test_the_corrected_job_starts_where_the_baseline_ended(train: Train, spooled: Records) -> None:
    """With the names right, nothing starts from random."""
    (_, baseline) = losses(train("--out=base", "--lr=0.02"))[-1]
    fixed = losses(train("--out=fixed", "--init-from=base/last.pt", "--lr=1e-6"))
    broken = losses(train("--out=broken", "--init-from=base/last.pt", "--lr=1e-6", "--mlp=sequential"))
    assert baseline == pytest.approx(fixed[0][1], abs=2e-3)
    assert broken[0][1] > baseline + 5e-3
    assert {0, 16 * 64 + 64 + 64 * 16 + 16} == {note["random_parameters"] for note in notes(spooled, "audit")}


def test_it_ends_at_its_target(train: Train, spooled: Records) -> None:
    """With --stop-at-target the first validation that is there is the last."""
    assert [4] == [step for step, _ in losses(train("--out=a", "--target-loss=99", "--stop-at-target"))]
    assert [4] == [record["step"] for record in spooled("checkpoint")]


def test_it_answers_the_service(
    train: Train, service: Any, spooled: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked to stop, it saves, says so, and ends early."""
    monkeypatch.setenv("CUTLOSS_RUN", "asked")
    commands = [{"id": "s", "command": "stop"}, {"id": "c", "command": "checkpoint"}]
    service.answer = lambda _: (200, {"commands": commands})
    train("--out=a", "--steps=1000000")
    answers = {note["id"]: note["status"] for note in notes(spooled, "command")}
    assert {"s": "done", "c": "done"} == answers
    assert ["stopped"] == [note["reason"] for note in notes(spooled, "finish")]
    assert json.dumps(spooled("checkpoint")[-1]["path"]).endswith('a/last.pt"')

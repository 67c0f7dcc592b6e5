"""Runs for the pages to show, in a real store: the seed's run and one for each other state."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.records import read_batch
from app.slurm.scheduler import JobFacts
from app.store import Store

CLUSTER = "demo"
SAVE_SECONDS = 24.0
SCENARIO: Mapping[str, Any] = {
    "name": "fix and relaunch",
    "action": "relaunch",
    "edit_seconds": [1_860, 3_100],
    "test_seconds": [700, 1_160],
    "queue_seconds": [240, 1_500],
    "resume_step": 0,
    "cancel": "at_relaunch",
    "curve": {"milestones": [[80, 0.85, 1.0], [120, 0.75, 0.85]]},
}


@dataclass(frozen=True)
class DemoRun:
    """One invented run; times in seconds before now."""

    name: str
    job: str
    at_step: int
    total_steps: int
    step_seconds: float
    validate_every: int
    validation_seconds: float
    startup_seconds: float
    gpus: int
    partition: str
    limit_seconds: float
    loss: tuple[float, float, float, float]
    target: float
    target_of: str = "train"
    silent_seconds: float = 0.0
    state: str = "RUNNING"
    reason: str | None = None
    finish: str | None = None
    lost_from: int | None = None
    audit: Mapping[str, Any] | None = None
    scenario: Mapping[str, Any] | None = None
    patience: int | None = None
    warnings: Sequence[str] = field(default_factory=tuple)


RUNS = (
    DemoRun(
        "topoflow", "13503904", 43, 311, 45.9, 25, 1_178, 960, 8, "gpu-long", 43_200, (0.2, 7.0, 1, 0.4),
        0.85,
        audit={"parameters": 23_000_000, "random_parameters": 5_000_000, "missing": ["mlp.0.weight"]},
        scenario=SCENARIO,
    ),
    DemoRun(
        "vit-seg-lr3e4", "13503877", 1_204, 2_600, 9, 200, 420, 300, 8, "gpu", 39_600,
        (0.9, 2.0, 60, 0.7), 0.3,
        target_of="val", lost_from=1_180,
    ),
    DemoRun(
        "ocean-unet-xl", "13503851", 9_420, 28_000, 2.9, 2_000, 800, 400, 16, "gpu-long", 79_200,
        (0.34, 3.0, 700, 0.7), 0.75, target_of="val", patience=3,
    ),
    DemoRun(
        "gnn-mesh-b", "13503899", 610, 1_500, 13, 100, 180, 120, 4, "gpu", 36_000, (0.28, 2.2, 50, 0.9), 0.33,
        target_of="val", silent_seconds=1_260,
    ),
    DemoRun(
        "llm-ablate-07", "13503812", 15_880, 18_000, 3.8, 1_000, 300, 200, 32, "gpu-long", 90_000,
        (1.98, 6.0, 300, 0.9), 2.35, target_of="val",
    ),
    DemoRun(
        "topoflow-sweep-3", "13503921", 0, 311, 45.9, 25, 1_178, 960, 8, "gpu", 43_200,
        (0.2, 5.3, 60, 1.3), 0.34,
        state="PENDING", reason="Priority", silent_seconds=1_000,
    ),
    DemoRun(
        "diff-climate-s2-with-a-name-longer-than-anybody-would-want-to-read", "13503790", 6_000, 6_000, 5,
        500, 260, 200, 8, "gpu", 43_200, (0.19, 1.8, 120, 0.8), 0.29,
        target_of="val", silent_seconds=4_000, state="COMPLETED", finish="finished",
    ),
)  # fmt: skip


def fill(store: Store, user: str, now: float, runs: Sequence[DemoRun] = RUNS) -> None:
    """Store every invented run as its reporter would have sent it."""
    for number, run in enumerate(runs):
        add_run(store, user, run, now, np.random.default_rng(number))


def add_run(store: Store, user: str, run: DemoRun, now: float, rng: np.random.Generator) -> None:
    """Store one run: its records in one batch, its job, its scenario."""
    last = now - run.silent_seconds
    timeline = _timeline(run, rng)
    started = last - timeline["elapsed"] - 60
    run_id = run.name[:60]
    body = _batch(run, timeline, started, rng)
    store.add(user, run_id, read_batch(json.dumps(body).encode()), last)
    store.put_jobs([_job(run, started, last)], now)
    if run.scenario is not None:
        store.put_document(run_id, "scenario", dict(run.scenario), now)


def _timeline(run: DemoRun, rng: np.random.Generator) -> dict[str, Any]:
    seconds = run.step_seconds * np.exp(rng.normal(0, 0.03, run.at_step))
    if run.at_step:
        seconds[: min(2, run.at_step)] *= 1.6
    ended, at, validations = [], run.startup_seconds, []
    for step, took in enumerate(seconds, start=1):
        at += took
        ended.append(at)
        if step % run.validate_every == 0:
            length = run.validation_seconds * math.exp(rng.normal(0, 0.02))
            validations.append((step, at, length))
            at += length + SAVE_SECONDS
    return {"seconds": seconds, "ended": ended, "validations": validations, "elapsed": at}


def _loss(run: DemoRun, steps: np.ndarray) -> np.ndarray:
    floor, amplitude, scale, exponent = run.loss
    return floor + amplitude * (1 + steps / scale) ** -exponent


def _batch(run: DemoRun, timeline: Mapping[str, Any], started: float, rng: np.random.Generator) -> Any:
    steps = np.arange(1, run.at_step + 1)
    losses = (_loss(run, steps) * np.exp(rng.normal(0, 0.05, run.at_step))).tolist()
    if run.lost_from is not None:
        losses[run.lost_from :] = ["nan"] * len(losses[run.lost_from :])
    validations = timeline["validations"]
    checked = _loss(run, np.array([step for step, _, _ in validations])) * 1.06
    notes = _notes(run)
    n, v = run.at_step, len(validations)
    return {
        "v": 1,
        "attempt": "a1",
        "attempt_started": started,
        "job": {"cluster": CLUSTER, "id": run.job, "restart_count": 0},
        "steps": {
            "seq": list(range(1, n + 1)),
            "step": steps.tolist(),
            "ended": [started + at for at in timeline["ended"]],
            "seconds": timeline["seconds"].tolist(),
            "loss": losses,
        },
        "validations": {
            "seq": list(range(n + 1, n + v + 1)),
            "step": [step for step, _, _ in validations],
            "started": [started + at for _, at, _ in validations],
            "seconds": [length for _, _, length in validations],
            "loss": [float(loss * math.exp(rng.normal(0, 0.01))) for loss in checked],
        },
        "checkpoints": {
            "seq": list(range(n + v + 1, n + 2 * v + 1)),
            "step": [step for step, _, _ in validations],
            "started": [started + at + length for _, at, length in validations],
            "seconds": [SAVE_SECONDS] * v,
            "path": [f"/scratch/{run.name}/step-{step}.pt" for step, _, _ in validations],
        },
        "notes": {
            "seq": list(range(n + 2 * v + 1, n + 2 * v + len(notes) + 1)),
            "kind": [kind for kind, _ in notes],
            "data": [data for _, data in notes],
        },
    }


def _notes(run: DemoRun) -> list[tuple[str, Mapping[str, Any]]]:
    plan = {
        "name": run.name,
        "total_steps": run.total_steps,
        "validate_every": run.validate_every,
        "checkpoint_every": run.validate_every,
        "target_loss": run.target,
        "target_of": run.target_of,
        "early_stopping": None if run.patience is None else {"patience": run.patience, "monitor": "val_loss"},
    }
    notes: list[tuple[str, Mapping[str, Any]]] = [("plan", plan)]
    if run.at_step:
        notes.append(("startup", {"seconds": run.startup_seconds}))
    if run.audit is not None:
        notes.append(("audit", run.audit))
    if run.finish is not None:
        notes.append(("finish", {"reason": run.finish}))
    notes += [("warning", {"text": text}) for text in run.warnings]
    return notes


def _job(run: DemoRun, started: float, last: float) -> JobFacts:
    is_pending = run.state == "PENDING"
    return JobFacts(
        id=run.job,
        cluster=CLUSTER,
        state=run.state,
        reason=run.reason,
        partition=run.partition,
        nodes=None if is_pending else f"gpu-a[07-{6 + max(1, run.gpus // 4):02d}]",
        node_count=max(1, run.gpus // 4),
        gpus=run.gpus,
        submitted=started - 840,
        started=None if is_pending else started,
        ended=last if run.state == "COMPLETED" else None,
        time_limit_seconds=run.limit_seconds,
        estimated_start=last + 9_000 if is_pending else None,
        work_dir="/home/demo/topoflow",
    )

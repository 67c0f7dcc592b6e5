"""What Prometheus is told of live runs and of the scheduler."""

import math
from types import SimpleNamespace
from typing import Any

from app.run_metrics import MOST_RUNS, run_metrics
from app.slurm.poller import PollerFigures
from app.sweep import SweepFigures

PLAN = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}


def _row(number: int, state: str = "live") -> Any:
    run = SimpleNamespace(id=f"run-{number}", last_record_at=5.0)
    return SimpleNamespace(
        run=run, state_word=state, at_step=3, total_steps=None, loss_now=None, finishes_within_limit=None,
        remaining_seconds=None, verdict=None, early_stop_probability=None, requeues=None,
        act_before=None,
    )  # fmt: skip


async def _samples(service: Any, user: str = "ada") -> dict[str, float]:
    answer = await service.client.get("/metrics", headers=service.headers("read", user))
    assert 200 == answer.status_code
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


async def test_live_runs_of_the_caller(service: Any) -> None:
    """A live run has its steps, its ETA and its verdict; ended runs and other people's have none."""
    await service.report("one", steps=60, plan={**PLAN, "target_loss": 0.5, "target_of": "train"})
    await service.report("done", steps=200, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    await service.report("theirs", user="eve", steps=9, plan=PLAN)
    eta = (await service.get("/runs/one/eta")).json()
    verdict = (await service.get("/runs/one/verdict")).json()["verdict"]["action"]
    told = await _samples(service)
    assert (60.0, 200.0) == (
        told['cutloss_run_step{run="one"}'], told['cutloss_run_total_steps{run="one"}'],
    )  # fmt: skip
    for level, seconds in eta["remaining_seconds"].items():
        sample = told[f'cutloss_run_remaining_seconds{{quantile="{level}",run="one"}}']
        assert math.isclose(seconds, sample, rel_tol=1e-6)
    advised = {name: told[f'cutloss_run_verdict{{action="{name}",run="one"}}'] for name in ("wait", verdict)}
    assert 1.0 == advised[verdict]
    assert not any('"done"' in name or '"theirs"' in name for name in told)
    assert 9.0 == (await _samples(service, "eve"))['cutloss_run_step{run="theirs"}']


def test_unknown_numbers_are_left_out() -> None:
    """What is not known of a run has no sample; nothing stands for it."""
    text = run_metrics([_row(1)], None, None).decode()
    assert 'cutloss_run_step{run="run-1"} 3.0' in text
    assert not any(f"cutloss_run_{name}{{" in text for name in ("total_steps", "loss", "verdict"))
    assert "cutloss_scheduler" not in text


def test_the_number_of_runs_is_bounded() -> None:
    """Of many live runs those heard of last are told, and of those that ended none."""
    rows = [*(_row(-n, "finished") for n in range(9)), *(_row(n) for n in range(MOST_RUNS + 50))]
    text = run_metrics(rows, None, None).decode()
    assert MOST_RUNS == text.count("cutloss_run_step{")
    assert 'run="run-0"' in text


def test_polls_and_looks_are_counted() -> None:
    """Calls to the scheduler, rounds without an answer and looks at runs are told."""
    poller = PollerFigures(12, 3, 240, 8, 2, 7.5, 0.1, 99.0, None)
    text = run_metrics([], poller, SweepFigures(3, 40, 1, 0.2)).decode()
    for line in (
        "cutloss_scheduler_calls_total 12.0", "cutloss_scheduler_failures_total 2.0",
        "cutloss_scheduler_calls_last_hour 3.0", "cutloss_scheduler_calls_per_hour 240.0",
        "cutloss_scheduler_spared_total 8.0", "cutloss_scheduler_pause_seconds 7.5",
        "cutloss_scheduler_last_answer_timestamp_seconds 99.0",
        "cutloss_sweep_looks_total 40.0", "cutloss_sweep_failures_total 1.0",
    ):  # fmt: skip
        assert line in text

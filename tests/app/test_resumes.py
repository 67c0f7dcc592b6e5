"""A run that was stopped and went on: one run with its lineage, and an ETA that is right at once."""

import time
from typing import Any

import pytest

STEP_SECONDS = 40.0


def attempt(
    name: str, started_ago: float, first: int, last: int, job: dict[str, Any], **plan: Any
) -> dict[str, Any]:
    """Return all that one process start reports: start-up, plan, steps, the first without seconds."""
    now, seconds = time.time(), plan.pop("step_seconds", STEP_SECONDS)
    steps = list(range(first, last + 1))
    notes = [
        ("startup", {"seconds": 90.0}),
        ("plan", {"total_steps": 100, "validate_every": "never", **plan}),
    ]
    return {
        "v": 1, "attempt": name, "attempt_started": now - started_ago, "job": job,
        "steps": {
            "seq": list(range(10, 10 + len(steps))), "step": steps,
            "ended": [now - started_ago + 90.0 + seconds * (step - first) for step in steps],
            "seconds": [None, *[seconds] * (len(steps) - 1)],
            "loss": [0.3 + 3.0 * step**-0.5 for step in steps], "lr": [None] * len(steps),
        },
        "notes": {"seq": [1, 2], "kind": [kind for kind, _ in notes], "data": [data for _, data in notes]},
    }  # fmt: skip


JOB = {"cluster": "c1", "id": "7", "restart_count": 0}
REQUEUED = JOB | {"restart_count": 1}
ANOTHER = {"cluster": "c1", "id": "8", "restart_count": 0}


@pytest.mark.parametrize(
    ("job", "plan", "steps_left", "seconds"),
    [
        (REQUEUED, {}, 40, 40.0),
        (ANOTHER, {}, 40, 40.0),
        (ANOTHER, {"total_steps": 200}, 140, 40.0),
        (ANOTHER, {"total_steps": 80}, 20, 40.0),
        (ANOTHER, {"total_steps": 300, "step_seconds": 20.0, "last": 80}, 220, 20.0),
    ],
    ids=["requeued", "a new job", "more steps", "fewer steps", "half the batch, three times the steps"],
)
async def test_a_resumed_run_is_one_run_with_a_right_eta(
    service: Any, job: dict[str, Any], plan: dict[str, Any], steps_left: int, seconds: float
) -> None:
    """Steps 51 to 60 are done twice; the newest plan and the newest pace count."""
    plan = dict(plan)
    last = plan.pop("last", 60)
    ago = 90.0 + seconds * (last - 51)
    for batch in (
        attempt("first", 6000.0, 1, 60, JOB), attempt("second", ago, 51, last, job, **plan)
    ):  # fmt: skip
        assert 200 == (await service.post("/runs/r/records", batch)).status_code
    told = (await service.get("/runs/r")).json()
    assert 1 == len((await service.get("/runs")).json()["runs"])
    assert ["first", "second"] == [one.id for one in service.app.state.store.attempts("r")]
    assert (job["id"], last) == (told["job"]["id"], told["at_step"])
    eta = (await service.get("/runs/r/eta")).json()
    assert ("ok", steps_left) == (eta["status"], eta["steps_left"])
    remaining = eta["remaining_seconds"]
    assert steps_left * seconds == pytest.approx(remaining["0.5"], rel=0.05)
    assert 0.99 * remaining["0.1"] <= steps_left * seconds <= 1.01 * remaining["0.9"]
    spent = {row["phase"]: row["spent_seconds"] for row in told["ledger"]}
    assert 10 * STEP_SECONDS == pytest.approx(spent["lost"], rel=0.4)
    assert 180.0 == spent["startup"]


async def test_a_resume_is_right_before_its_first_step(service: Any) -> None:
    """The requeued process has only started: what is left is counted from where the last one came to."""
    await service.post("/runs/r/records", attempt("first", 6000.0, 1, 60, JOB))
    starting = attempt("second", 5.0, 51, 51, REQUEUED) | {"steps": {}}
    await service.post("/runs/r/records", starting)
    eta = (await service.get("/runs/r/eta")).json()
    assert ("ok", 40) == (eta["status"], eta["steps_left"])


async def test_a_run_that_replaces_another_says_so(service: Any) -> None:
    """Relaunched with other code it is a run of its own, and each names the other."""
    await service.post("/runs/old/records", attempt("first", 6000.0, 1, 60, JOB))
    await service.post("/runs/new/records", attempt("second", 500.0, 1, 10, ANOTHER, replaces="old"))
    assert "old" == (await service.get("/runs/new")).json()["replaces"]
    assert "new" == (await service.get("/runs/old")).json()["replaced_by"]

"""What was said, over the API: histories of runs, and how right they were."""

import time
from typing import Any

PLAN = {"total_steps": 200, "validate_every": "never", "checkpoint_every": "never"}


async def test_history_of_a_run_that_goes_on(service: Any) -> None:
    """Each ETA is told as it was said, with clock times; what happened is not known yet."""
    await service.report("one", steps=60, plan={**PLAN, "target_loss": 0.5, "target_of": "train"})
    eta = (await service.get("/runs/one/eta")).json()
    told = (await service.get("/runs/one/history")).json()
    (said,), (advised,) = told["eta"], told["verdict"]
    assert (60, 200, None, None) == (
        said["step"],
        said["total_steps"],
        said["realised_seconds"],
        told["ended"],
    )
    assert eta["remaining_seconds"] == said["remaining_seconds"]
    assert said["finishes_at"]["0.5"] == said["at"] + said["remaining_seconds"]["0.5"]
    assert (await service.get("/runs/one/verdict")).json()["verdict"]["action"] == advised["action"]


async def test_history_and_calibration_of_finished_runs(service: Any) -> None:
    """Once a run has ended each ETA has what happened beside it, and the service knows how right it was."""
    assert {"etas": None} == (await service.get("/calibration")).json()
    await service.report("one", steps=100, plan=PLAN)
    await service.get("/runs/one/eta")
    (before,) = (await service.get("/runs/one/history")).json()["eta"]
    rest = {
        "seq": list(range(100, 200)), "step": list(range(101, 201)),
        "ended": [before["at"] + 40.0 * n for n in range(1, 101)], "seconds": [40.0] * 100,
        "loss": [0.5] * 100, "lr": [None] * 100,
    }  # fmt: skip
    await service.report(
        "one", columns=rest, notes=[("finish", {"reason": "finished"})], attempt_started=time.time() - 5000
    )
    told = (await service.get("/runs/one/history")).json()
    assert ("finished", 4000.0) == (told["finished"], round(told["eta"][0]["realised_seconds"]))
    found = (await service.get("/calibration")).json()["etas"]
    assert (1, 1, 1.0) == (found["overall"]["runs"], found["overall"]["count"], found["overall"]["covered"])
    assert found["overall"]["median_relative_error"] < 0.05
    halfway = next(one for one in found["by_progress"] if one["low"] == 0.5)
    assert (1, 0) == (halfway["count"], found["by_progress"][0]["count"])
    assert {"etas": None} == (await service.get("/calibration", user="eve")).json()


async def test_history_of_somebody_elses_run(service: Any) -> None:
    """Another user's history is as if it were not there."""
    await service.report("theirs", user="eve", steps=3, plan=PLAN)
    assert 404 == (await service.get("/runs/theirs/history")).status_code


async def test_a_finished_run_has_no_estimate(service: Any) -> None:
    """Nothing is left to estimate of a run that has ended: it is refused, saying how and when it ended."""
    await service.report("done", steps=200, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    await service.report("failed", steps=120, plan=PLAN, notes=[("finish", {"reason": "failed"})])
    for run, left, word in (("done", 0, "finished"), ("failed", 80, "failed")):
        eta = (await service.get(f"/runs/{run}/eta")).json()
        assert ("refused", "finished", None) == (eta["status"], eta["reason"], eta["remaining_seconds"])
        assert (word, word, left) == (eta["finished"], eta["state"], eta["steps_left"])
        assert abs(eta["ended"] - time.time()) < 60

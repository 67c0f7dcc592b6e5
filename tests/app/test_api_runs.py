"""Stored runs over the API."""

import math
import time
from typing import Any

import pytest

from app.slurm.scheduler import JobFacts

PLAN = {"name": "topoflow", "total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}


async def test_runs_of_the_caller_only(service: Any) -> None:
    """Each sees their own runs; another user's is as if it were not there."""
    await service.report("mine", steps=10, plan=PLAN)
    await service.report("theirs", user="eve", steps=10, plan=PLAN)
    assert ["mine"] == [run["id"] for run in (await service.get("/runs")).json()["runs"]]
    for path in ("", "/eta", "/forecast", "/verdict", "/compare", "/points"):
        answer = await service.get(f"/runs/theirs{path}")
        assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


async def test_run_that_does_not_exist(service: Any) -> None:
    """An unknown run is 404, and the problem names it."""
    answer = await service.get("/runs/nothing")
    assert 404 == answer.status_code
    assert "nothing" in answer.json()["detail"]


async def test_detail_follows_the_records(service: Any) -> None:
    """What is reported is what is said: step, plan, losses, pace, ledger."""
    await service.report(
        "one", steps=60, plan={**PLAN, "target_loss": 0.6}, notes=[("startup", {"seconds": 30})]
    )
    run = (await service.get("/runs/one")).json()
    assert ("topoflow", "live", 60, 200) == (run["name"], run["state"], run["at_step"], run["total_steps"])
    assert 3.3 == run["first_loss"]
    assert math.isclose(40.0, run["pace"]["step"]["mean_seconds"], rel_tol=0.02)
    spent = {row["phase"]: row["spent_seconds"] for row in run["ledger"]}
    assert (2400.0, 30.0) == (spent["step"], spent["startup"])
    assert run["scenario_is_default"]


async def test_run_is_found_by_its_job(service: Any) -> None:
    """A run may be named by its job's id."""
    await service.report("one", steps=3, plan=PLAN, job={"cluster": "c", "id": "4711"})
    assert "one" == (await service.get("/runs/4711")).json()["id"]
    assert 404 == (await service.get("/runs/4712")).status_code


async def test_run_is_found_by_its_name_where_that_is_plain(service: Any) -> None:
    """A name stands for the one run of that name that goes on; of several, none is meant."""
    await service.report("one", steps=3, plan=PLAN)
    assert "one" == (await service.get("/runs/topoflow")).json()["id"]
    await service.report("two", steps=3, plan=PLAN)
    assert 404 == (await service.get("/runs/topoflow")).status_code


async def test_eta_is_fresh(service: Any) -> None:
    """What has been acknowledged is in the next answer."""
    await service.report("one", steps=50, plan=PLAN)
    first = (await service.get("/runs/one/eta")).json()
    more = {
        "seq": [900],
        "step": [51],
        "ended": [time.time()],
        "seconds": [40.0],
        "loss": [0.7],
        "lr": [None],
    }
    answer = await service.post(
        "/runs/one/records", {"v": 1, "attempt": "first", "attempt_started": time.time(), "steps": more}
    )
    assert 200 == answer.status_code
    second = (await service.get("/runs/one/eta")).json()
    assert (150, 149) == (first["steps_left"], second["steps_left"])


async def test_forecast_has_both_curves(service: Any, make_validations: Any) -> None:
    """The training and the validation curve are forecast, and a band is drawn to the end."""
    await service.report(
        "one", steps=120, plan={**PLAN, "target_loss": 0.65}, validations=make_validations(20, 120)
    )
    answer = (await service.get("/runs/one/forecast")).json()
    by_id = {item["id"]: item for item in answer["forecasts"]}
    assert ({"train", "val"}, {"ok"}) == (set(by_id), {item["status"] for item in by_id.values()})
    assert 0.65 == by_id["val"]["targets"][0]["loss"]
    assert ("val", 200) == (answer["band_of"], answer["band"][-1]["step"])


async def test_points_are_bounded(service: Any) -> None:
    """However long a run, its curve comes in a bounded number of points, the first ones raw."""
    await service.report("long", steps=20_000, plan={**PLAN, "total_steps": 50_000}, step_seconds=0.1)
    points = (await service.get("/runs/long/points")).json()
    assert 100 < len(points["steps"]) <= 1500
    assert (1.0, 3.3) == (points["steps"][0], points["losses"][0])
    assert points["steps"] == sorted(points["steps"])


async def test_a_loss_that_left_the_finite(service: Any) -> None:
    """A run whose losses are no numbers any more has diverged, and the verdict is to stop."""
    await service.report("nan", steps=30, plan=PLAN)
    bad = {
        "seq": list(range(500, 540)), "step": list(range(31, 71)), "ended": [time.time()] * 40,
        "seconds": [40.0] * 40, "loss": ["nan"] * 40, "lr": [None] * 40,
    }  # fmt: skip
    body = {"v": 1, "attempt": "first", "attempt_started": time.time() - 5000, "steps": bad}
    assert 200 == (await service.post("/runs/nan/records", body)).status_code
    run = (await service.get("/runs/nan")).json()
    assert ("diverged", "stop", "stop") == (run["state"], run["badge"], run["verdict"]["action"])
    points = (await service.get("/runs/nan/points")).json()
    assert None is points["losses"][-1]


async def test_time_limit_of_the_job(service: Any, make_validations: Any) -> None:
    """The run and its ETA say what the job's limit does to it, and what would soften that."""
    job = {"cluster": "c", "id": "4711"}
    plan = {**PLAN, "checkpoint_every": 50}
    await service.report("one", steps=100, plan=plan, job=job, validations=make_validations(20, 100, 900.0))
    now = time.time()
    facts = JobFacts(
        "4711", "c", "RUNNING", submitted=now - 19_000, started=now - 18_000, time_limit_seconds=20_000
    )
    service.app.state.store.put_jobs([facts], now)
    run, eta = [(await service.get(f"/runs/one{path}")).json() for path in ("", "/eta")]
    limit = run["limit"]
    # Seconds pass between the two calls, so what counts from now may differ by a little.
    assert set(limit) == set(eta["limit"])
    assert (limit["limit_at"], limit["effects"][0]["setting"]) == (
        eta["limit"]["limit_at"], eta["limit"]["effects"][0]["setting"],
    )  # fmt: skip
    assert abs(limit["limit_at"] - (now + 2000)) < 5
    assert (1.0, True) == (limit["outlook"]["requeues"]["0.5"], limit["outlook"]["finishes"] < 0.05)
    assert 40.0 <= limit["outlook"]["lost_steps"]["0.5"] <= 130.0
    assert {"checkpoint_every", "validate_every"} == {effect["setting"] for effect in limit["effects"]}
    assert 500.0 < limit["queue_seconds"] < 2000.0


async def test_finished_run_has_nothing_to_decide(service: Any) -> None:
    """A run that has ended has no verdict, and comparing it is 404."""
    await service.report("done", steps=200, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    run = (await service.get("/runs/done")).json()
    assert ("finished", "done", None) == (run["state"], run["badge"], run["verdict"])
    assert 404 == (await service.get("/runs/done/compare")).status_code


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1"])
async def test_wrong_page_of_the_list(service: Any, query: str) -> None:
    """A wrong query parameter is named."""
    answer = await service.get(f"/runs?{query}")
    assert (422, "/query/" + query.split("=", maxsplit=1)[0]) == (
        answer.status_code,
        answer.json()["errors"][0]["pointer"],
    )


async def test_search(service: Any) -> None:
    """Runs are found by part of an id or name."""
    await service.report("a-1", steps=1, plan={"name": "alpha"})
    await service.report("b-1", steps=1, plan={"name": "beta"})
    assert ["b-1"] == [run["id"] for run in (await service.get("/runs?query=BET")).json()["runs"]]


async def test_verdict_uses_an_earlier_run(service: Any, make_validations: Any) -> None:
    """A finished run of the same name says how a relaunch would converge; then there is a probability."""
    good = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}
    await service.report(
        "old", steps=200, plan={**good, "name": "same"}, attempt_started=time.time() - 100_000,
        validations=make_validations(20, 200), notes=[("finish", {"reason": "finished"})],
    )  # fmt: skip
    await service.report(
        "new", steps=100, plan={**good, "name": "same", "target_loss": 0.65},
        validations=make_validations(20, 100),
    )  # fmt: skip
    verdict = (await service.get("/runs/new/verdict")).json()["verdict"]
    assert verdict["action"] in {"continue", "relaunch"}
    assert 0.5 <= verdict["probability"] <= 1.0


async def test_a_run_without_a_number_is_the_same_in_every_answer(service: Any) -> None:
    """The list, the run, its ETA and its verdict have one word for what it needs: its page's badge."""
    now = time.time()
    columns = {
        "seq": list(range(20)), "step": list(range(1, 21)), "ended": [now - 20 + step for step in range(20)],
        "seconds": [1.0] * 20, "loss": [1.0] * 10 + ["nan"] * 10, "lr": [None] * 20,
    }  # fmt: skip
    await service.report("lost", columns=columns, plan=PLAN)
    listed = (await service.get("/runs")).json()["runs"]
    answers = [(await service.get(f"/runs/lost{path}")).json() for path in ("", "/eta", "/verdict")]
    assert [("diverged", "stop")] * 4 == [(one["state"], one["badge"]) for one in [*listed, *answers]]

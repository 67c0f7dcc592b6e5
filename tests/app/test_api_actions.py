"""What a person may do to a run, from a script."""

from typing import Any

SCENARIO = {
    "name": "fix and relaunch", "action": "relaunch", "edit_seconds": [600, 1200], "test_seconds": 60,
    "queue_seconds": 30, "plan": {"total_steps": 80},
    "curve": {"milestones": [[10, 0.5, 0.8], [80, 0.3, 0.4]]},
}  # fmt: skip
PLAN = {"total_steps": 200, "validate_every": 20, "target_loss": 0.62, "target_of": "train"}


async def _put(service: Any, run: str, scenario: Any, user: str = "ada") -> Any:
    return await service.client.put(
        f"/api/v1/runs/{run}/scenario", json=scenario, headers=service.headers("operate", user)
    )


async def test_scenario_is_compared(service: Any) -> None:
    """What a person says of the relaunch is what their run is compared with, at once."""
    await service.report("one", steps=60, plan=PLAN)
    before = (await service.get("/runs/one/compare")).json()
    assert 204 == (await _put(service, "one", SCENARIO)).status_code
    run = (await service.get("/runs/one")).json()
    after = (await service.get("/runs/one/compare")).json()
    assert (False, [600, 1200]) == (run["scenario_is_default"], run["scenario"]["edit_seconds"])
    assert before["outcomes"][1]["steps_left"] != after["outcomes"][1]["steps_left"]
    assert ("ok", 80) == (after["outcomes"][1]["status"], after["outcomes"][1]["steps_left"])
    assert after["verdict"]["action"] in {"continue", "relaunch"}


async def test_wrong_scenario_is_refused_whole(service: Any) -> None:
    """A wrong scenario is named, and the one before stays."""
    await service.report("one", steps=10, plan=PLAN)
    answer = await _put(service, "one", {**SCENARIO, "edit_seconds": [9, 1]})
    assert (422, "/edit_seconds") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert (await service.get("/runs/one")).json()["scenario_is_default"]


async def test_scenario_of_a_run_that_is_not_there(service: Any) -> None:
    """A scenario cannot take its curve from a run that is not there, or is somebody else's."""
    await service.report("one", steps=10, plan=PLAN)
    await service.report("theirs", user="eve", steps=10, plan=PLAN)
    answer = await _put(service, "one", {**SCENARIO, "curve": {"run": "theirs"}})
    assert (422, "/curve/run") == (answer.status_code, answer.json()["errors"][0]["pointer"])


async def test_command_reaches_the_trainer_once(service: Any, make_batch: Any) -> None:
    """A command travels in the answer to the trainer's next report, and its key makes it one command."""
    await service.report("one", steps=10, plan=PLAN)
    first = await service.post("/runs/one/commands", {"command": "checkpoint"}, Idempotency_Key="k")
    second = await service.post("/runs/one/commands", {"command": "checkpoint"}, Idempotency_Key="k")
    assert (202, first.json()["id"]) == (second.status_code, second.json()["id"])
    heartbeat = await service.post("/runs/one/records", make_batch())
    assert [first.json()["id"]] == [command["id"] for command in heartbeat.json()["commands"]]
    answer = [("command", {"id": first.json()["id"], "status": "done", "step": 10, "path": "x.pt"})]
    await service.report("one", notes=answer)
    again = await service.post("/runs/one/commands", {"command": "checkpoint"}, Idempotency_Key="k")
    assert ("done", "x.pt") == (again.json()["state"], again.json()["answer"]["path"])


async def test_key_is_for_one_command(service: Any) -> None:
    """A key used for another command is a conflict; without a key nothing is done."""
    await service.report("one", steps=10, plan=PLAN)
    await service.post("/runs/one/commands", {"command": "checkpoint"}, Idempotency_Key="k")
    other = await service.post("/runs/one/commands", {"command": "stop"}, Idempotency_Key="k")
    none = await service.post("/runs/one/commands", {"command": "stop"})
    assert (409, 422) == (other.status_code, none.status_code)
    assert "/header/idempotency-key" == none.json()["errors"][0]["pointer"].lower()


async def test_wrong_command(service: Any) -> None:
    """A command that says too little or too much is named."""
    await service.report("one", steps=10, plan=PLAN)
    for body in ({"command": "set"}, {"command": "stop", "name": "x"}, {"command": "dance"}):
        answer = await service.post("/runs/one/commands", body, Idempotency_Key="k")
        assert 422 == answer.status_code


async def test_ended_run_takes_no_command(service: Any) -> None:
    """Nobody is there to answer a command to a run that has ended."""
    await service.report("one", steps=10, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    answer = await service.post("/runs/one/commands", {"command": "stop"}, Idempotency_Key="k")
    assert 409 == answer.status_code


async def test_other_peoples_runs_are_not_there(service: Any) -> None:
    """Another user's run can neither be told nor relaunched; it is 404."""
    await service.report("theirs", user="eve", steps=10, plan=PLAN)
    told = await service.post("/runs/theirs/commands", {"command": "stop"}, Idempotency_Key="k")
    relaunched = await service.post("/runs/theirs/relaunch", {"script": "#!/bin/sh\n"}, Idempotency_Key="k")
    assert (404, 404, 404) == (
        told.status_code, relaunched.status_code, (await _put(service, "theirs", SCENARIO)).status_code,
    )  # fmt: skip


async def test_without_a_scheduler_nothing_is_relaunched(service: Any) -> None:
    """A service without a scheduler says so, and the refusal is in the audit log."""
    await service.report("one", steps=10, plan=PLAN)
    answer = await service.post("/runs/one/relaunch", {"script": "#!/bin/sh\n"}, Idempotency_Key="k")
    assert 409 == answer.status_code
    (entry,) = (await service.get("/audit")).json()["entries"]
    assert ("ada", "relaunch", "one", "refused") == (
        entry["user"], entry["action"], entry["subject"], entry["outcome"],
    )  # fmt: skip


async def test_each_sees_their_own_audit(service: Any) -> None:
    """Every action is in the log of whoever did it, the newest first."""
    await service.report("one", steps=10, plan=PLAN)
    await _put(service, "one", SCENARIO)
    await service.post("/runs/one/commands", {"command": "stop"}, Idempotency_Key="k")
    entries = (await service.get("/audit")).json()["entries"]
    assert [("command", "accepted"), ("scenario", "accepted")] == [
        (entry["action"], entry["outcome"]) for entry in entries
    ]
    assert [] == (await service.get("/audit", user="eve")).json()["entries"]

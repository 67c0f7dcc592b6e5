"""What may be done to the job of a run: one's own, in a state that it fits, once for a key, and audited."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.auth import issue
from app.main import create_app
from app.replacement import Replacement, State
from app.settings import Settings
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError, Submission
from app.store.facts import JobKey
from tests.waiting import PATIENCE_SECONDS, until_async

SCRIPT = "#!/bin/sh\n#SBATCH --time=10\nexec sleep 300\n"
ACTIONS = ["hold", "release", "requeue", "time-limit", "cancel", "checkpoint-cancel"]


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Any]:
    """Yield an application with the local runner; its jobs are ended afterwards."""
    application = create_app(settings.model_copy(update={"scheduler": "local"}))
    async with application.router.lifespan_context(application):
        scheduler = application.state.scheduler
        yield application
        ids = [str(number) for number in range(1, 9)]
        for job in list(scheduler.jobs(ids)):
            type(scheduler).cancel(scheduler, job)
        await until_async(lambda: not any(facts.is_active for facts in scheduler.jobs(ids).values()))


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of ada's, who may operate."""
    headers = _headers(app, "ada")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/api/v1", headers=headers
    ) as client:
        yield client


@pytest.fixture
async def job(app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any) -> str:
    """Start a job that reports as the run ``one``."""
    scheduler = app.state.scheduler
    job: str = scheduler.submit(Submission(SCRIPT, "old", str(tmp_path)))
    await until_async(lambda: scheduler.jobs([job])[job].state == "RUNNING")
    await _report(client, make_batch, "one", job)
    return job


@pytest.fixture
async def waiting(app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any) -> str:
    """Queue a held job that counts as that of the run ``two``."""
    job: str = app.state.scheduler.submit(Submission(SCRIPT, "two", str(tmp_path), hold=True))
    await _report(client, make_batch, "two", job)
    return job


async def _report(client: httpx.AsyncClient, make_batch: Any, run: str, job: str) -> None:
    body = make_batch(
        10, {"total_steps": 100}, attempt_started=time.time(), job={"cluster": "local", "id": job}
    )
    assert 200 == (await client.post(f"/runs/{run}/records", json=body)).status_code


def _headers(app: Any, user: str, scope: Any = "operate") -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(app.state.store, user, scope, time.time())}"}


async def _act(client: httpx.AsyncClient, action: str, key: str = "k", run: str = "one", **order: Any) -> Any:
    return await client.post(f"/runs/{run}/job/{action}", json=order, headers={"Idempotency-Key": key})


def _state(app: Any, job: str) -> tuple[str, str | None]:
    facts = app.state.scheduler.jobs([job])[job]
    return facts.state, facts.reason


async def test_a_waiting_job_is_released_and_held(
    app: Any, client: httpx.AsyncClient, job: str, waiting: str
) -> None:
    """Released it waits for its turn, held again it stays."""
    answer = await _act(client, "release", run="two")
    assert (202, "accepted", waiting) == (
        answer.status_code, answer.json()["outcome"], answer.json()["job"],
    )  # fmt: skip
    assert ("PENDING", "Resources") == _state(app, waiting)
    assert 202 == (await _act(client, "hold", "k2", run="two")).status_code
    assert ("PENDING", "JobHeldUser") == _state(app, waiting)
    assert "RUNNING" == _state(app, job)[0]


async def test_the_limit_is_lowered_never_raised(app: Any, client: httpx.AsyncClient, job: str) -> None:
    """Below what has passed it would be a cancel in disguise; a missing one is named."""
    lowered = await _act(client, "time-limit", time_limit_seconds=300)
    assert (202, 300.0) == (lowered.status_code, app.state.scheduler.jobs([job])[job].time_limit_seconds)
    raised = await _act(client, "time-limit", "k2", time_limit_seconds=301)
    assert (409, True) == (raised.status_code, "only a lower one" in raised.json()["detail"])
    past = await _act(client, "time-limit", "k3", time_limit_seconds=0.001)
    assert (409, True) == (past.status_code, "cancel it instead" in past.json()["detail"])
    missing = await _act(client, "time-limit", "k4")
    assert (422, "/time_limit_seconds") == (missing.status_code, missing.json()["errors"][0]["pointer"])


async def test_one_key_cancels_once(app: Any, client: httpx.AsyncClient, job: str) -> None:
    """The same answer twice; another action by that key is refused; an ended job takes none."""
    first, again = await _act(client, "cancel"), await _act(client, "cancel")
    assert (202, 202) == (first.status_code, again.status_code)
    assert first.json() == again.json()
    await until_async(lambda: _state(app, job)[0] == "CANCELLED")
    other = await _act(client, "requeue")
    assert (409, True) == (other.status_code, "used for another action" in other.json()["detail"])
    for number, action in enumerate(ACTIONS):
        refused = await _act(client, action, f"later {number}", time_limit_seconds=60)
        assert 409 == refused.status_code, action
        assert "CANCELLED" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("state", "told", "way_out"),
    [
        ("handed_over", {"settles_within": 3000.0}, "wait until it has settled, 3000 s"),
        ("handed_over", {}, "wait until it has settled"),
        ("handed_over", {"settles_within": 3000.0, "id": "another"}, "wait until it has settled"),
        ("handed_over", {"settles_within": 3000.0, "at": 0.0}, "wait until it has settled"),
        ("cancelled", {"settles_within": 3000.0}, "wait until it has settled"),
        ("released", {}, "undo it first"),
    ],
)
async def test_what_can_be_done_about_a_relaunch_is_said(  # noqa: PLR0913, PLR0917 - fixtures
    app: Any, client: httpx.AsyncClient, job: str, state: State, told: dict[str, Any], way_out: str
) -> None:
    """Only what can still be undone is to be undone; a command that is being tried is waited for."""
    now = time.time()
    app.state.replacer._clock = lambda: now
    relaunch = Replacement(
        id="k1", run="one", user="ada", state=state, created=now, updated=now, cluster="local", old_id=job,
        old_submitted=None, old_user=None, token="", script="true", sha256="", work_dir="/", order="keep",
    )  # fmt: skip
    app.state.store.put_replacement("k1", "one", state, relaunch.as_data(), now)
    order = app.state.supervision.file(JobKey("local", job))
    order.parent.mkdir(parents=True, exist_ok=True)
    answer = order.with_suffix(".answer")
    answer.write_text(json.dumps({"id": "k1", "state": "started", "words": "", "at": now, **told}))
    answer.chmod(0o600)
    refused = await _act(client, "cancel")
    assert 409 == refused.status_code
    assert f"replacement k1 of run 'one' is under way; {way_out}" == refused.json()["detail"]
    assert "RUNNING" == _state(app, job)[0]


async def test_a_cancel_waits_for_the_checkpoint(
    app: Any, client: httpx.AsyncClient, job: str, make_batch: Any
) -> None:
    """It goes on as a replacement without a new job, and may be followed as one."""
    asked = await _act(client, "checkpoint-cancel", checkpoint_wait_seconds=60, signal="USR1")
    assert 202 == asked.status_code
    path = f"/replacements/{asked.json()['replacement']}"
    await until_async(lambda: app.state.store.commands("one", "pending"))
    refused = await _act(client, "cancel", "k2")
    assert (409, True) == (refused.status_code, "under way" in refused.json()["detail"])
    assert "RUNNING" == _state(app, job)[0]
    command = app.state.store.commands("one", "pending")[0].id
    note = {"id": command, "status": "done", "step": 10, "path": "x.pt"}
    body = make_batch(notes=[("command", note)], job={"cluster": "local", "id": job})
    assert 200 == (await client.post("/runs/one/records", json=body)).status_code
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := (await client.get(path)).json())["is_active"]:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)
    assert ("done", "cancel", None, 10) == (
        found["state"], found["order"], found["new_id"], found["checkpoint"]["step"],
    )  # fmt: skip
    assert "CANCELLED" == _state(app, job)[0]


async def test_a_cancel_without_a_checkpoint_is_given_up(
    app: Any, client: httpx.AsyncClient, job: str
) -> None:
    """Unless it was to go on without: the job runs on."""
    asked = await _act(client, "checkpoint-cancel", checkpoint_wait_seconds=0)
    replacement = asked.json()["replacement"]
    await until_async(lambda: not app.state.replacer.get(replacement).is_active)
    assert "failed" == app.state.replacer.get(replacement).state
    assert "RUNNING" == _state(app, job)[0]


async def test_what_got_no_answer_is_not_done_twice(app: Any, client: httpx.AsyncClient, job: str) -> None:
    """The same key says that nobody knows; the scheduler is not asked again."""
    asked = []

    def lost(job_id: str) -> None:
        asked.append(job_id)
        raise SchedulerUnavailableError("no answer")

    app.state.scheduler.cancel = lost
    first, again = await _act(client, "cancel"), await _act(client, "cancel")
    assert (503, 202, "asked") == (first.status_code, again.status_code, again.json()["outcome"])
    assert [job] == asked


async def test_a_refusal_is_kept(app: Any, client: httpx.AsyncClient, job: str) -> None:
    """The same key gives the same refusal."""

    def refuse(job_id: str) -> None:
        raise SchedulerError(f"denied for {job_id}")

    app.state.scheduler.cancel = refuse
    first, again = await _act(client, "cancel"), await _act(client, "cancel")
    assert (409, 409, f"denied for {job}") == (first.status_code, again.status_code, again.json()["detail"])


@pytest.mark.parametrize("action", ACTIONS)
async def test_somebody_elses_job_is_refused_and_audited(
    app: Any, client: httpx.AsyncClient, job: str, action: str
) -> None:
    """The service refuses before the scheduler would hear of it."""
    app.state.scheduler.user, owner = "nobody-else", app.state.scheduler.user
    scheduler = app.state.scheduler
    real = scheduler.detail

    def foreign(job_id: str) -> Any:
        facts = real(job_id)
        object.__setattr__(facts, "user", owner)
        return facts

    scheduler.detail = foreign
    refused = await _act(client, action, time_limit_seconds=60)
    assert 403 == refused.status_code
    entry = app.state.store.audit(1, 0)[0]
    assert (f"job {action}", "refused", "ada") == (entry.action, entry.outcome, entry.user)
    assert "RUNNING" == _state(app, job)[0]


async def test_other_users_and_readers_do_nothing(app: Any, client: httpx.AsyncClient, job: str) -> None:
    """Another user's run is not there; reading is no operating; a key is required."""
    key = {"Idempotency-Key": "k"}
    eve = await client.post("/runs/one/job/cancel", json={}, headers={**_headers(app, "eve"), **key})
    reader = {**_headers(app, "ada", "read"), **key}
    reading = await client.post("/runs/one/job/cancel", json={}, headers=reader)
    keyless = await client.post("/runs/one/job/cancel", json={})
    assert (404, 403, 422) == (eve.status_code, reading.status_code, keyless.status_code)
    assert "RUNNING" == _state(app, job)[0]


@pytest.mark.parametrize("action", ["kill", "cancel;id", "..%2Fcancel", "Cancel", "suspend"])
async def test_only_known_actions_are_taken(client: httpx.AsyncClient, job: str, action: str) -> None:
    """Whatever stands in the path."""
    assert (await _act(client, action)).status_code in {404, 405, 422}
    assert job


async def test_a_run_without_a_job_takes_no_action(
    client: httpx.AsyncClient, app: Any, make_batch: Any
) -> None:
    """There is nothing to act on; nor on one of another cluster, nor on an id that is none."""
    await client.post("/runs/none/records", json=make_batch(10, {"total_steps": 100}))
    assert 404 == (await _act(client, "cancel", run="none")).status_code
    far = make_batch(10, {"total_steps": 100}, job={"cluster": "far", "id": "1"})
    await client.post("/runs/far/records", json=far)
    assert 409 == (await _act(client, "cancel", run="far")).status_code
    for number, odd in enumerate(["null", "1;id", "-u root", "../..", "1,2"]):
        body = make_batch(10, {"total_steps": 100}, job={"cluster": "local", "id": odd})
        await client.post(f"/runs/odd-{number}/records", json=body)
        assert (await _act(client, "cancel", run=f"odd-{number}")).status_code in {404, 409}, odd
    assert app.state.scheduler is not None


async def test_another_job_of_the_same_number_is_left_alone(
    app: Any, client: httpx.AsyncClient, job: str, make_batch: Any
) -> None:
    """A run that began before the job was submitted is not in it: nothing it asks for reaches the job."""
    place = {"cluster": "local", "id": job}
    body = make_batch(10, attempt_started=time.time() - 86_400, job=place)
    assert 200 == (await client.post("/runs/past/records", json=body)).status_code
    for number, action in enumerate(("cancel", "checkpoint-cancel", "requeue")):
        refused = await _act(client, action, f"p{number}", run="past")
        assert (409, True) == (refused.status_code, "same number" in refused.json()["detail"])
    script = {"script": SCRIPT}
    draft = await client.post("/runs/past/relaunch", json=script, headers={"Idempotency-Key": "r"})
    assert 409 == draft.status_code
    assert "RUNNING" == _state(app, job)[0]


async def test_the_job_of_the_run_that_followed_is_left_alone(
    app: Any, client: httpx.AsyncClient, job: str, make_batch: Any
) -> None:
    """Once a run has ended and another goes on in its job, only that one acts on it."""
    await _report(client, make_batch, "next", job)
    ended = make_batch(notes=[("finish", {"reason": "stopped"})])
    assert 200 == (await client.post("/runs/one/records", json=ended)).status_code
    refused = await _act(client, "cancel")
    assert (409, True) == (refused.status_code, "'next'" in refused.json()["detail"])
    assert "RUNNING" == _state(app, job)[0]
    assert 202 == (await _act(client, "cancel", "k2", run="next")).status_code

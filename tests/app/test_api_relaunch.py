"""A relaunch over the API, carried out by the local runner with real processes."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.auth import issue
from app.main import create_app
from app.settings import Settings
from app.slurm.scheduler import Submission
from tests.waiting import PATIENCE_SECONDS, until_async

SCRIPT = "#!/bin/sh\nexec sleep 300\n"


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Any]:
    """Yield an application with the local runner; its jobs are ended afterwards."""
    application = create_app(settings.model_copy(update={"scheduler": "local"}))
    async with application.router.lifespan_context(application):
        yield application
        for job in list(application.state.scheduler.jobs([str(n) for n in range(1, 9)])):
            application.state.scheduler.cancel(job)
        await until_async(lambda: not _active(application), "every job to end")


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with an operator's token."""
    token = issue(app.state.store, "ada", "operate", time.time())
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/api/v1", headers=headers
    ) as client:
        yield client


def _active(app: Any) -> list[str]:
    jobs = app.state.scheduler.jobs([str(n) for n in range(1, 9)])
    return [job.id for job in jobs.values() if job.is_active]


async def _running(app: Any, client: httpx.AsyncClient, work_dir: Path, make_batch: Any) -> str:
    """Start a job that reports as a run, and return the job's id."""
    job: str = app.state.scheduler.submit(Submission(SCRIPT, "cutloss:old", str(work_dir)))
    await until_async(lambda: app.state.scheduler.jobs([job])[job].state == "RUNNING", "the job to start")
    body = make_batch(
        10, {"total_steps": 100}, attempt_started=time.time(), job={"cluster": "local", "id": job}
    )
    assert 200 == (await client.post("/runs/one/records", json=body)).status_code
    return job


async def _ended(client: httpx.AsyncClient, replacement: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = (await client.get(f"/replacements/{replacement}")).json()
        if not found["is_active"]:
            return found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


async def test_corrected_job_takes_over(
    app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any
) -> None:
    """The corrected job runs in place of the old one; asked twice by one key, it is one replacement."""
    old = await _running(app, client, tmp_path, make_batch)
    order = {"script": SCRIPT.replace("300", "200"), "ask_checkpoint": False}
    key = {"Idempotency-Key": "fix-1"}
    first = await client.post("/runs/one/relaunch", json=order, headers=key)
    again = await client.post("/runs/one/relaunch", json=order, headers=key)
    assert (202, 202, first.json()["id"]) == (first.status_code, again.status_code, again.json()["id"])
    done = await _ended(client, first.json()["id"])
    assert ("done", old) == (done["state"], done["old_id"])
    jobs = app.state.scheduler.jobs([old, done["new_id"]])
    assert ("CANCELLED", "RUNNING") == (jobs[old].state, jobs[done["new_id"]].state)
    run = (await client.get("/runs/one")).json()
    assert ("done", done["id"]) == (run["replacement"]["state"], run["replacement"]["id"])


async def test_only_what_was_confirmed_is_relaunched(
    app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any
) -> None:
    """The check tells the fingerprint of what would run; sent along, it refuses anything else."""
    old = await _running(app, client, tmp_path, make_batch)
    order = {"script": SCRIPT.replace("300", "200"), "ask_checkpoint": False}
    check = (await client.post("/runs/one/relaunch/check", json=order)).json()
    assert (True, old, str(tmp_path)) == (check["passes"], check["job"], check["work_dir"])
    assert ["-exec sleep 300", "+exec sleep 200"] == [line for line in check["difference"] if line[0] != " "]
    assert (10, None) == (check["lost"]["steps"], check["lost"]["since_step"])
    confirmed = {**order, "sha256": check["sha256"]}
    other = {**confirmed, "script": SCRIPT.replace("300", "100")}
    refused = await client.post("/runs/one/relaunch", json=other, headers={"Idempotency-Key": "a"})
    assert 409 == refused.status_code
    assert "confirmed" in refused.json()["detail"]
    started = await client.post("/runs/one/relaunch", json=confirmed, headers={"Idempotency-Key": "b"})
    assert (202, check["sha256"]) == (started.status_code, started.json()["sha256"])
    assert "done" == (await _ended(client, started.json()["id"]))["state"]


@pytest.mark.parametrize("lost", ["forgotten", "another's"])
async def test_a_repeat_is_answered_though_the_job_is_gone(  # noqa: PLR0913, PLR0917 - fixtures
    app: Any,
    client: httpx.AsyncClient,
    tmp_path: Path,
    make_batch: Any,
    monkeypatch: pytest.MonkeyPatch,
    lost: str,
) -> None:
    """The command line checks first, by the same key: it gets the relaunch that was made, and no other."""
    old = await _running(app, client, tmp_path, make_batch)
    order = {"script": SCRIPT.replace("300", "200"), "ask_checkpoint": False}
    key = {"Idempotency-Key": "fix-1"}
    check = await client.post("/runs/one/relaunch/check", json=order, headers=key)
    confirmed = {**order, "sha256": check.json()["sha256"]}
    made = (await client.post("/runs/one/relaunch", json=confirmed, headers=key)).json()
    assert "done" == (await _ended(client, made["id"]))["state"]
    if lost == "forgotten":
        monkeypatch.setattr(app.state.scheduler, "detail", lambda _: None)
    else:
        facts = replace(app.state.scheduler.detail(old), user="eve", work_dir="/elsewhere")
        monkeypatch.setattr(app.state.scheduler, "detail", lambda _: facts)
    again = await client.post("/runs/one/relaunch/check", json=order, headers=key)
    assert (200, check.json()["sha256"], old) == (
        again.status_code, again.json()["sha256"], again.json()["job"],
    )  # fmt: skip
    same = await client.post("/runs/one/relaunch", json=confirmed, headers=key)
    assert (202, made["id"]) == (same.status_code, same.json()["id"])
    other = {**confirmed, "script": SCRIPT}
    refused = await client.post("/runs/one/relaunch", json=other, headers=key)
    assert (409, True) == (refused.status_code, "different relaunch" in refused.json()["detail"])
    fresh = await client.post("/runs/one/relaunch/check", json=order, headers={"Idempotency-Key": "fix-2"})
    assert lost != "forgotten" or fresh.status_code == 404


async def test_a_check_refuses_what_cannot_be_kept(
    app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any
) -> None:
    """A job that runs under no supervisor takes no order; the check says so before anything is asked."""
    await _running(app, client, tmp_path, make_batch)
    check = await client.post("/runs/one/relaunch/check", json={"script": "srun x", "order": "keep"})
    assert (200, False, False) == (
        check.status_code, check.json()["passes"], check.json()["supervised"],
    )  # fmt: skip
    added = {"script": "srun x", "order": "keep", "environment": {"A": "1"}}
    refused = await client.post("/runs/one/relaunch/check", json=added)
    assert (422, "/environment") == (refused.status_code, refused.json()["errors"][0]["pointer"])


async def test_the_environment_is_part_of_what_is_confirmed(
    app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any
) -> None:
    """The check tells what is added to it; another one is not what was confirmed."""
    await _running(app, client, tmp_path, make_batch)
    order = {"script": SCRIPT, "environment": {"LD_LIBRARY_PATH": "/usr/lib"}}
    check = (await client.post("/runs/one/relaunch/check", json=order)).json()
    assert ("handover", order["environment"]) == (check["order"], check["environment"])
    for other in ({"environment": {"LD_PRELOAD": "x.so"}}, {"order": "overlap"}, {"environment": None}):
        sent = {**order, **other, "sha256": check["sha256"]}
        refused = await client.post("/runs/one/relaunch", json=sent, headers={"Idempotency-Key": "a"})
        assert (409, True) == (refused.status_code, "confirmed" in refused.json()["detail"])


async def test_rollback_leaves_the_old_job_alone(
    app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any
) -> None:
    """While the old job's checkpoint is waited for everything can be undone."""
    old = await _running(app, client, tmp_path, make_batch)
    order = {"script": SCRIPT, "checkpoint_wait_seconds": 600}
    asked = await client.post("/runs/one/relaunch", json=order, headers={"Idempotency-Key": "fix-1"})
    replacement = asked.json()["id"]
    await until_async(lambda: app.state.store.commands("one", "pending"), "the checkpoint to be asked for")
    second = await client.post("/runs/one/relaunch", json=order, headers={"Idempotency-Key": "fix-2"})
    undone = await client.post(f"/replacements/{replacement}/rollback")
    assert (409, 202) == (second.status_code, undone.status_code)
    assert "rolled_back" == (await _ended(client, replacement))["state"]
    assert [old] == _active(app)


async def test_other_peoples_replacements_are_not_there(
    app: Any, client: httpx.AsyncClient, tmp_path: Path, make_batch: Any
) -> None:
    """Another user sees no replacement and undoes none."""
    await _running(app, client, tmp_path, make_batch)
    order = {"script": SCRIPT, "checkpoint_wait_seconds": 600}
    asked = await client.post("/runs/one/relaunch", json=order, headers={"Idempotency-Key": "fix-1"})
    path = f"/replacements/{asked.json()['id']}"
    eve = {"Authorization": f"Bearer {issue(app.state.store, 'eve', 'operate', time.time())}"}
    seen, undone = await client.get(path, headers=eve), await client.post(f"{path}/rollback", headers=eve)
    assert (404, 404) == (seen.status_code, undone.status_code)
    await client.post(f"{path}/rollback")
    await _ended(client, asked.json()["id"])

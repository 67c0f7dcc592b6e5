"""Records over HTTP: each once, whole or not at all, by whoever may."""

import asyncio
import gzip
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.auth import issue
from app.records import RecordBatch
from app.store import open_store
from app.store.facts import Command
from tests.waiting import PATIENCE_SECONDS, until

CUTLOSSD = Path(sys.executable).parent / "cutlossd"

RECORDS = "/api/v1/runs/r/records"


def body(first: int = 0, count: int = 3, **kinds: Any) -> dict[str, Any]:
    """Return a batch of consecutive steps."""
    numbers = list(range(first, first + count))
    steps = {"seq": numbers, "step": numbers, "loss": [1.0] * count}
    return {"v": 1, "attempt": "a", "attempt_started": 1.0, "steps": steps, **kinds}


async def test_a_batch_is_acknowledged(service: Any) -> None:
    """The answer names the greatest seq stored, for a batch sent twice as well."""
    for _ in range(2):
        answer = await service.post("/runs/r/records", body())
        assert (200, {"acknowledged_seq": 2, "commands": []}) == (answer.status_code, answer.json())
    assert 3 == service.app.state.store.step_count("r")


async def test_a_heartbeat_before_the_first_record_acknowledges_nothing(service: Any) -> None:
    """No number stands for unknown."""
    answer = await service.post("/runs/r/records", {"v": 1, "attempt": "a", "attempt_started": 1.0})
    assert {"acknowledged_seq": None, "commands": []} == answer.json()


async def test_a_compressed_batch_is_read(service: Any) -> None:
    """Reporters send gzip."""
    headers = {**service.headers("report"), "Content-Encoding": "gzip"}
    content = gzip.compress(json.dumps(body()).encode())
    answer = await service.client.post(RECORDS, headers=headers, content=content)
    assert (200, 2) == (answer.status_code, answer.json()["acknowledged_seq"])


async def test_pending_commands_come_back_until_they_are_answered(service: Any) -> None:
    """The answer to the trainer's own batch carries what is asked of it."""
    store = service.app.state.store
    store.add_command(Command("c1", "r", "set", "validate_every", 100, "ada", 1.0, "pending", None))
    asked = [(await service.post("/runs/r/records", body())).json()["commands"] for _ in range(2)]
    note = {"seq": [9], "kind": ["command"], "data": [{"id": "c1", "status": "done"}]}
    after = await service.post("/runs/r/records", body(notes=note))
    expected = [{"id": "c1", "command": "set", "name": "validate_every", "value": 100}]
    assert ([expected, expected], []) == (asked, after.json()["commands"])


async def test_who_watches_a_run_hears_of_it(service: Any) -> None:
    """Each batch is published under the run's id."""
    watcher = service.app.state.live.subscribe("r")
    task = asyncio.ensure_future(watcher.__anext__())
    await asyncio.sleep(0)
    await service.post("/runs/r/records", body())
    assert "r" == await task
    await watcher.aclose()


@pytest.mark.parametrize(("scope", "status"), [("report", 200), ("operate", 200), ("read", 403)])
async def test_the_scope_of_a_token_decides(service: Any, scope: Any, status: int) -> None:
    """Reporting takes a token that may report."""
    answer = await service.client.post(RECORDS, headers=service.headers(scope), json=body())
    assert status == answer.status_code


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
async def test_a_wrong_token_is_refused(service: Any, headers: dict[str, str]) -> None:
    """Without a valid token nothing is stored."""
    answer = await service.client.post(RECORDS, headers=headers, json=body())
    assert (401, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert service.app.state.store.run("r") is None


async def test_a_run_takes_records_of_its_own_user_only(service: Any) -> None:
    """Another user's token is refused and leaves no trace."""
    await service.post("/runs/r/records", body())
    answer = await service.post("/runs/r/records", body(first=10), user="bob")
    assert (403, 3) == (answer.status_code, service.app.state.store.step_count("r"))


@pytest.mark.parametrize("run", ["a%20b", "%C3%A9", "a%0Ab", "..", "x" * 101])
async def test_a_run_id_that_is_none_is_refused(service: Any, run: str) -> None:
    """Ids are safe in a path."""
    answer = await service.client.post(
        f"/api/v1/runs/{run}/records", headers=service.headers("report"), json=body()
    )
    assert answer.status_code in {404, 422}
    assert [] == service.app.state.store.runs()


@pytest.mark.parametrize(
    ("steps", "pointer", "value", "expected"),
    [
        ('"seq": [1], "step": [NaN]', "/steps/step/0", "nan", "a whole number from 0 to 9007199254740991"),
        ('"seq": [1], "step": [1], "seconds": [-2]', "/steps/seconds/0", -2, "seconds from 0 to 1000000000"),
        ('"seq": [1], "step": [1], "loss": []', "/steps/loss", "0 items", "as many items as in seq: 1"),
        ('"seq": [1], "step": "x"', "/steps/step", "x", "an array"),
        (
            '"seq": [1], "step": [1], "loss": [{}]', "/steps/loss/0", "an object with 0 fields",
            'a finite number, "nan", "inf", "-inf" or null',
        ),
    ],
)  # fmt: skip
async def test_a_refusal_names_field_value_and_expectation(
    service: Any, steps: str, pointer: str, value: object, expected: str
) -> None:
    """A problem document, and nothing stored in part."""
    good = '"validations": {"seq": [5], "step": [1], "started": [1.0]}'
    content = f'{{"v": 1, "attempt": "a", "attempt_started": 1, {good}, "steps": {{{steps}}}}}'
    answer = await service.client.post(RECORDS, headers=service.headers("report"), content=content)
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert [{"pointer": pointer, "value": value, "expected": expected}] == answer.json()["errors"]
    assert service.app.state.store.run("r") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"nonsense"])
async def test_what_is_no_json_is_a_problem(service: Any, content: bytes) -> None:
    """Broken bodies are refused, not failed at."""
    answer = await service.client.post(RECORDS, headers=service.headers("report"), content=content)
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


async def test_a_body_beyond_the_limit_is_refused(service: Any) -> None:
    """100 MB are too large, plain or compressed; nothing is stored."""
    headers, plain = service.headers("report"), b" " * (100 * 2**20)
    packed = gzip.compress(plain, 1)
    answers = [
        await service.client.post(RECORDS, headers=headers, content=plain),
        await service.client.post(RECORDS, headers={**headers, "Content-Encoding": "gzip"}, content=packed),
    ]
    assert [413, 413] == [answer.status_code for answer in answers]
    assert service.app.state.store.run("r") is None


async def test_a_large_batch_is_stored_whole(service: Any) -> None:
    """What a reporter saved up while the service was away comes in one piece."""
    answer = await service.post("/runs/r/records", body(count=100_000))
    assert (200, 99_999) == (answer.status_code, answer.json()["acknowledged_seq"])
    assert 100_000 == service.app.state.store.step_blocks("r").count.sum()


async def test_records_arrive_with_the_time_they_came(service: Any) -> None:
    """When a run was last heard of is the service's own clock."""
    before = time.time()
    await service.post("/runs/r/records", body())
    assert before <= service.app.state.store.run("r").last_record_at <= time.time()


async def test_the_body_is_documented(service: Any) -> None:
    """The OpenAPI document describes a batch without references that lead nowhere."""
    document = service.app.openapi()
    operation = document["paths"]["/api/v1/runs/{run}/records"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert {"v", "attempt", "attempt_started", "steps", "notes"} <= schema["properties"].keys()
    assert "$ref" not in json.dumps(schema)


def running(state: Path) -> subprocess.Popen[str]:
    """Start a service of its own process."""
    command = [CUTLOSSD, "serve", "--port", "0", "--state", state, "--scheduler", "none"]
    environment = {
        **os.environ,
        "CUTLOSSD_CREDENTIALS": str(state / "credentials.json"),
        "CUTLOSSD_SPOOL": str(state / "spool"),
    }
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def report_until_killed(address: str, token: str, acknowledged: list[int]) -> None:
    """Post batches one after the other, noting the seq each answer acknowledges, until no answer comes."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=PATIENCE_SECONDS) as client:
        for first in itertools.count(0, 100):
            try:
                answer = client.post(RECORDS, json=body(first, 100))
            except httpx.HTTPError:
                return
            acknowledged.append(answer.json()["acknowledged_seq"])


def test_a_killed_service_has_every_acknowledged_record(tmp_path: Path) -> None:
    """Kill -9 in mid-ingest: started again, everything that was acknowledged is there, batch by batch."""
    state, acknowledged = tmp_path / "state", []
    state.mkdir(0o700)
    store = open_store(state / "cutloss.sqlite3")
    token = issue(store, "ada", "report", 1.0)
    store.close()
    with running(state) as service:
        assert service.stdout is not None
        address = next(line for line in service.stdout if "http://" in line).split()[-1].split("/?")[0]
        reporter = threading.Thread(target=report_until_killed, args=(address, token, acknowledged))
        reporter.start()
        try:
            until(lambda: len(acknowledged) >= 10 or not reporter.is_alive(), "ten answers")
        finally:
            service.kill()
            reporter.join()
    assert len(acknowledged) >= 10
    store = open_store(state / "cutloss.sqlite3")
    stored, blocks = store.recent_steps("r", 10**6).step.tolist(), store.step_blocks("r", 1)
    store.close()
    assert list(range(len(stored))) == stored
    assert (0, len(stored)) == (len(stored) % 100, blocks.count[0])
    assert acknowledged[-1] <= stored[-1]


@pytest.mark.parametrize("run", ["-sweep.3", ".hidden"])
async def test_a_run_of_an_older_id_goes_on(service: Any, make_batch: Any, run: str) -> None:
    """Such an id is refused of a new run; a run that has one is read and may go on."""
    refused = await service.post(f"/runs/{run}/records", make_batch(steps=2))
    assert (422, "/path/run") == (refused.status_code, refused.json()["errors"][0]["pointer"])
    service.app.state.store.add("ada", run, RecordBatch.model_validate(make_batch(steps=2)), 1.0)
    taken = await service.post(f"/runs/{run}/records", make_batch(steps=3))
    assert (200, 200) == (taken.status_code, (await service.get(f"/runs/{run}")).status_code)

"""Alerts over the API: choices, channels that show no secret, and a run whose end is told."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.alerts.desk import MOST_CHANNELS
from app.alerts.trials import CUT_OFF
from app.schemas.alerts import AlertSettings
from app.settings import Settings
from tests.app.receivers import Webhook, webhook

SECRET = "s3cretvalue"
PATIENCE_SECONDS = 60.0
Service = Any


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Look at runs, and for what alerts tell of, often."""
    return settings.model_copy(update={"alert_seconds": 0.1, "sweep_seconds": 0.2})


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Yield a webhook."""
    with webhook() as listening:
        yield listening


async def put(service: Service, path: str, body: Any, user: str = "ada") -> Any:
    """Send JSON with PUT."""
    return await service.client.put(f"/api/v1{path}", headers=service.headers("operate", user), json=body)


async def add(service: Service, hook: Webhook, user: str = "ada") -> Any:
    """Add a channel that leads to a webhook."""
    url = f"json://{user}:{SECRET}@127.0.0.1:{hook.port}/{SECRET}"
    return await service.post("/alerts/channels", {"name": "phone", "url": url}, user)


async def test_choices_are_kept(service: Service) -> None:
    """What was chosen is answered; what is absent is the default; each person has their own."""
    assert AlertSettings().model_dump() == {
        name: value
        for name, value in (await service.get("/alerts/settings")).json().items()
        if name not in {"channels", "muted_runs", "may_change_channels"}
    }
    chosen = {"runs": "topo*", "language": "fr", "quiet": {"start": "23:00", "end": "06:30"}}
    assert 204 == (await put(service, "/alerts/settings", chosen)).status_code
    told = (await service.get("/alerts/settings")).json()
    assert ("topo*", "fr", 10.0) == (told["runs"], told["language"], told["silence_factor"])
    assert {"start": "23:00", "end": "06:30", "alarms_pass": True} == told["quiet"]
    assert "" == (await service.get("/alerts/settings", "eve")).json()["runs"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"silence_factor": 1}, "/silence_factor"),
        ({"language": "de"}, "/language"),
        ({"time_zone": "Europe/Nowhere"}, "/time_zone"),
        ({"quiet": {"start": "25:00"}}, "/quiet/start"),
        ({"quiet": {"start": "07:00"}}, "/quiet/end"),
        ({"rules": {"nap": True}}, "/rules/nap"),
    ],
)
async def test_wrong_choices_are_named(service: Service, body: Any, pointer: str) -> None:
    """A refusal names the field."""
    answer = await put(service, "/alerts/settings", body)
    assert (422, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"])


async def test_no_answer_holds_an_address(service: Service, hook: Webhook) -> None:
    """A channel is shown by its kind and host, in its own answer, in the list and in the audit log."""
    answer = await add(service, hook)
    assert 201 == answer.status_code
    shown = {name: answer.json()[name] for name in ("name", "kind", "shown", "tested")}
    assert {"name": "phone", "kind": "JSON", "shown": f"127.0.0.1:{hook.port}", "tested": None} == shown
    told = [answer.text, (await service.get("/alerts/settings")).text, (await service.get("/audit")).text]
    assert "phone" in told[2]
    assert not any(SECRET in text for text in told)


@pytest.mark.parametrize(
    "url", [f"gopher://{SECRET}", SECRET, f"syslog://{SECRET}", f"json://h/{SECRET}" + 2_000 * "x", [SECRET]]
)
async def test_a_refused_address_is_not_repeated(service: Service, url: Any) -> None:
    """What is no channel is refused, in the answer and the log without what was typed."""
    answer = await service.post("/alerts/channels", {"name": "x", "url": url})
    assert (422, "/url") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert SECRET not in answer.text + (await service.get("/audit")).text


async def test_only_who_runs_the_service_may_have_it_send(service: Service, hook: Webhook) -> None:
    """Another person may choose and read, not name an address; reading needs no more than a read token."""
    assert 403 == (await add(service, hook, "eve")).status_code
    assert not (await service.get("/alerts/settings", "eve")).json()["may_change_channels"]
    assert 204 == (await put(service, "/alerts/settings", {}, "eve")).status_code
    answer = await service.client.put(
        "/api/v1/alerts/settings", headers=service.headers("read"), json={"runs": "x"}
    )
    assert 403 == answer.status_code


async def test_a_channel_is_its_owners(service: Service, hook: Webhook) -> None:
    """Nobody else can test or remove a channel, or see that it is there."""
    path = f"/alerts/channels/{(await add(service, hook)).json()['id']}"
    assert 404 == (await service.post(f"{path}/test", None, "eve")).status_code
    headers = service.headers("operate", "eve")
    assert 404 == (await service.client.delete(f"/api/v1{path}", headers=headers)).status_code
    headers = service.headers("operate")
    assert 204 == (await service.client.delete(f"/api/v1{path}", headers=headers)).status_code
    assert 404 == (await service.post(f"{path}/test", None)).status_code


async def test_the_number_of_channels_is_bounded(service: Service, hook: Webhook) -> None:
    """There are so many channels and no more."""
    for _ in range(MOST_CHANNELS):
        assert 201 == (await add(service, hook)).status_code
    assert 409 == (await add(service, hook)).status_code


async def test_a_test_tells_what_really_happened(service: Service, hook: Webhook) -> None:
    """A test is sent and answered at once; what the other side said is kept with the channel."""
    path = f"/alerts/channels/{(await add(service, hook)).json()['id']}/test"
    taken = (await service.post(path, None)).json()["tested"]
    assert (True, None, "cutloss") == (taken["ok"], taken["error"], hook.bodies[0]["title"])
    hook.status = 404
    refused = (await service.post(path, None)).json()["tested"]
    assert (False, True) == (refused["ok"], "404" in refused["error"])
    (kept,) = (await service.get("/alerts/settings")).json()["channels"]
    assert refused == kept["tested"]


async def test_a_test_does_not_hold_the_end(service: Service) -> None:
    """A service that stops waits for no channel; whoever waits for the test is told so at once."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        slow.settimeout(PATIENCE_SECONDS)
        url = f"json://127.0.0.1:{slow.getsockname()[1]}/"
        added = await service.post("/alerts/channels", {"name": "slow", "url": url})
        asked = asyncio.create_task(service.post(f"/alerts/channels/{added.json()['id']}/test", None))
        connection, _ = await asyncio.to_thread(slow.accept)
        service.app.state.alerts.close()
        tested = (await asyncio.wait_for(asked, PATIENCE_SECONDS)).json()["tested"]
        (thread,) = [one for one in threading.enumerate() if one.name == "alerts-test"]
        assert (False, CUT_OFF, True) == (tested["ok"], tested["error"], thread.daemon)
        connection.close()
    await asyncio.to_thread(thread.join, PATIENCE_SECONDS)


async def _told(service: Service, count: int) -> list[dict[str, Any]]:
    """Wait until so many alerts have been sent, and return them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        alerts = (await service.get("/alerts")).json()["alerts"]
        if count == len([1 for one in alerts for sent in one["deliveries"] if sent["state"] == "sent"]):
            return list(alerts)
        assert time.monotonic() < deadline, alerts
        await asyncio.sleep(0.05)


async def test_a_runs_end_is_told(service: Service, hook: Webhook) -> None:
    """A run that fails is told of on the webhook, in the list, once, and counted; a muted one is not."""
    await add(service, hook)
    await service.report("quiet", steps=5, plan={"total_steps": 9})
    assert 204 == (await put(service, "/runs/quiet/muted", {"muted": True})).status_code
    for run in ("quiet", "one"):
        await service.report(
            run, steps=5, plan={"name": run, "total_steps": 9}, notes=[("finish", {"reason": "failed"})]
        )
    (alert,) = await _told(service, 1)
    assert ("one", "ended", True, "one: failed") == tuple(
        alert[name] for name in ("run", "rule", "is_alarm", "title")
    )
    assert ["one: failed"] == [body["title"] for body in hook.bodies]
    assert ["quiet"] == (await service.get("/alerts/settings")).json()["muted_runs"]
    metrics = (await service.client.get("/metrics", headers=service.headers("read"))).text
    assert 'cutloss_alerts_sent_total{rule="ended"} 1.0' in metrics
    assert [] == (await service.get("/alerts", "eve")).json()["alerts"]
    assert 404 == (await put(service, "/runs/one/muted", {"muted": True}, "eve")).status_code


async def test_a_loss_that_breaks_is_told(service: Service, hook: Webhook) -> None:
    """A live run whose losses turn NaN is told of as soon as it was looked at."""
    await add(service, hook)
    now = time.time()
    losses = [2.0] * 30 + ["nan"] * 5
    columns = {
        "seq": list(range(35)), "step": list(range(1, 36)), "ended": [now - 35 + n for n in range(35)],
        "seconds": [1.0] * 35, "loss": losses, "lr": [None] * 35,
    }  # fmt: skip
    await service.report("nan", plan={"name": "nan", "total_steps": 99}, columns=columns)
    await service.get("/runs/nan")
    (alert,) = await _told(service, 1)
    assert ("loss_broken", "Every loss since step 31 is NaN or infinite.") == (alert["rule"], alert["text"])

"""The page of alerts: choices, channels with their real test, what was told, and the bell of a run."""

import asyncio
import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from app.auth import issue
from app.settings import Settings
from tests.app.receivers import Webhook, webhook

LOGIN = "/?token=login-token-of-the-tests"
SECRET = "s3cretvalue"
PATIENCE_SECONDS = 60.0
CHOSEN = {
    "rule_verdict": "on", "rule_ended": "on", "silence_factor": "7,5", "slower_percent": "40",
    "limit_probability": "25", "messages_per_hour": "6", "runs": "topo*", "language": "fr",
    "time_zone": "Europe/Paris", "quiet": "on", "start": "23:15", "end": "06:45",
}  # fmt: skip
Service = Any
Visitor = Any


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Look at runs, and for what alerts tell of, often."""
    return settings.model_copy(update={"alert_seconds": 0.1, "sweep_seconds": 0.2})


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Yield a webhook."""
    with webhook() as listening:
        yield listening


@pytest.fixture
async def visitor(service: Service) -> Visitor:
    """Return a browser that is signed in."""
    assert 200 == (await service.client.get(LOGIN, follow_redirects=True)).status_code
    return service.client


def words_of(answer: Any) -> str:
    """Return a page's text, without markup and with ordinary spaces."""
    body = re.sub(r"<(script|svg)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    text = unescape(re.sub(r"<[^>]+>", " ", body))
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


async def send(visitor: Visitor, path: str, **fields: str) -> Any:
    """Send a form as the page's own would, and follow where it leads."""
    page = (await visitor.get("/alerts")).text
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return await visitor.post(path, data={"csrf_token": found.group(1), **fields}, follow_redirects=True)


async def add(visitor: Visitor, hook: Webhook) -> str:
    """Add a channel that leads to a webhook, and return its id."""
    url = f"json://ada:{SECRET}@127.0.0.1:{hook.port}/{SECRET}"
    answer = await send(visitor, "/alerts/channels", name="team chat", url=url)
    found = re.search(r'id="channel-([0-9a-f]{12})"', answer.text)
    assert found, answer.text
    return found.group(1)


async def test_before_anything_was_chosen(visitor: Visitor) -> None:
    """Without a channel and without news the page says how to hear of something."""
    told = words_of(await visitor.get("/alerts"))
    for text in ("Alerts reach you on this page only", "No channel yet.", "Nothing yet.", "Quiet hours"):
        assert text in told


async def test_choices_are_kept_and_shown(service: Service, visitor: Visitor) -> None:
    """What was chosen in the form, numbers as either language writes them, is what the rules go by."""
    assert 200 == (await send(visitor, "/alerts", **CHOSEN)).status_code
    kept = service.app.state.alerts.settings("ada")
    assert (7.5, 40.0, 0.25, 6, "topo*", "fr", "Europe/Paris") == (
        kept.silence_factor, kept.slower_percent, kept.limit_probability, kept.messages_per_hour,
        kept.runs, kept.language, kept.time_zone,
    )  # fmt: skip
    assert {"start": "23:15", "end": "06:45", "alarms_pass": False} == kept.quiet.model_dump()
    on = [name for name, is_on in kept.rules.model_dump().items() if is_on]
    assert ["verdict", "ended"] == on
    page = (await visitor.get("/alerts")).text
    assert 'value="7.5"' in page
    assert re.search(r'name="rule_ended" checked', page)
    assert not re.search(r'name="rule_silence" checked', page)


async def test_a_first_channel_speaks_the_readers_language(
    service: Service, visitor: Visitor, hook: Webhook
) -> None:
    """Who reads French in Paris and adds a channel is told in French, in the time of Paris."""
    visitor.cookies.set("cutloss_zone", "Europe%2FParis", path="/")
    visitor.cookies.set("cutloss_language", "fr", path="/")
    await add(visitor, hook)
    kept = service.app.state.alerts.settings("ada")
    assert ("fr", "Europe/Paris") == (kept.language, kept.time_zone)


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("silence_factor", "1", "A number from 2 to 10,000."),
        ("silence_factor", "nonsense", "A number from 2 to 10,000."),
        ("slower_percent", "nan", "A number from 5 to 1,000."),
        ("limit_probability", "101", "A number from 0 to 100."),
        ("messages_per_hour", "0", "A number from 1 to 1,000."),
        ("time_zone", "Mars/Olympus", "No such time zone"),
        ("end", "23:15", "Two different times"),
    ],
)
async def test_what_cannot_be_chosen_is_said_beside_it(
    service: Service, visitor: Visitor, field: str, typed: str, told: str
) -> None:
    """A wrong field is named and shown as typed; nothing of the form is kept."""
    answer = await send(visitor, "/alerts", **{**CHOSEN, field: typed})
    assert 422 == answer.status_code
    assert told in words_of(answer)
    assert f'value="{typed}"' in answer.text
    assert "" == service.app.state.alerts.settings("ada").runs


async def test_a_channel_is_added_tested_and_removed(visitor: Visitor, hook: Webhook) -> None:
    """A test shows what the other side really said; no page ever holds the address."""
    id_ = await add(visitor, hook)
    taken = await send(visitor, f"/alerts/channels/{id_}/test")
    assert re.search(r"Test at \d\d:\d\d:\d\d: taken, in [\d.]+ m?s\.", words_of(taken))
    assert 1 == len(hook.bodies)
    hook.status = 403
    refused = await send(visitor, f"/alerts/channels/{id_}/test")
    assert "not taken." in words_of(refused)
    assert "403" in words_of(refused)
    assert "FAILING" in words_of(refused)
    gone = await send(visitor, f"/alerts/channels/{id_}/remove")
    assert "No channel yet." in words_of(gone)
    log = await visitor.get("/actions")
    assert "Alert channel tested" in words_of(log)
    assert not any(SECRET in page.text for page in (taken, refused, gone, log))


async def test_an_address_that_is_none_is_not_shown_again(visitor: Visitor) -> None:
    """A refused address is not written back into the page; the name is."""
    answer = await send(visitor, "/alerts/channels", name="my pager", url=f"gopher://{SECRET}")
    assert 422 == answer.status_code
    assert "This is no address of a channel" in words_of(answer)
    assert ("my pager" in answer.text, SECRET in answer.text) == (True, False)


async def test_forms_need_their_token_and_a_session_that_may_act(service: Service, visitor: Visitor) -> None:
    """Without the form's own token, or in a session that only reads, nothing is changed."""
    assert 403 == (await visitor.post("/alerts", data=CHOSEN)).status_code
    read = issue(service.app.state.store, "ada", "read", time.time())
    visitor.cookies.clear()
    page = await visitor.get(f"/?token={read}", follow_redirects=True)
    assert 200 == page.status_code
    told = (await visitor.get("/alerts")).text
    assert ("Keep these choices" in told, 'id="channel-url"' in told) == (False, False)


async def test_another_persons_session_names_no_address(service: Service, visitor: Visitor) -> None:
    """Who does not run the service is told so, and has no form for a channel."""
    token = issue(service.app.state.store, "eve", "operate", time.time())
    visitor.cookies.clear()
    await visitor.get(f"/?token={token}", follow_redirects=True)
    page = await visitor.get("/alerts")
    assert "Channels can be added by whoever runs this service" in words_of(page)
    assert 'id="channel-url"' not in page.text
    answer = await send(visitor, "/alerts/channels", name="x", url="json://127.0.0.1/")
    assert 403 == answer.status_code


async def told_page(visitor: Visitor, text: str) -> str:
    """Wait until the page holds a text, and return all of its text."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while text not in (told := words_of(await visitor.get("/alerts"))):
        assert time.monotonic() < deadline, told
        await asyncio.sleep(0.05)
    return told


async def test_what_was_told_is_shown_with_its_deliveries(
    service: Service, visitor: Visitor, hook: Webhook
) -> None:
    """An alert stands on the page with when it was sent, in the reader's language."""
    await add(visitor, hook)
    await service.report("one", steps=5, plan={"name": "topo"}, notes=[("finish", {"reason": "failed"})])
    told = await told_page(visitor, "team chat: sent")
    assert "topo : failed" in told.replace("topo:", "topo :")
    assert "Alerts go to 1 channel" in told
    french = words_of(await visitor.get("/alerts", headers={"Accept-Language": "fr"}))
    assert "échoué" in french
    assert "team chat : envoyée" in french


async def test_a_failing_channel_is_the_headline(service: Service, visitor: Visitor, hook: Webhook) -> None:
    """A channel that did not take the last alert is named first, with when it is tried again."""
    await add(visitor, hook)
    hook.status = 500
    await service.report("one", steps=5, plan={"name": "topo"}, notes=[("finish", {"reason": "failed"})])
    told = await told_page(visitor, "team chat: not taken, again at")
    assert "team chat does not take alerts" in told
    assert "error=500" in told


async def test_the_bell_of_a_run(service: Service, visitor: Visitor) -> None:
    """A run's page mutes it and takes that back, and so does the page of alerts."""
    await service.report("one", steps=5, plan={"total_steps": 9})
    assert "Mute alerts" in words_of(await visitor.get("/runs/one"))
    muted = await send(visitor, "/runs/one/mute", muted="yes")
    assert ("/runs/one", True) == (muted.url.path, "Alerts are off: turn on" in words_of(muted))
    assert "Tell me again" in words_of(await visitor.get("/alerts"))
    back = await send(visitor, "/runs/one/mute", muted="no", back="alerts")
    assert ("/alerts", False) == (back.url.path, "Tell me again" in words_of(back))
    assert 404 == (await send(visitor, "/runs/nobody/mute", muted="yes")).status_code

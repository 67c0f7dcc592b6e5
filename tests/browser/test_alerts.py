"""The page of alerts in a real browser: notifications of a background tab, and the page that fills itself."""

import getpass
import json
import time
from collections.abc import Iterator

import pytest
from chromium import PATIENCE_MILLISECONDS
from playwright.sync_api import Browser, BrowserContext, Page
from served import Service, served

from app.records import read_batch
from app.store import Store, open_store
from tests.app.receivers import Webhook, webhook

# A headless browser has no screen to notify on: what would be shown is kept instead.
RECORDER = """
window.shown = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { return (Notification.permission = window.wanted || "granted"); }
  constructor(title, options) { super(); window.shown.push({title, ...options}); }
  close() {}
};
"""
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yield a service that looks for alerts often."""
    settings = {"CUTLOSSD_ALERT_SECONDS": "0.1", "CUTLOSSD_SWEEP_SECONDS": "0.5"}
    with served(tmp_path_factory.mktemp("alerts"), "--scheduler=none", **settings) as running:
        yield running


@pytest.fixture
def store(service: Service) -> Iterator[Store]:
    """Yield a second hand on the service's store."""
    opened = open_store(service.folder / "cutloss.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def context(browser: Browser, service: Service) -> Iterator[BrowserContext]:
    """Yield a signed-in browser that keeps what it would notify of."""
    made = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 1000})
    made.add_init_script(RECORDER)
    page = made.new_page()
    page.goto(service.link)
    page.close()
    yield made
    made.close()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Yield a webhook."""
    with webhook() as listening:
        yield listening


def fail(store: Store, run: str) -> None:
    """Report a run that failed."""
    now = time.time()
    body = {
        "v": 1, "attempt": "a", "attempt_started": now - 60,
        "steps": {"seq": [1], "step": [1], "ended": [now], "seconds": [1.0], "loss": [1.0]},
        "notes": {
            "seq": [2, 3], "kind": ["plan", "finish"],
            "data": [{"name": run, "total_steps": 9}, {"reason": "failed"}],
        },
    }  # fmt: skip
    store.add(getpass.getuser(), run, read_batch(json.dumps(body).encode()), now)


def titles(page: Page) -> list[str]:
    """Return the titles of what was notified."""
    return [str(one) for one in page.evaluate("window.shown.map(one => one.title)")]


def turn_on(page: Page, service: Service) -> None:
    """Have the browser notify, from the page of alerts."""
    page.goto(service.url + "/alerts")
    page.get_by_role("button", name="Notify me in this browser").click()
    page.get_by_text("On: while a page of runs or alerts is open").wait_for()


def test_permission_is_asked_at_a_click_only(context: BrowserContext, service: Service) -> None:
    """A page that opens asks nothing; a click does, shows what alerts look like, and another stops it."""
    page = context.new_page()
    page.goto(service.url + "/alerts")
    assert ("default", []) == (page.evaluate("Notification.permission"), titles(page))
    turn_on(page, service)
    assert ["cutloss"] == titles(page)
    page.get_by_role("button", name="Stop notifying me here").click()
    page.get_by_text("Off. While a page").wait_for()


def test_a_refusal_is_said(context: BrowserContext, service: Service) -> None:
    """Who says no to the browser reads how to take that back."""
    page = context.new_page()
    page.goto(service.url + "/alerts")
    page.evaluate("window.wanted = 'denied'")
    page.get_by_role("button", name="Notify me in this browser").click()
    page.get_by_text("This browser was told not to show notifications").wait_for()
    page.locator("#notify-switch").wait_for(state="hidden")


def test_a_tab_in_the_background_notifies_once(
    context: BrowserContext, service: Service, store: Store
) -> None:
    """The list of runs notifies though another tab is in front; of two tabs that hear of it, one."""
    alerts = context.new_page()
    turn_on(alerts, service)
    runs = context.new_page()
    runs.goto(service.url + "/")
    runs.evaluate("Notification.permission = 'granted'")
    front = context.new_page()
    front.goto(service.url + "/plan")
    front.bring_to_front()
    for page in (alerts, runs):
        page.wait_for_function("document.body.dataset.live !== undefined")
    fail(store, "first")
    alerts.get_by_text("first").first.wait_for()
    waited = "() => window.shown.some(one => one.title === 'first: failed')"
    deadline = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not (alerts.evaluate(waited) or runs.evaluate(waited)):
        assert time.monotonic() < deadline, (titles(alerts), titles(runs))
        alerts.wait_for_timeout(50)
    runs.wait_for_timeout(2_000)  # so long the other tab may take to hear of it
    assert 1 == [*titles(alerts), *titles(runs)].count("first: failed")
    assert [] == titles(front)


def test_the_page_fills_itself_and_shows_real_tests(
    context: BrowserContext, service: Service, store: Store, hook: Webhook
) -> None:
    """A channel is added, tested and takes an alert, which appears without a reload; nothing complains."""
    page, complaints = context.new_page(), []
    page.on("console", lambda one: complaints.append(one.text) if one.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(service.url + "/alerts")
    page.get_by_label("Name", exact=True).fill("team chat")
    page.get_by_label("Address").fill(f"json://127.0.0.1:{hook.port}/s3cretvalue")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Send a test to team chat").click()
    page.get_by_text("taken, in").wait_for()
    fail(store, "second")
    page.get_by_text("team chat: sent").first.wait_for()
    assert ["cutloss", "second: failed"] == [body["title"] for body in hook.bodies]
    assert "s3cretvalue" not in page.content()
    assert [] == complaints

"""An open page whose service goes away, and comes back: it says so, and shows what has happened since."""

import getpass
import json
import time
from pathlib import Path

import pytest
from conftest import watch
from playwright.sync_api import Browser, Page, expect
from served import Service, served

from app.records import read_batch
from app.store import open_store

pytestmark = pytest.mark.browser


def report(folder: Path, last: int, first: int = 1) -> None:
    """Store a stretch of a run's steps."""
    now, count = time.time(), last - first + 1
    body = {
        "v": 1, "attempt": "a", "attempt_started": now - 600,
        "steps": {
            "seq": list(range(first, last + 1)), "step": list(range(first, last + 1)),
            "ended": [now - last + step for step in range(first, last + 1)],
            "seconds": [1.0] * count, "loss": [1.0] * count,
        },
        "notes": {"seq": [10_000 + last], "kind": ["plan"], "data": [{"name": "one", "total_steps": 900}]},
    }  # fmt: skip
    store = open_store(folder / "cutloss.sqlite3")
    store.add(getpass.getuser(), "one", read_batch(json.dumps(body).encode()), now)
    store.close()


def port_of(service: Service) -> str:
    """Return where a service listens."""
    return service.url.rpartition(":")[2]


def lose(pages: list[Page]) -> None:
    """See every page say that nobody answers."""
    for page in pages:
        expect(page.locator("#live [role=status]")).to_have_text("Connection lost", use_inner_text=True)


def test_a_page_says_when_it_is_not_current_and_becomes_so_again(browser: Browser, tmp_path: Path) -> None:
    """In words, on every page that is kept up to date; the steps reported meanwhile show without a reload."""
    report(tmp_path, last=40)
    context = browser.new_context(locale="en-GB", timezone_id="UTC", viewport={"width": 1440, "height": 900})
    with served(tmp_path, "--scheduler=none") as service:
        runs, run, alerts = (context.new_page() for _ in range(3))
        for page, path in ((runs, ""), (run, "/runs/one"), (alerts, "/alerts")):
            page.goto(service.link)
            page.goto(service.url + path)
            expect(page.locator("#live [role=status]")).to_have_text("Live", use_inner_text=True)
            page.evaluate("window.wasNotReloaded = true")
    lose([runs, run, alerts])
    report(tmp_path, last=70, first=41)
    with served(tmp_path, "--scheduler=none", f"--port={port_of(service)}"):
        expect(run.locator("#step-now")).to_have_text("step 70 of 900")
        for page in (runs, run, alerts):
            expect(page.locator("#live [role=status]")).to_have_text("Live", use_inner_text=True)
            assert page.evaluate("window.wasNotReloaded")
        context.close()


def test_a_stream_that_was_refused_is_asked_for_again(browser: Browser, demo: Service) -> None:
    """A proxy whose service is away answers with an error, after which browsers of themselves ask no more."""
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(demo.link)
    page.route("**/live?*", lambda route: route.fulfill(status=502))
    page.goto(f"{demo.url}/runs/topoflow")
    lose([page])
    page.unroute_all()
    expect(page.locator("#live.lost-touch")).to_have_count(0)
    page.context.close()


def test_nothing_that_only_counts_seconds_is_read_out(browser: Browser, demo: Service) -> None:
    """What announces itself to a screen reader holds no age: that changes each second."""
    page = browser.new_context(locale="en-GB").new_page()
    watched = watch(page)
    page.goto(demo.link)
    for path in ("/", "/runs/topoflow", "/alerts", "/actions"):
        page.goto(demo.url + path)
        assert 0 == page.locator(":is([role=status], [role=alert], [aria-live]) [data-at]").count(), path
    assert [] == watched.complaints
    page.context.close()

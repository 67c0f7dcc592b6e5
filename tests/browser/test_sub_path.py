"""The pages under a sub-path, as behind nginx or Open OnDemand, with scripts and without."""

from collections.abc import Iterator
from getpass import getuser
from time import time

import pytest
from conftest import watch
from demo_runs import RUNS, fill
from playwright.sync_api import Browser, Page, expect
from served import Service, served

from app.store import open_store

BASE = "/rnode/login1/8765"
PAGES = (
    "/", "/?verdict=needs_you", "/runs/topoflow", "/runs/topoflow/report", "/runs/topoflow/relaunch", "/plan",
    "/plan/report", "/actions", "/alerts", "/calibration", "/fixes", "/logs", "/nowhere",
)  # fmt: skip
LEADS_OUT = """base => [...document.querySelectorAll('[href], [src], form, [formaction]')]
    .map(one => one.getAttribute('href') ?? one.getAttribute('src') ?? one.getAttribute('formaction')
        ?? one.getAttribute('action'))
    .filter(to => to && to.startsWith('/') && !to.startsWith(base + '/'))"""
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def beneath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service that lives under a sub-path, as its proxy keeps it."""
    folder = tmp_path_factory.mktemp("beneath")
    store = open_store(folder / "cutloss.sqlite3")
    fill(store, getuser(), time(), RUNS[:2])
    store.close()
    with served(folder, "--scheduler=none", CUTLOSSD_BASE_PATH=BASE) as service:
        yield service


def root_of(service: Service) -> str:
    """Return the address of the front page under the sub-path."""
    return service.url.removesuffix(BASE) + BASE


def sign_in(page: Page, service: Service) -> None:
    """Follow the printed link."""
    page.goto(f"{root_of(service)}/?{service.link.partition('?')[2]}")


def test_no_page_leaves_the_sub_path(browser: Browser, beneath: Service) -> None:
    """Every link, form, script, style, stream and question of every page stays beneath it, on this host."""
    page = browser.new_context(locale="en-GB").new_page()
    watched = watch(page)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    sign_in(page, beneath)
    out = {}
    for path in PAGES:
        page.goto(root_of(beneath) + path)
        if page.locator("#loss-chart").count():
            page.locator("#loss-chart[data-ready]").wait_for()
        found = page.evaluate(LEADS_OUT, BASE)
        if found:
            out[path] = found
    page.context.close()
    assert {} == out
    assert [] == [url for url in asked if not url.startswith(root_of(beneath))]
    assert {"127.0.0.1"} == watched.hosts


def test_without_scripts_every_page_says_what_it_has_to(browser: Browser, beneath: Service) -> None:
    """Numbers, verdict, filters and forms need no JavaScript, under a sub-path either."""
    page = browser.new_context(locale="en-GB", java_script_enabled=False).new_page()
    sign_in(page, beneath)
    expect(page.locator("#runs .badge").first).to_be_visible()
    page.locator("#sort").select_option("name")
    page.get_by_role("button", name="Show", exact=True).click()
    assert f"{BASE}/?" in page.url
    page.get_by_role("link", name="topoflow", exact=True).click()
    expect(page.locator("#answer h1")).to_be_visible()
    expect(page.locator("#numbers")).to_contain_text("Train loss")
    expect(page.locator("#chart-tools")).to_be_hidden()
    for path in ("/actions", "/alerts", "/plan", "/calibration", "/runs/topoflow/report"):
        page.goto(root_of(beneath) + path)
        expect(page.locator("h1").first).to_be_visible()
    page.context.close()


def test_the_session_is_kept_beneath_the_sub_path(browser: Browser, beneath: Service) -> None:
    """The session's cookie goes to this service alone: another one on the host never sees it."""
    context = browser.new_context(locale="en-GB")
    sign_in(context.new_page(), beneath)
    assert {BASE + "/"} == {cookie["path"] for cookie in context.cookies()}
    context.close()

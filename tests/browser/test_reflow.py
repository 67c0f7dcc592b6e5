"""The pages where a reader changes how they are shown: zoomed, spaced out, in colours of the system."""

import getpass
import time
from collections.abc import Iterator

import pytest
from chromium import PATIENCE_MILLISECONDS
from conftest import signed_in
from demo_runs import RUNS, fill
from playwright.sync_api import Browser
from served import Service, served

from app.replacement import Replacement, State
from app.store import open_store

PAGES = (
    "/", "/runs/topoflow", "/runs/gnn-mesh-b", "/runs/ocean-unet-xl", "/runs/vit-seg-lr3e4", "/plan",
    "/alerts", "/actions", "/runs/topoflow/report", "/calibration", "/fixes", "/logs", "/nowhere",
)  # fmt: skip
SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important; } p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""
"""WCAG 2.2, 1.4.12."""
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
STAGES: tuple[State, ...] = ("submitting", "submitted", "checked")
pytestmark = pytest.mark.browser


def window(width: int) -> dict[str, int]:
    """Return a window as low as one of 1280 × 1024 is at 400 %."""
    return {"width": width, "height": 256}


@pytest.mark.parametrize(("width", "is_spaced"), [(320, False), (390, True)])
@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
def test_nothing_scrolls_sideways(
    browser: Browser, demo: Service, width: int, is_spaced: bool, language: str
) -> None:
    """Neither at 400 % of a window of 1280 × 1024 nor with the widest spacing of text, all of it opened."""
    page = signed_in(browser, demo, viewport=window(width), locale=language)
    wide = {}
    for path in PAGES:
        page.goto(demo.url + path)
        page.evaluate(OPEN)
        if is_spaced:
            page.evaluate(SPACED)
        over = page.evaluate(OVER)
        if over > 0:
            wide[path] = over
    page.context.close()
    assert {} == wide


def test_what_is_chosen_is_told_without_grounds(browser: Browser, demo: Service) -> None:
    """In forced colours the tab and the axes that are chosen are underlined: their grounds are gone."""
    page = signed_in(browser, demo, viewport=window(1440), forced_colors="active")
    page.goto(f"{demo.url}/runs/topoflow")
    line = "one => getComputedStyle(one).textDecorationLine"
    chosen = (".top nav a[aria-current]", ".seg input:checked + span")
    told = [page.locator(one).first.evaluate(line) for one in chosen]
    assert ["underline"] * 2 == told
    assert "none" == page.locator(".seg input:not(:checked) + span").first.evaluate(line)
    page.context.close()


@pytest.fixture(scope="module")
def relaunching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with a relaunch under way, which nobody carries on."""
    folder, user = tmp_path_factory.mktemp("relaunching"), getpass.getuser()
    store = open_store(folder / "cutloss.sqlite3")
    fill(store, user, time.time(), RUNS[:1])
    with served(folder, "--scheduler=local") as service:
        one = Replacement(
            "one", "topoflow", user, "prepared", 0.0, time.time(), "demo", RUNS[0].job, None, user, "mark",
            "#!/bin/bash\n", "", "/usr", new_id="99",
        )  # fmt: skip
        for state in STAGES:
            one = one.moved(state, time.time(), "it is written down")
        store.put_replacement(one.id, one.run, one.state, one.as_data(), one.updated)
        store.close()
        yield service


@pytest.mark.parametrize("width", [320, 1440])
def test_stages_to_come_stand_below_those_that_are_done(
    browser: Browser, relaunching: Service, width: int
) -> None:
    """Each stage begins at the same edge, whatever has become of it, and keeps off its time."""
    page = signed_in(browser, relaunching, viewport=window(width), locale="fr-FR")
    page.goto(f"{relaunching.url}/replacements/one", timeout=PATIENCE_MILLISECONDS)
    assert page.locator(".stages .later").count() > 2
    edges = page.locator(".stages li > span:nth-of-type(1)").evaluate_all(
        """all => all.map(one => {
            const range = document.createRange();
            range.selectNodeContents(one);
            const text = range.getBoundingClientRect();
            return [Math.round(text.left), text.right <= one.nextElementSibling.getBoundingClientRect().left];
        })"""
    )
    page.context.close()
    assert [[edges[0][0], True]] * len(edges) == edges


def test_paper_is_light(browser: Browser, demo: Service) -> None:
    """A reader of dark pages prints the report in the colours of light ones: ink, not light on white."""
    inks = []
    for scheme in ("light", "dark"):
        page = signed_in(browser, demo, viewport=window(1440), color_scheme=scheme)
        page.goto(f"{demo.url}/runs/topoflow/report")
        page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]  # one of two literals
        inks.append(page.locator("h1").evaluate("one => getComputedStyle(one).color"))
        page.context.close()
    assert inks[0] == inks[1]

"""The pages against axe-core's rules: WCAG 2.2 AA and its good practices, everything opened."""

from importlib import resources

import pytest
from playwright.sync_api import Browser, Page
from served import Service

PAGES = (
    "/", "/runs/topoflow", "/runs/topoflow?edit=soon&attention=10&gpus=8&price=2", "/runs/vit-seg-lr3e4",
    "/plan", "/runs/topoflow/report", "/actions", "/alerts", "/calibration",
)  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """rules => axe.run(document, {runOnly: rules}).then(found => found.violations.map(
    one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 120)).join(' ')}`))"""
pytestmark = pytest.mark.browser


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page, every part of it opened."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text())
    found: list[str] = page.evaluate(LOOK, RULES)
    return found


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing_wrong(browser: Browser, demo: Service, scheme: str, width: int) -> None:
    """No page breaks a rule, in light, in the dark and on a phone."""
    context = browser.new_context(
        locale="en-GB", color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.goto(demo.link)
    wrong = {}
    for path in PAGES:
        page.goto(demo.url + path)
        found = violations(page)
        if found:
            wrong[path] = found
    context.close()
    assert {} == wrong

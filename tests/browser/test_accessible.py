"""The pages against axe-core's rules: WCAG 2.2 AA and its good practices, everything opened."""

import pytest
from axe import violations
from playwright.sync_api import Browser
from served import Service

PAGES = (
    "/", "/?q=nothing-of-that-name", "/?verdict=needs_you&sort=end", "/runs/topoflow", "/runs/vit-seg-lr3e4",
    "/runs/topoflow?edit=soon&attention=10&gpus=8&price=2", "/runs/topoflow-sweep-3", "/runs/gnn-mesh-b",
    "/runs/topoflow/report", "/runs/topoflow/relaunch", "/plan", "/plan/report", "/actions",
    "/actions?outcome=refused", "/alerts", "/calibration", "/fixes", "/logs", "/nowhere",
)  # fmt: skip
pytestmark = pytest.mark.browser


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

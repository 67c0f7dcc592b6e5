"""axe-core's rules, asked of an open page: WCAG 2.2 AA and its good practices."""

from importlib import resources

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """rules => axe.run(document, {runOnly: rules}).then(found => found.violations.map(
    one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 120)).join(' ')}`))"""


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page, every part of it opened."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text())
    found: list[str] = page.evaluate(LOOK, RULES)
    return found

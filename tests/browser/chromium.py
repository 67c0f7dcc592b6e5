"""A real browser: Debian's Chromium, driven by Playwright, that asks nobody outside for anything."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-quic",
)  # fmt: skip

PATIENCE_MILLISECONDS = 90_000


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield a running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        _be_patient(browser)
        yield browser
        browser.close()


def _be_patient(browser: Browser) -> None:
    """Wait for pages and for what is expected of them as long as a busy machine needs."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    make = browser.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = make(**options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        return context

    browser.new_context = new_context

"""The main job in a real browser: a live run is watched, its verdict turns, a click relaunches it."""

import sys
from pathlib import Path

import pytest
from axe import violations
from conftest import runner_of, watch
from playwright.sync_api import Browser, Page, expect
from served import Service

from app.slurm.scheduler import Submission

JOB = Path(__file__).parent / "training_job.py"
pytestmark = pytest.mark.browser


def script(service: Service) -> str:
    """Return the batch script of the job that learns too slowly."""
    names = ("CUTLOSS_CREDENTIALS", "CUTLOSS_SPOOL")
    exports = "\n".join(f"export {name}={service.environment[name]}" for name in names)
    return f"#!/bin/bash\n#SBATCH --job-name=live\n{exports}\nexport FIX=0\nexec {sys.executable} {JOB}\n"


def submit(service: Service) -> str:
    """Queue the job; the service's own runner starts it."""
    runner = runner_of(service)
    job = runner.submit(Submission(script(service), token="test", work_dir=str(service.folder)))
    runner.close()
    return job


def open_run(page: Page, service: Service) -> None:
    """Follow the list to the run once it has reported."""
    page.goto(service.link)
    page.get_by_role("link", name="live", exact=True).click()
    expect(page.locator("#numbers")).to_be_visible()


def step_shown(page: Page) -> int:
    """Return the step the page shows now."""
    return int(page.locator("#step-now").inner_text().split()[1].replace(",", ""))


def test_a_live_run_is_watched_and_relaunched(browser: Browser, live: Service) -> None:
    """Steps appear without a reload, a stored scenario turns the verdict, one click replaces the job."""
    job = submit(live)
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    watched = watch(context.new_page())
    page = watched.page
    open_run(page, live)

    page.evaluate("window.wasNotReloaded = true")
    page.locator("#head a").first.focus()
    page.evaluate("window.focused = document.activeElement")
    first = step_shown(page)
    expect(page.locator("#step-now")).not_to_have_text(f"step {first} of 1,500")
    page.locator("#loss-chart[data-ready]").wait_for()
    expect(page.locator("#numbers")).to_contain_text("in ")
    assert page.evaluate("window.wasNotReloaded")
    assert page.evaluate("window.focused.isConnected && window.focused === document.activeElement")
    assert step_shown(page) > first

    for name, value in {"edit": "0.02", "test": "0.01", "queue": "0.01"}.items():
        page.fill(f"#wi-{name}", value)
    page.fill("#wi-steps_low", "60")
    page.fill("#wi-steps_high", "90")
    expect(page.locator("#what-if-title")).to_contain_text("assumptions changed")
    assert "steps_low=60" in page.url
    page.get_by_role("button", name="Compare with this from now on").click()
    expect(page.locator("#answer .badge")).to_have_text("RELAUNCH")

    page.get_by_role("link", name="Relaunch…").click()
    expect(page.locator("#checks-title")).to_contain_text("Nothing speaks against it")
    fixed = page.input_value("#script").replace("export FIX=0", "export FIX=1")
    page.fill("#script", fixed)
    page.get_by_role("button", name="Check again").click()
    expect(page.locator(".diff .plus")).to_contain_text("export FIX=1")
    assert [] == violations(page)
    page.get_by_role("button", name=f"Submit the fixed job and cancel job {job}").click()
    expect(page.locator("#replacement[data-state=done]")).to_be_visible()
    assert [] == violations(page)
    page.locator("#new-run").click()
    expect(page.locator("#head")).to_contain_text("replaces an earlier run")

    page.goto(f"{live.url}/actions")
    expect(page.locator(".actions")).to_contain_text("Scenario kept")
    assert [] == watched.complaints
    assert {"127.0.0.1"} == watched.hosts
    context.close()

"""A real browser and a real service for the tests of the pages."""

import getpass
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

MOST_JOBS = 20
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the helpers beside this file are scripts as well

from chromium import browsing  # noqa: E402 - after the path above
from demo_history import replay  # noqa: E402 - after the path above
from demo_runs import fill  # noqa: E402 - after the path above
from served import Service, served  # noqa: E402 - after the path above

from app.slurm.local import LocalRunner  # noqa: E402 - after the path above
from app.store import open_store  # noqa: E402 - after the path above


@dataclass
class Watched:
    """A page with everything it complained about, and every host it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def heed(self, message: ConsoleMessage) -> None:
        """Keep what the console calls an error or a warning."""
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


def watch(page: Page) -> Watched:
    """Return a page that is watched from here on; a request to another host is not let out."""
    watched = Watched(page)
    page.on("console", watched.heed)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).hostname or ""))
    return watched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium."""
    with browsing() as running:
        yield running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with a run in every state."""
    folder = tmp_path_factory.mktemp("demo")
    store = open_store(folder / "cutloss.sqlite3")
    fill(store, getpass.getuser(), time.time())
    replay(store, ["topoflow", *(run.id for run in store.runs() if run.finished == "finished")])
    store.close()
    with served(folder, "--scheduler=none", CUTLOSSD_STALE_AFTER_SECONDS="900") as service:
        yield service


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with the embedded runner."""
    settings = {"CUTLOSSD_POLL_SECONDS": "0.5", "CUTLOSSD_SPOOL_SECONDS": "0.3"}
    with served(tmp_path_factory.mktemp("live"), "--scheduler=local", **settings) as service:
        yield service
        end_jobs(service)


def signed_in(browser: Browser, service: Service, **options: object) -> Page:
    """Return a page of a browser that is signed in; the options are its context's, English unless told."""
    page = browser.new_context(**{"locale": "en-GB", "timezone_id": "UTC", **options}).new_page()  # type: ignore[arg-type]  # options by name
    page.goto(service.link)
    return page


def runner_of(service: Service) -> LocalRunner:
    """Return a second hand on the service's queue of jobs."""
    return LocalRunner(
        service.folder / "local", service.environment["USER"], source=os.environ, tick_seconds=None
    )


def end_jobs(service: Service) -> None:
    """End every job: they would outlive the service."""
    runner = runner_of(service)
    for job in runner.jobs([str(number) for number in range(1, MOST_JOBS)]).values():
        if job.is_active:
            runner.cancel(job.id)
    runner.close()

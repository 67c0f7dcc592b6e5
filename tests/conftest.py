"""What every test may use, and what happens where a part of the machine is missing."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail: examples are bounded in number, not in time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SYSTEM_PARTS = {
    "slurm": ("slurmctld", "SLURM's Debian packages and root: run `make system` as root"),
    "browser": ("chromium", "Debian's chromium: run `make system` as root"),
    "nginx": ("nginx", "Debian's nginx: run `make system` as root"),
    "openssl": ("openssl", "Debian's openssl: run `make system` as root"),
}

SERVICE_THREADS = {"job-logs", "lookout", "poller", "spools", "store-writer", "sweep"}


def missing_part(marker: str) -> str | None:
    """Return what a marked test lacks on this machine, ``None`` where it has all it needs."""
    program, remedy = SYSTEM_PARTS[marker]
    if marker == "slurm" and os.geteuid() != 0:
        return remedy
    return None if shutil.which(program) or shutil.which(program, path="/usr/sbin") else remedy


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose system part is missing; under CI=true that is a failure."""
    for marker in SYSTEM_PARTS:
        lacking = missing_part(marker) if item.get_closest_marker(marker) else None
        if lacking and os.environ.get("CI") == "true":
            pytest.fail(f"CI needs {lacking}", pytrace=False)
        if lacking:
            pytest.skip(f"left out: needs {lacking}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with a line for each part that was left out."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(reasons):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))


@pytest.fixture(scope="module", autouse=True)
def _no_thread_of_the_service_is_left() -> Iterator[None]:
    """Fail a module that leaves a thread of the service: it would write into the tests that come after."""
    yield
    left = sorted(thread.name for thread in threading.enumerate() if thread.name in SERVICE_THREADS)
    assert [] == left


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real curves and logs, which a user's clone does not have."""
    if not SHARED.is_dir():
        pytest.skip("left out: real curves and logs are not beside this checkout")
    return SHARED

"""What the page of a long run costs the service, asked against measured.

Run it as ``python tests/bench/page_cost.py``. One ``cutlossd`` process holds a run of 10,000 steps and one of
1,000,000, both with validations and a target; their pages are asked for over loopback by a signed-in browser.
"""

import gzip
import http.client
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

CUTLOSSD = Path(sys.executable).parent / "cutlossd"
SHORT, LONG = 10_000, 1_000_000
BATCH = 10_000
VISITS = 15
STARTED = time.time() - 0.05 * LONG


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: where it is, what may report to it, and the cookie of a signed-in browser."""

    address: str
    token: str
    cookie: str
    pid: int


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as service:
        for run, steps in (("warm", 500), ("short", SHORT), ("long", LONG)):
            report(service, run, steps)
        page(service, "warm")
        first = {run: page(service, run) for run in ("short", "long")}
        fresh = {run: visits(service, run, steps) for run, steps in (("short", SHORT), ("long", LONG))}
        again = {run: median(page(service, run) for _ in range(VISITS)) for run in ("short", "long")}
        resident = resident_megabytes(service)
    rows = [
        ("page of 1,000,000 steps, new records each time", "<= 300 ms", f"{1000 * fresh['long']:.0f} ms"),
        ("the same over 10,000 steps", "<= 1.3 x", f"{fresh['long'] / fresh['short']:.2f} x"),
        ("page of 1,000,000 steps, first visit (fits)", "-", f"{1000 * first['long']:.0f} ms"),
        ("the same over 10,000 steps", "-", f"{first['long'] / first['short']:.2f} x"),
        ("page of 1,000,000 steps, nothing new", "-", f"{1000 * again['long']:.0f} ms"),
        ("memory of the service with both open", "<= 400 MB", f"{resident:.0f} MB"),
    ]
    print(f"{'what':48} {'asked':>12} {'measured':>12}")
    for what, asked, measured in rows:
        print(f"{what:48} {asked:>12} {measured:>12}")


@contextmanager
def running(folder: Path) -> Iterator[Service]:
    """Start a service on a free port and end it afterwards."""
    state = folder / "state"
    environment = {
        **os.environ,
        "CUTLOSSD_CREDENTIALS": str(folder / "credentials.json"),
        "CUTLOSSD_SPOOL": str(folder / "spool"),
        "CUTLOSSD_LOG_LEVEL": "error",
    }
    serve = [CUTLOSSD, "serve", "--port", "0", "--state", state, "--scheduler", "none"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        link = urlsplit(next(line for line in process.stdout if "http://" in line).split()[-1])
        try:
            token = json.loads((folder / "credentials.json").read_text())["report_token"]
            yield Service(
                link.netloc, token, signed_in(link.netloc, f"{link.path}?{link.query}"), process.pid
            )
        finally:
            process.terminate()


def signed_in(address: str, path: str) -> str:
    """Open the printed link and return the session's cookie."""
    connection = http.client.HTTPConnection(address)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return str(answer.headers["Set-Cookie"]).split(";", 1)[0]


def report(service: Service, run: str, steps: int) -> None:
    """Report a run of so many steps, a tenth of its plan still ahead."""
    plan = {
        "name": run, "total_steps": steps * 10 // 9, "validate_every": max(steps // 40, 1),
        "target_loss": 0.45, "checkpoint_every": "never",
    }  # fmt: skip
    notes = {"seq": [0], "kind": ["plan"], "data": [plan]}
    every = plan["validate_every"]
    at = list(range(every, steps + 1, every))
    validations = {
        "seq": [10**9 + step for step in at],
        "step": at,
        "started": [STARTED + 0.05 * step for step in at],
        "seconds": [1.0] * len(at),
        "loss": [0.4 + 3.0 / math.sqrt(step) for step in at],
    }
    post(service, run, {"notes": notes, "validations": validations})
    for first in range(1, steps + 1, BATCH):
        post(service, run, {"steps": columns(range(first, min(first + BATCH, steps + 1)))})


def columns(steps: range) -> dict[str, list[float]]:
    """Return step records: a power law with a ripple."""
    return {
        "seq": list(steps),
        "step": list(steps),
        "ended": [STARTED + 0.05 * step for step in steps],
        "seconds": [0.05 + 0.001 * math.sin(step) for step in steps],
        "loss": [0.3 + 3.0 / math.sqrt(step) + 0.02 * math.sin(7.0 * step) for step in steps],
        "lr": [3e-4] * len(steps),
    }


def visits(service: Service, run: str, steps: int) -> float:
    """Return the median seconds of a page when records have come since the last visit."""
    seconds = []
    for step in range(steps + 1, steps + 1 + VISITS):
        post(service, run, {"steps": columns(range(step, step + 1))})
        seconds.append(page(service, run))
    return median(seconds)


def page(service: Service, run: str) -> float:
    """Return the seconds from asking for a run's page to its last byte."""
    connection = http.client.HTTPConnection(service.address)
    began = time.perf_counter()
    connection.request("GET", f"/runs/{run}", headers={"Cookie": service.cookie, "Accept": "text/html"})
    answer = connection.getresponse()
    content = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != http.client.OK:
        raise SystemExit(f"refused: {answer.status} {content[:500]!r}")
    return seconds


def post(service: Service, run: str, parts: dict[str, object]) -> None:
    """Post one batch."""
    body = {"v": 1, "attempt": "a", "attempt_started": STARTED, "job": None, **parts}
    headers = {
        "Authorization": f"Bearer {service.token}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    packed = gzip.compress(json.dumps(body).encode(), 1)
    connection = http.client.HTTPConnection(service.address)
    connection.request("POST", f"/api/v1/runs/{run}/records", packed, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != http.client.OK:
        raise SystemExit(f"refused: {answer.status} {content[:500]!r}")


def resident_megabytes(service: Service) -> float:
    """Return the memory the service holds."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    return next(float(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()

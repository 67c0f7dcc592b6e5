"""How fast a real service takes records, asked against measured.

Run it as ``python tests/bench/ingest.py``. One ``cutlossd`` process, four reporters on the same machine, each
with its own run. Token check, decompression, validation, de-duplication, rollups and commit are all in it.
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

CUTLOSSD = Path(sys.executable).parent / "cutlossd"
REPORTERS = 4
POINTS = 1_000
BATCHES = 60
SMALL_POINTS = 50
LONG_RUN = 300_000


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, and a token that may report to it."""

    address: str
    token: str
    pid: int


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as service:
        rows = [
            ("points/s in batches of 1,000", ">= 80,000", rate(service, POINTS)),
            ("points/s in batches of 1,000, all sent before", "-", rate(service, POINTS)),
            ("points/s in batches of 50", "-", rate(service, SMALL_POINTS)),
            ("points/s, one reporter, batches last first", "-", late(service)),
            ("memory of the service afterwards", "<= 400 MB", f"{resident_megabytes(service):.0f} MB"),
        ]
    print(f"{'what':48} {'asked':>12} {'measured':>24}")
    for what, asked, measured in rows:
        print(f"{what:48} {asked:>12} {measured:>24}")


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
    create = [CUTLOSSD, "token", "create", "--scope", "report", "--state", state]
    token = subprocess.run(create, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    serve = [CUTLOSSD, "serve", "--port", "0", "--state", state, "--scheduler", "none"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = next(line for line in process.stdout if "http://" in line)
        address = urlsplit("http://" + announced.split("http://", 1)[1].split()[0]).netloc
        try:
            yield Service(address, token, process.pid)
        finally:
            process.terminate()


def rate(service: Service, points: int) -> str:
    """Return how many points a second four reporters get through, and how long one batch waits."""
    runs = [f"bench-{points}-{reporter}" for reporter in range(REPORTERS)]
    bodies = [batch(first, points) for first in range(0, BATCHES * points, points)]
    began = time.perf_counter()
    with ThreadPoolExecutor(REPORTERS) as pool:
        waits = [wait for waited in pool.map(lambda run: post(service, run, bodies), runs) for wait in waited]
    per_second = REPORTERS * BATCHES * points / (time.perf_counter() - began)
    return f"{per_second:,.0f} (p99 {quantiles(waits, n=100)[98] * 1000:.0f} ms)"


def late(service: Service) -> str:
    """Return the rate of batches that come last first: each opens its blocks again."""
    bodies = [batch(first, POINTS) for first in range(LONG_RUN, LONG_RUN - BATCHES * POINTS, -POINTS)]
    began = time.perf_counter()
    post(service, "bench-late", bodies)
    return f"{BATCHES * POINTS / (time.perf_counter() - began):,.0f}"


def batch(first: int, points: int) -> bytes:
    """Return a batch of consecutive steps, packed as the client packs it."""
    steps = list(range(first, first + points))
    columns = {
        "seq": steps,
        "step": steps,
        "ended": [1.8e9 + 0.5 * step for step in steps],
        "seconds": [0.5 + 0.01 * math.sin(step) for step in steps],
        "loss": [2.0 + 3.0 / math.sqrt(step + 1) + 0.1 * math.sin(7.0 * step) for step in steps],
        "lr": [3e-4] * points,
    }
    body = {"v": 1, "attempt": "a", "attempt_started": 1.8e9, "job": None, "steps": columns}
    return gzip.compress(json.dumps(body, separators=(",", ":")).encode(), 6)


def post(service: Service, run: str, bodies: list[bytes]) -> list[float]:
    """Post batches one after the other over one connection and return the seconds each waited."""
    connection = http.client.HTTPConnection(service.address)
    headers = {
        "Authorization": f"Bearer {service.token}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    waits = []
    for body in bodies:
        began = time.perf_counter()
        connection.request("POST", f"/api/v1/runs/{run}/records", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        waits.append(time.perf_counter() - began)
        if answer.status != http.client.OK:
            raise SystemExit(f"refused: {answer.status} {content[:500]!r}")
    connection.close()
    return waits


def resident_megabytes(service: Service) -> float:
    """Return the memory the service holds."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main()

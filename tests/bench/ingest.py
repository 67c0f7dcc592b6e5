"""How fast a real service takes records, asked against measured.

Run it as ``python tests/bench/ingest.py``. One ``cutlossd`` process, four reporters on the same machine, each with
its own run: token check, decompression, validation, de-duplication, rollups and commit are all in the figure.
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
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

CUTLOSSD = Path(sys.executable).parent / "cutlossd"
REPORTERS = 4
POINTS = 1_000
BATCHES = 60
SMALL_POINTS = 50
LONG_RUN = 300_000


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as (host, token):
        rows = [
            rate("points/s in batches of 1,000", ">= 80,000", host, token, POINTS, replay=False),
            rate("points/s in batches of 1,000, all sent before", "-", host, token, POINTS, replay=True),
            rate("points/s in batches of 50", "-", host, token, SMALL_POINTS, replay=False),
        ]
        rows.append(late(host, token))
        rows.append(("memory of the service afterwards", "<= 400 MB", f"{resident_megabytes():.0f} MB"))
    print(f"{'what':48} {'asked':>12} {'measured':>24}")
    for what, asked, measured in rows:
        print(f"{what:48} {asked:>12} {measured:>24}")


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, str]]:
    """Start a service on a free port; yield its address and a report token."""
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
        SERVICES.append(process.pid)
        try:
            yield urlsplit("http://" + announced.split("http://", 1)[1].split()[0]).netloc, token
        finally:
            process.terminate()


SERVICES: list[int] = []


def rate(what: str, asked: str, host: str, token: str, points: int, *, replay: bool) -> tuple[str, str, str]:
    """Return how many points a second four reporters get through, and how long one batch waits."""
    runs = [f"bench-{points}-{reporter}" for reporter in range(REPORTERS)]
    bodies = [batch(first, points) for first in range(0, BATCHES * points, points)]
    began = time.perf_counter()
    with ThreadPoolExecutor(REPORTERS) as pool:
        waits = [wait for waited in pool.map(lambda run: post(host, token, run, bodies), runs) for wait in waited]
    per_second = REPORTERS * BATCHES * points / (time.perf_counter() - began)
    p99 = quantiles(waits, n=100)[98] * 1000
    word = "replayed" if replay else "stored"
    assert len(waits) == REPORTERS * BATCHES, word
    return what, asked, f"{per_second:,.0f} (p99 {p99:.0f} ms)"


def late(host: str, token: str) -> tuple[str, str, str]:
    """Return the rate of batches that come last first: each opens its blocks again."""
    bodies = [batch(first, POINTS) for first in range(LONG_RUN, LONG_RUN - BATCHES * POINTS, -POINTS)]
    began = time.perf_counter()
    post(host, token, "bench-late", bodies)
    per_second = BATCHES * POINTS / (time.perf_counter() - began)
    return "points/s, one reporter, batches last first", "-", f"{per_second:,.0f}"


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


def post(host: str, token: str, run: str, bodies: list[bytes]) -> list[float]:
    """Post batches one after the other over one connection and return the seconds each waited."""
    connection = http.client.HTTPConnection(host)
    headers = {
        "Authorization": f"Bearer {token}",
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


def resident_megabytes() -> float:
    """Return the memory the service holds."""
    status = Path(f"/proc/{SERVICES[-1]}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main()

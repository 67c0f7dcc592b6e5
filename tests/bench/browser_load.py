"""Runs that report to a service while a browser looks: ``browser.py`` starts it as a process of its own.

``python browser_load.py ADDRESS TOKEN RUNS SECONDS LOG``: each of so many runs sends one step a second; the
first one's steps and the moments they were sent at are written into the log.
"""

import http.client
import json
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

HANDS = 8
PERIOD_SECONDS = 1.0
BEGUN = 400
"""Steps a run has reported before anybody looks."""


def main() -> None:
    """Report until the time is over."""
    address, token, runs, seconds, log = sys.argv[1:]
    until = time.time() + float(seconds)
    with ThreadPoolExecutor(HANDS) as pool, Path(log).open("w") as written:
        shares = [range(hand, int(runs), HANDS) for hand in range(HANDS)]
        for _ in pool.map(lambda share: send(address, token, share, until, written), shares):
            pass


def send(address: str, token: str, share: range, until: float, written: TextIO) -> None:
    """Send one step a second of each of a share of the runs, over one connection."""
    connection = http.client.HTTPConnection(address)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    pause = PERIOD_SECONDS / len(share)
    step, due = BEGUN, time.time()
    while due < until:
        step += 1
        for number in share:
            time.sleep(max(0.0, due - time.time()))
            due += pause
            body = json.dumps(live_batch(number, range(step, step + 1), time.time()))
            if number == 0:
                written.write(f"{step} {time.time()}\n")
                written.flush()
            connection.request("POST", f"/api/v1/runs/{live_id(number)}/records", body, headers)
            connection.getresponse().read()
    connection.close()


def live_id(number: int) -> str:
    """Return the id of a run that reports."""
    return f"live-{number:03d}"


def live_batch(number: int, steps: range, ended: float) -> dict[str, object]:
    """Return step records whose last one has just ended."""
    last = steps[-1]
    return {
        "v": 1,
        "attempt": "a",
        "attempt_started": ended - last * PERIOD_SECONDS,
        "job": None,
        "steps": {
            "seq": list(steps),
            "step": list(steps),
            "ended": [ended - (last - step) * PERIOD_SECONDS for step in steps],
            "seconds": [PERIOD_SECONDS + 0.01 * math.sin(step) for step in steps],
            "loss": [
                0.3 + 3.0 / math.sqrt(step + number) + 0.02 * math.sin(7.0 * step + number) for step in steps
            ],
            "lr": [3e-4] * len(steps),
        },
    }


if __name__ == "__main__":
    main()

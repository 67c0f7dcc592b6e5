"""How soon a what-if is answered, asked against measured: ``python tests/bench/what_if.py``.

A real ``cutlossd`` with invented runs answers over loopback, each time to an assumption nobody has made
before; then the same ones again, as other open pages ask them.
"""

import getpass
import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "browser"))

from demo_runs import fill
from served import Service, served

from app.store import open_store

ASKED = 40
RUNS = ("topoflow", "ocean-unet-xl")
WAYS: Sequence[Callable[[int], str]] = (
    lambda n: f"edit={20 + n}",
    lambda n: f"validate_every={30 + n}&queue={5 + n}",
    lambda n: f"steps_low={60 + n}&steps_high={120 + n}&gpus=8&price=2.1&attention={90 + n}",
    lambda n: f"cancel=0&resume=1&test={3 + n}",
)


class Browser:
    """A connection kept open, signed in."""

    def __init__(self, service: Service) -> None:
        parts = urlsplit(service.link)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        self._connection.request("GET", f"/?{parts.query}")
        answer = self._connection.getresponse()
        answer.read()
        self._headers = {"Cookie": str(answer.getheader("set-cookie")).split(";")[0]}

    def seconds(self, path: str) -> float:
        """Return how long the answer to a path takes."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return time.perf_counter() - started


def main() -> None:
    """Ask, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "cutloss.sqlite3")
        fill(store, getpass.getuser(), time.time())
        store.close()
        with served(Path(folder), "--scheduler=none") as service:
            browser = Browser(service)
            for run in RUNS:
                browser.seconds(f"/runs/{run}")
            paths = [
                f"/runs/{run}/what-if?{way(n)}"
                for n in range(ASKED // len(WAYS))
                for way in WAYS
                for run in RUNS
            ]
            fresh = [browser.seconds(path) for path in paths]
            again = [browser.seconds(path) for path in paths[-20:]]
    rows = [
        ("what-if, a new assumption, median", "<= 150 ms", median(fresh)),
        ("the same, 95 % of them", "<= 150 ms", quantiles(fresh, n=20)[-1]),
        ("what-if, asked before, median", "-", median(again)),
    ]
    print(f"{'what':48} {'asked':>12} {'measured':>12}")
    for what, asked, measured in rows:
        print(f"{what:48} {asked:>12} {1000 * measured:9.0f} ms")


if __name__ == "__main__":
    main()

"""How much a tab grows while an hour's updates are replayed to it, asked against measured.

Run it as ``python tests/bench/tab_growth.py``; it needs Debian's Chromium. Nothing inspects the browser: what
does would keep every answer in the tab it measures. A proxy stands between the browser and the service, hands
everything on but the event stream, and plays that faster; the page's own pause between two looks at the chart
is shortened as much.
"""

import http.client
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from page_cost import SHORT, Service, columns, page, post, report, running

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1440,900"]
UPDATES = 3_600
"""An hour of a step a second."""
REPLAY_SECONDS = 120.0
SETTLE_SECONDS = 12.0
PAUSE = "const LEAST_PAUSE = 1500;"
FORWARDED = ("Content-Type", "Content-Encoding", "Content-Security-Policy")


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "service") as service:
        report(service, "short", SHORT)
        page(service, "short")
        for what, asked, measured in growth(service):
            print(f"{what:60} {asked:>10} {measured:>18}")


def growth(service: Service) -> Iterator[tuple[str, str, str]]:
    """Measure a tab before and after the replay."""
    updates = two_updates(service, "short")
    with replaying(service, updates) as replay, tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{replay.server_port}/runs/short"
        command = ["chromium", *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-port=0", url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            try:
                replay.charted.wait(30)
                time.sleep(SETTLE_SECONDS)
                before, looks = tab_megabytes(folder), replay.looks
                replay.go.set()
                replay.done.wait(10 * REPLAY_SECONDS)
                time.sleep(SETTLE_SECONDS)
                after = tab_megabytes(folder)
            finally:
                browser.terminate()
    what = f"growth of a tab, {UPDATES:,} updates, {replay.looks - looks:,} charts"
    yield (what, "<= 20 MB", f"{after - before:.1f} MB")
    yield ("private memory of the tab before", "-", f"{before:.0f} MB")


def two_updates(service: Service, run: str) -> tuple[bytes, bytes]:
    """Return two updates as the service sends them, each other than the one before."""
    connection = http.client.HTTPConnection(service.address, timeout=30)
    connection.request("GET", f"/runs/{run}/live", headers={"Cookie": service.cookie})
    stream = connection.getresponse()
    found: list[bytes] = []
    step = SHORT + 1_000
    while len(found) < 4:
        line = stream.readline()
        if line.startswith(b"data:") and b'"html"' in line:
            found.append(line[len(b"data:") :].strip())
        if line.startswith((b"data:", b"event: opened")) and not line.startswith(b"event"):
            step += 1
            post(service, run, {"steps": columns(range(step, step + 1))})
    connection.close()
    return found[-2], found[-1]


class Replay(ThreadingHTTPServer):
    """A proxy before a service that plays the event stream itself, once it is told to."""

    daemon_threads = True

    def __init__(self, service: Service, updates: tuple[bytes, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = service
        self.updates = updates
        self.looks = 0
        self.charted, self.go, self.done = threading.Event(), threading.Event(), threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers one request of the browser."""

    server: Replay

    def do_GET(self) -> None:
        """Play the stream, or hand the request on."""
        if "/live" in self.path:
            self._play()
        else:
            self._forward()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _play(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self._send(b"opened", b"1")
        self.server.go.wait()
        for number in range(UPDATES):
            self._send(b"fragments", self.server.updates[number % 2])
            time.sleep(REPLAY_SECONDS / UPDATES)
        self.server.done.set()
        time.sleep(2 * SETTLE_SECONDS)

    def _send(self, event: bytes, data: bytes) -> None:
        self.wfile.write(b"event: " + event + b"\ndata: " + data + b"\n\n")
        self.wfile.flush()

    def _forward(self) -> None:
        connection = http.client.HTTPConnection(self.server.service.address)
        connection.request("GET", self.path, headers={"Cookie": self.server.service.cookie})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if self.path.endswith("/chart.js"):
            hasty = PAUSE.replace("1500", str(round(1_500 * REPLAY_SECONDS / UPDATES)))
            if PAUSE.encode() not in content:
                raise SystemExit("the page no longer pauses between two looks at the chart as it did")
            content = content.replace(PAUSE.encode(), hasty.encode())
        self.send_response(answer.status)
        for name in FORWARDED:
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        if self.path.endswith("/chart"):
            self.server.looks += 1
            self.server.charted.set()


@contextmanager
def replaying(service: Service, updates: tuple[bytes, bytes]) -> Iterator[Replay]:
    """Yield a running proxy."""
    replay = Replay(service, updates)
    threading.Thread(target=replay.serve_forever, daemon=True).start()
    try:
        yield replay
    finally:
        replay.shutdown()
        replay.server_close()


def tab_megabytes(profile: str) -> float:
    """Return the memory that the browser's one tab shares with nobody."""
    found = [private_megabytes(pid) for pid in Path("/proc").iterdir() if _is_tab(pid, profile)]
    return max(found)


def _is_tab(process: Path, profile: str) -> bool:
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"--type=renderer" in words and profile.encode() in words


def private_megabytes(process: Path) -> float:
    """Return the memory a process shares with nobody."""
    lines = (process / "smaps_rollup").read_text().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        print("left out: needs Debian's chromium")
    else:
        main()

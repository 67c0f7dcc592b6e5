"""How much a tab grows while an hour's updates are replayed to it, asked against measured.

Run it as ``python tests/bench/tab_growth.py``; it needs Debian's Chromium. A proxy stands between the
browser and the service and hands everything on but the event stream and the charts: of those it plays what
the service sent while a step a second was reported, again and again, faster. The page's own pause between
two looks at the chart is shortened as much.

A browser that is never at rest puts off collecting what is no longer used. The growth is what the tab
keeps: it is told to collect before and after, by a connection that is closed at once, for one that stays
would keep every answer. What was held until then stands beside it.
"""

import http.client
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

from page_cost import SHORT, Service, columns, page, post, report, running
from websockets.sync.client import connect

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1440,900"]
UPDATES = 3_600
"""An hour of a step a second."""
REPLAY_SECONDS = 120.0
RECORDED_SECONDS = 20
REST_SECONDS = 12.0
COLLECTIONS = 2
"""What the first one lets go of may hold what the second finds."""
LOOK_SECONDS = 5.0
PAUSE_MILLISECONDS = 3_000
PAUSE = f"const LEAST_PAUSE = {PAUSE_MILLISECONDS};"
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
    news = recorded(service, "short")
    with replaying(service, news) as replay, tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{replay.server_port}/runs/short"
        command = ["chromium", *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-port=0", url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            try:
                replay.charted.wait(30)
                time.sleep(REST_SECONDS)
                before, looks = kept_megabytes(folder), replay.looks
                replay.go.set()
                most = before
                while not replay.done.wait(LOOK_SECONDS):
                    most = max(most, tab_megabytes(folder))
                time.sleep(REST_SECONDS)
                after = kept_megabytes(folder)
            finally:
                browser.terminate()
                replay.ended.set()
    what = f"growth of a tab, {UPDATES:,} updates, {replay.looks - looks:,} charts"
    yield (what, "<= 20 MB", f"{after - before:.1f} MB")
    yield ("private memory of the tab before", "-", f"{before:.0f} MB")
    yield ("the most it held until it collected", "-", f"{most:.0f} MB")


@dataclass(frozen=True, slots=True)
class News:
    """What an open page was told of a step a second: the fragments in their order, and the charts beside."""

    fragments: list[bytes]
    charts: list[bytes]


def recorded(service: Service, run: str) -> News:
    """Record what the service sends to an open page while a step a second is reported."""
    connection = http.client.HTTPConnection(service.address, timeout=30)
    connection.request("GET", f"/runs/{run}/live", headers={"Cookie": service.cookie})
    stream = connection.getresponse()
    fragments, charts, ended = list[bytes](), list[bytes](), threading.Event()

    def steps() -> None:
        first = SHORT + 1_000
        for step in range(first, first + RECORDED_SECONDS):
            post(service, run, {"steps": columns(range(step, step + 1))})
            charts.append(chart(service, run))
            time.sleep(1.0)
        ended.set()

    reporting = threading.Thread(target=steps, daemon=True)
    while not ended.is_set():
        line = stream.readline()
        if line.startswith(b"event: opened"):
            reporting.start()
        if line.startswith(b"data:") and b'"html"' in line:
            fragments.append(line[len(b"data:") :].strip())
    connection.close()
    if len(set(fragments)) < RECORDED_SECONDS // 2 or len(set(charts)) < RECORDED_SECONDS // 2:
        raise SystemExit(f"{len(set(fragments))} updates and {len(set(charts))} charts differ: too few")
    return News(fragments, charts)


def chart(service: Service, run: str) -> bytes:
    """Return a run's chart as the service has it now."""
    connection = http.client.HTTPConnection(service.address, timeout=30)
    connection.request("GET", f"/runs/{run}/chart", headers={"Cookie": service.cookie})
    content = connection.getresponse().read()
    connection.close()
    return content


class Replay(ThreadingHTTPServer):
    """A proxy before a service that plays the event stream itself, once it is told to."""

    daemon_threads = True

    def __init__(self, service: Service, news: News) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = service
        self.news = news
        self.looks = 0
        self.charted, self.go, self.done, self.ended = (threading.Event() for _ in range(4))


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
        fragments = self.server.news.fragments
        for number in range(UPDATES):
            self._send(b"fragments", fragments[number % len(fragments)])
            time.sleep(REPLAY_SECONDS / UPDATES)
        self.server.done.set()
        self.server.ended.wait()  # a browser whose stream ends asks for another one

    def _send(self, event: bytes, data: bytes) -> None:
        self.wfile.write(b"event: " + event + b"\ndata: " + data + b"\n\n")
        self.wfile.flush()

    def _forward(self) -> None:
        connection = http.client.HTTPConnection(self.server.service.address)
        connection.request("GET", self.path, headers={"Cookie": self.server.service.cookie})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if self.path.endswith("/chart"):
            content = self._next_chart(content)
        if self.path.endswith("/chart.js"):
            hasty = PAUSE.replace(
                str(PAUSE_MILLISECONDS), str(round(PAUSE_MILLISECONDS * REPLAY_SECONDS / UPDATES))
            )
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

    def _next_chart(self, first: bytes) -> bytes:
        self.server.looks += 1
        self.server.charted.set()
        charts = self.server.news.charts
        return charts[self.server.looks % len(charts)] if self.server.go.is_set() else first


@contextmanager
def replaying(service: Service, news: News) -> Iterator[Replay]:
    """Yield a running proxy."""
    replay = Replay(service, news)
    threading.Thread(target=replay.serve_forever, daemon=True).start()
    try:
        yield replay
    finally:
        replay.shutdown()
        replay.server_close()


def kept_megabytes(profile: str) -> float:
    """Return the memory of the browser's one tab once it has collected what is no longer used."""
    port = (Path(profile) / "DevToolsActivePort").read_text().split()[0]
    with urlopen(f"http://127.0.0.1:{port}/json") as answer:
        tab = next(one for one in json.load(answer) if one["type"] == "page")
    with connect(tab["webSocketDebuggerUrl"], max_size=None) as line:
        for number in range(COLLECTIONS):
            line.send(json.dumps({"id": number, "method": "HeapProfiler.collectGarbage"}))
            line.recv()
    time.sleep(LOOK_SECONDS)
    return tab_megabytes(profile)


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

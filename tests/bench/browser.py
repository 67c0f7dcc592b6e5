"""The pages in the real browser, asked against measured.

Run it as ``python tests/bench/browser.py``; it needs Debian's Chromium. One ``cutlossd`` process, the browser
and, where runs are live, their reporters share the machine: give them an idle one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

from browser_load import BEGUN, live_batch, live_id
from page_cost import Service, columns, page, post, report, running
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SHORT, LONG = 10_000, 1_000_000
VISITS = 11
LIVE, ALL = 200, 1_000
WATCHED_SECONDS = 45.0

MARKS = """
window.marks = {};
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => {
    if (document.querySelector("#loss-chart[data-ready]") && !window.marks.chart)
      requestAnimationFrame(() => { window.marks.chart = performance.now(); });
  }).observe(document, {attributes: true, subtree: true, attributeFilter: ["data-ready"]});
});
"""
WATCH = """
window.seen = [];
let last = "";
new MutationObserver(() => {
  const text = document.getElementById("step-now").textContent;
  if (text === last) return;
  last = text;
  const step = Number(text.replace(/,/g, "").match(/[0-9]+/)[0]);
  requestAnimationFrame(() => window.seen.push([step, Date.now()]));
}).observe(document.body, {childList: true, subtree: true, characterData: true});
"""
Row = tuple[str, str, str]


def main() -> None:
    """Measure, and print the table."""
    if shutil.which("chromium") is None:
        print("left out: needs Debian's chromium")
        return
    print(f"load before: {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as service, browsing() as browser:
        print(f"{'what':60} {'asked':>10} {'measured':>18}")
        for measure in MEASURES:
            for what, asked, measured in measure(service, browser):
                print(f"{what:60} {asked:>10} {measured:>18}", flush=True)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


def signed_in(service: Service, browser: Browser, *scripts: str) -> Page:
    """Return a page of a browser that is signed in."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC", viewport={"width": 1440, "height": 900})
    name, value = service.cookie.split("=", 1)
    host = urlsplit(f"//{service.address}").hostname
    context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"}])
    context.add_cookies([{"name": "cutloss_zone", "value": "UTC", "domain": host, "path": "/"}])
    made = context.new_page()
    for script in (MARKS, *scripts):
        made.add_init_script(script)
    return made


def opening(service: Service, browser: Browser) -> Iterator[Row]:
    """Measure how soon a run's page shows something, and its chart, whatever the run's length."""
    for run, steps in (("short", SHORT), ("long", LONG)):
        report(service, run, steps)
        page(service, run)
    shown = signed_in(service, browser)
    visit(service, shown, "short")
    pairs = [
        (visit(service, shown, "short", step), visit(service, shown, "long", step))
        for step in range(1, VISITS + 1)
    ]
    short, long = ([one[place] for one in pairs] for place in (0, 1))
    paint, chart = (median(one[part] for one in short) for part in (0, 1))
    yield ("first contentful paint of a run's page, 10,000 steps", "<= 400 ms", f"{paint:.0f} ms")
    yield ("its chart", "<= 1,500 ms", f"{chart:.0f} ms")
    long_paint, long_chart = (median(one[part] for one in long) for part in (0, 1))
    yield (
        "first contentful paint, 1,000,000 steps",
        "<= 1.3 x",
        f"{long_paint:.0f} ms {long_paint / paint:.2f} x",
    )
    yield ("its chart", "<= 1.3 x", f"{long_chart:.0f} ms {long_chart / chart:.2f} x")
    shown.context.close()


def visit(service: Service, shown: Page, run: str, news: int | None = None) -> tuple[float, float]:
    """Open a run's page, a record having come, and return the milliseconds to its paint and its chart."""
    if news is not None:
        last = {"short": SHORT, "long": LONG}[run] + news
        post(service, run, {"steps": columns(range(last, last + 1))})
    shown.goto(f"http://{service.address}/runs/{run}")
    drawn(shown)
    told = shown.evaluate(
        "[performance.getEntriesByName('first-contentful-paint')[0].startTime, window.marks.chart]"
    )
    return told[0], told[1]


def drawn(shown: Page) -> None:
    """Wait until the chart is on the screen."""
    shown.locator("#loss-chart[data-ready]").wait_for()
    shown.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def weight(service: Service, browser: Browser) -> Iterator[Row]:
    """Measure what a run's page weighs on the way, the chart library left out."""
    shown = signed_in(service, browser)
    session = shown.context.new_cdp_session(shown)
    session.send("Network.enable")
    urls: dict[str, str] = {}
    bytes_of: dict[str, float] = {}
    session.on(
        "Network.responseReceived", lambda told: urls.update({told["requestId"]: told["response"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda told: bytes_of.update({told["requestId"]: told["encodedDataLength"]}),
    )
    shown.goto(f"http://{service.address}/runs/short")
    drawn(shown)
    shown.wait_for_timeout(500)
    own = sum(size for key, size in bytes_of.items() if "/bokeh/" not in urls.get(key, ""))
    yield ("a run's page with all it asks for, chart library left out", "<= 120 kB", f"{own / 1000:.0f} kB")
    shown.context.close()


def live(service: Service, browser: Browser) -> Iterator[Row]:
    """Measure how soon a reported step is on the screen while many runs report."""
    for number in range(LIVE):
        plan = {"name": live_id(number), "total_steps": 50_000, "validate_every": 1_000, "target_loss": 0.4}
        begun = live_batch(number, range(1, BEGUN + 1), time.time())
        notes = {"seq": [10**9], "kind": ["plan"], "data": [plan]}
        post(service, live_id(number), {**begun, "notes": notes})
    shown = signed_in(service, browser)
    with reporting(service, WATCHED_SECONDS + 15) as log:
        shown.goto(f"http://{service.address}/runs/{live_id(0)}")
        drawn(shown)
        shown.wait_for_timeout(5_000)
        shown.evaluate(WATCH)
        cpu = cpu_seconds(service)
        shown.wait_for_timeout(1_000 * WATCHED_SECONDS)
        busy = (cpu_seconds(service) - cpu) / WATCHED_SECONDS
        seen = {int(step): at / 1000 for step, at in reversed(shown.evaluate("window.seen"))}
        sent = {int(step): float(at) for step, at in (line.split() for line in log.read_text().splitlines())}
    shown.context.close()
    first, last = min(seen), max(seen)
    delays = [
        min(at for later, at in seen.items() if later >= step) - moment
        for step, moment in sent.items()
        if first <= step <= last
    ]
    p95 = quantiles(delays, n=20)[18]
    yield (f"a reported step on the screen, p95, {LIVE} live runs", "<= 1 s", f"{p95:.2f} s")
    yield ("the same, median", "-", f"{median(delays):.2f} s")
    yield (f"steps shown of {len(delays)} reported; cores the service used", "-", f"{len(seen)}; {busy:.2f}")


@contextmanager
def reporting(service: Service, seconds: float) -> Iterator[Path]:
    """Have the live runs report from a process of their own, and yield its log."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "sent"
        log.touch()
        words = [service.address, service.token, str(LIVE), str(seconds), str(log)]
        with subprocess.Popen([sys.executable, FOLDER / "browser_load.py", *words]) as process:
            try:
                yield log
            finally:
                process.terminate()


def cpu_seconds(service: Service) -> float:
    """Return the processor time the service has used."""
    fields = Path(f"/proc/{service.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def many(service: Service, browser: Browser) -> Iterator[Row]:
    """Measure the list of a thousand runs, a fifth of them live."""
    for number in range(ALL - LIVE):
        notes = {"seq": [500], "kind": ["plan"], "data": [{"name": f"done-{number:03d}", "total_steps": 200}]}
        finish = {"seq": [501], "kind": ["finish"], "data": [{"reason": "finished"}]}
        told = {name: notes[name] + finish[name] for name in notes}
        post(service, f"done-{number:03d}", {"steps": columns(range(1, 201)), "notes": told})
    shown = signed_in(service, browser)
    streams: list[str] = []
    shown.on("request", lambda request: streams.append(request.url) if "/live" in request.url else None)
    with reporting(service, 60):
        paints = [visit_list(shown, service) for _ in range(VISITS)]
        streams.clear()
        visit_list(shown, service)
        cpu, began = cpu_seconds(service), time.time()
        shown.wait_for_timeout(15_000)
        busy = (cpu_seconds(service) - cpu) / (time.time() - began)
        jank = shown.evaluate(JANK)
    yield (f"list of {ALL:,} runs, {LIVE} live: first contentful paint", "-", f"{median(paints):.0f} ms")
    yield ("streams it holds", "1", str(len(streams)))
    yield ("longest frame while it is scrolled", "-", f"{jank:.0f} ms")
    yield ("cores the service used while it is open", "-", f"{busy:.2f}")
    shown.context.close()


JANK = """new Promise(done => {
  let last = performance.now(), longest = 0, frames = 0;
  const step = now => {
    longest = Math.max(longest, now - last); last = now;
    window.scrollBy(0, frames % 100 < 50 ? 40 : -40);
    if (++frames < 300) requestAnimationFrame(step); else done(longest);
  };
  requestAnimationFrame(step);
})"""


def visit_list(shown: Page, service: Service) -> float:
    """Open the list and return the milliseconds to its first contentful paint."""
    shown.goto(f"http://{service.address}/")
    shown.locator("#runs .row").first.wait_for()
    # A row is in the document before it is painted.
    painted = shown.wait_for_function("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    return float(painted.json_value())


MEASURES = (opening, weight, live, many)

if __name__ == "__main__":
    main()

"""What a reported step costs, side by side with the trackers that pip installs, asked against measured.

Run it as ``python tests/bench/peers.py``. The peers go into an environment of their own under ``.bench/``,
at the first run; without a network the client is measured alone. Every tracker logs a loss at a step in a
tight loop, in a process of its own: offline, or to a file, as it is used where no server can be reached.
"""

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "trainer"
PEERS = ROOT / ".bench" / "peers"
STAMP = PEERS / "installed"
PACKAGES = ("trackio", "wandb", "tensorboardX", "mlflow")
CALLS = {"cutloss": 20_000, "tensorboardX": 20_000, "wandb": 20_000, "trackio": 5_000, "mlflow": 500}
REPEATS = 11
WIRE_STEPS = 20_000
PEER_LIMIT_SECONDS = 180


class Counting(BaseHTTPRequestHandler):
    """A service that counts the bytes and the steps it is sent."""

    bodies = 0
    steps = 0

    def do_POST(self) -> None:
        """Take a batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        batch = json.loads(gzip.decompress(body))
        count = len(batch.get("steps", {}).get("seq", []))
        if count:
            Counting.bodies, Counting.steps = Counting.bodies + len(body), Counting.steps + count
        answer = b'{"acknowledged_seq": 0, "commands": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_parts: object) -> None:
        """Print nothing."""


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CUTLOSS_SPOOL": folder, "CUTLOSS_CREDENTIALS": f"{folder}/none", "CUTLOSS": "on"}
        os.chdir(folder)
        own = measured("cutloss", sys.executable)
        with counting() as environ:
            reporting = measured("cutloss", sys.executable, environ)
        peers = {name: measured(name, python) for name, python in installed().items()}
        rows = [*costs(own, peers), *memory(own), *memory(reporting, "to a service, "), *imports(), wire()]
    print(f"{'what':60} {'asked':>14} {'measured':>14}")
    for what, asked, found in rows:
        print(f"{what:60} {asked:>14} {found:>14}")


def costs(
    own: dict[str, float] | None, peers: dict[str, dict[str, float] | None]
) -> list[tuple[str, str, str]]:
    """Return the rows of the tight loop, the client's and its peers'."""
    if own is None:
        return [("run.step()", "<= 1.5 us", "failed")]
    medians = {name: found["median"] for name, found in peers.items() if found}
    rows = [
        ("run.step(), tight loop of 20,000, median", "<= 1.5 us", f"{own['median']:.2f} us"),
        ("run.step(), tight loop of 20,000, p99", "<= 6 us", f"{own['p99']:.2f} us"),
    ]
    for name, found in peers.items():
        text = "not measured" if found is None else f"{found['median']:.1f} us"
        tail = "" if found is None else f", p99 {found['p99']:.0f} us"
        rows.append((f"{name}{tail}", "-", text))
    if medians:
        best = min(medians, key=lambda name: medians[name])
        rows.append(
            (f"below the best peer ({best}), median", ">= 10 x", f"{medians[best] / own['median']:.0f} x")
        )
    return rows


def memory(own: dict[str, float] | None, where: str = "") -> list[tuple[str, str, str]]:
    """Return the rows of the client's memory."""
    if own is None:
        return [(f"{where}resident memory added", "<= 10 MB", "failed")]
    return [
        (f"{where}resident memory added, after 20,000 steps", "<= 10 MB", f"{own['added']:.1f} MB"),
        (f"{where}memory added, after 1,000,000 steps more", "<= 10 MB", f"{own['grown']:.1f} MB"),
        (f"{where}run.step() after 1,000,000 steps, median", "<= 1.5 us", f"{own['later']:.2f} us"),
    ]


def imports() -> list[tuple[str, str, str]]:
    """Return what importing the client adds to the start of an interpreter, over ``REPEATS`` of both."""
    programs = ("pass", f"import sys; sys.path.insert(0, {str(CLIENT)!r}); import cutloss")
    # In turns, so that what else the machine does falls on both.
    pairs = [[started(program) for program in programs] for _ in range(REPEATS)]
    added = statistics.median(loaded - bare for bare, loaded in pairs)
    return [("import cutloss, median", "<= 60 ms", f"{added * 1000:.0f} ms")]


def started(program: str) -> float:
    """Return the seconds that a small program takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-S", "-c", program], check=True)
    return time.perf_counter() - began


@contextmanager
def counting() -> Iterator[dict[str, str]]:
    """Run a service that counts; yield what points a client at it."""
    Counting.bodies = Counting.steps = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {"CUTLOSS_URL": f"http://127.0.0.1:{server.server_address[1]}", "CUTLOSS_TOKEN": "bench"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wire() -> tuple[str, str, str]:
    """Return the bytes that a step takes in the bodies that are posted."""
    with counting() as environ:
        subprocess.run([sys.executable, __file__, "wire"], env=os.environ | environ, check=True)
    size = Counting.bodies / max(Counting.steps, 1)
    return (f"on the wire, gzip, {Counting.steps:,} steps of noisy loss", "<= 20 B", f"{size:.1f} B/step")


def installed() -> dict[str, str]:
    """Return the interpreter of each peer, installing them where they are not yet."""
    python = PEERS / "bin" / "python"
    if not STAMP.exists():
        print("installing the peers under .bench/, once", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=False)
        pip = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES]
        if made.returncode or subprocess.run(pip, check=False).returncode:
            print("the peers cannot be installed; the client is measured alone")
            return {}
        STAMP.touch()
    return dict.fromkeys(PACKAGES, str(python))


def measured(name: str, python: str, service: dict[str, str] | None = None) -> dict[str, float] | None:
    """Return what a tracker's own process measured, ``None`` where it failed or took too long."""
    here = str(Path.cwd())
    environ = os.environ | (service or {}) | {
        "WANDB_MODE": "offline", "WANDB_SILENT": "true", "MLFLOW_TRACKING_URI": f"sqlite:///{here}/mlflow.db",
        "TRACKIO_DIR": f"{here}/trackio", "HOME": here, "GRADIO_ANALYTICS_ENABLED": "False",
    }  # fmt: skip
    try:
        ran = subprocess.run(
            [python, __file__, name], env=environ, capture_output=True, text=True, timeout=PEER_LIMIT_SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not lines:
        print(f"{name}: {ran.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    found: dict[str, float] | None = json.loads(lines[-1]) if lines else None
    return found


def tight(log: Callable[[int], object], calls: int) -> dict[str, float]:
    """Return median and p99 of a call, in microseconds."""
    spent = []
    for step in range(1, calls + 1):
        began = time.perf_counter_ns()
        log(step)
        spent.append((time.perf_counter_ns() - began) / 1000)
    spent.sort()
    return {"median": statistics.median(spent), "p99": spent[int(0.99 * calls)]}


def resident() -> float:
    """Return this process's resident memory in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def own_process() -> dict[str, float]:
    """Measure the client: a call, its memory, both again after a million steps."""
    sys.path.insert(0, str(CLIENT))
    # What the measuring itself keeps is there before.
    kept = [0.0] * CALLS["cutloss"]
    before = resident()
    import cutloss  # noqa: PLC0415 - what it adds is measured

    run = cutloss.init("bench")
    for step, _ in enumerate(kept, 1):
        run.step(step, loss=1.0 / step, lr=1e-3)
    time.sleep(1)
    added = resident() - before
    found = tight(lambda step: run.step(step, loss=1.0 / step, lr=1e-3), CALLS["cutloss"])
    time.sleep(1)
    for step in range(1, 1_000_001):
        run.step(step, loss=1.0 / step, lr=1e-3)
    grown = resident() - before
    time.sleep(1)
    later = tight(lambda step: run.step(step, loss=1.0 / step, lr=1e-3), CALLS["cutloss"])
    run.finish()
    return found | {"added": added, "grown": grown, "later": later["median"]}


def wire_process() -> None:
    """Report as a quick training does: a step a millisecond, its loss and its time noisy."""
    import random  # noqa: PLC0415 - the client's own process

    sys.path.insert(0, str(CLIENT))
    import cutloss  # noqa: PLC0415 - same

    noise = random.Random(0)  # noqa: S311 - noise, no secret
    run = cutloss.init("bench", total_steps=WIRE_STEPS)
    for step in range(1, WIRE_STEPS + 1):
        time.sleep(0.0002)
        run.step(step, loss=2 + 8 / step + noise.gauss(0, 0.05), lr=3e-4 * (1 - step / WIRE_STEPS))
    run.finish()


def tensorboardx() -> Callable[[int], object]:
    """Return what logs a step to a file of events."""
    from tensorboardX import SummaryWriter  # noqa: PLC0415 - in the peers' environment only

    writer = SummaryWriter("tensorboard")
    return lambda step: writer.add_scalar("loss", 1.0 / step, step)


def wandb_offline() -> Callable[[int], object]:
    """Return what logs a step to wandb's own process, offline."""
    import wandb  # noqa: PLC0415 - same

    run = wandb.init(project="bench", mode="offline")
    return lambda step: run.log({"loss": 1.0 / step, "lr": 1e-3}, step=step)


def trackio_local() -> Callable[[int], object]:
    """Return what logs a step to trackio's local store."""
    import trackio  # noqa: PLC0415 - same

    trackio.init(project="bench")
    return lambda step: trackio.log({"loss": 1.0 / step, "lr": 1e-3}, step=step)


def mlflow_local() -> Callable[[int], object]:
    """Return what logs a step to mlflow's local store."""
    import mlflow  # noqa: PLC0415 - same

    mlflow.start_run()
    return lambda step: mlflow.log_metrics({"loss": 1.0 / step, "lr": 1e-3}, step=step)


TRACKERS: dict[str, Callable[[], Callable[[int], object]]] = {
    "tensorboardX": tensorboardx,
    "wandb": wandb_offline,
    "trackio": trackio_local,
    "mlflow": mlflow_local,
}


def child(name: str) -> None:
    """Measure one tracker in this process, print what was found, and leave without its goodbyes."""
    if name == "wire":
        wire_process()
        return
    found: dict[str, Any] = own_process() if name == "cutloss" else tight(TRACKERS[name](), CALLS[name])
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    child(sys.argv[1]) if len(sys.argv) > 1 else main()

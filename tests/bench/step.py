"""What ``run.step()`` costs the training, asked against measured.

Run it as ``python tests/bench/step.py``; it reports to a service that is not there and to a spool of its own.
"""

import hashlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CALLS = 20_000
PACED_CALLS = 1_000
PACE_SECONDS = 0.002
MILLION = 1_000_000
IMPORT_REPEATS = 7
PAIRS = 41
STAND_IN_STEPS = 5
STAND_IN_KILOBYTES = 40_000


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CUTLOSS_SPOOL": folder, "CUTLOSS_CREDENTIALS": f"{folder}/none", "CUTLOSS": "on"}
        rows = [*tight_loop(), *paced_loop(), *change(), *million_steps(), *ends(), import_time()]
    print(f"{'what':48} {'asked':>12} {'measured':>12}")
    for what, asked, measured in rows:
        print(f"{what:48} {asked:>12} {measured:>12}")


def tight_loop() -> list[tuple[str, str, str]]:
    """Return the cost of a call with nothing in between."""
    microseconds = sorted(call_costs(CALLS, pause=0.0))
    median, p99 = statistics.median(microseconds), microseconds[int(0.99 * CALLS)]
    return [
        ("run.step(), tight loop of 20,000, median", "<= 1.5 us", f"{median:.2f} us"),
        ("run.step(), tight loop of 20,000, p99", "<= 6 us", f"{p99:.2f} us"),
    ]


def paced_loop() -> list[tuple[str, str, str]]:
    """Return the cost of a call after a short sleep, wake-up included."""
    median = statistics.median(call_costs(PACED_CALLS, pause=PACE_SECONDS))
    return [("run.step(), every 2 ms, median", "-", f"{median:.2f} us")]


def change() -> list[tuple[str, str, str]]:
    """Return by how much reporting changes a step, on this processor in a GPU's place.

    Rounds with it and without it come in turns, so that what else the machine does falls on both; the lower
    quartiles are compared, which it disturbs least. The share of the calls themselves needs no such care.
    On a GPU tests/trainer/test_cuda.py holds it to the same.
    """
    import cutloss  # noqa: PLC0415 - imported once the environment stands

    run = cutloss.init("bench")
    work = bytes(range(256)) * STAND_IN_KILOBYTES * 4
    pairs = [(stand_in(work, None), stand_in(work, run)) for _ in range(PAIRS)]
    run.finish()
    sides = [[seconds for seconds, _ in side] for side in zip(*pairs, strict=True)]
    bare, reported = (statistics.quantiles(side, n=4)[0] for side in sides)
    share = statistics.median(calls / seconds for _, (seconds, calls) in pairs)
    step = f"a step of {1000 * bare / STAND_IN_STEPS:.0f} ms"
    return [
        (f"{step}, share of run.step() in it", "< 0.1 %", f"{100 * share:.3f} %"),
        (f"{step}, changed by reporting", "< 0.1 %", f"{100 * (reported / bare - 1):+.3f} %"),
    ]


def stand_in(work: bytes, run: Any) -> tuple[float, float]:
    """Return the seconds of some steps, and those in the calls that report them.

    Hashing leaves the interpreter to others, as a GPU's work does.
    """
    calls = 0.0
    began = time.perf_counter()
    for step in range(1, STAND_IN_STEPS + 1):
        hashlib.sha256(work).digest()
        if run is not None:
            called = time.perf_counter()
            run.step(step, loss=1.0 / step, lr=1e-3)
            calls += time.perf_counter() - called
    return time.perf_counter() - began, calls


def call_costs(calls: int, pause: float) -> list[float]:
    """Return the microseconds of each call."""
    import cutloss  # noqa: PLC0415 - imported once the environment stands

    run = cutloss.init("bench")
    costs = []
    for step in range(1, calls + 1):
        if pause:
            time.sleep(pause)
        began = time.perf_counter_ns()
        run.step(step, loss=1.0 / step, lr=1e-3)
        costs.append((time.perf_counter_ns() - began) / 1000)
    run.finish()
    return costs


def million_steps() -> list[tuple[str, str, str]]:
    """Return what a million steps, given as fast as they can be, cost in time and memory."""
    import cutloss  # noqa: PLC0415 - imported once the environment stands

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = cutloss.init("bench")
    began = time.perf_counter()
    for step in range(1, MILLION + 1):
        run.step(step, loss=1.0 / step, lr=1e-3)
    microseconds = (time.perf_counter() - began) * 1e6 / MILLION
    run.finish()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return [
        ("run.step(), a million in a row, mean", "-", f"{microseconds:.2f} us"),
        ("memory added by a million steps in a row", "-", f"{grown:.1f} MB"),
        ("steps thinned of that million", "-", f"{run.counters.thinned}"),
    ]


def ends() -> list[tuple[str, str, str]]:
    """Return how long the end of a training takes, by what is at the service's address."""
    rows = []
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for what, place in (("refuses", closed), ("never answers", silent)):
            os.environ |= {
                "CUTLOSS_URL": f"http://127.0.0.1:{place.getsockname()[1]}",
                "CUTLOSS_TOKEN": "bench",
            }
            rows.append((f"run.finish(), service {what}", "<= 5 s", f"{end_seconds():.2f} s"))
    return rows


def end_seconds() -> float:
    """Return the seconds that the end of a short training takes."""
    import cutloss  # noqa: PLC0415 - imported once the environment stands

    run = cutloss.init("bench")
    for step in range(1, PACED_CALLS):
        run.step(step, loss=1.0)
        time.sleep(0.001)
    began = time.perf_counter()
    run.finish()
    return time.perf_counter() - began


def import_time() -> tuple[str, str, str]:
    """Return what importing the client adds to the start of an interpreter."""
    client = str(Path(__file__).parents[2] / "trainer")
    programs = ("pass", f"import sys; sys.path.insert(0, {client!r}); import cutloss")
    bare, loaded = (min(start_seconds(program) for _ in range(IMPORT_REPEATS)) for program in programs)
    return ("import cutloss", "<= 60 ms", f"{(loaded - bare) * 1000:.0f} ms")


def start_seconds(program: str) -> float:
    """Return the seconds that a small program takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-S", "-c", program], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

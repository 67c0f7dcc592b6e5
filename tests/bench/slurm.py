"""What a relaunch and a poll cost on a real cluster, asked against measured.

Run it as root, as ``python tests/bench/slurm.py``; it starts and deletes a cluster of its own.
"""

import dataclasses
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from app.replace import Replacer
from app.replacement import Replacement
from app.slurm.poller import Poller
from app.slurm.scheduler import Submission
from app.store import Store, open_store
from tests.slurm.conftest import Cluster, free_ports
from tests.slurm.waiting import start_old, until

RELAUNCHES = 5
TRACKED = 1000
POLLS = 10
# The jobs write their own start and end: SLURM's clock times are whole seconds.
OLD = "#!/bin/bash\ntrap 'date +%s.%N > ended; exit 0' TERM\ntouch ready\nwhile true; do sleep 0.02; done\n"
NEW = "#!/bin/bash\ndate +%s.%N > started\nexec sleep 600\n"


def main() -> None:
    """Measure, and print the table."""
    if shutil.which("slurmctld", path="/usr/sbin") is None:
        print("left out: SLURM is not installed; run deploy/slurm/install.sh as root")
        return
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    folder.chmod(0o755)
    cluster = Cluster(folder, {"SLURMBOX": str(folder), "SLURMBOX_PORT": str(free_ports(30))})
    try:
        began = time.monotonic()
        cluster.up()
        up_seconds = time.monotonic() - began
        (folder / "work").mkdir()
        rows = [
            ("cluster up, from nothing", "seconds", f"{up_seconds:.1f} s"),
            *relaunches(cluster),
            *polls(cluster),
        ]
    finally:
        cluster.down()
    print(f"{'what':62} {'asked':>12} {'measured':>12}")
    for what, asked, measured in rows:
        print(f"{what:62} {asked:>12} {measured:>12}")


def relaunches(cluster: Cluster) -> list[tuple[str, str, str]]:
    """Return the gap between the jobs and the time to the cancel, over several relaunches."""
    measured = [relaunch(cluster) for _ in range(RELAUNCHES)]
    gaps, clicks = zip(*measured, strict=True)
    return [
        ("gap from OLD's end to NEW's start, median", "<= 1 s", f"{statistics.median(gaps):.2f} s"),
        ("gap from OLD's end to NEW's start, worst", "<= 1 s", f"{max(gaps):.2f} s"),
        ("click to cancel, without a checkpoint, median", "<= 2 s", f"{statistics.median(clicks):.2f} s"),
        ("click to cancel, without a checkpoint, worst", "<= 2 s", f"{max(clicks):.2f} s"),
    ]


def relaunch(cluster: Cluster) -> tuple[float, float]:
    """Return the seconds from OLD's end to NEW's start, and from the click to the cancel's answer."""
    alice, store, work = cluster.scheduler("alice"), open_store(None), cluster.folder_of("alice", "bench")
    old = start_old(alice, store, work, OLD)
    until((work / "ready").exists)
    replacer = Replacer(store, alice, time.time)
    clicked = time.time()
    done = replacer.wait(replacer.start("r", script=NEW, user="alice").id, 60.0)
    until(lambda: read_time(work / "started") is not None)
    gap = (read_time(work / "started") or 0) - (read_time(work / "ended") or 0)
    click = (done.entered("cancelled") or 0) - clicked
    finish(alice, store, replacer, [old, done])
    return gap, click


def finish(alice: object, store: Store, replacer: Replacer, left: list[str | Replacement]) -> None:
    """Cancel what a relaunch left, and close what it used."""
    old, done = left
    assert isinstance(done, Replacement)
    assert done.state == "done", done.reason
    alice.cancel(done.new_id)
    until(lambda: not any(facts.is_active for facts in alice.jobs([old, done.new_id]).values()))
    replacer.close()
    store.close()


def read_time(path: Path) -> float | None:
    """Return the time in a file, ``None`` while there is none."""
    text = path.read_text().strip() if path.exists() else ""
    return float(text) if text else None


def polls(cluster: Cluster) -> list[tuple[str, str, str]]:
    """Return what asking for a thousand jobs costs the service, its programs included."""
    alice = cluster.scheduler("alice")
    work = cluster.folder_of("alice", "polls")
    held = [
        alice.submit(Submission("#!/bin/sh\ntrue\n", f"t{number}", str(work), hold=True))
        for number in range(TRACKED)
    ]
    store = open_store(None)
    known = alice.jobs(held)
    store.put_jobs([dataclasses.replace(facts, work_dir=str(work)) for facts in known.values()], 0.0)
    poller = Poller(store, alice, time.time)
    before, began = cpu_seconds(), time.monotonic()
    for _ in range(POLLS):
        poller.poll()
    cpu, wall = (cpu_seconds() - before) / POLLS, (time.monotonic() - began) / POLLS
    calls = poller.figures().calls / POLLS
    store.close()
    return [
        ("one poll of 1,000 jobs, calls", "1", f"{calls:.0f}"),
        ("one poll of 1,000 jobs, CPU with its programs and the store", "<= 150 ms", f"{1000 * cpu:.0f} ms"),
        ("one poll of 1,000 jobs, wall clock", "-", f"{1000 * wall:.0f} ms"),
    ]


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the programs it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()

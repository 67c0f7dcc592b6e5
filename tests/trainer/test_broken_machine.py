"""A training on a machine that is really broken: a full disk, a resolver that never answers."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SMALL_BYTES = 64 << 10
STEPS = 3000
END_SECONDS = 5.0
LATE_SECONDS = 15.0
"""A busy machine may be late by so much; what hangs, hangs for minutes."""

TRAIN = f"""
import cutloss, time
run = cutloss.init("broken", id="broken-1")
for step in range(1, {STEPS + 1}):
    run.step(step, loss=1.0 / step)
    if step % 100 == 0:
        time.sleep(0.05)
began = time.monotonic()
run.finish()
print(time.monotonic() - began)
"""


def trained(root: Path, *wrapped: str, **variables: str) -> float:
    """Train in a process of its own, which must end well and in silence; return how long its end took."""
    ran = subprocess.run(
        [*wrapped, sys.executable, "-X", "dev", "-c", TRAIN],
        env=os.environ | {"PYTHONPATH": str(root / "trainer")} | variables,
        capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    assert (0, "") == (ran.returncode, ran.stderr)
    return float(ran.stdout)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk that holds a few hundred steps."""
    folder = tmp_path / "small"
    folder.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own takes a mount, and so root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_no_record_while_the_service_is_there(
    small_disk: Path, root: Path, service: Any
) -> None:
    """What the disk does not take goes by HTTP from memory."""
    took = trained(root, CUTLOSS_SPOOL=str(small_disk))
    assert set(range(1, STEPS + 1)) == set(service.column("steps", "step"))
    notes = zip(service.column("notes", "kind"), service.column("notes", "data"), strict=True)
    assert any(kind == "warning" and data.get("spool_failures") for kind, data in notes)
    assert took < END_SECONDS + LATE_SECONDS


def test_a_full_disk_without_a_service_keeps_what_fits(small_disk: Path, root: Path) -> None:
    """The disk stays usable line by line, and the training never hears of it."""
    assert trained(root, CUTLOSS_SPOOL=str(small_disk)) < END_SECONDS + LATE_SECONDS
    (spool,) = small_disk.glob("*/*.jsonl")
    whole = [json.loads(line) for line in spool.read_bytes().split(b"\n")[:-1] if line.endswith(b"}")]
    steps = [record["step"] for record in whole if record.get("k") == "step"]
    assert list(range(1, len(steps) + 1)) == steps
    assert 100 < len(steps) < STEPS


def test_a_service_that_turns_slow_costs_the_end_its_few_seconds(
    root: Path, service: Any, spooled: Any
) -> None:
    """It took the first records and then answers no more: the steps go on, and the spool has them all."""
    released = threading.Event()

    def answer(_batch: dict[str, Any]) -> tuple[int, Any]:
        if service.batches:
            released.wait(90)
        return 200, {"commands": []}

    service.answer = answer
    took = trained(root)
    released.set()
    assert took < END_SECONDS + LATE_SECONDS
    assert (True, STEPS) == (bool(service.batches), len(spooled("step")))


@pytest.fixture
def hanging_resolver(tmp_path: Path) -> Iterator[list[str]]:
    """Return a command that runs another where names are asked of a server that never answers."""
    settings = tmp_path / "resolv.conf"
    settings.write_text("nameserver 127.0.0.53\noptions timeout:30 attempts:5\n")
    names = tmp_path / "nsswitch.conf"
    names.write_text("hosts: dns\n")
    mounts = (
        f'mount --bind {settings} /etc/resolv.conf && mount --bind {names} /etc/nsswitch.conf && exec "$@"'
    )
    command = ["unshare", "-m", "sh", "-c", mounts, "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a resolver of its own takes a mount namespace, and so root")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind(("127.0.0.53", 53))
        except OSError:
            pytest.skip("port 53 is somebody else's here")
        yield command


def test_names_that_nobody_resolves_hold_up_nobody(
    hanging_resolver: list[str], root: Path, spooled: Any
) -> None:
    """The system's own resolver hangs for minutes; the steps go on, and the end takes its few seconds."""
    began = time.monotonic()
    took = trained(
        root, *hanging_resolver, CUTLOSS_URL="http://service.example.org:8765", CUTLOSS_TOKEN="secret"
    )
    assert took < END_SECONDS + LATE_SECONDS
    assert time.monotonic() - began < 60
    assert STEPS == len(spooled("step"))

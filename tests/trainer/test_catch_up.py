"""A log that is followed on: nothing is reported twice, nothing is lost, another log is another attempt."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cutloss.catch_up import find_earlier
from cutloss.cli import main
from cutloss.records import decode

Spooled = Callable[..., list[dict[str, Any]]]
Waiting = Callable[[Callable[[], object], str], None]


def lines(first: int, last: int) -> str:
    """Return the log's lines from one step to another; they name no moment and no duration."""
    return "".join(f"step {step}/1000 loss {9 / step:.4f}\n" for step in range(first, last + 1))


@contextmanager
def following(log: Path, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Follow a log in a process of its own, and kill it at the end."""
    environ = os.environ | {"PYTHONPATH": str(root / "trainer")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cutloss.cli", "attach", str(log)],
        env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def attempts(home: Path) -> list[Path]:
    """Return the spools of all attempts."""
    return sorted((home / ".cutloss" / "spool").glob("*/*.jsonl"))


def append(log: Path, text: str) -> None:
    """Write on."""
    with log.open("a") as file:
        file.write(text)


def test_a_killed_follower_is_followed_on(
    tmp_path: Path, root: Path, home: Path, spooled: Spooled, wait_for: Waiting
) -> None:
    """One attempt, each step once, and the times of lines that were seen to come are kept."""
    log = tmp_path / "train.log"
    log.write_text(lines(1, 5))
    with following(log, root):
        wait_for(lambda: len(spooled("step")) == 5, "the first lines")
        append(log, lines(6, 8))
        wait_for(lambda: len(spooled("step")) == 8, "the lines seen to come")
    timed = [record["ended"] for record in spooled("step")]
    append(log, lines(9, 12))
    with following(log, root):
        wait_for(lambda: len(spooled("step")) == 12, "the rest")
    assert list(range(1, 13)) == [record["step"] for record in spooled("step")]
    assert timed == [record["ended"] for record in spooled("step")][:8]
    seqs = [record["seq"] for record in spooled()]
    assert 1 == len(attempts(home))
    assert len(seqs) == len(set(seqs))
    assert 1000 == [note["data"] for note in spooled("note") if note["kind"] == "plan"][-1]["total_steps"]


def test_a_half_written_line_of_the_spool_is_no_end(tmp_path: Path, home: Path) -> None:
    """What a kill cut short is written anew on a line of its own."""
    log = tmp_path / "train.log"
    log.write_text(lines(1, 5))
    main(["attach", str(log), "--once"])
    (spool,) = attempts(home)
    whole = spool.read_bytes().splitlines(keepends=True)
    is_last_step = next(index for index, line in enumerate(whole) if b'"step":5' in line)
    spool.write_bytes(b"".join(whole[:is_last_step]) + whole[is_last_step][:20])
    append(log, lines(6, 7))
    main(["attach", str(log), "--once"])
    records = (decode(line) for line in spool.read_bytes().splitlines())
    told = [record["step"] for record in records if record and record["k"] == "step"]
    assert list(range(1, 8)) == told


def test_another_log_under_the_same_name_is_another_attempt(tmp_path: Path, home: Path) -> None:
    """A job that was put back into the queue, and began its output anew."""
    log = tmp_path / "train.log"
    log.write_text(lines(1, 20))
    main(["attach", str(log), "--once"])
    log.write_text(lines(1, 3).replace("loss 9", "loss 8"))
    main(["attach", str(log), "--once"])
    assert 2 == len(attempts(home))
    assert [3, 20] == sorted(path.read_text().count('"k":"step"') for path in attempts(home))


def test_a_follower_that_lives_is_left_alone(
    tmp_path: Path, root: Path, home: Path, spooled: Spooled, wait_for: Waiting
) -> None:
    """Two that follow the same log write two attempts, never one file."""
    log = tmp_path / "train.log"
    log.write_text(lines(1, 5))
    with following(log, root):
        wait_for(lambda: len(spooled("step")) == 5, "the first lines")
        main(["attach", str(log), "--once"])
        assert 2 == len(attempts(home))


def test_a_follower_that_is_about_to_end_is_waited_for(tmp_path: Path, home: Path) -> None:
    """A service that was killed and started again at once finds its old reader still at work."""
    log = tmp_path / "train.log"
    log.write_text(lines(1, 5))
    main(["attach", str(log), "--once"])
    (spool,) = attempts(home)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ending:
        follower = {"log": str(log), "host": os.uname().nodename, "pid": ending.pid}
        spool.with_suffix(".follower.json").write_text(json.dumps(follower))
        assert None is find_earlier(spool.parent, log)
        with ThreadPoolExecutor(1) as pool:
            finding = pool.submit(find_earlier, spool.parent, log, 60.0)
            ending.communicate(b"\n")
            earlier = finding.result()
    assert earlier is not None
    assert spool == earlier.spool


@pytest.mark.parametrize("follower", ["", "[]", '{"log": "/elsewhere"}'], ids=["torn", "odd", "other"])
def test_an_attempt_that_nobody_is_known_to_have_followed_is_left_alone(
    tmp_path: Path, home: Path, follower: str
) -> None:
    """It may be the training's own."""
    log = tmp_path / "train.log"
    log.write_text(lines(1, 5))
    main(["attach", str(log), "--once"])
    attempts(home)[0].with_suffix(".follower.json").write_text(follower)
    main(["attach", str(log), "--once"])
    assert 2 == len(attempts(home))

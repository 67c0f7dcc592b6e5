"""One process of a job takes its orders; the others run their command plainly."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cutloss.supervise_orders import claim, orders_file, this_process

from tests.waiting import PATIENCE_SECONDS, until

ARGV = [sys.executable, "-m", "cutloss.cli", "supervise", "--grace", "5", "--"]
FIRST = "touch first; while ! test -e finish; do sleep 0.02; done"


def environment(folder: Path, **more: str) -> Mapping[str, str]:
    """Return the environment of a supervised process, outside of any job."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    return {**plain, "CUTLOSS_SUPERVISE": str(folder / "orders.json"), **more}


def test_a_second_supervisor_of_a_job_takes_no_orders(tmp_path: Path) -> None:
    """It says so, runs its command, and leaves what the first says of itself alone."""
    given, running = environment(tmp_path), tmp_path / "orders.running"
    with subprocess.Popen([*ARGV, "sh", "-c", FIRST], env=given, cwd=tmp_path) as first:
        until(lambda: running.exists() and (tmp_path / "first").exists())
        told = running.read_text()
        second = subprocess.run(
            [*ARGV, "sh", "-c", "exit 4"], env=given, cwd=tmp_path, capture_output=True, check=False
        )
        assert told == running.read_text()
        (tmp_path / "finish").touch()
        assert 0 == first.wait(PATIENCE_SECONDS)
    assert (4, True) == (second.returncode, b"no orders are taken" in second.stderr)
    assert str(json.loads(told)["pid"]).encode() in second.stderr
    assert not running.exists()


def test_of_two_that_begin_at_once_one_takes_orders(tmp_path: Path) -> None:
    """Neither finds the other's note at first."""
    given = environment(tmp_path)
    each = FIRST.replace("first", "first.$$")
    both = [
        subprocess.Popen([*ARGV, "sh", "-c", each], env=given, cwd=tmp_path, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    until(lambda: len(list(tmp_path.glob("first.*"))) == len(both))
    (tmp_path / "finish").touch()
    said = [process.communicate(timeout=PATIENCE_SECONDS)[1] for process in both]
    assert [0, 0] == [process.returncode for process in both]
    assert [False, True] == sorted(b"no orders are taken" in words for words in said)
    assert not list(tmp_path.glob("orders.*"))


def test_a_command_that_is_not_there_leaves_no_note(tmp_path: Path) -> None:
    """The first command of all may be misspelt: nothing runs then, and no orders are taken."""
    ended = subprocess.run([*ARGV, "/no/such"], env=environment(tmp_path), capture_output=True, check=False)
    assert 2 == ended.returncode
    assert not list(tmp_path.iterdir())


def test_only_the_first_task_of_a_step_takes_orders(tmp_path: Path) -> None:
    """Each of them would start the corrected command."""
    second = subprocess.run(
        [*ARGV, "sh", "-c", f"test ! -e {tmp_path / 'orders.running'}"],
        env=environment(tmp_path, SLURM_PROCID="1"), capture_output=True, check=False,
    )  # fmt: skip
    assert 0 == second.returncode
    assert b"task 1 of its step" in second.stderr
    assert claim(tmp_path / "orders.json", {"SLURM_PROCID": "0"}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "elsewhere"},
        {"pid": 2**22 + 1},
        {"pid": 10**30},
        {"pid": "x"},
        {"pid": os.getppid(), "started_ticks": "1"},
        {},
    ],
)
def test_what_is_left_of_a_dead_one_is_in_nobodys_way(tmp_path: Path, changed: Mapping[str, Any]) -> None:
    """A node that failed leaves it behind; its process id may be another process's by now."""
    running = tmp_path / "orders.running"
    running.write_text(json.dumps({"command": ["x"], "since": 1.0, **this_process(), **changed}))
    assert claim(tmp_path / "orders.json", {}) is None


@pytest.mark.parametrize("content", ["", "[]", "[" * 200_000, '{"pid": true', '{"pid": 1}'])
def test_an_odd_note_is_in_nobodys_way(tmp_path: Path, content: str) -> None:
    """As one of an earlier version, which does not name its process."""
    (tmp_path / "orders.running").write_text(content)
    assert claim(tmp_path / "orders.json", {}) is None


def test_a_folder_that_cannot_be_made_ends_no_training(tmp_path: Path) -> None:
    """It runs, without taking orders."""
    (tmp_path / "file").touch()
    given = environment(tmp_path / "file" / "folder")
    ended = subprocess.run([*ARGV, "sh", "-c", "exit 6"], env=given, capture_output=True, check=False)
    assert (6, True) == (ended.returncode, b"no orders are taken" in ended.stderr)


def test_each_job_has_its_own_file() -> None:
    """In the user's home, which the compute nodes share."""
    given = {"HOME": "/home/ada", "SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "box"}
    assert Path("/home/ada/.cutloss/supervise/box-7.json") == orders_file(given)
    local = {**given, "CUTLOSS_JOB_ID": "3"}
    assert Path("/home/ada/.cutloss/supervise/local-3.json") == orders_file(local)
    assert Path("/elsewhere") == orders_file({**given, "CUTLOSS_SUPERVISE": "/elsewhere"})

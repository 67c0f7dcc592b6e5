"""The client in processes of its own: silent, light, and gone when they are gone."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., subprocess.CompletedProcess[str]]
Records = Callable[..., list[dict[str, Any]]]

TRAIN = """
import cutloss, os, sys, time
run = cutloss.init("program", total_steps=3)
for step in range(1, 4):
    run.step(step, loss=1.0 / step)
"""


def finishes(spooled: Records) -> list[str]:
    """Return the reasons of the finish notes."""
    return [record["data"]["reason"] for record in spooled("note") if record["kind"] == "finish"]


def steps(spooled: Records) -> list[int]:
    """Return the steps in the spool."""
    return [record["step"] for record in spooled("step")]


@pytest.mark.parametrize(
    "where", ["no service", "absent_service", "silent_service", "service", "broken spool"]
)
def test_nothing_is_printed(program: Program, request: pytest.FixtureRequest, home: Path, where: str) -> None:
    """Not on stdout, not on stderr, whatever is there or missing; even with every warning shown."""
    if (where.endswith("service") and "_" in where) or where == "service":
        request.getfixturevalue(where)
    if where == "broken spool":
        (home / ".cutloss").write_text("no folder")
    done = program(TRAIN + "run.finish()", "-X", "dev", "-W", "always")
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_an_end_without_finish_is_flushed(program: Program, spooled: Records) -> None:
    """The last step was the plan's last, so the run is finished."""
    program(TRAIN)
    assert ([1, 2, 3], ["finished"]) == (steps(spooled), finishes(spooled))


def test_an_early_end_claims_nothing(program: Program, spooled: Records) -> None:
    """Whether a process that ends early has failed is not ours to say."""
    program(TRAIN.replace("total_steps=3", "total_steps=9"))
    assert ([1, 2, 3], []) == (steps(spooled), finishes(spooled))


def test_an_error_of_the_training_is_a_failed_run(program: Program, spooled: Records) -> None:
    """The error is printed as ever, and the run says that it failed."""
    done = program(TRAIN + "raise ValueError('the training s own')")
    assert (1, True) == (done.returncode, done.stderr.endswith("ValueError: the training s own\n"))
    assert ([1, 2, 3], ["failed"]) == (steps(spooled), finishes(spooled))


def test_an_interrupt_ends_the_training_as_ever(root: Path, spooled: Records) -> None:
    """Ctrl-C raises KeyboardInterrupt in the training, and what was reported is kept."""
    source = TRAIN + "print('ready', flush=True)\ntime.sleep(60)"
    environ = os.environ | {"PYTHONPATH": str(root / "trainer")}
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-c", source],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors.endswith("KeyboardInterrupt\n")
    assert [1, 2, 3] == steps(spooled)


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_process_that_vanishes_keeps_what_was_spooled(program: Program, spooled: Records, end: str) -> None:
    """After a turn of the client's thread the records are in the file, whatever happens to the process."""
    wait = """
import pathlib
spool = pathlib.Path.home() / ".cutloss" / "spool" / run.id / (run.attempt + ".jsonl")
while not spool.exists() or b'"step":3' not in spool.read_bytes():
    time.sleep(0.01)
"""
    program(TRAIN + wait + end)
    assert [1, 2, 3] == steps(spooled)


def test_a_forked_child_reports_nothing(program: Program, spooled: Records) -> None:
    """The parent's run goes on; the child's copy does nothing, at its end neither."""
    fork = """
child = os.fork()
run.step(100 if child == 0 else 4)
if child == 0:
    run.finish("failed")
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
run.finish()
"""
    done = program(TRAIN + fork)
    assert (0, "") == (done.returncode, done.stderr)
    assert ([1, 2, 3, 4], ["finished"]) == (steps(spooled), finishes(spooled))


def test_a_fork_in_the_midst_of_a_command_hangs_no_child(program: Program) -> None:
    """A lock that another thread held at the fork is held by nobody in the child, which may ask and save."""
    fork = """
import signal, threading
holder = threading.Thread(target=run._commands._lock.acquire)
holder.start()
holder.join()
child = os.fork()
if child == 0:
    signal.alarm(30)
    with run.checkpoint(3, "last.pt"):
        run.setting("every", 5)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    done = program(TRAIN + fork)
    assert (0, "") == (done.returncode, done.stderr)


def test_workers_of_a_pool_report_nothing(program: Program, spooled: Records) -> None:
    """A data loader's forked workers end without a word of ours."""
    pool = """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as workers:
    assert workers.map(abs, [-1, -2]) == [1, 2]
run.finish()
"""
    done = program(TRAIN + pool)
    assert (0, "") == (done.returncode, done.stderr)
    assert ([1, 2, 3], ["finished"]) == (steps(spooled), finishes(spooled))


def test_of_eight_ranks_one_reports(root: Path, spooled: Records, home: Path) -> None:
    """Eight processes of one job make one run with one attempt."""
    environ = os.environ | {"PYTHONPATH": str(root / "trainer"), "SLURM_JOB_ID": "77", "SLURM_NTASKS": "8"}
    ranks = [
        subprocess.Popen([sys.executable, "-c", TRAIN], env=environ | {"SLURM_PROCID": str(rank)})
        for rank in range(8)
    ]
    assert [0] * 8 == [process.wait(timeout=60) for process in ranks]
    assert ["program-77"] == [path.name for path in (home / ".cutloss" / "spool").iterdir()]
    assert [1, 2, 3] == steps(spooled)


def test_the_client_needs_nothing_but_python(root: Path) -> None:
    """In an isolated interpreter without site-packages it runs, and imports nothing from outside."""
    source = f"""
import sys
sys.path.insert(0, {str(root / "trainer")!r})
import cutloss
cutloss.init("isolated").finish()
import cutloss.cli, json
tops = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps(sorted(tops - set(sys.stdlib_module_names) - {{"cutloss", "__main__", "__mp_main__"}})))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source], capture_output=True, text=True, check=True, timeout=60
    )
    assert [] == json.loads(done.stdout)


def test_a_rank_that_does_not_report_imports_no_http(program: Program) -> None:
    """Seven of eight ranks pay only for the import of the run itself."""
    source = "import cutloss, sys; cutloss.init('x'); print('urllib.request' in sys.modules)"
    assert "False\n" == program(source, RANK="1").stdout

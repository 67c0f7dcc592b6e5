"""What the environment says of rank, job, run and spool."""

import re
import time
from pathlib import Path

import pytest
from cutloss import environment

SLURM_JOB = {"SLURM_JOB_ID": "13503904", "SLURM_CLUSTER_NAME": "jean", "SLURM_PROCID": "0"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, 0),
        ({"RANK": "3"}, 3),
        ({"SLURM_PROCID": "5"}, 5),
        ({"RANK": "0", "SLURM_PROCID": "1", "LOCAL_RANK": "0"}, 0),
        ({"RANK": "", "OMPI_COMM_WORLD_RANK": "2"}, 2),
        ({"LOCAL_RANK": "1"}, 1),
        ({"RANK": "first"}, 0),
    ],
)
def test_the_first_variable_that_is_set_tells_the_rank(environ: dict[str, str], expected: int) -> None:
    """RANK, of torchrun, comes before SLURM's, which counts launchers; what is no number says nothing."""
    assert expected == environment.rank(environ)


@pytest.mark.parametrize("word", ["off", "OFF", "0", "false", "no"])
def test_the_client_can_be_switched_off(word: str) -> None:
    """CUTLOSS=off leaves everything out."""
    assert environment.is_off({"CUTLOSS": word})
    assert not environment.is_off({"CUTLOSS": "on"})


def test_outside_of_a_job_there_is_no_job() -> None:
    """No variable, no job."""
    assert environment.job({}) is None


def test_a_slurm_job_is_known_from_its_variables() -> None:
    """The table of SLURM's variables becomes the wire's job; what is unset is absent."""
    found = environment.job({**SLURM_JOB, "SLURM_RESTART_COUNT": "2", "SLURM_JOB_START_TIME": "1795000000"})
    assert found is not None
    assert ("13503904", "jean", 2, 1795000000) == tuple(
        found[key] for key in ("id", "cluster", "restart_count", "started")
    )
    assert "array_task_id" not in found


def test_a_cluster_without_a_name_is_called_cluster() -> None:
    """SLURM may leave SLURM_CLUSTER_NAME unset."""
    found = environment.job({"SLURM_JOB_ID": "7"})
    assert found is not None
    assert "cluster" == found["cluster"]


def test_the_local_runners_job_is_local() -> None:
    """The local runner names its job by variables of its own, which win over SLURM's."""
    found = environment.job({**SLURM_JOB, "CUTLOSS_JOB_ID": "4", "CUTLOSS_CLUSTER": "local"})
    assert found is not None
    assert ("4", "local") == (found["id"], found["cluster"])


def test_a_requeued_job_keeps_its_run() -> None:
    """The run's id is made of the name and the job, so that a requeue goes on with it."""
    first = environment.run_id("topo flow!", SLURM_JOB)
    assert (
        "topo-flow-13503904"
        == first
        == environment.run_id("topo flow!", {**SLURM_JOB, "SLURM_RESTART_COUNT": "1"})
    )


def test_array_tasks_are_runs_of_their_own() -> None:
    """An array's tasks are told apart by array job and task."""
    array = {**SLURM_JOB, "SLURM_ARRAY_JOB_ID": "13503900", "SLURM_ARRAY_TASK_ID": "4"}
    assert "sweep-13503900_4" == environment.run_id("sweep", array)


def test_processes_without_a_slurm_job_are_runs_of_their_own() -> None:
    """The local runner counts its jobs anew in each folder, so its number identifies nothing."""
    for environ in ({}, {"CUTLOSS_JOB_ID": "1"}):
        first, second = environment.run_id("a", environ), environment.run_id("a", environ)
        assert first != second
        assert re.fullmatch(r"a-[0-9a-f]{8}", first)


def test_the_environment_may_name_the_run() -> None:
    """CUTLOSS_RUN wins, made safe for a path."""
    assert "my-run" == environment.run_id("a", {**SLURM_JOB, "CUTLOSS_RUN": "../my run"})


@pytest.mark.parametrize("name", ["", "..", "///", "-v", "--help", "é" * 300, "a" * 300])
def test_any_name_makes_a_safe_id(name: str) -> None:
    """An id is 1 to 100 of letters, digits, dot, dash and underscore, and never hides or climbs."""
    found = environment.run_id(name, SLURM_JOB)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", found)


def test_attempts_sort_by_their_start() -> None:
    """A later attempt's name sorts after an earlier one's."""
    assert environment.attempt_id(1_000_000_000.0) < environment.attempt_id(1_000_000_001.0)


def test_the_process_start_lies_shortly_before_now() -> None:
    """This process started in the past, and not before the machine's last month."""
    now = time.time()
    assert 0 < now - environment.process_started(now) < 30 * 86400


def test_the_spool_is_in_the_users_home_unless_named() -> None:
    """CUTLOSS_SPOOL wins over ~/.cutloss/spool."""
    assert Path("/h/.cutloss/spool") == environment.spool_folder({"HOME": "/h"})
    assert Path("/s") == environment.spool_folder({"HOME": "/h", "CUTLOSS_SPOOL": "/s"})

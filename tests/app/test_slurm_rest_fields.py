"""What a script and its options say becomes slurmrestd's fields, or is refused: nothing is lost."""

from typing import Any

import pytest

from app.slurm.rest_fields import submission_body
from app.slurm.scheduler import SchedulerError, Submission

SCRIPT = """#!/bin/bash
#SBATCH --time=1-02:00:00 --mem=2G -J "a b"
#SBATCH --gres=gpu:h100:2,shard:1 --nodes=2-4 --exclusive --mail-type=end,fail
python train.py
#SBATCH --uid=0
"""


def body(version: int, **parts: Any) -> dict[str, Any]:
    """Return the body of a submission in a version."""
    environment = {"PATH": "/bin", "A": "x=y"}
    asked = Submission(
        **{
            "script": SCRIPT, "token": "t", "work_dir": "/w", "environment": environment, "hold": True,
            "after": "7", **parts,
        }
    )  # fmt: skip
    return submission_body(asked, version)


def test_up_to_38_fields_are_as_sbatch_has_them() -> None:
    """Minutes and megabytes as numbers, the environment as an object, the script beside the job."""
    expected = {
        "job": {
            "name": "a b", "time_limit": 1560, "memory_per_node": 2048, "gres": "gpu:h100:2,shard:1",
            "nodes": "2-4", "exclusive": "exclusive", "mail_type": "end,fail", "comment": "t",
            "environment": {"PATH": "/bin", "A": "x=y"}, "current_working_directory": "/w", "hold": True,
            "dependency": "afterany:7",
        },
        "script": SCRIPT,
    }  # fmt: skip
    assert expected == body(38)


def test_since_39_fields_go_by_type() -> None:
    """Generic resources are trackable resources, the environment is a list."""
    job = body(39)["job"]
    assert "gres:gpu:h100:2,gres:shard:1" == job["tres_per_node"]
    assert ["PATH=/bin", "A=x=y"] == job["environment"]
    assert (["true"], ["END", "FAIL"]) == (job["exclusive"], job["mail_type"])
    assert "gres" not in job


@pytest.mark.parametrize(("version", "prefix"), [(40, "gres:"), (41, "gres/"), (45, "gres/")])
def test_since_40_the_script_is_the_jobs(version: int, prefix: str) -> None:
    """And resources are written with a slash since 41; several options may add to one field."""
    sent = body(version, options={"gpus-per-node": "4"})
    assert {"job"} == set(sent)
    assert SCRIPT == sent["job"]["script"]
    expected = f"{prefix}gpu:h100:2,{prefix}shard:1,{prefix}gpu:4"
    assert expected == sent["job"]["tres_per_node"]


def test_options_win_over_directives() -> None:
    """As on sbatch's command line; a flag is a flag."""
    job = body(38, options={"time": "5", "no-requeue": ""})["job"]
    assert (5, False) == (job["time_limit"], job["requeue"])


def test_arguments_are_sent_where_they_do_no_harm() -> None:
    """Since 39 as argv; before, they end the daemon and are refused."""
    assert ["script", "a b", "--lr"] == body(39, script_args=("a b", "--lr"))["job"]["argv"]
    with pytest.raises(SchedulerError, match="set -- "):
        body(38, script_args=("a",))


@pytest.mark.parametrize(
    ("version", "line", "words"),
    [
        (38, "--exclude=node1", "--exclude"),
        (38, "--signal=B:USR1@60", "batch shell"),
        (38, "--get-user-env", "--get-user-env"),
        (38, "--export=SECRET", "--export"),
        (39, "--begin=now+1hour", "--begin"),
        (45, "--burst-buffer=x", "--burst-buffer"),
        (38, "--time=soon", "soon"),
        (38, "--mem=lots", "lots"),
        (38, "--ntasks=all", "all"),
    ],
)
def test_what_has_no_field_is_refused(version: int, line: str, words: str) -> None:
    """By the option's name or its value."""
    with pytest.raises(SchedulerError, match=words):
        body(version, script=f"#!/bin/sh\n#SBATCH {line}\n")


def test_exported_environments_are_the_built_one() -> None:
    """ALL and NONE of the caller's environment mean nothing here."""
    assert "export" not in body(38, script="#!/bin/sh\n#SBATCH --export=ALL\n")["job"]

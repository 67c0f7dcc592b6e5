"""What SLURM's programs print is read as recorded from 22.05, and nothing misleads the reader."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.slurm import parse
from app.slurm.parse import SEPARATOR
from app.slurm.verification import Partition

RUNNING = SEPARATOR.join(
    ["5", "5", "RUNNING", "None", "alice", "gpu", "1", "node1", "1795422861", "1795422862", "1795426461",
     "1:00:00", "0", "(null)", "0", "cpu=1,mem=100M,node=1,billing=1,gres/gpu=2", ""]
)  # fmt: skip
WAITING = SEPARATOR.join(
    ["6", "6", "PENDING", "Dependency", "alice", "gpu", "2-4", "", "1795422546", "1795430000", "N/A",
     "UNLIMITED", "1", "afterany:5(unfulfilled)", "0", "cpu=1,mem=100M,node=1,billing=1", ""]
)  # fmt: skip
CANCELLED = SEPARATOR.join(
    ["7_3", "9", "CANCELLED", "Dependency", "alice", "gpu", "1", "", "1795422862", "1795422864", "1795422864",
     "31:00", "0", "(null)", "15", "N/A", ""]
)  # fmt: skip
SHOWN = (
    "JobId=333 JobName=we|ird UserId=root(0) GroupId=x\nname UserId=alice(1001) GroupId=alice(1001) "
    "MCS_label=N/A Priority=0 Nice=0 Account=lab QOS=normal JobState=PENDING Reason=ReqNodeNotAvail, "
    "UnavailableNodes:node1 Dependency=(null) Requeue=1 Restarts=2 BatchFlag=1 Reboot=0 ExitCode=0:0 "
    "RunTime=00:00:00 TimeLimit=01:00:00 TimeMin=N/A SubmitTime=1795422546 EligibleTime=Unknown "
    "AccrueTime=Unknown StartTime=Unknown EndTime=Unknown Deadline=N/A Partition=gpu "
    "AllocNode:Sid=localhost:2511 ReqNodeList=(null) ExcNodeList=(null) NodeList= NumNodes=1 NumCPUs=1 "
    "CPUs/Task=1 ReqB:S:C:T=0:0:*:* TRES=cpu=1,mem=100M,node=1,billing=1,gres/gpu=2 Socks/Node=* "
    "Command=/home/alice/sleep.sh JobState=RUNNING 1 WorkDir=/home/a b Comment=c1|c2\nc3  "
    "StdErr=/home/alice/err StdIn=/dev/null StdOut=/home/alice/out 1.txt Power= \n"
)


def test_a_running_job() -> None:
    """Its end is SLURM's estimate, so it has not ended."""
    ((raw, facts),) = parse.read_squeue(RUNNING + "\n", "box")
    assert ("5", "5", "box", "RUNNING", "alice", 2) == (
        raw, facts.id, facts.cluster, facts.state, facts.user, facts.gpus,
    )  # fmt: skip
    assert (1795422861.0, 1795422862.0, None) == (facts.submitted, facts.started, facts.ended)
    assert (3600.0, None, None) == (facts.time_limit_seconds, facts.exit_code, facts.reason)


def test_a_waiting_job() -> None:
    """Its start is an estimate, its node count a range, its limit none."""
    ((_, facts),) = parse.read_squeue(WAITING, "box")
    assert (None, 1795430000.0, 2, None) == (
        facts.started, facts.estimated_start, facts.node_count, facts.time_limit_seconds,
    )  # fmt: skip
    assert ("Dependency", "afterany:5(unfulfilled)", 1) == (
        facts.reason,
        facts.dependency,
        facts.restart_count,
    )


def test_a_job_cancelled_before_its_start() -> None:
    """SLURM writes the cancel's time as its start; it never had nodes."""
    ((raw, facts),) = parse.read_squeue(CANCELLED, "box")
    assert ("9", "7_3", None, 1795422864.0, "0:15") == (
        raw, facts.id, facts.started, facts.ended, facts.exit_code,
    )  # fmt: skip


def test_noise_around_the_lines_is_passed_over() -> None:
    """Site wrappers print greetings; half a line is no job."""
    noisy = f"Welcome to the cluster!\n{RUNNING}\n{WAITING[:40]}\n\n"
    assert ["5"] == [raw for raw, _ in parse.read_squeue(noisy, "box")]


def test_accounting_lines() -> None:
    """An ended job as sacct has it; steps and half lines are passed over."""
    line = SEPARATOR.join(
        ["5", "5", "CANCELLED by 1001", "None", "alice", "gpu", "1", "node1", "1795422861", "1795422862",
         "1795422870", "60", "0:0", "cpu=1,gres/gpu=2", "cpu=1,gres/gpu=2"]
    )  # fmt: skip
    step = line.replace(f"5{SEPARATOR}5{SEPARATOR}", f"5.batch{SEPARATOR}5.batch{SEPARATOR}", 1)
    ((raw, facts),) = parse.read_sacct(f"{line}\n{step}\nnoise\n", "box")
    assert ("5", "CANCELLED", 3600.0, 1795422870.0, 2) == (
        raw, facts.state, facts.time_limit_seconds, facts.ended, facts.gpus,
    )  # fmt: skip


def test_free_text_is_read_whole() -> None:
    """Names with newlines and look-alike fields, folders and files with spaces."""
    assert {
        "name": "we|ird UserId=root(0) GroupId=x\nname",
        "command": "/home/alice/sleep.sh JobState=RUNNING 1",
        "work_dir": "/home/a b",
        "comment": "c1|c2\nc3",
        "stdout": "/home/alice/out 1.txt",
    } == parse.read_free_text(SHOWN)


def test_the_submitted_id_is_the_last_line() -> None:
    """With a cluster behind it, with a wrapper's words before it; anything else is no id."""
    assert "12" == parse.read_submitted("12\n")
    assert "12" == parse.read_submitted("site policy: ok\n12;box\n")
    assert parse.read_submitted("Submitted batch job 12 on cluster x\n") is None
    assert parse.read_submitted("") is None


def test_a_comment_is_the_whole_token() -> None:
    """Comments of other jobs may hold newlines and separators."""
    text = (
        f"1{SEPARATOR}other\n{SEPARATOR}\n2{SEPARATOR}tok\n3{SEPARATOR}token\n4{SEPARATOR}a{SEPARATOR}tok\n"
    )
    assert ["2"] == parse.read_commented(text, "tok")


def test_partitions() -> None:
    """By name, with their state and limits."""
    text = "PartitionName=gpu MaxTime=2-00:00:00 MaxNodes=UNLIMITED State=UP\nPartitionName=x State=DOWN\n"
    expected = {"gpu": Partition("UP", 172_800.0, None), "x": Partition("DOWN", None, None)}
    assert expected == parse.read_partitions(text)


def test_stored_scripts_lose_their_heading() -> None:
    """Accounting puts a title and a rule before the script."""
    script = "#!/bin/bash\nsleep 1\n"
    assert script == parse.read_stored_script(f"Batch Script for 5\n-----------\n{script}")
    assert parse.read_stored_script("Batch Script for 5\n------\nNONE\n") is None


@given(st.text(alphabet=st.sampled_from(list("\x1f\n|=()5 aJobIdUser")), max_size=300))
def test_no_text_breaks_a_reader(text: str) -> None:
    """Readers give what they can and never raise."""
    parse.read_squeue(text, "box")
    parse.read_sacct(text, "box")
    parse.read_free_text(f"JobId=5 {text}")
    parse.read_partitions(text)
    parse.read_submitted(text)
    parse.read_commented(text, "tok")


def test_recorded_job_descriptions(shared: Path) -> None:
    """Every job that a real 22.05 showed has a folder."""
    lines = [
        line
        for path in sorted((shared / "slurm" / "samples").glob("scontrol-jobs-oneline-*.txt"))
        for line in path.read_text().splitlines()
        if line.startswith("JobId=")
    ]
    texts = [parse.read_free_text(line) for line in lines]
    assert len(texts) > 50
    assert all((text["work_dir"] or "").startswith("/") for text in texts)

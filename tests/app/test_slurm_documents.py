"""SLURM's JSON is read in every release's shape.

That of 22.05 was recorded; the others are written after SchedMD's own data parsers, not recorded.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slurm.documents import read_accounts, read_jobs, read_partitions, read_stored_script
from app.slurm.scheduler import JobFacts
from app.slurm.verification import Partition


def number(value: int) -> dict[str, Any]:
    """Return a number as 23.02 and later write it."""
    return {"set": True, "infinite": False, "number": value}


OLDEST = {
    "job_id": 5,
    "job_state": "RUNNING",
    "user_name": "alice",
    "name": "topo",
    "partition": "gpu",
    "nodes": "node1",
    "submit_time": 100,
    "start_time": 110,
    "end_time": 3710,
    "time_limit": 60,
    "node_count": 1,
    "restart_cnt": 0,
    "exit_code": 0,
    "state_reason": "None",
    "comment": "tok",
    "dependency": "",
    "array_job_id": 0,
    "array_task_id": None,
    "het_job_id": 0,
    "het_job_offset": 0,
    "current_working_directory": "/home/alice",
    "command": "/home/alice/train.sh a",
    "standard_output": "/home/alice/%x-%j.out",
    "tres_alloc_str": "cpu=1,gres/gpu=2",
}
LATER = OLDEST | {
    "submit_time": number(100), "start_time": number(110), "end_time": number(3710), "time_limit": number(60),
    "node_count": number(1), "job_state": ["RUNNING"], "array_job_id": number(0),
    "array_task_id": {"set": False, "infinite": False, "number": 0}, "het_job_id": number(0),
    "exit_code": {"status": ["SUCCESS"], "return_code": number(0), "signal": {"id": number(0), "name": ""}},
}  # fmt: skip
NEWEST = LATER | {"stdout_expanded": "/home/alice/topo-5.out", "submit_line": "sbatch train.sh a"}


def one(job: dict[str, Any]) -> JobFacts:
    """Read one job."""
    read = read_jobs(json.dumps({"errors": [], "jobs": [job]}), "box")
    assert read is not None
    ((_, facts),) = read
    return facts


@pytest.mark.parametrize("job", [OLDEST, LATER, NEWEST])
def test_every_shape_says_the_same(job: dict[str, Any]) -> None:
    """Numbers plain or as objects, states as word or list: the same facts."""
    facts = one(job)
    assert ("5", "RUNNING", "alice", "topo", "gpu", 2, 1) == (
        facts.id, facts.state, facts.user, facts.name, facts.partition, facts.gpus, facts.node_count,
    )  # fmt: skip
    assert (100.0, 110.0, None, 3600.0) == (
        facts.submitted, facts.started, facts.ended, facts.time_limit_seconds,
    )  # fmt: skip
    assert ("tok", "/home/alice", None, None) == (
        facts.comment,
        facts.work_dir,
        facts.reason,
        facts.dependency,
    )


def test_the_newest_knows_the_expanded_output() -> None:
    """And the command line; before, the pattern is all there is."""
    assert ("/home/alice/topo-5.out", "sbatch train.sh a") == (one(NEWEST).stdout, one(NEWEST).submit_line)
    assert ("/home/alice/%x-%j.out", None) == (one(LATER).stdout, one(LATER).submit_line)


def test_an_ended_job() -> None:
    """Its exit code from a raw wait status or from the object; its end is an end."""
    ended = {"job_state": ["FAILED"], "end_time": number(500)}
    later = LATER | ended | {"exit_code": {"status": ["ERROR"], "return_code": number(3)}}
    oldest = OLDEST | {"job_state": "FAILED", "end_time": 500, "exit_code": 768}
    for facts in (one(later), one(oldest)):
        assert ("FAILED", "3:0", 500.0) == (facts.state, facts.exit_code, facts.ended)


def test_no_limit_is_no_number() -> None:
    """Null in 21.08, infinite in an object later, though that is not set either."""
    assert one(OLDEST | {"time_limit": None}).time_limit_seconds is None
    infinite = {"set": False, "infinite": True, "number": 0}
    assert one(LATER | {"time_limit": infinite}).time_limit_seconds is None


def test_array_tasks_and_het_components_have_their_own_ids() -> None:
    """As squeue prints them."""
    assert "4_0" == one(LATER | {"array_job_id": number(4), "array_task_id": number(0)}).id
    assert "4_0" == one(OLDEST | {"array_job_id": 4, "array_task_id": 0}).id
    assert "4+1" == one(LATER | {"het_job_id": number(4), "het_job_offset": number(1)}).id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"jobs": {}}',
        '{"jobs": [], "errors": [{"error_number": -1, "error": "away"}]}',
    ],
)
def test_an_outage_is_no_empty_queue(text: str) -> None:
    """An error beside an empty list, or no document at all."""
    assert read_jobs(text, "box") is None


def test_an_empty_queue_is_one() -> None:
    """Without an error."""
    assert [] == read_jobs('{"errors": [], "jobs": []}', "box")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["set", "number", "job"]), inner)
    ),
)


@given(st.dictionaries(st.sampled_from(sorted(NEWEST)), anything))
def test_no_job_breaks_the_reader(job: dict[str, Any]) -> None:
    """Whatever a release puts into a field."""
    read = read_jobs(json.dumps({"jobs": [job]}), "box")
    assert read is not None
    assert all(isinstance(facts, JobFacts) for _, facts in read)


def test_recorded_queues(shared: Path) -> None:
    """Every job of the recorded 22.05 queues has an owner, a state, a folder and a submit time."""
    paths = sorted((shared / "slurm" / "samples").glob("squeue-?.json"))
    read = [pair for path in paths for pair in read_jobs(path.read_text(), "box") or []]
    assert len(read) > 50
    for _, facts in read:
        assert facts.user in {"alice", "bob"}
        assert facts.work_dir
        assert facts.submitted
        assert facts.state.isupper()


def test_waiting_tasks_of_an_array_are_told_apart() -> None:
    """SLURM keeps them in one record, with their numbers as a text."""
    job = {
        **NEWEST,
        "job_id": 26,
        "array_job_id": 26,
        "array_task_id": None,
        "array_task_string": "0-4:2,7%2",
    }
    read = read_jobs(json.dumps({"jobs": [job]}), "box") or []
    assert [("26", "26_0"), ("26", "26_2"), ("26", "26_4"), ("26", "26_7")] == [
        (raw, facts.id) for raw, facts in read
    ]


def test_a_task_text_without_end_is_bounded() -> None:
    """Nobody's array makes the service hold a billion jobs."""
    job = {**NEWEST, "job_id": 26, "array_job_id": 26, "array_task_id": None}
    job["array_task_string"] = "0-999999999,1-999999999"
    assert 10_001 == len(read_jobs(json.dumps({"jobs": [job]}), "box") or [])


def test_recorded_accounts(shared: Path) -> None:
    """Every recorded job has owner, state and submit time; an exit code of 0 is believed where completed."""
    read = read_accounts((shared / "slurm" / "samples" / "sacct-d.json").read_text(), "box")
    assert len(read) > 100
    assert {"alice", "bob"} >= {facts.user for _, facts in read if facts.user}
    assert all(facts.submitted and facts.state.isupper() for _, facts in read)
    assert {"0:0"} == {facts.exit_code for _, facts in read if facts.state == "COMPLETED"}
    assert "0:0" not in {facts.exit_code for _, facts in read if facts.state == "FAILED"}


@pytest.mark.parametrize("text", ["", "[]", '{"jobs": 3}', '{"jobs": [null, {"job_id": {"set": false}}]}'])
def test_no_accounts_are_read_from_odd_documents(text: str) -> None:
    """Nor scripts or partitions."""
    assert [] == read_accounts(text, "box")
    assert read_stored_script(text) is None
    assert {} == read_partitions(text)


def test_a_stored_script_is_read() -> None:
    """As 23.02 gives it."""
    assert "#!/bin/sh\n" == read_stored_script('{"jobs": [{"script": "#!/bin/sh\\n"}]}')
    assert read_stored_script('{"jobs": [{"script": "NONE"}]}') is None


def test_partitions_in_both_shapes() -> None:
    """Flat as recorded from 22.05, nested as the notes have it since 23.02."""
    flat = {"name": "gpu", "state": "UP", "max_time_limit": 2880, "maximum_nodes_per_job": -1}
    none = {"set": False, "infinite": True, "number": 0}
    nested = {
        "name": "new", "partition": {"state": ["DOWN"]},
        "maximums": {"time": {"set": True, "infinite": False, "number": 30}, "nodes": none},
    }  # fmt: skip
    read = read_partitions(json.dumps({"partitions": [flat, nested, {}]}))
    assert {"gpu": Partition("UP", 172_800.0, None), "new": Partition("DOWN", 1800.0, None)} == read

"""Pure readers of SLURM's JSON, in the shapes of 21.08 to 26.05."""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from app.slurm import parse, values
from app.slurm.scheduler import JobFacts
from app.slurm.verification import Partition

_MOST_TASKS = 10_000


def read_jobs(text: str, cluster: str) -> list[tuple[str, JobFacts]] | None:
    """Read the jobs of ``squeue``, ``scontrol show job`` or slurmrestd as pairs of raw job id and facts.

    Returns:
        ``None`` where the document is none, or tells of an error: an empty list beside an error is an outage,
        not an empty queue.
    """
    document = _document(text)
    jobs = document.get("jobs")
    if document.get("errors") or not isinstance(jobs, list):
        return None
    read = [(values.count(job.get("job_id")), job) for job in jobs if isinstance(job, Mapping)]
    known = [(str(raw), _facts(str(raw), job, cluster), job) for raw, job in read if raw is not None]
    return [(raw, facts) for raw, whole, job in known for facts in _each_task(whole, job)]


def read_accounts(text: str, cluster: str) -> list[tuple[str, JobFacts]]:
    """Read the jobs of slurmrestd's accounting; an error reads as none, for the controller has answered."""
    return [
        (str(raw), _account(str(raw), job, cluster))
        for job in read_objects(text)
        if (raw := values.count(job.get("job_id"))) is not None
    ]


def read_waiting(text: str, partition: str) -> list[str]:
    """Read the raw ids of the jobs in line for a partition, the one whose turn comes first at the head."""
    lined = [
        (-(values.number(job.get("priority")) or 0), values.epoch(job.get("submit_time")) or 0, str(raw))
        for job in read_objects(text)
        if values.state(job.get("job_state")) == "PENDING"
        and values.word(job.get("partition")) == partition
        and values.word(job.get("state_reason")) not in parse.NOT_IN_LINE
        and (raw := values.count(job.get("job_id"))) is not None
    ]
    return [raw for _, _, raw in sorted(lined)]


def read_objects(text: str) -> list[Mapping[str, Any]]:
    """Read a document's jobs as they are."""
    jobs = _document(text).get("jobs")
    return [job for job in jobs if isinstance(job, Mapping)] if isinstance(jobs, list) else []


def read_stored_script(text: str) -> str | None:
    """Read the batch script that accounting of 23.02 to 23.11 gives with a job."""
    jobs = _document(text).get("jobs")
    script = jobs[0].get("script") if isinstance(jobs, list) and jobs and _is_object(jobs[0]) else None
    return script if isinstance(script, str) and script.startswith("#!") else None


def read_partitions(text: str) -> dict[str, Partition]:
    """Read slurmrestd's partitions by name: flat up to v0.0.38, nested since."""
    listed = _document(text).get("partitions")
    read = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return {str(each["name"]): _partition(each) for each in read if "name" in each}


def _partition(fields: Mapping[str, Any]) -> Partition:
    most, told = _inner(fields, "maximums"), _inner(fields, "partition")
    minutes = values.number(fields.get("max_time_limit", most.get("time")))
    nodes = values.count(fields.get("maximum_nodes_per_job", most.get("nodes")))
    state = values.word(fields.get("state", told.get("state"))) or "UP"
    # v0.0.38 writes -1 where there is no limit.
    return Partition(
        state,
        None if minutes is None or minutes < 0 else 60 * minutes,
        None if nodes is None or nodes < 0 else nodes,
    )


def _inner(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _account(raw: str, job: Mapping[str, Any], cluster: str) -> JobFacts:
    told, times = _inner(job, "state"), _inner(job, "time")
    facts = _common(_account_id(raw, job), job, cluster, told.get("current"), times)
    return dataclasses.replace(
        facts,
        user=values.word(job.get("user")),
        reason=values.word(told.get("reason")),
        node_count=values.count(job.get("allocation_nodes")),
        submitted=values.epoch(times.get("submission")),
        exit_code=_accounted_exit(facts.state, job.get("exit_code")),
        work_dir=values.word(job.get("working_directory")),
    )


def _common(
    job_id: str, job: Mapping[str, Any], cluster: str, state: object, times: Mapping[str, Any]
) -> JobFacts:
    """Return what the controller's record of a job and accounting's say in the same way."""
    known = values.state(state) or "UNKNOWN"
    minutes = values.number(times.get("limit"))
    nodes = values.word(job.get("nodes"))
    start, end = values.epoch(times.get("start")), values.epoch(times.get("end"))
    return JobFacts(
        id=job_id,
        cluster=cluster,
        state=known,
        name=values.word(job.get("name")),
        partition=values.word(job.get("partition")),
        nodes=nodes,
        time_limit_seconds=None if minutes is None else minutes * 60,
        comment=_comment(job.get("comment")),
        submit_line=values.word(job.get("submit_line")),
        **parse.clock_times(known, start, end, nodes),
    )


def _account_id(raw: str, job: Mapping[str, Any]) -> str:
    array, het = _inner(job, "array"), _inner(job, "het")
    inner = {"array_job_id": array.get("job_id"), "array_task_id": array.get("task_id")}
    return _id(raw, {**inner, "het_job_id": het.get("job_id"), "het_job_offset": het.get("job_offset")})


def _accounted_exit(state: str, value: object) -> str | None:
    # Up to 23.02 it says 0 of every job that exited by itself, whatever its code.
    read = None if state in parse.NOT_EXITED else values.exit_code(value)
    return None if read == "0:0" and state != "COMPLETED" else read


def _each_task(facts: JobFacts, job: Mapping[str, Any]) -> list[JobFacts]:
    """Tell waiting array tasks apart, which SLURM keeps in one record until they start."""
    array, waiting = values.count(job.get("array_job_id")), values.word(job.get("array_task_string"))
    if not array or waiting is None or values.count(job.get("array_task_id")) is not None:
        return [facts]
    tasks = _tasks(waiting)
    return [dataclasses.replace(facts, id=f"{array}_{task}") for task in tasks] or [facts]


def _tasks(text: str) -> list[int]:
    """Read task numbers written ``0-3``, ``1,5-9:2`` or ``0-99%4``; what is cut off is not known."""
    found: list[int] = []
    for part in text.partition("%")[0].split(","):
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?(?::(\d{1,9}))?", part.strip(), re.ASCII)
        if match and len(found) < _MOST_TASKS:
            last = min(int(match[2] or match[1]), int(match[1]) + _MOST_TASKS)
            found.extend(range(int(match[1]), last + 1, max(1, int(match[3] or 1))))
    return found


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}


def _facts(raw: str, job: Mapping[str, Any], cluster: str) -> JobFacts:
    names = {"limit": "time_limit", "start": "start_time", "end": "end_time"}
    times = {name: job.get(field) for name, field in names.items()}
    facts = _common(_id(raw, job), job, cluster, job.get("job_state"), times)
    has_exited = facts.state not in parse.NOT_EXITED
    return dataclasses.replace(
        facts,
        user=values.word(job.get("user_name")),
        reason=values.word(job.get("state_reason")),
        node_count=values.count(job.get("node_count")),
        gpus=values.gpus(job.get("tres_alloc_str") or job.get("tres_req_str")),
        submitted=values.epoch(job.get("submit_time")),
        restart_count=values.count(job.get("restart_cnt")),
        exit_code=values.exit_code(job.get("exit_code")) if has_exited else None,
        dependency=values.word(job.get("dependency")),
        command=values.word(job.get("command")),
        work_dir=values.word(job.get("current_working_directory")),
        # The pattern with %j stays in standard_output; later releases add what it stands for.
        stdout=values.word(job.get("stdout_expanded") or job.get("standard_output")),
    )


def _id(raw: str, job: Mapping[str, Any]) -> str:
    array, task = values.count(job.get("array_job_id")), values.count(job.get("array_task_id"))
    if array and task is not None:
        return f"{array}_{task}"
    het, offset = values.count(job.get("het_job_id")), values.count(job.get("het_job_offset"))
    return f"{het}+{offset or 0}" if het else raw


def _comment(value: object) -> str | None:
    return values.word(value.get("job") if isinstance(value, Mapping) else value)

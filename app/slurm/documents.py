"""Pure readers of SLURM's JSON, in the shapes of 21.08 to 26.05."""

import json
from collections.abc import Mapping
from typing import Any

from app.slurm import parse, values
from app.slurm.scheduler import JobFacts


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
    return [(str(raw), _facts(str(raw), job, cluster)) for raw, job in read if raw is not None]


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}


def _facts(raw: str, job: Mapping[str, Any], cluster: str) -> JobFacts:
    state = values.state(job.get("job_state")) or "UNKNOWN"
    minutes = values.number(job.get("time_limit"))
    nodes = values.word(job.get("nodes"))
    start, end = values.epoch(job.get("start_time")), values.epoch(job.get("end_time"))
    return JobFacts(
        id=_id(raw, job),
        cluster=cluster,
        state=state,
        user=values.word(job.get("user_name")),
        name=values.word(job.get("name")),
        reason=values.word(job.get("state_reason")),
        partition=values.word(job.get("partition")),
        nodes=nodes,
        node_count=values.count(job.get("node_count")),
        gpus=values.gpus(job.get("tres_alloc_str") or job.get("tres_req_str")),
        submitted=values.epoch(job.get("submit_time")),
        time_limit_seconds=None if minutes is None else minutes * 60,
        restart_count=values.count(job.get("restart_cnt")),
        exit_code=None if state in parse.NOT_EXITED else values.exit_code(job.get("exit_code")),
        comment=_comment(job.get("comment")),
        dependency=values.word(job.get("dependency")),
        command=values.word(job.get("command")),
        work_dir=values.word(job.get("current_working_directory")),
        # The pattern with %j stays in standard_output; later releases add what it stands for.
        stdout=values.word(job.get("stdout_expanded") or job.get("standard_output")),
        submit_line=values.word(job.get("submit_line")),
        **parse.clock_times(state, start, end, nodes),
    )


def _id(raw: str, job: Mapping[str, Any]) -> str:
    array, task = values.count(job.get("array_job_id")), values.count(job.get("array_task_id"))
    if array and task is not None:
        return f"{array}_{task}"
    het, offset = values.count(job.get("het_job_id")), values.count(job.get("het_job_offset"))
    return f"{het}+{offset or 0}" if het else raw


def _comment(value: object) -> str | None:
    return values.word(value.get("job") if isinstance(value, Mapping) else value)

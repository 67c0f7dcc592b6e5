"""Pure readers of what ``squeue``, ``sacct`` and ``scontrol`` print."""

import re
from collections.abc import Iterable, Mapping
from typing import TypedDict

from app.slurm import values
from app.slurm.scheduler import JobFacts
from app.slurm.verification import Partition

SEPARATOR = "\x1f"

# Only fields whose text SLURM itself chooses: names, comments and paths may hold newlines and separators.
SQUEUE_FIELDS = (
    "JobArrayID", "JobID", "State", "Reason", "UserName", "Partition", "NumNodes", "NodeList", "SubmitTime",
    "StartTime", "EndTime", "TimeLimit", "RestartCnt", "Dependency", "exit_code", "tres-alloc",
)  # fmt: skip
SACCT_FIELDS = (
    "JobID", "JobIDRaw", "State", "Reason", "User", "Partition", "NNodes", "NodeList", "Submit", "Start",
    "End", "TimelimitRaw", "ExitCode", "AllocTRES", "ReqTRES",
)  # fmt: skip


class ClockTimes(TypedDict):
    """The clock times of a job, epoch seconds."""

    started: float | None
    ended: float | None
    estimated_start: float | None


def squeue_format() -> str:
    """Return the ``--Format`` text for the fields above."""
    return format_of(SQUEUE_FIELDS)


def format_of(fields: Iterable[str]) -> str:
    """Return fields as ``squeue --Format`` takes them; a suffix alone leaves the width free."""
    return ",".join(f"{field}:{SEPARATOR}" for field in fields)


def rows(text: str, fields: tuple[str, ...]) -> Iterable[dict[str, str]]:
    """Yield one mapping per well-formed line; other lines (wrapper noise, half a line) are passed over."""
    for line in text.split("\n"):
        cells = line.split(SEPARATOR)
        if len(cells) in {len(fields), len(fields) + 1}:
            yield dict(zip(fields, cells, strict=False))


def read_squeue(text: str, cluster: str) -> list[tuple[str, JobFacts]]:
    """Read ``squeue`` lines as pairs of raw job id and facts."""
    return [
        (row["JobID"].strip(), _from_squeue(row, cluster))
        for row in rows(text, SQUEUE_FIELDS)
        if row["JobID"].strip()
    ]


def _from_squeue(row: Mapping[str, str], cluster: str) -> JobFacts:
    state = values.state(row["State"]) or "UNKNOWN"
    return JobFacts(
        id=row["JobArrayID"].strip() or row["JobID"].strip(),
        cluster=cluster,
        state=state,
        user=values.word(row["UserName"]),
        reason=values.word(row["Reason"]),
        partition=values.word(row["Partition"]),
        nodes=values.word(row["NodeList"]),
        node_count=_node_count(row["NumNodes"]),
        gpus=values.gpus(row["tres-alloc"]),
        submitted=values.epoch(row["SubmitTime"]),
        time_limit_seconds=values.seconds(row["TimeLimit"]),
        restart_count=values.count(row["RestartCnt"]),
        exit_code=None if state in NOT_EXITED else values.exit_code(row["exit_code"]),
        dependency=values.word(row["Dependency"]),
        **_times(state, row["StartTime"], row["EndTime"], row["NodeList"]),
    )


def read_sacct(text: str, cluster: str) -> list[tuple[str, JobFacts]]:
    """Read ``sacct -X --parsable2`` lines as pairs of raw job id and facts."""
    return [
        (row["JobIDRaw"].strip(), _from_sacct(row, cluster))
        for row in rows(text, SACCT_FIELDS)
        if re.fullmatch(r"[\d_+]+", row["JobID"].strip(), re.ASCII)
    ]


def _from_sacct(row: Mapping[str, str], cluster: str) -> JobFacts:
    state = values.state(row["State"]) or "UNKNOWN"
    minutes = values.number(row["TimelimitRaw"])
    return JobFacts(
        id=row["JobID"].strip(),
        cluster=cluster,
        state=state,
        user=values.word(row["User"]),
        reason=values.word(row["Reason"]),
        partition=values.word(row["Partition"]),
        nodes=values.word(row["NodeList"]),
        node_count=_node_count(row["NNodes"]),
        gpus=values.gpus(row["AllocTRES"] or row["ReqTRES"]),
        submitted=values.epoch(row["Submit"]),
        time_limit_seconds=None if minutes is None else minutes * 60,
        exit_code=None if state in NOT_EXITED else values.exit_code(row["ExitCode"]),
        **_times(state, row["Start"], row["End"], row["NodeList"]),
    )


NOT_EXITED = frozenset({"PENDING", "RUNNING", "SUSPENDED", "CONFIGURING", "COMPLETING"})


def _times(state: str, start: object, end: object, nodes: object) -> ClockTimes:
    return clock_times(state, values.epoch(start), values.epoch(end), values.word(nodes))


def clock_times(state: str, start: float | None, end: float | None, nodes: str | None) -> ClockTimes:
    """Tell facts from forecasts: a pending job's start and a running job's end are SLURM's estimates.

    A job that was cancelled before it got nodes never started, whatever SLURM writes as its start.
    """
    if state in {"PENDING", "REQUEUED", "REQUEUE_HOLD", "CONFIGURING"}:
        return {"started": None, "ended": None, "estimated_start": start}
    started = None if nodes is None and state not in NOT_EXITED else start
    return {"started": started, "ended": None if state in NOT_EXITED else end, "estimated_start": None}


def _node_count(text: str) -> int | None:
    # A pending job may ask for a range, "2-4".
    return values.count(text.partition("-")[0])


WAITING_FIELDS = ("JobArrayID", "JobID", "PriorityLong", "SubmitTime", "Reason")
NOT_IN_LINE = frozenset(
    {"JobHeldUser", "JobHeldAdmin", "Dependency", "DependencyNeverSatisfied", "BeginTime"}
)
"""Reasons for which a waiting job is not in the line: no room would let it start."""


def read_waiting(text: str) -> list[str]:
    """Read ``squeue``'s waiting jobs as raw ids, the one whose turn comes first at the head."""
    lined = [
        (
            -(values.number(row["PriorityLong"]) or 0),
            values.epoch(row["SubmitTime"]) or 0,
            row["JobID"].strip(),
        )
        for row in rows(text, WAITING_FIELDS)
        if row["Reason"].strip() not in NOT_IN_LINE
    ]
    return [raw for _, _, raw in sorted(lined)]


class FreeText(TypedDict):
    """What the owner of a job chooses freely."""

    name: str | None
    command: str | None
    work_dir: str | None
    comment: str | None
    stdout: str | None


# As they follow each other at the end of a job's line.
_FREE_FIELDS = ("Command", "WorkDir", "Comment", "StdErr", "StdIn", "StdOut", "Power")


def read_free_text(text: str) -> FreeText:
    """Read name, command, folder, comment and output file from ``scontrol show job --oneliner``."""
    head, mark, tail = text.partition(" Command=")
    name = re.search(r"JobName=(.*) UserId=\S+\(\d+\) GroupId=", head, re.DOTALL | re.ASCII)
    pieces = re.split(rf"\s({'|'.join(_FREE_FIELDS)})=", mark + tail)
    fields: dict[str, str] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=False):
        fields.setdefault(key, value)
    return {
        "name": values.word(name[1]) if name else None,
        "command": values.word(fields.get("Command")),
        "work_dir": values.word(fields.get("WorkDir")),
        "comment": values.word(fields.get("Comment")),
        "stdout": values.word(fields.get("StdOut")),
    }


def read_partitions(text: str) -> dict[str, Partition]:
    """Read ``scontrol show partition --oneliner`` as partitions by name."""
    partitions = {}
    for line in text.splitlines():
        fields = dict(pair.split("=", 1) for pair in line.split() if "=" in pair)
        if "PartitionName" in fields:
            limits = values.seconds(fields.get("MaxTime")), values.count(fields.get("MaxNodes"))
            partitions[fields["PartitionName"]] = Partition(fields.get("State", "UP"), *limits)
    return partitions


def read_submitted(text: str) -> str | None:
    """Read the job id that ``sbatch --parsable`` prints; wrappers may print lines before it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    match = re.fullmatch(r"(\d+)(?:;[\w.-]+)?", lines[-1], re.ASCII) if lines else None
    return match[1] if match else None


def read_commented(text: str, token: str) -> list[str]:
    """Read the ids of lines ``id SEPARATOR comment`` whose comment is the token."""
    found = []
    for line in text.split("\n"):
        job_id, _, comment = line.partition(SEPARATOR)
        if comment.strip() == token and re.fullmatch(r"\d+", job_id.strip(), re.ASCII):
            found.append(job_id.strip())
    return found


def read_stored_script(text: str) -> str | None:
    """Read ``sacct --batch-script``, which puts two lines of heading before the script."""
    start = text.find("#!")
    return text[start:] if start >= 0 else None

"""What an ended job has used of what it was given: pure readers of ``sacct`` and slurmrestd's accounting."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.slurm import parse, values

USAGE_FIELDS = ("JobIDRaw", "ElapsedRaw", "AllocCPUS", "TotalCPU", "AllocTRES", "TRESUsageInTot")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job has used; ``None`` is not known.

    Attributes:
        elapsed_seconds: that it held its nodes.
        cpus: cores it held.
        cpu_seconds: that they computed.
        gpus: it held.
        memory_bytes: the most that one step has used.
        memory_given_bytes: it held.
    """

    elapsed_seconds: float
    cpus: int | None
    cpu_seconds: float | None
    gpus: int | None
    memory_bytes: float | None
    memory_given_bytes: float | None

    @property
    def cpu_share(self) -> float | None:
        """How much of its cores' time it has computed, 0 to 1."""
        return _share(self.cpu_seconds, self.elapsed_seconds * (self.cpus or 0))

    @property
    def memory_share(self) -> float | None:
        """How much of its memory it has used, 0 to 1."""
        return _share(self.memory_bytes, self.memory_given_bytes)

    @property
    def gpu_hours(self) -> float | None:
        """What its GPUs were held for."""
        return self.gpus * self.elapsed_seconds / 3600 if self.gpus else None


def read_usage(text: str, job_id: str) -> Usage | None:
    """Read a job's and its steps' lines of ``sacct``; ``None`` where the job is not among them."""
    rows = list(parse.rows(text, USAGE_FIELDS))
    whole = next((row for row in rows if "." not in row["JobIDRaw"]), None)
    elapsed = values.number(whole["ElapsedRaw"]) if whole is not None else None
    if whole is None or elapsed is None or not re.fullmatch(r"[\d_+]+", job_id, re.ASCII):
        return None
    given = _tres(whole["AllocTRES"])
    used = [size for row in rows if (size := _size(_tres(row["TRESUsageInTot"]).get("mem"))) is not None]
    return Usage(
        elapsed_seconds=elapsed,
        cpus=values.count(whole["AllocCPUS"]),
        cpu_seconds=_cpu_seconds(whole["TotalCPU"]),
        gpus=values.gpus(whole["AllocTRES"]),
        memory_bytes=max(used, default=None),
        memory_given_bytes=_size(given.get("mem")),
    )


def read_usage_document(document: Mapping[str, Any]) -> Usage | None:
    """Read the first job of slurmrestd's accounting."""
    jobs = document.get("jobs")
    job = jobs[0] if isinstance(jobs, list) and jobs and isinstance(jobs[0], Mapping) else {}
    times, tres = _inner(job, "time"), _inner(job, "tres")
    elapsed = values.number(times.get("elapsed"))
    if elapsed is None:
        return None
    given = _counts(tres.get("allocated"))
    total = _inner(times, "total")
    steps = job.get("steps")
    used = [
        size
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, Mapping)
        and (size := _counts(_inner(_inner(step, "tres"), "requested").get("total")).get("mem")) is not None
    ]
    mebibytes = given.get("mem")
    return Usage(
        elapsed_seconds=elapsed,
        cpus=values.count(given.get("cpu")),
        cpu_seconds=(values.number(total.get("seconds")) or 0)
        + (values.number(total.get("microseconds")) or 0) / 1e6,
        gpus=values.count(given.get("gres/gpu")),
        memory_bytes=max(used, default=None),
        memory_given_bytes=None if mebibytes is None else mebibytes * 2**20,
    )


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _tres(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair)


def _counts(listed: object) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in _objects(listed):
        name = "/".join(str(part) for part in (each.get("type"), each.get("name")) if part)
        if (size := values.number(each.get("count"))) is not None:
            found[name] = size
    return found


def _objects(listed: object) -> Iterable[Mapping[str, Any]]:
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, Sequence) else []


def _inner(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def _size(text: str | None) -> float | None:
    """Read a size such as ``100M``; bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGTP]?)[cn]?", (text or "").strip(), re.ASCII)
    return float(match[1]) * _UNITS[match[2]] if match else None


def _cpu_seconds(text: str) -> float | None:
    """Read ``[days-][hours:]minutes:seconds[.fraction]``."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", text.strip(), re.ASCII)
    if match is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 86400 * days + 3600 * hours + 60 * minutes + seconds

"""A submission as the fields of slurmrestd, which passes over ``#SBATCH`` lines: they are read and sent.

Up to v0.0.38 slurmrestd hands the fields to sbatch's own option parser; since v0.0.39 it reads them by type,
and generic resources go by ``tres_…``. What cannot be said in a version is refused, never left out.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.slurm import values
from app.slurm.options import check_text
from app.slurm.scheduler import SchedulerError, Submission
from app.slurm.script import effective_options
from app.slurm.standing import whole_minutes

LAST_LOOSE = 38
"""Newest version of v0.0.x whose fields are read as sbatch reads its options."""

_LAST_SCRIPT_ASIDE = 39
_LAST_COLON_TRES = 40

# Said by the submission itself, or meant for sbatch alone.
_ASIDE = frozenset(
    {"chdir", "comment", "hold", "dependency", "parsable", "quiet", "verbose", "ignore-pbs"}
)  # fmt: skip
_MEGABYTES = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}


def _minutes(text: str) -> int:
    seconds = values.seconds(text)
    if seconds is None:
        raise SchedulerError(f"time limit is {text!r}; expected minutes or [days-]hours:minutes:seconds")
    return whole_minutes(seconds)


def _megabytes(text: str) -> int:
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "M")
    if not number.isdecimal() or unit not in _MEGABYTES:
        raise SchedulerError(f"memory is {text!r}; expected digits and K, M, G or T")
    return max(1, round(int(number) * _MEGABYTES[unit]))


def _count(text: str) -> int:
    read = values.count(text)
    if read is None:
        raise SchedulerError(f"a count is {text!r}; expected a whole number")
    return read


def _signal(text: str) -> str:
    if ":" in text:
        raise SchedulerError(f"signal is {text!r}; to the batch shell alone it cannot be sent here")
    return text


_Reader = Callable[[str], Any]
_COMMON: Mapping[str, tuple[str, _Reader]] = {
    "account": ("account", str),
    "constraint": ("constraints", str),
    "cpus-per-task": ("cpus_per_task", _count),
    "error": ("standard_error", str),
    "input": ("standard_input", str),
    "job-name": ("name", str),
    "licenses": ("licenses", str),
    "mail-user": ("mail_user", str),
    "mem": ("memory_per_node", _megabytes),
    "mem-per-cpu": ("memory_per_cpu", _megabytes),
    "nice": ("nice", _count),
    "no-requeue": ("requeue", lambda _: False),
    "nodes": ("nodes", str),
    "ntasks": ("tasks", _count),
    "ntasks-per-node": ("tasks_per_node", _count),
    "open-mode": ("open_mode", str),
    "output": ("standard_output", str),
    "partition": ("partition", str),
    "qos": ("qos", str),
    "requeue": ("requeue", lambda _: True),
    "reservation": ("reservation", str),
    "threads-per-core": ("threads_per_core", _count),
    "time": ("time_limit", _minutes),
    "time-min": ("time_minimum", _minutes),
    "tmp": ("temporary_disk_per_node", _megabytes),
}
_LOOSE: Mapping[str, tuple[str, _Reader]] = {
    "begin": ("begin_time", str),
    "cpus-per-gpu": ("cpus_per_gpu", _count),
    "exclusive": ("exclusive", lambda text: text or "exclusive"),
    "gpus": ("gpus", str),
    "gpus-per-node": ("gpus_per_node", str),
    "gpus-per-task": ("gpus_per_task", str),
    "gres": ("gres", str),
    "mail-type": ("mail_type", str),
    "mem-per-gpu": ("memory_per_gpu", _megabytes),
    "signal": ("signal", _signal),
}
_TYPED: Mapping[str, tuple[str, _Reader]] = {
    "exclude": ("excluded_nodes", str),
    "exclusive": ("exclusive", lambda text: [text or "true"]),
    "mail-type": ("mail_type", lambda text: text.upper().split(",")),
    "nodelist": ("required_nodes", str),
}
# Fields of generic resources since v0.0.39; several options may add to one.
_TRES = {
    "cpus-per-gpu": "cpus_per_tres",
    "gpus": "tres_per_job",
    "gpus-per-node": "tres_per_node",
    "gpus-per-task": "tres_per_task",
    "gres": "tres_per_node",
    "mem-per-gpu": "memory_per_tres",
}


def submission_body(submission: Submission, version: int) -> dict[str, Any]:
    """Return the body of ``POST job/submit`` for v0.0.``version``.

    Raises:
        SchedulerError: an option cannot be said in this version.
    """
    job = _described(submission, version)
    if version <= _LAST_SCRIPT_ASIDE:
        return {"job": job, "script": submission.script}
    return {"job": {**job, "script": submission.script}}


def _described(submission: Submission, version: int) -> dict[str, Any]:
    options = effective_options(submission)
    told = {"job-name": "relaunch", **options}
    job = {
        **_fields({name: value for name, value in told.items() if not _is_aside(name, value)}, version),
        "environment": _environment(submission.environment, version),
        "current_working_directory": check_text("work folder", submission.work_dir),
        "comment": check_text("token", submission.token),
    }
    if submission.hold or "hold" in options:
        job["hold"] = True
    waits_for = f"afterany:{submission.after}" if submission.after else options.get("dependency")
    if waits_for:
        job["dependency"] = waits_for
    return {**job, **_arguments(submission, version)}


def _is_aside(name: str, value: str) -> bool:
    # The environment is built, whatever of his own the person exports.
    return name in _ASIDE or (name == "export" and value.upper() in {"ALL", "NONE", "NIL"})


def _environment(environment: Mapping[str, str], version: int) -> object:
    if version <= LAST_LOOSE:
        return dict(environment)
    return [f"{name}={value}" for name, value in environment.items()]


def _arguments(submission: Submission, version: int) -> dict[str, Any]:
    arguments = [check_text("script argument", argument) for argument in submission.script_args]
    if arguments and version <= LAST_LOOSE:
        # The field "argv" ends the daemon of 22.05.
        raise SchedulerError(
            f"the script's arguments {arguments!r} cannot be sent to slurmrestd v0.0.{version};"
            " write them into the script, as in: set -- --lr 3"
        )
    return {"argv": ["script", *arguments]} if arguments else {}


def _fields(options: Mapping[str, str], version: int) -> dict[str, Any]:
    known = {**_COMMON, **(_LOOSE if version <= LAST_LOOSE else _TYPED)}
    fields: dict[str, Any] = {}
    unsaid = []
    for name, value in options.items():
        check_text(f"option {name}", value)
        if name in known:
            field, read = known[name]
            fields[field] = read(value)
        elif version > LAST_LOOSE and name in _TRES:
            fields[_TRES[name]] = _joined(fields.get(_TRES[name]), _tres(name, value, version))
        else:
            unsaid.append(f"--{name}")
    if unsaid:
        raise SchedulerError(f"slurmrestd v0.0.{version} cannot be told {', '.join(unsaid)}")
    return fields


def _tres(name: str, value: str, version: int) -> Iterable[str]:
    prefix = "gres:" if version <= _LAST_COLON_TRES else "gres/"
    if name == "gres":
        return [prefix + part.strip() for part in value.split(",")]
    return [f"{prefix}gpu:{_megabytes(value) if name == 'mem-per-gpu' else value}"]


def _joined(before: str | None, parts: Iterable[str]) -> str:
    return ",".join([*([before] if before else []), *parts])

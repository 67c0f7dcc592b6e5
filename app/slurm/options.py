"""What may be handed to ``sbatch``: an allow-list of options, checked values, one ``--name=value`` each."""

import re
from collections.abc import Mapping

from app.slurm.scheduler import SchedulerError

_WORD = r"[\w.:@+-]+"
_LIST = r"[\w.:@+,\[\]=&|!*/()-]+"
_COUNT = r"\d{1,6}"
_TIME = r"(?:\d+-)?\d+(?::\d+){0,2}"
_MEMORY = r"\d+[KMGT]?"
_PATH = r"[^\x00-\x1f\x7f]+"
_FLAG = r""

# Options that change whose job it is, where its files go for other users, or how sbatch itself behaves (wait,
# wrap, uid, gid, export, clusters, array …) are left out on purpose.
ALLOWED = {
    "account": _WORD,
    "begin": r"[\w:+.-]+",
    "constraint": _LIST,
    "cpus-per-gpu": _COUNT,
    "cpus-per-task": _COUNT,
    "error": _PATH,
    "exclude": _LIST,
    "exclusive": r"(?:user|mcs)?",
    "gpus": _LIST,
    "gpus-per-node": _LIST,
    "gpus-per-task": _LIST,
    "gres": _LIST,
    "job-name": _PATH,
    "licenses": _LIST,
    "mail-type": _LIST,
    "mem": _MEMORY,
    "mem-per-cpu": _MEMORY,
    "mem-per-gpu": _MEMORY,
    "nice": r"\d{1,9}",
    "no-requeue": _FLAG,
    "nodelist": _LIST,
    "nodes": r"\d+(?:-\d+)?",
    "ntasks": _COUNT,
    "ntasks-per-node": _COUNT,
    "open-mode": r"append|truncate",
    "output": _PATH,
    "partition": r"[\w.,-]+",
    "qos": _WORD,
    "requeue": _FLAG,
    "reservation": r"[\w.,-]+",
    "signal": r"(?:[RB]{1,2}:)?\w+(?:@\d+)?",
    "switches": r"\d+(?:@[\d:-]+)?",
    "time": _TIME,
    "time-min": _TIME,
    "tmp": _MEMORY,
}


def check_text(name: str, value: str) -> str:
    """Return a value that holds no control character; raise otherwise."""
    if not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f]", value):
        raise SchedulerError(f"{name} is {value!r}; expected text without control characters")
    return value


def is_job_id(text: str) -> bool:
    """Whether a text is a job id: digits, with an array or het suffix."""
    return isinstance(text, str) and re.fullmatch(r"\d{1,10}(?:[_+]\d{1,10})?", text, re.ASCII) is not None


def check_job_id(job_id: str) -> str:
    """Return a job id; raise where it is none."""
    if not is_job_id(job_id):
        raise SchedulerError(
            f"job id is {job_id!r}; expected digits, optionally followed by _task or +component"
        )
    return job_id


def as_argv(options: Mapping[str, str]) -> list[str]:
    """Return ``--name=value`` for each allowed option; raise on any other name or value.

    The joined form keeps a value that starts with a dash from becoming an option.
    """
    argv = []
    for name, value in options.items():
        pattern = ALLOWED.get(name)
        if pattern is None:
            raise SchedulerError(
                f"option {name!r} is not among those that may be set: {', '.join(sorted(ALLOWED))}"
            )
        check_text(f"option {name}", value)
        if not re.fullmatch(pattern, value, re.ASCII if pattern is not _PATH else 0):
            raise SchedulerError(f"option {name} is {value!r}; expected the form {pattern}")
        argv.append(f"--{name}={value}" if value else f"--{name}")
    return argv

"""What a corrected job keeps of the running one: options, arguments, name, wherever they were said."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.slurm.options import as_argv
from app.slurm.scheduler import JobFacts, SchedulerError
from app.slurm.script import directives, read_submit_line


@dataclass(frozen=True, slots=True)
class Draft:
    """What a relaunch starts from: the running job, its own batch script, and how it was submitted.

    Attributes:
        script: ``None`` where SLURM does not give it.
        script_args: the arguments behind the script.
        options: what the job has and its script does not say: it came on the command line.
    """

    job: JobFacts
    script: str | None
    script_args: tuple[str, ...]
    options: Mapping[str, str]


def draft_of(facts: JobFacts, script: str | None) -> Draft:
    """Return the draft of a job's relaunch with its own script."""
    return Draft(facts, script, arguments_of(facts), inherited(facts, script or "", script or ""))


def arguments_of(facts: JobFacts) -> tuple[str, ...]:
    """Return the arguments behind a job's script, as far as spaces tell them apart."""
    options, behind = read_submit_line(facts.submit_line or "")
    if "wrap" in options:
        return ()
    return behind or tuple((facts.command or "").split()[1:])


def inherited(facts: JobFacts, old_script: str, new_script: str) -> dict[str, str]:
    """Return, as sbatch options, what a job has and its corrected script does not say otherwise.

    As sbatch has it, the command line counts over the script, but a directive that was corrected counts over
    both: it is what the person wants.
    """
    old_said, new_said = directives(old_script), directives(new_script)
    corrected = {name for name, value in new_said.items() if old_said.get(name) != value}
    given = _allowed(read_submit_line(facts.submit_line or "")[0])
    seen = {name: value for name, value in _seen(facts, [*given, *new_said]).items() if name not in new_said}
    return {name: value for name, value in {**seen, **given}.items() if name not in corrected}


def _allowed(options: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if _is_allowed(name, value)}


def _is_allowed(name: str, value: str) -> bool:
    try:
        return bool(as_argv({name: value}))
    except SchedulerError:
        return False


def _seen(facts: JobFacts, said: Sequence[str]) -> dict[str, str]:
    """Return what the job's own facts tell, for where its command line is not known."""
    limit = facts.time_limit_seconds
    seen = {
        "job-name": facts.name if facts.name and facts.name.isprintable() else None,
        "partition": facts.partition,
        "time": None if limit is None else str(math.ceil(limit / 60)),
        **_gpus(facts, said),
    }
    return _allowed({name: value for name, value in seen.items() if value})


def _gpus(facts: JobFacts, said: Sequence[str]) -> dict[str, str]:
    asked = any(name.startswith(("gpus", "gres")) for name in said)
    if asked or not facts.gpus or not facts.node_count or facts.gpus % facts.node_count:
        return {}
    return {"gres": f"gpu:{facts.gpus // facts.node_count}", "nodes": str(facts.node_count)}

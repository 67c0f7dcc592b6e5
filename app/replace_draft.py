"""What a corrected job keeps of the running one: options, arguments, name, wherever they were said."""

import hashlib
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Required, TypedDict

from app.replacement import Order, WithoutAnswer
from app.slurm.options import as_argv
from app.slurm.scheduler import JobFacts, SchedulerError
from app.slurm.script import directives, read_submit_line
from app.supervision import Supervised
from planner.errors import InvalidInputError


class Wish(TypedDict, total=False):
    """What a person wants of a relaunch; what is absent is as the old job has it, or as is usual.

    Attributes:
        script: exactly what will run; with the order *keep* a command line.
        options: sbatch options from the allow-list.
        script_args: arguments after the script.
        work_dir: where it runs.
        environment: added to the new job's environment.
        order: whether the new job waits for the old one's end, starts first, or the nodes are kept.
        checkpoint_wait_seconds: how long the old job may take to checkpoint; ``None``: it is not asked.
        signal: what is sent to it when the trainer does not answer; it is then waited for as long again.
        without_answer: what happens when it does not answer.
        sha256: the fingerprint that was confirmed; anything else is refused.
    """

    script: Required[str]
    options: Mapping[str, str] | None
    script_args: Sequence[str] | None
    work_dir: str | None
    environment: Mapping[str, str] | None
    order: Order
    checkpoint_wait_seconds: float | None
    signal: str | None
    without_answer: WithoutAnswer
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a relaunch starts from: the running job, its own batch script, and how it was submitted.

    Attributes:
        script: ``None`` where SLURM does not give it.
        script_args: the arguments behind the script.
        options: what the job has and its script does not say: it came on the command line.
        supervised: what runs in it, where it takes orders.
    """

    job: JobFacts
    script: str | None
    script_args: tuple[str, ...]
    options: Mapping[str, str]
    supervised: Supervised | None = None

    @property
    def command(self) -> str:
        """The command line that runs in a supervised job."""
        return shlex.join(self.supervised.command) if self.supervised is not None else ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """Exactly what will run, and in which way.

    Attributes:
        environment: what is added to the new job's.
    """

    script: str
    script_args: tuple[str, ...]
    options: Mapping[str, str]
    work_dir: str
    order: Order = "handover"
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The fingerprint by which it is confirmed: of everything that is said here."""
        options, environment = sorted(self.options.items()), sorted(self.environment.items())
        parts = [self.script, list(self.script_args), options, self.work_dir, self.order, environment]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def draft_of(facts: JobFacts, script: str | None, supervised: Supervised | None = None) -> Draft:
    """Return the draft of a job's relaunch with its own script."""
    options = inherited(facts, script or "", script or "")
    return Draft(facts, script, arguments_of(facts), options, supervised)


def corrected(facts: JobFacts, old_script: str, wish: Wish) -> Corrected:
    """Return what will run as somebody wants it.

    Args:
        facts: the old job.
        old_script: its batch script, as far as SLURM gives it.
        wish: what is wanted.

    Raises:
        SchedulerError: an option is not among those that may be set.
        InvalidInputError: with the order *keep*, something is asked for that the running job settles.
    """
    order = wish.get("order", "handover")
    if order == "keep":
        _refuse_of_the_job(wish)
    if order in {"keep", "cancel"}:
        return Corrected(wish["script"], (), {}, facts.work_dir or "", order)
    given, arguments = wish.get("options"), wish.get("script_args")
    options = inherited(facts, old_script, wish["script"]) if given is None else dict(given)
    as_argv(options)
    return Corrected(
        script=wish["script"],
        script_args=arguments_of(facts) if arguments is None else tuple(arguments),
        options=options,
        work_dir=wish.get("work_dir") or facts.work_dir or "",
        order=order,
        environment=dict(wish.get("environment") or {}),
    )


def _refuse_of_the_job(wish: Wish) -> None:
    given: dict[str, object] = {
        "options": wish.get("options"), "script_args": wish.get("script_args"),
        "work_dir": wish.get("work_dir"), "environment": wish.get("environment"),
    }  # fmt: skip
    for name, value in given.items():
        if value:
            raise InvalidInputError(f"/{name}", value, "nothing: the order keep leaves it as the job has it")


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

"""SLURM through slurmrestd, as the user whose token or unix socket it is."""

import dataclasses
import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.slurm import documents, values, verification
from app.slurm.environment import build_environment
from app.slurm.found import by_wanted
from app.slurm.options import as_argv, check_job_id, check_text
from app.slurm.rest_daemon import RestDaemon
from app.slurm.rest_fields import submission_body
from app.slurm.scheduler import (
    Check,
    JobFacts,
    SchedulerError,
    SchedulerUnavailableError,
    Submission,
)
from app.slurm.script import lint
from app.slurm.standing import must_run, must_wait, whole_minutes
from app.slurm.usage import Usage, read_usage_document

# Accounting costs a question for each job: those that the controller has forgotten are asked bit by bit.
_MOST_ACCOUNTED = 20
_FINDABLE_SECONDS = 6 * 3600.0
_FIRST_WITH_USERS = 39


class SlurmRest:
    """The scheduler behind slurmrestd.

    Args:
        cluster: SLURM's name of the cluster.
        user: the login name whose jobs are acted on.
        source: the environment from which that of a submission is built.
        daemon: carries the questions, as that user.
    """

    name = "rest"

    def __init__(self, cluster: str, user: str, source: Mapping[str, str], daemon: RestDaemon) -> None:
        if not re.fullmatch(r"[A-Za-z_][\w.@-]*\$?", user, re.ASCII):
            raise SchedulerError(f"user is {user!r}; expected a login name")
        self.cluster = cluster
        self.user = user
        self._source = dict(source)
        self._daemon = daemon

    def jobs(self, ids: Collection[str]) -> dict[str, JobFacts]:
        """Return the facts of those jobs, by one question to the controller; accounting knows older ones."""
        wanted = [check_job_id(job_id) for job_id in dict.fromkeys(ids)]
        if not wanted:
            return {}
        bases = sorted({_base(job_id) for job_id in wanted})
        found = by_wanted(wanted, self._queue(f"job/{bases[0]}" if len(bases) == 1 else "jobs"))
        missing = [job_id for job_id in wanted if job_id not in found]
        accounted = [pair for job_id in missing[:_MOST_ACCOUNTED] for pair in self._account(_base(job_id))]
        return {**by_wanted(missing, accounted), **found}

    def _queue(self, path: str) -> list[tuple[str, JobFacts]]:
        answer = self._daemon.slurm("GET", path)
        if answer.is_unknown_job:
            return []
        read = documents.read_jobs(answer.must().text, self.cluster)
        if read is None:
            raise SchedulerUnavailableError(f"slurmrestd's answer is no list of jobs: {answer.text[:200]!r}")
        return read

    def _account(self, base: str) -> list[tuple[str, JobFacts]]:
        try:
            return documents.read_accounts(self._daemon.slurmdb(f"job/{base}").text, self.cluster)
        except SchedulerUnavailableError:
            return []  # the controller has answered: this hides only what happened long ago

    def detail(self, job_id: str) -> JobFacts | None:
        """Return all facts of one job."""
        facts = self.jobs([job_id]).get(job_id)
        # Before 24.11 a job's output file is given as the pattern it was submitted with.
        if facts is None or facts.stdout is None or "_" in facts.id:
            return facts
        return dataclasses.replace(facts, stdout=_expanded(facts))

    def waiting(self, partition: str) -> list[str]:
        """Return the jobs in line for a partition, by priority."""
        return documents.read_waiting(self._daemon.slurm("GET", "jobs").must().text, partition)

    def tasks(self, array_id: str) -> list[JobFacts]:
        """Return an array's tasks: of the queue, and of accounting those that it has forgotten."""
        base = self._raw(array_id)
        found = {facts.id: facts for _, facts in (*self._account(base), *self._queue(f"job/{base}"))}
        return [facts for facts in found.values() if facts.id.startswith(f"{base}_")]

    def usage(self, job_id: str) -> Usage | None:
        """Return what an ended job has used, as accounting has counted it."""
        return read_usage_document(self._daemon.slurmdb(f"job/{_base(check_job_id(job_id))}").document)

    def history(self, since: float) -> list[JobFacts]:
        """Return the user's jobs of accounting, and those that wait."""
        ended = self._accounted_since(since)
        waiting = [facts for _, facts in self._queue("jobs") if facts.state == "PENDING"]
        return [
            *(facts for facts in ended if facts.state != "PENDING"),
            *(facts for facts in waiting if facts.user == self.user),
        ]

    def find(self, token: str) -> list[JobFacts]:
        """Return the user's jobs whose comment is the token, ended ones that accounting knows included."""
        check_text("token", token)
        found = [facts for _, facts in self._queue("jobs") if self._carries(facts, token)]
        if found:
            return found
        try:
            accounted = self._accounted_since(time.time() - _FINDABLE_SECONDS)
        except SchedulerUnavailableError:
            return []
        return [facts for facts in accounted if self._carries(facts, token)]

    def _accounted_since(self, since: float) -> list[JobFacts]:
        """Return the user's jobs of accounting since a moment, epoch seconds."""
        # v0.0.38 refuses to narrow the answer to a user, and reads epoch seconds only with their prefix.
        newer = f"&users={quote(self.user, safe='')}" if self._daemon.version() >= _FIRST_WITH_USERS else ""
        path = f"jobs?start_time=uts{int(since)}&skip_steps=true{newer}"
        found = documents.read_accounts(self._daemon.slurmdb(path).text, self.cluster)
        return [facts for _, facts in found if facts.user == self.user]

    def _carries(self, facts: JobFacts, token: str) -> bool:
        return facts.comment == token and facts.user == self.user

    def script(self, job_id: str) -> str | None:
        """Return a job's batch script where accounting gives it (23.02 and 23.11); else ``None``."""
        try:
            answer = self._daemon.slurmdb(f"job/{_base(check_job_id(job_id))}")
        except SchedulerUnavailableError:
            return None
        return documents.read_stored_script(answer.text)

    def check(self, submission: Submission) -> list[Check]:
        """Lint the script and see that everything it says can be sent.

        There is no trial here: the held submission is the first that SLURM hears of it.
        """
        checks = lint(submission)
        if all(check.passed for check in checks):
            checks.append(self._sendable(submission))
        return checks

    def _sendable(self, submission: Submission) -> Check:
        try:
            self._body(submission)
        except SchedulerUnavailableError:
            raise
        except SchedulerError as error:
            return Check("fields", passed=False, finding=str(error))
        return Check("fields", passed=True, finding="everything the script says can be sent")

    def _body(self, submission: Submission) -> dict[str, Any]:
        as_argv(submission.options)  # the same refusals as the commands'
        if submission.after is not None:
            check_job_id(submission.after)
        environment = build_environment(self._source, submission.environment)
        built = dataclasses.replace(submission, environment=environment)
        return submission_body(built, self._daemon.version())

    def submit(self, submission: Submission) -> str:
        """Submit and return the job's id; what SLURM would only find out later is refused now."""
        body = self._body(submission)
        failed = [check for check in lint(submission) if not check.passed and check.name in _FATAL]
        if failed:
            raise SchedulerError("; ".join(f"{check.name}: {check.finding}" for check in failed))
        answer = self._daemon.slurm("POST", "job/submit", body)
        job_id = values.count(answer.document.get("job_id"))
        if job_id:
            return str(job_id)
        answer.must()
        raise SchedulerUnavailableError(f"slurmrestd answered {answer.text[:200]!r}; expected a job id")

    def verify(self, job_id: str) -> list[Check]:
        """Check that a held job waits, is the user's, and fits its partition's limits."""
        facts = self.jobs([job_id]).get(job_id)
        if facts is None:
            return [verification.unknown(job_id)]
        answer = self._daemon.slurm("GET", "partitions").must()
        return verification.judge(facts, self.user, documents.read_partitions(answer.text))

    def hold(self, job_id: str) -> None:
        """Hold a waiting job."""
        raw = self._raw(job_id)
        must_wait(self.jobs([job_id]).get(job_id), job_id)
        self._update(raw, {"hold": True})

    def release(self, job_id: str) -> None:
        """Release a held job."""
        raw = self._raw(job_id)
        must_wait(self.jobs([job_id]).get(job_id), job_id)
        self._update(raw, {"hold": False})

    def requeue(self, job_id: str) -> None:
        """Refuse: slurmrestd has no way to ask for it."""
        check_job_id(job_id)
        raise SchedulerError("slurmrestd cannot requeue a job; SLURM's own commands can")

    def set_time_limit(self, job_id: str, seconds: float) -> None:
        """Set a job's time limit, in whole minutes."""
        self._update(self._raw(job_id), {"time_limit": whole_minutes(seconds)})

    def _update(self, raw: str, fields: Mapping[str, Any]) -> None:
        self._daemon.slurm("POST", f"job/{raw}", {"environment": {}, **fields}).must()

    def cancel(self, job_id: str) -> None:
        """Cancel a job; no error where it has ended or is not known."""
        answer = self._daemon.slurm("DELETE", f"job/{self._raw(job_id)}")
        if not answer.is_unknown_job:
            answer.must()

    def signal(self, job_id: str, signal: str, target: str) -> None:
        """Signal all of a running job's processes: slurmrestd knows no other target.

        Raises:
            SchedulerError: the steps alone were meant; the batch shell would die of it.
        """
        if not re.fullmatch(r"(?:SIG)?[A-Z]{2,6}[12]?", signal) or target not in {"batch", "step", "full"}:
            raise SchedulerError(
                f"signal is {signal!r} to {target!r}; expected a name such as USR1 to batch, step or full"
            )
        raw = self._raw(job_id)
        must_run(self.jobs([job_id]).get(job_id), job_id)
        if target == "step":
            raise SchedulerError("slurmrestd would signal the batch shell too, and it would die of that")
        self._daemon.slurm("DELETE", f"job/{raw}?signal={signal}").must()

    def _raw(self, job_id: str) -> str:
        """Return the number by which slurmrestd takes a job: array tasks and het components have none."""
        if not check_job_id(job_id).isdecimal():
            raise SchedulerError(f"slurmrestd acts on whole jobs; {job_id} is a part of one")
        return job_id

    def close(self) -> None:
        """Nothing is held between questions."""


# slurmrestd accepts such scripts, and the job fails later.
_FATAL = frozenset({"shebang", "line ends", "size", "directives"})


def _base(job_id: str) -> str:
    return re.split(r"[_+]", job_id)[0]


def _expanded(facts: JobFacts) -> str:
    known: Sequence[tuple[str, str | None]] = (
        ("%j", facts.id), ("%A", facts.id), ("%x", facts.name), ("%u", facts.user),
    )  # fmt: skip
    path = facts.stdout or ""
    for mark, word in known:
        path = path.replace(mark, word or mark)
    return path if path.startswith("/") else f"{facts.work_dir or ''}/{path}"

"""SLURM through its own programs, as the user who runs the service."""

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence

from app.slurm import complaints, documents, parse, process, values
from app.slurm.environment import build_environment
from app.slurm.options import as_argv, check_job_id, check_text
from app.slurm.scheduler import (
    Check,
    JobFacts,
    SchedulerError,
    SchedulerUnavailableError,
    SchedulerUnreachableError,
    Submission,
)
from app.slurm.script import directives, lint

# Reasons with which a job waits for ever.
_NEVER_RUNS = frozenset(
    {"PartitionTimeLimit", "PartitionNodeLimit", "PartitionDown", "PartitionInactive",
     "DependencyNeverSatisfied", "BadConstraints",
     "InvalidAccount", "InvalidQOS", "AccountNotAllowed", "QOSNotAllowed"}
)  # fmt: skip


class SlurmCommands:
    """The scheduler behind ``squeue``, ``sacct``, ``scontrol``, ``sbatch`` and ``scancel``.

    Args:
        cluster: SLURM's name of the cluster.
        user: the login name whose jobs are acted on; SLURM itself goes by who runs the programs.
        source: the environment from which theirs is built.
        run: starts a program.
        timeout_seconds: absolute limit of one call; SLURM's own retries fit into the default.
    """

    name = "slurm"

    def __init__(
        self,
        cluster: str,
        user: str,
        source: Mapping[str, str],
        run: process.Run = process.run,
        timeout_seconds: float = 20.0,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z_][\w.@-]*\$?", user):
            raise SchedulerError(f"user is {user!r}; expected a login name")
        self.cluster = cluster
        self.user = user
        self._source = dict(source)
        self._run = run
        self._timeout_seconds = timeout_seconds
        self._accounting = True
        self._json = True

    def jobs(self, ids: Collection[str]) -> dict[str, JobFacts]:
        """Return the facts of those jobs, by one ``squeue``, and by ``sacct`` for those it has forgotten."""
        wanted = [check_job_id(job_id) for job_id in dict.fromkeys(ids)]
        if not wanted:
            return {}
        found = _by_wanted(wanted, self._queue(wanted))
        missing = [job_id for job_id in wanted if job_id not in found]
        if missing:
            found.update(_by_wanted(missing, self._accounts(missing)))
        return found

    def _queue(self, ids: Sequence[str]) -> list[tuple[str, JobFacts]]:
        asked = [job_id.split("+")[0] for job_id in ids]
        argv = ["squeue", "--noheader", "--all", "--array", "--states=all", f"--jobs={','.join(asked)}"]
        done = self._call([*argv, f"--Format={parse.squeue_format()}"])
        # squeue fails when the only job asked for is unknown, and leaves unknown ones out otherwise.
        if done.code != 0 and "Invalid job id specified" not in done.stderr:
            complaints.raise_refusal(done)
        return parse.read_squeue(done.stdout, self.cluster)

    def _accounts(self, ids: Sequence[str]) -> list[tuple[str, JobFacts]]:
        if not self._accounting:
            return []
        argv = ["sacct", "--noheader", "--allocations", "--parsable2", f"--delimiter={parse.SEPARATOR}"]
        try:
            done = self._call([*argv, f"--jobs={','.join(ids)}", f"--format={','.join(parse.SACCT_FIELDS)}"])
        except SchedulerUnavailableError:
            return []  # squeue has answered: the database being away hides only what happened long ago
        if "accounting storage is disabled" in done.stderr:
            self._accounting = False
        return parse.read_sacct(done.stdout, self.cluster) if done.code == 0 else []

    def detail(self, job_id: str) -> JobFacts | None:
        """Return all facts of one job: from JSON since 23.02, before that from two kinds of text."""
        facts = self._from_document(check_job_id(job_id)) if self._json else None
        facts = facts or self._from_texts(job_id)
        if facts is None or facts.submit_line is not None:
            return facts
        return dataclasses.replace(facts, submit_line=self._submit_line(job_id))

    def _from_document(self, job_id: str) -> JobFacts | None:
        done = self._call(["scontrol", "show", "job", "--json", job_id])
        if "unrecognized option" in done.stderr:
            self._json = False
        return _by_wanted([job_id], documents.read_jobs(done.stdout, self.cluster) or []).get(job_id)

    def _from_texts(self, job_id: str) -> JobFacts | None:
        """Take only free text from ``scontrol show job``.

        A name or comment that looks like SLURM's own fields must not make a job somebody else's.
        """
        facts = self.jobs([job_id]).get(job_id)
        if facts is None:
            return None
        done = self._call(["scontrol", "show", "job", "--oneliner", job_id])
        if done.code != 0 and "Invalid job id specified" not in done.stderr:
            complaints.raise_refusal(done)
        return dataclasses.replace(facts, **parse.read_free_text(done.stdout))

    def _submit_line(self, job_id: str) -> str | None:
        if not self._accounting:
            return None
        argv = [
            "sacct",
            "--noheader",
            "--allocations",
            "--parsable2",
            f"--jobs={job_id}",
            "--format=SubmitLine",
        ]
        try:
            done = self._call(argv)
        except SchedulerUnavailableError:
            return None
        line = done.stdout.partition("\n")[0].strip()
        return line if done.code == 0 and line else None

    def find(self, token: str) -> list[JobFacts]:
        """Return the user's jobs whose comment is the token, ended ones of the last hours included."""
        check_text("token", token)
        own = f"--user={self.user}"
        done = self._call(
            [
                "squeue",
                "--noheader",
                "--all",
                "--states=all",
                own,
                f"--Format=JobID:{parse.SEPARATOR},Comment:",
            ]
        )
        if done.code != 0:
            complaints.raise_refusal(done)
        ids = parse.read_commented(done.stdout, token)
        if not ids and self._accounting:
            ids = self._find_ended(token, own)
        return list(self.jobs(ids).values())

    def _find_ended(self, token: str, own: str) -> list[str]:
        argv = ["sacct", "--noheader", "--allocations", "--parsable2", f"--delimiter={parse.SEPARATOR}", own]
        try:
            done = self._call([*argv, "--starttime=now-6hours", "--format=JobIDRaw,Comment"])
        except SchedulerUnavailableError:
            return []
        return parse.read_commented(done.stdout, token)

    def script(self, job_id: str) -> str | None:
        """Return the batch script of one of the user's jobs, from the controller or from accounting."""
        check_job_id(job_id)
        done = self._call(["scontrol", "write", "batch_script", job_id, "-"])
        # It says 0 even where it has nothing to give.
        if done.code == 0 and done.stdout.startswith("#!"):
            return done.stdout
        if not self._accounting:
            return None
        done = self._call(["sacct", f"--jobs={job_id}", "--batch-script"])
        return parse.read_stored_script(done.stdout)

    def check(self, submission: Submission) -> list[Check]:
        """Lint the script and let SLURM try it with ``--test-only``."""
        checks = lint(submission)
        if all(check.passed for check in checks):
            checks.append(self._try(submission))
        return checks

    def _try(self, submission: Submission) -> Check:
        done = self._sbatch(["sbatch", "--test-only", *_sbatch_options(submission)], submission)
        complaints.raise_outage(done)
        words = complaints.words(done).removeprefix("allocation failure: ")
        return Check("trial", passed=done.code == 0, finding=words)

    def submit(self, submission: Submission) -> str:
        """Submit by ``sbatch`` with the script on its standard input, and return the job's id."""
        waiting = ["--hold"] if submission.hold else []
        if submission.after is not None:
            waiting.append(f"--dependency=afterany:{check_job_id(submission.after)}")
        done = self._sbatch(["sbatch", "--parsable", *waiting, *_sbatch_options(submission)], submission)
        if done.code != 0:
            complaints.raise_refusal(done)
        job_id = parse.read_submitted(done.stdout)
        if job_id is None:
            raise SchedulerUnavailableError(f"sbatch printed {done.stdout[:200]!r}; expected a job id")
        return job_id

    def _sbatch(self, argv: list[str], submission: Submission) -> process.Completed:
        environment = build_environment(self._source, submission.environment)
        # Arguments need a script's name before them; /dev/stdin is one.
        arguments = [check_text("script argument", argument) for argument in submission.script_args]
        argv = [*argv, "/dev/stdin", *arguments] if arguments else argv
        return self._start(argv, environment, submission.script)

    def verify(self, job_id: str) -> list[Check]:
        """Check that a held job waits, is the user's, and fits its partition's limits.

        ``Dependency`` hides a job that can never run, and ``--test-only`` sees partition limits only where
        the site enforces them.
        """
        facts = self.jobs([job_id]).get(job_id)
        if facts is None:
            return [Check("waiting", passed=False, finding=f"SLURM does not know job {job_id}")]
        reason = facts.reason or "no reason"
        waits = facts.state == "PENDING" and reason not in _NEVER_RUNS
        checks = [
            Check("waiting", passed=waits, finding=f"{facts.state}, {reason}"),
            Check("owner", passed=facts.user == self.user, finding=f"job {job_id} is {facts.user}'s"),
        ]
        return [*checks, *self._within_partition(facts)]

    def _within_partition(self, facts: JobFacts) -> list[Check]:
        done = self._call(["scontrol", "show", "partition", "--oneliner"])
        if done.code != 0:
            complaints.raise_refusal(done)
        partitions = parse.read_partitions(done.stdout)
        named = (facts.partition or "").split(",")
        # A job may name several partitions; one that can take it is enough.
        verdicts = [_fits(facts, name, partitions.get(name)) for name in named]
        return [next((check for check in verdicts if check.passed), verdicts[0])]

    def release(self, job_id: str) -> None:
        """Release a held job; a job that is not held stays as it is."""
        self._must(["scontrol", "release", check_job_id(job_id)])

    def cancel(self, job_id: str) -> None:
        """Cancel a job by its id alone; SLURM is silent where it has ended."""
        self._must(["scancel", check_job_id(job_id)])

    def signal(self, job_id: str, signal: str, target: str) -> None:
        """Signal a running job; asked of a waiting one, ``scancel`` would hang for over a minute."""
        flags = {"batch": ["--batch"], "full": ["--full"], "step": []}
        if target not in flags or not re.fullmatch(r"(?:SIG)?[A-Z]{2,6}[12]?", signal):
            raise SchedulerError(
                f"signal is {signal!r} to {target!r}; expected a name such as USR1 to batch, step or full"
            )
        facts = self.jobs([job_id]).get(job_id)
        if facts is None or facts.state != "RUNNING":
            raise SchedulerError(f"job {job_id} is not running; only a running job takes a signal")
        self._must(["scancel", f"--signal={signal}", *flags[target], check_job_id(job_id)])

    def close(self) -> None:
        """Nothing is held between calls."""

    def _must(self, argv: list[str]) -> None:
        done = self._call(argv)
        if done.code != 0:
            complaints.raise_refusal(done)

    def _call(self, argv: list[str]) -> process.Completed:
        # Read commands print epoch seconds; the variable must not reach a job's environment.
        environment = {**build_environment(self._source), "SLURM_TIME_FORMAT": "%s"}
        done = self._start(argv, environment)
        complaints.raise_outage(done)
        return done

    def _start(
        self, argv: Sequence[str], environment: Mapping[str, str], stdin: str = ""
    ) -> process.Completed:
        try:
            return self._run(
                argv, environment=environment, timeout_seconds=self._timeout_seconds, stdin=stdin
            )
        except OSError as error:
            raise SchedulerUnreachableError(f"{argv[0]} could not be started: {error}") from error


def _by_wanted(wanted: Sequence[str], found: Sequence[tuple[str, JobFacts]]) -> dict[str, JobFacts]:
    """Give each asked id its facts: by array or het id, by raw id, or a het job's first component."""
    by_id: dict[str, JobFacts] = {}
    for raw, facts in found:
        for alias in (facts.id, raw, facts.id.removesuffix("+0")):
            by_id.setdefault(alias, facts)
    return {job_id: by_id[job_id] for job_id in wanted if job_id in by_id}


def _sbatch_options(submission: Submission) -> list[str]:
    named = {} if "job-name" in directives(submission.script) else {"job-name": "relaunch"}
    return [
        f"--comment={check_text('token', submission.token)}",
        f"--chdir={check_text('work folder', submission.work_dir)}",
        *as_argv({**named, **submission.options}),
    ]


def _fits(facts: JobFacts, name: str, partition: Mapping[str, str] | None) -> Check:
    if partition is None:
        return Check("partition", passed=False, finding=f"partition {name!r} does not exist")
    if partition.get("State", "UP") != "UP":
        return Check("partition", passed=False, finding=f"partition {name} is {partition['State']}")
    most_seconds, most_nodes = (
        values.seconds(partition.get("MaxTime")),
        values.count(partition.get("MaxNodes")),
    )
    if most_seconds is not None and (
        facts.time_limit_seconds is None or facts.time_limit_seconds > most_seconds
    ):
        asked = facts.time_limit_seconds
        words = f"a time limit of {asked:.0f} s" if asked is not None else "no time limit"
        return Check("partition", passed=False, finding=f"{words} is beyond {name}'s {most_seconds:.0f} s")
    if most_nodes is not None and facts.node_count is not None and facts.node_count > most_nodes:
        return Check(
            "partition", passed=False, finding=f"{facts.node_count} nodes are beyond {name}'s {most_nodes}"
        )
    return Check("partition", passed=True, finding=f"within the limits of {name}")

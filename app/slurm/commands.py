"""SLURM through its own programs, as the user who runs the service."""

import dataclasses
import re
import time
from collections.abc import Collection, Mapping, Sequence

from app.slurm import complaints, documents, parse, process, verification
from app.slurm.environment import build_environment
from app.slurm.found import by_wanted
from app.slurm.options import as_argv, check_job_id, check_text
from app.slurm.scheduler import (
    Check,
    JobFacts,
    SchedulerError,
    SchedulerUnavailableError,
    SchedulerUnreachableError,
    Submission,
)
from app.slurm.script import directives, lint, refuse_directives
from app.slurm.standing import must_run, must_wait, whole_minutes
from app.slurm.usage import USAGE_FIELDS, Usage, read_usage


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
        found = by_wanted(wanted, self._queue(wanted))
        missing = [job_id for job_id in wanted if job_id not in found]
        if missing:
            found.update(by_wanted(missing, self._accounts(missing)))
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
        return by_wanted([job_id], documents.read_jobs(done.stdout, self.cluster) or []).get(job_id)

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

    def waiting(self, partition: str) -> list[str]:
        """Return the jobs in line for a partition, by priority."""
        if not re.fullmatch(r"\w[\w.-]*", partition, re.ASCII):
            raise SchedulerError(f"partition is {partition!r}; expected one name")
        argv = ["squeue", "--noheader", "--all", "--states=PENDING", f"--partition={partition}"]
        done = self._call([*argv, f"--Format={parse.format_of(parse.WAITING_FIELDS)}"])
        if done.code != 0:
            complaints.raise_refusal(done)
        return parse.read_waiting(done.stdout)

    def tasks(self, array_id: str) -> list[JobFacts]:
        """Return an array's tasks: of the queue, and of accounting those that it has forgotten."""
        if not check_job_id(array_id).isdecimal():
            raise SchedulerError(f"array is {array_id!r}; expected its number alone")
        found = {facts.id: facts for _, facts in (*self._accounts([array_id]), *self._queue([array_id]))}
        return [facts for facts in found.values() if facts.id.startswith(f"{array_id}_")]

    def usage(self, job_id: str) -> Usage | None:
        """Return what an ended job has used, as accounting has counted it."""
        if not self._accounting:
            return None
        argv = ["sacct", "--noheader", "--parsable2", f"--delimiter={parse.SEPARATOR}"]
        done = self._call([*argv, f"--jobs={check_job_id(job_id)}", f"--format={','.join(USAGE_FIELDS)}"])
        return read_usage(done.stdout, job_id) if done.code == 0 else None

    def history(self, since: float) -> list[JobFacts]:
        """Return the user's jobs by one ``sacct``, and those that wait by one ``squeue``."""
        own = f"--user={self.user}"
        argv = ["squeue", "--noheader", "--all", "--array", "--states=PENDING", own]
        done = self._call([*argv, f"--Format={parse.squeue_format()}"])
        if done.code != 0:
            complaints.raise_refusal(done)
        waiting = [facts for _, facts in parse.read_squeue(done.stdout, self.cluster)]
        if not self._accounting:
            return waiting
        argv = ["sacct", "--noheader", "--allocations", "--parsable2", f"--delimiter={parse.SEPARATOR}", own]
        start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(since))
        done = self._call([*argv, f"--starttime={start}", f"--format={','.join(parse.SACCT_FIELDS)}"])
        ended = parse.read_sacct(done.stdout, self.cluster) if done.code == 0 else []
        return [*(facts for _, facts in ended if facts.state != "PENDING"), *waiting]

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
        refuse_directives(submission)
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
        """Check that a held job waits, is the user's, and fits its partition's limits."""
        facts = self.jobs([job_id]).get(job_id)
        if facts is None:
            return [verification.unknown(job_id)]
        done = self._call(["scontrol", "show", "partition", "--oneliner"])
        if done.code != 0:
            complaints.raise_refusal(done)
        return verification.judge(facts, self.user, parse.read_partitions(done.stdout))

    def hold(self, job_id: str) -> None:
        """Hold a waiting job; one that no longer waits is refused."""
        must_wait(self.jobs([check_job_id(job_id)]).get(job_id), job_id)
        self._must(["scontrol", "hold", job_id])

    def release(self, job_id: str) -> None:
        """Release a held job; a job that is not held stays as it is."""
        self._must(["scontrol", "release", check_job_id(job_id)])

    def requeue(self, job_id: str) -> None:
        """Put a running job back into the queue; asked of a cancelled one, SLURM would run it again."""
        must_run(self.jobs([check_job_id(job_id)]).get(job_id), job_id)
        self._must(["scontrol", "requeue", job_id])

    def set_time_limit(self, job_id: str, seconds: float) -> None:
        """Set a job's time limit, in whole minutes; SLURM lets users only lower that of a running job."""
        check_job_id(job_id)
        self._must(["scontrol", "update", f"JobId={job_id}", f"TimeLimit={whole_minutes(seconds)}"])

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
        must_run(self.jobs([check_job_id(job_id)]).get(job_id), job_id)
        self._must(["scancel", f"--signal={signal}", *flags[target], job_id])

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


def _sbatch_options(submission: Submission) -> list[str]:
    named = {} if "job-name" in directives(submission.script) else {"job-name": "relaunch"}
    return [
        f"--comment={check_text('token', submission.token)}",
        f"--chdir={check_text('work folder', submission.work_dir)}",
        *as_argv({**named, **submission.options}),
    ]

"""What every scheduler keeps to: SLURM's commands, slurmrestd and the local runner alike."""

import dataclasses
import shlex
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.slurm.scheduler import SchedulerError, Submission
from tests.slurm.waiting import until

BAD_IDS = ["null", "", "1;id", "-u root", "../..", "1 2", "1\n", "12_", "٣", "--help", "1,2"]


def until_text(path: Path, text: str) -> None:
    """Wait until a file holds a text."""
    until(lambda: path.exists() and text in path.read_text(), f"{path} to hold {text!r}")


def submission(bench: Any, body: str, **parts: object) -> Submission:
    """Return a submission of a shell script."""
    token = f"cutloss:{uuid4().hex}"
    script = f"#!/bin/bash\n#SBATCH --output=out-%j.txt\n{body}\n"
    return Submission(**{"script": script, "token": token, "work_dir": str(bench.folder), **parts})


def test_a_job_runs_to_its_end(bench: Any) -> None:
    """A job's output, exit code and clock times are known."""
    before = time.time()
    job_id = bench.scheduler.submit(submission(bench, "echo hello"))
    assert "COMPLETED" == bench.reaches(job_id, "COMPLETED", "FAILED")
    facts = bench.scheduler.jobs([job_id])[job_id]
    assert "hello\n" == (bench.folder / f"out-{job_id}.txt").read_text()
    assert (job_id, "alice", "0:0") == (facts.id, facts.user, facts.exit_code)
    assert facts.submitted is not None
    assert facts.started is not None
    assert facts.ended is not None
    assert before - 2 < facts.submitted <= facts.started <= facts.ended < time.time() + 2


def test_a_failure_keeps_its_exit_code(bench: Any) -> None:
    """Exit 3 is FAILED 3:0."""
    job_id = bench.scheduler.submit(submission(bench, "exit 3"))
    assert "FAILED" == bench.reaches(job_id, "COMPLETED", "FAILED")
    assert "3:0" == bench.scheduler.jobs([job_id])[job_id].exit_code


def test_a_held_job_waits_for_its_release(bench: Any) -> None:
    """Held it is PENDING, released it runs."""
    job_id = bench.scheduler.submit(submission(bench, "exec sleep 60", hold=True))
    facts = bench.scheduler.jobs([job_id])[job_id]
    assert ("PENDING", "JobHeldUser", None) == (facts.state, facts.reason, facts.started)
    assert all(check.passed for check in bench.scheduler.verify(job_id))
    bench.scheduler.release(job_id)
    assert "RUNNING" == bench.reaches(job_id, "RUNNING")
    assert not all(check.passed for check in bench.scheduler.verify(job_id))


def test_a_dependent_job_starts_when_the_other_ends(bench: Any) -> None:
    """Held and dependent, released, then the other cancelled: it runs."""
    old = bench.scheduler.submit(submission(bench, "exec sleep 60"))
    bench.reaches(old, "RUNNING")
    new = bench.scheduler.submit(submission(bench, "exec sleep 60", hold=True, after=old))
    bench.scheduler.release(new)
    assert "PENDING" == bench.state(new)
    assert f"afterany:{old}" in (bench.scheduler.jobs([new])[new].dependency or "")
    bench.scheduler.cancel(old)
    assert "CANCELLED" == bench.reaches(old, "CANCELLED", "COMPLETED", "FAILED")
    assert "RUNNING" == bench.reaches(new, "RUNNING")


def test_held_a_dependent_job_stays_when_the_other_ends(bench: Any) -> None:
    """The hold keeps NEW from starting when OLD ends by itself."""
    old = bench.scheduler.submit(submission(bench, "true"))
    new = bench.scheduler.submit(submission(bench, "exec sleep 60", hold=True, after=old))
    bench.reaches(old, "COMPLETED")
    assert "PENDING" == bench.state(new)


def test_unknown_jobs_are_absent(bench: Any) -> None:
    """Alone or among known ones, an unknown id is left out; nothing raises."""
    job_id = bench.scheduler.submit(submission(bench, "exec sleep 60", hold=True))
    assert {} == bench.scheduler.jobs([])
    assert {} == bench.scheduler.jobs(["999999"])
    assert {job_id} == set(bench.scheduler.jobs([job_id, "999999"]))
    assert bench.scheduler.detail("999999") is None
    assert bench.scheduler.script("999999") is None


def test_a_job_is_found_by_its_token(bench: Any) -> None:
    """Active or ended, by the whole token only."""
    asked = submission(bench, "exec sleep 60", hold=True)
    job_id = bench.scheduler.submit(asked)
    assert [job_id] == [facts.id for facts in bench.scheduler.find(asked.token)]
    assert [] == bench.scheduler.find(asked.token[:-1])
    bench.scheduler.cancel(job_id)
    assert "CANCELLED" == bench.reaches(job_id, "CANCELLED")
    assert [(job_id, False)] == [(facts.id, facts.is_active) for facts in bench.scheduler.find(asked.token)]


def test_the_script_comes_back_as_it_was(bench: Any) -> None:
    """Byte for byte; slurmrestd of 22.05 has no way to give it."""
    asked = submission(bench, "# é ü\nsleep 60", hold=True)
    expected = None if bench.scheduler.name == "rest" else asked.script
    assert expected == bench.scheduler.script(bench.scheduler.submit(asked))


def test_details_hold_names_and_paths(bench: Any) -> None:
    """Name, comment, folder and output file are known in detail, whatever the name looks like."""
    name = "odd = name UserId=bob(7) |"
    asked = submission(bench, "exec sleep 60", hold=True, options={"job-name": name})
    facts = bench.scheduler.detail(bench.scheduler.submit(asked))
    assert (name, "alice", asked.token, asked.work_dir) == (
        facts.name,
        facts.user,
        facts.comment,
        facts.work_dir,
    )
    assert f"{bench.folder}/out-{facts.id}.txt" == facts.stdout


def test_cancelling_what_has_ended_is_no_error(bench: Any) -> None:
    """Nor is cancelling what is not known."""
    job_id = bench.scheduler.submit(submission(bench, "true"))
    bench.reaches(job_id, "COMPLETED")
    bench.scheduler.cancel(job_id)
    bench.scheduler.cancel("999999")
    assert "COMPLETED" == bench.state(job_id)


def test_a_job_cancelled_before_its_start_never_started(bench: Any) -> None:
    """Whatever SLURM writes as its start."""
    job_id = bench.scheduler.submit(submission(bench, "true", hold=True))
    bench.scheduler.cancel(job_id)
    bench.reaches(job_id, "CANCELLED")
    assert bench.scheduler.jobs([job_id])[job_id].started is None


def test_releasing_an_ended_job_is_refused(bench: Any) -> None:
    """There is nothing to release."""
    job_id = bench.scheduler.submit(submission(bench, "true"))
    bench.reaches(job_id, "COMPLETED")
    with pytest.raises(SchedulerError):
        bench.scheduler.release(job_id)


def test_arguments_and_environment_reach_the_job(bench: Any) -> None:
    """Arguments whole, added variables set, and nothing of the service's own SLURM variables.

    Arguments end slurmrestd of 22.05: they are refused before they get there.
    """
    body = (
        'printf "%s|" "$@" "$CUTLOSS_REPLACES" "${SBATCH_PARTITION-unset}" "${SLURM_TIME_FORMAT-unset}"; pwd'
    )
    arguments = ("a b", "--help", "$(id)", "c;d")
    asked = submission(bench, body, script_args=arguments, environment={"CUTLOSS_REPLACES": "r 1"})
    if bench.scheduler.name == "rest":
        with pytest.raises(SchedulerError, match="write them into the script"):
            bench.scheduler.submit(asked)
        quoted = shlex.join(arguments)
        asked = dataclasses.replace(
            asked, script=asked.script.replace("printf", f"set -- {quoted}\nprintf"), script_args=()
        )
    job_id = bench.scheduler.submit(asked)
    bench.reaches(job_id, "COMPLETED")
    expected = f"a b|--help|$(id)|c;d|r 1|unset|unset|{bench.folder}\n"
    assert expected == (bench.folder / f"out-{job_id}.txt").read_text()


def test_the_time_limit_is_known(bench: Any) -> None:
    """From an option over the script's own directive."""
    asked = submission(bench, "#SBATCH --time=5\nsleep 60", hold=True)
    assert 300 == _limit(bench, asked)
    asked = submission(bench, "#SBATCH --time=5\nsleep 60", hold=True, options={"time": "00:07:00"})
    assert 420 == _limit(bench, asked)


def _limit(bench: Any, asked: Submission) -> float | None:
    job_id = bench.scheduler.submit(asked)
    limit: float | None = bench.scheduler.jobs([job_id])[job_id].time_limit_seconds
    return limit


def test_a_waiting_job_can_be_held(bench: Any) -> None:
    """Held while it waits it stays; a running job is refused."""
    running = bench.scheduler.submit(submission(bench, "exec sleep 60"))
    bench.reaches(running, "RUNNING")
    waiting = bench.scheduler.submit(submission(bench, "exec sleep 60", hold=True, after=running))
    bench.scheduler.release(waiting)
    bench.scheduler.hold(waiting)
    assert "JobHeldUser" == bench.scheduler.jobs([waiting])[waiting].reason
    with pytest.raises(SchedulerError, match="not pending"):
        bench.scheduler.hold(running)
    with pytest.raises(SchedulerError, match="not known"):
        bench.scheduler.hold("999999")


def test_the_time_limit_can_be_lowered(bench: Any) -> None:
    """In whole minutes, never less than asked; one that is none is refused."""
    asked = submission(bench, "#SBATCH --time=9\nexec sleep 60")
    job_id = bench.scheduler.submit(asked)
    bench.reaches(job_id, "RUNNING")
    bench.scheduler.set_time_limit(job_id, 290.0)
    assert 300 == bench.scheduler.jobs([job_id])[job_id].time_limit_seconds
    for bad in (0.0, -60.0, float("nan"), float("inf")):
        with pytest.raises(SchedulerError, match="time limit"):
            bench.scheduler.set_time_limit(job_id, bad)


def test_requeueing_what_was_cancelled_does_not_run_it_again(bench: Any) -> None:
    """SLURM itself would: it is refused before SLURM hears of it."""
    job_id = bench.scheduler.submit(submission(bench, "exec sleep 60"))
    bench.reaches(job_id, "RUNNING")
    bench.scheduler.cancel(job_id)
    bench.reaches(job_id, "CANCELLED")
    with pytest.raises(SchedulerError):
        bench.scheduler.requeue(job_id)
    assert "CANCELLED" == bench.state(job_id)


def test_a_running_job_takes_a_signal(bench: Any) -> None:
    """A job that traps USR1 gets it; a waiting job is refused at once."""
    body = "trap 'echo caught; exit 0' USR1\necho ready\nwhile true; do sleep 0.1; done"
    job_id = bench.scheduler.submit(submission(bench, body))
    out = bench.folder / f"out-{job_id}.txt"
    bench.reaches(job_id, "RUNNING")
    until_text(out, "ready")
    bench.scheduler.signal(job_id, "USR1", "batch")
    assert "COMPLETED" == bench.reaches(job_id, "COMPLETED", "FAILED", "CANCELLED")
    assert "caught" in out.read_text()
    waiting = bench.scheduler.submit(submission(bench, "true", hold=True))
    with pytest.raises(SchedulerError, match="not running"):
        bench.scheduler.signal(waiting, "USR1", "full")


@pytest.mark.parametrize(
    ("signal", "target"), [("USR1;id", "batch"), ("--help", "batch"), ("USR1", "-u root")]
)
def test_odd_signals_are_refused(bench: Any, signal: str, target: str) -> None:
    """A signal is a name, its target one of three words."""
    with pytest.raises(SchedulerError):
        bench.scheduler.signal("1", signal, target)


@pytest.mark.parametrize("bad", BAD_IDS)
def test_only_digits_are_a_job_id(bench: Any, bad: str) -> None:
    """No other text reaches a program."""
    for verb in (
        bench.scheduler.script,
        bench.scheduler.release,
        bench.scheduler.cancel,
        bench.scheduler.detail,
        bench.scheduler.hold,
        bench.scheduler.requeue,
        bench.scheduler.verify,
        lambda job_id: bench.scheduler.signal(job_id, "USR1", "full"),
        lambda job_id: bench.scheduler.set_time_limit(job_id, 60.0),
    ):
        with pytest.raises(SchedulerError, match="job id"):
            verb(bad)
    with pytest.raises(SchedulerError, match="job id"):
        bench.scheduler.jobs(["1", bad])
    with pytest.raises(SchedulerError, match="job id"):
        bench.scheduler.submit(submission(bench, "true", after=bad))


@pytest.mark.parametrize(
    "parts",
    [
        {"options": {"partition": "gpu\n#SBATCH --uid=0"}},
        {"options": {"partition": "--uid=0"}},
        {"options": {"job-name": "x\n#SBATCH --uid=0"}},
        {"options": {"output": "out\n#SBATCH --wrap=id"}},
        {"options": {"account": "lab;id"}},
        {"options": {"time": "5 --uid=0"}},
        {"options": {"Partition\n": "gpu"}},
        {"options": {"uid": "0"}},
        {"options": {"dependency": "singleton"}},
        {"work_dir": "/srv\n--uid=0"},
        {"token": "a\x00b"},
        {"after": "1,2"},
        {"script": "#!/bin/sh\n#SBATCH --array=0-9\ntrue\n"},
        {"script": "#!/bin/sh\n#SBATCH --uid=root\ntrue\n"},
        {"options": {"job-name": "a\x1b[2J"}},
        {"options": {"wrap": "id"}},
        {"options": {"export": "ALL"}},
        {"options": {"time": "$(id)"}},
        {"token": "a\nb"},
        {"script_args": ("a\x00b",)},
        {"environment": {"LD=": "x"}},
        {"environment": {"SLURM_CONF": "/x"}},
        {"environment": {"A": "x\ny"}},
        {"script": "echo no shebang\n"},
        {"script": "#!/bin/sh\r\ntrue\r\n"},
        {"script": ""},
    ],
)
def test_bad_submissions_are_refused(bench: Any, parts: dict[str, object]) -> None:
    """What could become another option, another job or a failure later is refused now."""
    with pytest.raises(SchedulerError):
        bench.scheduler.submit(submission(bench, "true", **parts))


def test_a_good_submission_passes_its_checks(bench: Any) -> None:
    """Checking makes no job."""
    asked = submission(bench, "true")
    assert [] == [check for check in bench.scheduler.check(asked) if not check.passed]
    assert [] == bench.scheduler.find(asked.token)


def test_the_line_is_those_that_could_start(bench: Any) -> None:
    """Whoever waits for room is in line in the order of turn; who is held is not."""
    whole = {"nodes": "2", "exclusive": ""}
    first = bench.scheduler.submit(submission(bench, "exec sleep 600", options=whole))
    bench.reaches(first, "RUNNING")
    partition = bench.scheduler.jobs([first])[first].partition or "local"
    second = bench.scheduler.submit(submission(bench, "exec sleep 600", options=whole))
    held = bench.scheduler.submit(submission(bench, "exec sleep 600", hold=True))
    until(lambda: second in bench.scheduler.waiting(partition))
    assert not {first, held} & set(bench.scheduler.waiting(partition))
    states = {facts.id: facts.state for facts in bench.scheduler.history(time.time() - 600)}
    assert ("PENDING", "PENDING") == (states.get(second), states.get(held))
    for job in (second, held, first):
        bench.scheduler.cancel(job)


def test_what_has_been_is_remembered(bench: Any) -> None:
    """An ended job is in the user's history, and accounting tells what it used; locally nobody counts."""
    job = bench.scheduler.submit(submission(bench, "exit 0"))
    bench.reaches(job, "COMPLETED")
    until(lambda: job in {facts.id for facts in bench.scheduler.history(time.time() - 600)})
    found = next(facts for facts in bench.scheduler.history(time.time() - 600) if facts.id == job)
    assert found.submitted is not None
    assert found.started is not None
    assert found.started >= found.submitted
    if bench.scheduler.name == "local":
        assert bench.scheduler.usage(job) is None
        return
    until(lambda: bench.scheduler.usage(job) is not None)
    used = bench.scheduler.usage(job)
    assert (True, 1) == (used.elapsed_seconds < 60, used.cpus)

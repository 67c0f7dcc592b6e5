"""A corrected command takes the running one's place in its job; without a supervisor nothing is touched."""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConflictError
from app.replace import Replacer
from app.replace_keep import LONGEST_RESTART_SECONDS, checks, new_run
from app.slurm.local import LocalRunner
from app.slurm.scheduler import JobFacts, SchedulerError, SchedulerUnreachableError, Submission
from app.store import Store
from app.store.facts import JobKey
from app.supervision import Supervised, Supervision
from tests.app.replacing import PAUSES, cleared, killed_at, report, states
from tests.waiting import PATIENCE_SECONDS, until


@pytest.fixture(name="supervision")
def make_supervision(tmp_path: Path) -> Supervision:
    """Return where jobs take orders: below the home that jobs get."""
    return Supervision(tmp_path / ".cutloss" / "supervise")


@pytest.fixture(name="scheduler")
def make_scheduler(tmp_path: Path) -> Iterator[LocalRunner]:
    """Run jobs in a folder of their own, and leave none behind."""
    source = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    with cleared(
        LocalRunner(tmp_path / "queue", "alice", source, kill_wait_seconds=1.0, tick_seconds=0.05)
    ) as runner:
        yield runner


@pytest.fixture(name="replacer")
def make_replacer(scheduler: LocalRunner, store: Store, supervision: Supervision) -> Iterator[Replacer]:
    """Replace with short pauses."""
    with closing(Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)) as replacer:
        yield replacer


def start(scheduler: LocalRunner, store: Store, folder: Path, script: str) -> str:
    """Start a job with the run ``r`` reported from it."""
    job = scheduler.submit(Submission(script, "old", str(folder)))
    until(lambda: states(scheduler, job) == ["RUNNING"])
    report(store, "r", job)
    return job


SUPERVISE = f"#!/bin/sh\nexec {sys.executable} -m cutloss.cli supervise --grace 5 --probation"
SUPERVISED, ON_PROBATION = f"{SUPERVISE} 0.1 -- sleep 600\n", f"{SUPERVISE} 3000 -- sleep 600\n"


@pytest.fixture
def job_on_probation(scheduler: LocalRunner, store: Store, supervision: Supervision, tmp_path: Path) -> str:
    """Start a job that takes orders, and whose next command is on probation for longer than any test."""
    job = start(scheduler, store, tmp_path, ON_PROBATION)
    until(lambda: supervision.of(JobKey("local", job)))
    return job


def test_the_job_goes_on_with_the_corrected_command(
    scheduler: LocalRunner, store: Store, replacer: Replacer, supervision: Supervision, tmp_path: Path
) -> None:
    """The same job, a new step, and a run of its own that says which one it replaces."""
    job = start(scheduler, store, tmp_path, SUPERVISED)
    key = JobKey("local", job)
    until(lambda: supervision.of(key))
    assert "sleep 600" == replacer.draft("r").command
    line = "sh -c 'echo $CUTLOSS_RUN $CUTLOSS_REPLACES $CUTLOSS_JOB_ID > second; sleep 600'"
    started = replacer.start("r", script=line, user="alice", order="keep")
    done = replacer.wait(started.id, PATIENCE_SECONDS)
    assert ("done", job, job) == (done.state, done.old_id, done.new_id), done.reason
    second = tmp_path / "second"
    assert f"r-{done.id[:6]} r {job}\n" == until(lambda: second.exists() and second.read_text())
    assert "RUNNING" == scheduler.jobs([job])[job].state
    ended = store.run("r")
    assert ended is not None
    assert "stopped" == ended.finished


def test_a_job_that_takes_no_orders_runs_on(
    scheduler: LocalRunner, store: Store, replacer: Replacer, tmp_path: Path
) -> None:
    """It says why, and nothing was touched."""
    job = start(scheduler, store, tmp_path, "#!/bin/sh\nexec sleep 600\n")
    failed = replacer.wait(
        replacer.start("r", script="true", user="alice", order="keep").id, PATIENCE_SECONDS
    )
    assert "failed" == failed.state
    assert "cutloss supervise" in (failed.reason or "")
    assert "RUNNING" == scheduler.jobs([job])[job].state


def test_a_command_that_does_not_start_is_told(
    scheduler: LocalRunner, store: Store, replacer: Replacer, supervision: Supervision, tmp_path: Path
) -> None:
    """The supervisor's own words are the reason."""
    job = start(scheduler, store, tmp_path, SUPERVISED)
    until(lambda: supervision.of(JobKey("local", job)))
    failed = replacer.wait(
        replacer.start("r", script="/no/such", user="alice", order="keep").id, PATIENCE_SECONDS
    )
    assert "failed" == failed.state
    assert "/no/such" in (failed.reason or "")


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_command_that_fails_at_once_is_never_said_to_run(
    scheduler: LocalRunner, store: Store, supervision: Supervision, tmp_path: Path, *, is_restarted: bool
) -> None:
    """While it may give its place back the relaunch is not done, whether the service goes away or not."""
    job = start(scheduler, store, tmp_path, ON_PROBATION)
    key = JobKey("local", job)
    until(lambda: supervision.of(key))
    replacer = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    line = "sh -c 'while ! test -e fail; do sleep 0.02; done; exit 3'"
    started = replacer.start("r", script=line, user="alice", order="keep")
    until(lambda: (replacer.get(started.id) or started).state == "handed_over")
    if is_restarted:
        replacer.close()
    (tmp_path / "fail").touch()
    until(lambda: (told := supervision.answer(key)) is not None and told.state == "refused")
    if is_restarted:
        replacer = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
        assert [started.id] == replacer.resume_all()
    failed = replacer.wait(started.id, PATIENCE_SECONDS)
    replacer.close()
    assert "failed" == failed.state
    assert "sh ended with 3" in (failed.reason or "")
    assert "done" not in [stage.state for stage in failed.stages]
    assert "RUNNING" == scheduler.jobs([job])[job].state
    running = supervision.of(key)
    assert running is not None
    assert ("sleep", "600") == running.command
    old = store.run("r")
    assert old is not None
    assert old.finished is None


@pytest.mark.usefixtures("job_on_probation")
@pytest.mark.parametrize(
    "error", [SchedulerError("squeue ended with code -9"), SchedulerUnreachableError("no")]
)
@pytest.mark.parametrize(
    ("code", "ends", "reason"), [(0, "done", ""), (3, "failed", "did not last: sh ended with 3")]
)
def test_after_the_order_the_supervisors_word_counts(  # noqa: PLR0913, PLR0917 - fixtures
    scheduler: LocalRunner,
    store: Store,
    replacer: Replacer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: SchedulerError,
    code: int,
    ends: str,
    reason: str,
) -> None:
    """A scheduler that gives no answer does not make a failure of a command that has the place."""
    jobs, asked = scheduler.jobs, set()

    def flaky(ids: Iterable[str]) -> dict[str, JobFacts]:
        state = next((data["state"] for data in store.replacements("r")), None)
        if state not in {"cancelled", "handed_over"}:
            return jobs(ids)
        asked.add(state)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "jobs", flaky)
        line = f"sh -c 'while ! test -e go; do sleep 0.02; done; exit {code}'"
        started = replacer.start("r", script=line, user="alice", order="keep")
        until(lambda: "handed_over" in asked or not (replacer.get(started.id) or started).is_active)
        (tmp_path / "go").touch()
        ended = replacer.wait(started.id, PATIENCE_SECONDS)
    assert ends == ended.state, ended.reason
    assert reason in (ended.reason or "")
    assert {"cancelled", "handed_over"} == asked


def test_a_job_requeued_while_a_command_is_tried_is_no_success(
    scheduler: LocalRunner,
    store: Store,
    replacer: Replacer,
    job_on_probation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its batch script starts the former command again: the old run has not ended."""
    jobs = scheduler.jobs

    def requeued(ids: Iterable[str]) -> dict[str, JobFacts]:
        return {id_: replace(facts, submitted=time.time()) for id_, facts in jobs(ids).items()}

    started = replacer.start("r", script="sleep 601", user="alice", order="keep")
    until(lambda: (replacer.get(started.id) or started).state == "handed_over")
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "jobs", requeued)
        failed = replacer.wait(started.id, PATIENCE_SECONDS)
    assert ("failed", f"job {job_on_probation} has been requeued") == (failed.state, failed.reason)
    old = store.run("r")
    assert old is not None
    assert old.finished is None


def test_a_job_tries_one_command_at_a_time(
    store: Store, replacer: Replacer, job_on_probation: str, tmp_path: Path
) -> None:
    """A second order comes under the corrected command's own run, and would cost the first its answer."""
    line = "sh -c 'while ! test -e fail; do sleep 0.02; done; exit 3'"
    one = replacer.start("r", script=line, user="alice", order="keep")
    until(lambda: (replacer.get(one.id) or one).state == "handed_over")
    report(store, new_run(one), job_on_probation)
    with pytest.raises(ConflictError, match=f"{one.id} of run 'r' is under way"):
        replacer.start(new_run(one), script="true", user="alice", order="keep")
    (tmp_path / "fail").touch()
    failed = replacer.wait(one.id, PATIENCE_SECONDS)
    assert "failed" == failed.state
    assert "sh ended with 3" in (failed.reason or "")


def test_a_command_that_outlives_its_probation_is_done(
    scheduler: LocalRunner, replacer: Replacer, job_on_probation: str
) -> None:
    """What becomes of it then is its own affair: the relaunch is done as soon as nothing takes it back."""
    job = job_on_probation
    started = replacer.start("r", script="sh -c 'exit 0'", user="alice", order="keep")
    done = replacer.wait(started.id, PATIENCE_SECONDS)
    assert ("done", job) == (done.state, done.new_id), done.reason
    until(lambda: not scheduler.jobs([job])[job].is_active)


@pytest.mark.parametrize("told", [{"settles_within": 0.1}, {}, {"settles_within": "x"}, None])
def test_a_supervisor_that_tells_no_more_is_not_waited_for(  # noqa: PLR0913, PLR0917 - fixtures
    scheduler: LocalRunner,
    store: Store,
    supervision: Supervision,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: Mapping[str, Any] | None,
) -> None:
    """An older one says that it has started the command, and never that it stays; its file may be gone."""
    monkeypatch.setattr("app.replace_keep.USUAL_PROBATION_SECONDS", 0.1)
    monkeypatch.setattr("app.replace_keep.TELLING_SECONDS", 0.1)
    job = start(scheduler, store, tmp_path, "#!/bin/sh\nexec sleep 600\n")
    file = supervision.file(JobKey("local", job))
    assert file is not None
    file.parent.mkdir(parents=True)
    put(file.with_suffix(".running"), {"command": ["x"], "since": 1.0})
    replacer = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    started = replacer.start("r", script="true", user="alice", order="keep")
    until(file.exists)
    answer = {"id": started.id, "state": "started", "words": "", "at": 12.0}
    put(file.with_suffix(".answer"), {**answer, **(told or {})})
    if told is None:
        until(lambda: (replacer.get(started.id) or started).state in {"handed_over", "done"})
        file.with_suffix(".answer").unlink()
    done = replacer.wait(started.id, PATIENCE_SECONDS)
    replacer.close()
    assert ("done", job) == (done.state, done.new_id), done.reason


def put(file: Path, told: Mapping[str, Any]) -> None:
    """Write what a supervisor says, whole."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(told))
    part.chmod(0o600)
    part.replace(file)


def test_a_killed_service_hands_the_command_over_once(
    scheduler: LocalRunner, store: Store, supervision: Supervision, tmp_path: Path
) -> None:
    """Written a second time after the kill, the order is the same order."""
    job = start(scheduler, store, tmp_path, SUPERVISED)
    until(lambda: supervision.of(JobKey("local", job)))
    line = "sh -c 'echo once >> ran; sleep 600'"
    first = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    started = first.start("r", script=line, user="alice", order="keep")
    first.wait(started.id, PATIENCE_SECONDS)
    first.close()
    stored = store.replacement(started.id) or {}
    store.put_replacement(started.id, "r", "cancelling", {**stored, "state": "cancelling"}, time.time())
    again = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    assert [started.id] == again.resume_all()
    assert "done" == again.wait(started.id, PATIENCE_SECONDS).state
    again.close()
    ran = tmp_path / "ran"
    assert "once\n" == until(lambda: ran.exists() and ran.read_text())


def test_an_answer_counts_however_late_it_is_read(
    scheduler: LocalRunner, store: Store, supervision: Supervision, tmp_path: Path
) -> None:
    """A service that was away for longer than it would have waited still finds the handover done."""
    job = start(scheduler, store, tmp_path, SUPERVISED)
    until(lambda: supervision.of(JobKey("local", job)))
    first = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    started = first.start("r", script="sleep 601", user="alice", order="keep")
    first.wait(started.id, PATIENCE_SECONDS)
    first.close()
    away = time.time() - LONGEST_RESTART_SECONDS - 60.0
    stored = {**(store.replacement(started.id) or {}), "state": "cancelled", "updated": away, "new_id": None}
    store.put_replacement(started.id, "r", "cancelled", stored, away)
    again = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    assert [started.id] == again.resume_all()
    done = again.wait(started.id, PATIENCE_SECONDS)
    again.close()
    assert ("done", job) == (done.state, done.new_id), done.reason


@pytest.mark.parametrize("lies_there", ["own", "another's", "odd"])
def test_an_order_without_an_answer_is_withdrawn(  # noqa: PLR0913, PLR0917 - fixtures
    scheduler: LocalRunner,
    store: Store,
    supervision: Supervision,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lies_there: str,
) -> None:
    """A supervisor that wakes up later does not carry it out; what else lies there is left alone."""
    job = start(scheduler, store, tmp_path, "#!/bin/sh\nexec sleep 600\n")
    file = supervision.file(JobKey("local", job))
    assert file is not None
    file.parent.mkdir(parents=True)
    file.with_suffix(".running").write_text(json.dumps({"command": ["x"], "since": 1.0}))
    file.with_suffix(".running").chmod(0o600)
    give, other = supervision.order, {"another's": '{"id": "other"}', "odd": "["}.get(lies_there)

    def given(*order: Any) -> None:
        give(*order)
        if other is not None:
            file.write_text(other)

    monkeypatch.setattr(supervision, "order", given)
    monkeypatch.setattr("app.replace_keep.LONGEST_RESTART_SECONDS", 0.3)
    replacer = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    failed = replacer.wait(
        replacer.start("r", script="true", user="alice", order="keep").id, PATIENCE_SECONDS
    )
    replacer.close()
    assert "failed" == failed.state
    assert "no answer" in (failed.reason or "")
    assert other == (file.read_text() if file.exists() else None)


@pytest.mark.parametrize("line", ["", "   ", "open 'quote", "one\ntwo", "nul\0l"])
def test_a_line_that_is_no_command_is_refused(line: str) -> None:
    """An order holds one command as words; no shell ever reads it."""
    running = JobFacts("7", "box", "RUNNING")
    assert [False, True, True] == [check.passed for check in checks(line, running, Supervised(("x",), 1.0))]


def test_shell_words_stay_words(supervision: Supervision) -> None:
    """What looks like shell is an argument of the command."""
    assert all(check.passed for check in checks("a ;id $(id) `id`", JobFacts("7", "b", "RUNNING"),
                                                Supervised(("x",), 1.0)))  # fmt: skip
    key = JobKey("box", "7")
    supervision.order(key, "o", ["a", ";id"], {})
    file = supervision.file(key)
    assert file is not None
    assert ["a", ";id"] == json.loads(file.read_text())["command"]
    assert 0o600 == file.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "key", [JobKey("box", "../../x"), JobKey("../x", "7"), JobKey("box", "null"), JobKey("", "7"),
            JobKey("box", "7;id"), JobKey("box", "-u root")],
)  # fmt: skip
def test_an_odd_name_has_no_file(supervision: Supervision, key: JobKey) -> None:
    """Clusters and ids come from reporters: none leads out of the folder."""
    assert supervision.file(key) is None
    assert supervision.of(key) is None
    with pytest.raises(OSError, match="no job"):
        supervision.order(key, "o", ["true"], {})


def test_what_others_may_write_is_not_believed(supervision: Supervision, tmp_path: Path) -> None:
    """Only this user's own processes say what runs."""
    key = JobKey("box", "7")
    folder = tmp_path / ".cutloss" / "supervise"
    folder.mkdir(parents=True)
    running = folder / "box-7.running"
    running.write_text(json.dumps({"command": ["x"], "since": 1.0}))
    running.chmod(0o600)
    assert Supervised(("x",), 1.0) == supervision.of(key)
    running.chmod(0o666)
    assert supervision.of(key) is None
    running.chmod(0o600)
    os.truncate(running, 5)
    assert supervision.of(key) is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the kill itself
@pytest.mark.parametrize(
    ("state", "when"),
    [("asking", "after"), ("released", "after"), ("cancelling", "before"), ("cancelling", "after"),
     ("cancelled", "before"), ("handed_over", "before"), ("done", "before")],
)  # fmt: skip
def test_a_service_killed_anywhere_starts_the_command_once(  # noqa: PLR0913, PLR0917 - fixtures
    scheduler: LocalRunner, store: Store, supervision: Supervision, tmp_path: Path, state: str, when: str
) -> None:
    """The next one takes it up; the job runs on with the corrected command, which was started one time."""
    job = start(scheduler, store, tmp_path, SUPERVISED)
    until(lambda: supervision.of(JobKey("local", job)))
    dying = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    line = "sh -c 'echo once >> ran; sleep 600'"
    with killed_at(store, state, when):
        started = dying.start("r", script=line, user="alice", order="keep", checkpoint_wait_seconds=0.2)
        dying.wait(started.id, PATIENCE_SECONDS)
    dying.close()

    following = Replacer(store, scheduler, time.time, pauses=PAUSES, supervision=supervision)
    (left,) = following.resume_all()
    assert "done" == following.wait(left, PATIENCE_SECONDS).state
    following.close()
    ran = tmp_path / "ran"
    assert "once\n" == until(lambda: ran.exists() and ran.read_text())
    assert "RUNNING" == scheduler.jobs([job])[job].state

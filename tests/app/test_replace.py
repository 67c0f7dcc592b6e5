"""A replacement ends with exactly one of the two jobs, whatever happens on the way."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.records import RecordBatch
from app.replace import Replacer
from app.replacement import Replacement
from app.slurm.local import LocalRunner
from app.slurm.scheduler import (
    Check,
    JobFacts,
    SchedulerError,
    SchedulerUnavailableError,
    SchedulerUnreachableError,
    Submission,
)
from app.store import Store
from tests.app.replacing import PAUSES, KilledError, cleared, killed_at, report, states
from tests.waiting import PATIENCE_SECONDS, until

OLD = "#!/bin/sh\nsleep 600\n"
NEW = "#!/bin/sh\n# corrected\nsleep 600\n"


class Scheduler(LocalRunner):
    """The real local runner, with outages on order: ``faults`` maps a verb to what it does instead."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "alice", {"PATH": "/usr/bin:/bin"}, kill_wait_seconds=1.0, tick_seconds=0.05)
        self.faults: dict[str, Callable[[], None]] = {}
        self.asked: list[str] = []

    def _fault(self, verb: str) -> None:
        self.asked.append(verb)
        if verb in self.faults:
            self.faults[verb]()

    def submit(self, submission: Submission) -> str:
        """Submit; ``"submitted"`` is the fault of an answer lost on its way back."""
        self._fault("submit")
        job_id = super().submit(submission)
        self._fault("submitted")
        return job_id

    def check(self, submission: Submission) -> list[Check]:
        """Check."""
        self._fault("check")
        return super().check(submission)

    def find(self, token: str) -> list[JobFacts]:
        """Find."""
        self._fault("find")
        return super().find(token)

    def verify(self, job_id: str) -> list[Check]:
        """Verify."""
        self._fault("verify")
        return super().verify(job_id)

    def release(self, job_id: str) -> None:
        """Release."""
        self._fault("release")
        super().release(job_id)

    def cancel(self, job_id: str) -> None:
        """Cancel; ``"cancelled"`` is the fault of an answer lost on its way back."""
        self._fault(f"cancel {job_id}")
        super().cancel(job_id)
        self._fault("cancelled")


@pytest.fixture(name="scheduler")
def make_scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    """Run jobs in a folder of their own, and leave none behind."""
    with cleared(Scheduler(tmp_path / "queue")) as scheduler:
        yield scheduler
        scheduler.faults.clear()


@pytest.fixture(name="old")
def start_old(scheduler: Scheduler, store: Store, tmp_path: Path) -> str:
    """Start the job to be replaced, with the run ``r`` reported from it."""
    old = scheduler.submit(Submission(OLD, "old", str(tmp_path), options={"job-name": "topoflow"}))
    until(lambda: scheduler.jobs([old])[old].state == "RUNNING")
    report(store, "r", old)
    return old


@pytest.fixture(name="replacer")
def make_replacer(scheduler: Scheduler, store: Store) -> Iterator[Replacer]:
    """Replace with short pauses."""
    with closing(Replacer(store, scheduler, time.time, pauses=PAUSES)) as replacer:
        yield replacer


def raises(error: Exception) -> Callable[[], None]:
    """Return a fault that raises."""

    def fault() -> None:
        raise error

    return fault


def once(error: Exception) -> Callable[[], None]:
    """Return a fault that raises the first time only."""
    left = [error]

    def fault() -> None:
        if left:
            raise left.pop()

    return fault


def finish(replacer: Replacer, replacement: Replacement) -> Replacement:
    """Wait for a replacement to end."""
    return replacer.wait(replacement.id, PATIENCE_SECONDS)


def test_the_new_job_takes_the_old_ones_place(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str
) -> None:
    """Every stage is passed in order, OLD is cancelled and NEW runs."""
    done = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    expected = [
        "prepared", "submitting", "submitted", "checked", "releasing", "released", "cancelling", "cancelled",
        "handed_over", "done",
    ]  # fmt: skip
    assert expected == [stage.state for stage in done.stages]
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)
    assert [stage.at for stage in done.stages] == sorted(stage.at for stage in done.stages)
    assert all(stage.words for stage in done.stages)
    assert NEW == scheduler.script(done.new_id or "")
    assert store.replacements(active_only=True) == []


def test_the_new_job_inherits_what_its_script_does_not_say(
    replacer: Replacer, scheduler: Scheduler, old: str, tmp_path: Path
) -> None:
    """NEW has OLD's name and folder, and knows which run it replaces."""
    out = tmp_path / "replaces"
    script = f"#!/bin/sh\necho $CUTLOSS_REPLACES > {out}\nsleep 600\n"
    done = finish(replacer, replacer.start("r", script=script, user="alice"))
    until(lambda: out.exists() and out.read_text())
    new = scheduler.jobs([done.new_id or ""])[done.new_id or ""]
    assert ("topoflow", str(tmp_path)) == (new.name, new.work_dir)
    assert out.read_text() == "r\n"
    assert old == done.old_id


def test_arguments_and_options_are_inherited(
    replacer: Replacer, scheduler: Scheduler, store: Store, tmp_path: Path
) -> None:
    """What stood on the command line, not in the script, is the corrected job's too."""
    script = "#!/bin/sh\necho $@ > arguments\nexec sleep 600\n"
    asked = {"time": "20", "output": "out-%j"}
    old = scheduler.submit(Submission(script, "old", str(tmp_path), options=asked, script_args=("--lr", "3")))
    until((tmp_path / "arguments").exists)
    (tmp_path / "arguments").unlink()
    report(store, "r", old)
    done = finish(replacer, replacer.start("r", script=script, user="alice"))
    until(lambda: (tmp_path / "arguments").exists() and (tmp_path / "arguments").read_text() == "--lr 3\n")
    new = scheduler.jobs([done.new_id or ""])[done.new_id or ""]
    assert (1200.0, str(tmp_path / f"out-{done.new_id}")) == (new.time_limit_seconds, new.stdout)


def test_a_draft_is_the_running_jobs_own_script(replacer: Replacer, old: str) -> None:
    """What is to be corrected comes back from the scheduler."""
    draft = replacer.draft("r")
    assert (OLD, old) == (draft.script, draft.job.id)
    assert {"job-name": "topoflow"} == draft.options


def test_the_same_key_gives_the_same_replacement(replacer: Replacer, scheduler: Scheduler, old: str) -> None:
    """Asked twice with one key, one job is submitted; anything else under that key is refused."""
    first = replacer.start("r", script=NEW, user="alice", idempotency_key="k")
    finish(replacer, first)
    again = replacer.start("r", script=NEW, user="alice", idempotency_key="k")
    assert first.id == again.id
    assert again.state == "done"
    assert 1 == len(scheduler.find(first.token))
    with pytest.raises(ConflictError, match="different relaunch"):
        replacer.start("r", script=OLD, user="alice", idempotency_key="k")
    others: list[Any] = [
        {"script": NEW, "order": "overlap"}, {"script": NEW, "environment": {"LD_PRELOAD": "x.so"}},
        {"script": NEW, "options": {"mem": "1G"}}, {"script": NEW, "script_args": ("x",)},
        {"script": NEW, "work_dir": "/"}, {"script": NEW, "sha256": "a" * 64},
    ]  # fmt: skip
    for other in others:
        with pytest.raises(ConflictError, match="different relaunch"):
            replacer.start("r", user="alice", idempotency_key="k", **other)
    said = replacer.start("r", script=NEW, user="alice", idempotency_key="k", sha256=first.sha256)
    assert (first.id, old) == (said.id, again.old_id)


def test_a_run_is_replaced_by_one_at_a_time(replacer: Replacer, old: str) -> None:
    """While one replacement is under way a second is refused."""
    first = replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=60)
    with pytest.raises(ConflictError, match="under way"):
        replacer.start("r", script=NEW, user="alice")
    replacer.rollback(first.id, "alice")
    assert "rolled_back" == finish(replacer, first).state
    assert old == first.old_id


def test_a_replaced_run_is_not_replaced_again(replacer: Replacer, scheduler: Scheduler, old: str) -> None:
    """A second click would start a second job beside the first one's; once that has ended, it may."""
    done = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    with pytest.raises(ConflictError, match=f"replaced by job {done.new_id}"):
        replacer.start("r", script=NEW, user="alice")
    scheduler.cancel(done.new_id or "")
    until(lambda: ["CANCELLED"] == states(scheduler, done.new_id))
    again = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert ["RUNNING"] == states(scheduler, again.new_id)
    assert old == again.old_id


def test_a_doubtful_submission_is_looked_for_after_a_restart(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str, tmp_path: Path
) -> None:
    """The service went before the late submission turned up: the next one sweeps it away."""
    scheduler.faults["submit"] = raises(SchedulerUnavailableError("timed out"))
    failed = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    late = LocalRunner.submit(scheduler, Submission(NEW, failed.token, str(tmp_path), hold=True, after=old))
    following = Replacer(store, scheduler, time.time, pauses=PAUSES)
    assert [failed.id] == following.resume_all()
    following.wait(failed.id, PATIENCE_SECONDS)
    following.close()
    assert ["RUNNING", "CANCELLED"] == states(scheduler, old, late)


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(
    ("run", "error"), [("unknown", NotFoundError), ("lost", NotFoundError), ("jobless", NotFoundError)]
)
def test_what_cannot_be_replaced_is_refused_at_once(
    replacer: Replacer, store: Store, run: str, error: type[Exception]
) -> None:
    """No run, no job, or a job the scheduler does not know: nothing is stored."""
    report(store, "lost", "999")
    store.add(
        "alice", "jobless", RecordBatch.model_validate({"v": 1, "attempt": "a", "attempt_started": 1}), 1.0
    )
    with pytest.raises(error):
        replacer.start(run, script=NEW, user="alice")
    assert store.replacements() == []


def test_anothers_job_is_never_touched(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str
) -> None:
    """The attempt is refused before the scheduler would, and audited."""
    scheduler.user = "bob"
    facts = scheduler.jobs([old])[old]
    scheduler.user = "alice"
    assert facts.user == "bob"
    scheduler.detail = lambda _job: facts
    with pytest.raises(ForbiddenError, match="bob's"):
        replacer.start("r", script=NEW, user="alice")
    assert ("relaunch", "refused") == (store.audit()[0].action, store.audit()[0].outcome)
    assert ["RUNNING"] == states(scheduler, old)


def test_an_option_off_the_list_is_refused(replacer: Replacer, store: Store, old: str) -> None:
    """Only allowed options reach the scheduler."""
    with pytest.raises(SchedulerError, match="uid"):
        replacer.start("r", script=NEW, user="alice", options={"uid": "0"})
    assert store.replacements() == []
    assert old


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sleep 1\n", "shebang"),
        ("#!/bin/sh\r\nsleep 1\r\n", "CRLF"),
        ("#!/bin/sh\nif true; then\n", "syntax"),
        ("#!/bin/sh\n#SBATCH --chdir=/x --wait\nsleep 1\n", "--wait"),
        ("#!/bin/sh\n#SBATCH --output=/nowhere/at/all/x\nsleep 1\n", "output folder"),
    ],
)
def test_a_script_that_cannot_run_leaves_the_old_job_alone(
    replacer: Replacer, scheduler: Scheduler, old: str, script: str, words: str
) -> None:
    """A bad script fails the replacement with its reason, before anything is submitted."""
    failed = finish(replacer, replacer.start("r", script=script, user="alice"))
    assert failed.state == "failed"
    assert words in (failed.reason or "")
    assert "submit" not in scheduler.asked[1:]
    assert ["RUNNING"] == states(scheduler, old)


def test_a_missing_folder_leaves_the_old_job_alone(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """SLURM accepts a work folder that is not there, and fails the job later: it is refused before."""
    failed = finish(replacer, replacer.start("r", script=NEW, user="alice", work_dir="/nowhere"))
    assert "work folder: /nowhere does not exist" == failed.reason
    assert ["RUNNING"] == states(scheduler, old)


@pytest.mark.parametrize("verb", ["check", "submit", "verify", "release"])
@pytest.mark.parametrize("error", [SchedulerError("no"), SchedulerUnreachableError("away")])
def test_any_failure_before_the_cancel_undoes_the_new_job(
    replacer: Replacer, scheduler: Scheduler, old: str, verb: str, error: Exception
) -> None:
    """Whatever fails up to the release, OLD runs on and NEW is gone."""
    scheduler.faults[verb] = raises(error)
    failed = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert ("failed", str(error)) == (failed.state, failed.reason)
    assert ["RUNNING"] == states(scheduler, old)
    assert [] == [facts.id for facts in scheduler.find(failed.token) if facts.is_active]


def test_a_cancel_that_is_refused_undoes_the_new_job(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """When the scheduler will not cancel OLD, NEW goes."""
    scheduler.faults[f"cancel {old}"] = raises(SchedulerError("Access/permission denied"))
    failed = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert ("failed", "Access/permission denied") == (failed.state, failed.reason)
    assert ["RUNNING", "CANCELLED"] == states(scheduler, old, failed.new_id)


def test_a_lost_answer_to_the_submission_is_looked_up(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """A submission that timed out was made: it is found by its token and not made again."""
    scheduler.faults["submitted"] = once(SchedulerUnavailableError("timed out"))
    done = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert done.state == "done"
    assert any("found by its token" in stage.words for stage in done.stages)
    assert [done.new_id] == [facts.id for facts in scheduler.find(done.token)]
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)


def test_a_submission_that_never_turns_up_is_given_up(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """A submission that timed out and was not made is never repeated blindly."""
    scheduler.faults["submit"] = raises(SchedulerUnavailableError("timed out"))
    failed = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert failed.state == "failed"
    assert "no job carries its token" in (failed.reason or "")
    assert 2 == scheduler.asked.count("submit")  # the fixture's and the one
    assert ["RUNNING"] == states(scheduler, old)


def test_a_submission_that_turns_up_late_is_cancelled(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str, tmp_path: Path
) -> None:
    """The controller carries a timed-out submission out when it wakes; it is held, and swept away."""
    scheduler.faults["submit"] = raises(SchedulerUnavailableError("timed out"))
    late: list[str] = []

    def wake() -> None:
        (known,) = store.replacements("r")
        if known["state"] == "failed" and not late:
            submission = Submission(NEW, known["token"], str(tmp_path), hold=True, after=old)
            late.append(LocalRunner.submit(scheduler, submission))

    scheduler.faults["find"] = wake
    finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert ["RUNNING", "CANCELLED"] == states(scheduler, old, *late)


def test_a_lost_answer_to_the_cancel_is_looked_up(replacer: Replacer, scheduler: Scheduler, old: str) -> None:
    """A cancel that timed out was carried out: OLD is seen to end, and NEW runs."""
    scheduler.faults["cancelled"] = once(SchedulerUnavailableError("timed out"))
    done = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)


def test_a_cancel_that_did_not_arrive_is_made_again(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """A cancel that was not carried out is made again, once OLD is seen to be the same job."""
    scheduler.faults[f"cancel {old}"] = once(SchedulerUnavailableError("timed out"))
    done = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert 2 == scheduler.asked.count(f"cancel {old}")
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)


def test_an_old_job_that_ended_by_itself_is_not_cancelled(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """With OLD gone NEW is only released."""
    scheduler.cancel(old)
    until(lambda: ["CANCELLED"] == states(scheduler, old))
    scheduler.asked.clear()
    done = finish(replacer, replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=60))
    assert "done" == done.state
    assert "cancelling" not in [stage.state for stage in done.stages]
    assert f"cancel {old}" not in scheduler.asked
    assert ["RUNNING"] == states(scheduler, done.new_id)


def test_an_old_job_that_became_another_is_not_cancelled(
    replacer: Replacer, scheduler: Scheduler, old: str
) -> None:
    """Its id alone does not make it the job that was to be replaced."""

    def requeue() -> None:
        with scheduler._ledger.open() as jobs:
            jobs[old].submitted += 100

    scheduler.faults["release"] = requeue
    failed = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    assert "failed" == failed.state
    assert "requeued" in (failed.reason or "")
    assert ["RUNNING", "CANCELLED"] == states(scheduler, old, failed.new_id)


def answer(store: Store, status: str) -> None:
    """Answer the checkpoint command as a trainer does."""
    until(lambda: bool(store.commands("r", "pending")))
    (command,) = store.commands("r", "pending")
    data = {"id": command.id, "status": status, "step": 43, "path": "/ckpt/43"}
    batch = RecordBatch.model_validate(
        {
            "v": 1,
            "attempt": "a",
            "attempt_started": time.time(),
            "notes": {"seq": [1], "kind": ["command"], "data": [data]},
        }
    )
    store.add("alice", "r", batch, time.time())


def test_the_checkpoint_comes_before_the_cancel(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str
) -> None:
    """OLD runs until the trainer has answered; the answer's step and path are kept."""
    started = replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=60)
    until(lambda: bool(store.commands("r", "pending")))
    assert ["RUNNING"] == states(scheduler, old)
    answer(store, "done")
    done = finish(replacer, started)
    assert (43, "/ckpt/43") == ((done.checkpoint or {})["step"], (done.checkpoint or {})["path"])
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)


@pytest.mark.parametrize("how", ["silence", "refusal"])
def test_without_a_checkpoint_the_persons_choice_counts(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str, how: str
) -> None:
    """``abort``: NEW is cancelled and OLD runs on; ``proceed``: the handover goes on."""
    wait = 0.3 if how == "silence" else 60.0
    aborted = replacer.start(
        "r", script=NEW, user="alice", checkpoint_wait_seconds=wait, without_answer="abort"
    )
    if how == "refusal":
        answer(store, "refused")
    aborted = finish(replacer, aborted)
    assert "failed" == aborted.state
    assert ["RUNNING", "CANCELLED"] == states(scheduler, old, aborted.new_id)
    done = finish(replacer, replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=0.2))
    assert ["CANCELLED", "RUNNING"] == states(scheduler, old, done.new_id)


def test_rollback_leaves_the_old_job_alone(
    replacer: Replacer, scheduler: Scheduler, store: Store, old: str
) -> None:
    """Until the cancel a replacement can be undone; it is audited."""
    started = replacer.start("r", script=NEW, user="alice", checkpoint_wait_seconds=60)
    until(lambda: bool(store.commands("r", "pending")))
    replacer.rollback(started.id, "carol")
    undone = finish(replacer, started)
    assert "rolled_back" == undone.state
    assert ["RUNNING", "CANCELLED"] == states(scheduler, old, undone.new_id)
    assert ("carol", "rolled_back") == (store.audit()[0].user, store.audit()[0].outcome)


def test_rollback_after_the_cancel_is_too_late(replacer: Replacer, old: str) -> None:
    """Once OLD has been told to end there is nothing to go back to."""
    done = finish(replacer, replacer.start("r", script=NEW, user="alice"))
    with pytest.raises(ConflictError, match="done"):
        replacer.rollback(done.id, "alice")
    assert old == done.old_id


def test_each_step_is_audited(replacer: Replacer, store: Store, old: str) -> None:
    """The audit log tells who asked, what was submitted and what was cancelled."""
    finish(replacer, replacer.start("r", script=NEW, user="alice"))
    entries = list(reversed(store.audit()))
    assert ["prepared", "submitted", "released", "cancelling", "cancelled", "done"] == [
        entry.outcome for entry in entries
    ]
    assert {("alice", "relaunch", "r")} == {(entry.user, entry.action, entry.subject) for entry in entries}
    assert old == entries[-1].detail["old_job"]


STATES = [
    "prepared", "submitting", "submitted", "checked", "asking", "checkpoint_asked", "releasing", "released",
    "cancelling", "cancelled", "handed_over",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the kill itself
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("state", STATES)
def test_a_killed_service_goes_on_where_it_was(
    scheduler: Scheduler, store: Store, old: str, state: str, when: str
) -> None:
    """Killed just before or just after any state is stored, the next service ends with exactly one job."""
    dying = Replacer(store, scheduler, time.time, pauses=PAUSES)
    with killed_at(store, state, when):
        try:
            finish(dying, dying.start("r", script=NEW, user="alice", checkpoint_wait_seconds=0.2))
        except KilledError:
            assert state == "prepared"
    dying.close()

    following = Replacer(store, scheduler, time.time, pauses=PAUSES)
    left = following.resume_all()
    for replacement_id in left:
        following.wait(replacement_id, PATIENCE_SECONDS)
    following.close()
    assert [] == store.replacements(active_only=True)
    active = [facts for facts in scheduler.jobs(["1", "2", "3"]).values() if facts.is_active]
    assert 1 == len(active)
    assert "PENDING" != active[0].state
    # Only a submission whose outcome nobody can know is given up; and one never stored was never asked for.
    kept_old = (state, when) in {("submitting", "after"), ("prepared", "before")}
    assert kept_old == (active[0].id == old)

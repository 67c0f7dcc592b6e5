"""What every store promises, whatever it keeps its data in."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.records import RecordBatch
from app.slurm.scheduler import JobFacts
from app.store import ForeignRunError, Store, StoreClosedError, open_store
from app.store.facts import Attempt, AuditEntry, Command, JobKey, Note, Span, SpoolMark, Token


def batch(attempt: str = "first", started: float = 1000.0, **kinds: Any) -> RecordBatch:
    """Build a batch of one attempt."""
    return RecordBatch.model_validate({"v": 1, "attempt": attempt, "attempt_started": started, **kinds})


def steps(first: int, count: int, seq: int | None = None, loss: float = 1.0) -> dict[str, Any]:
    """Build the columns of consecutive steps; the seq is the step's number unless given."""
    numbers = list(range(first, first + count))
    seqs = numbers if seq is None else list(range(seq, seq + count))
    return {
        "seq": seqs,
        "step": numbers,
        "ended": [2000.0 + step for step in numbers],
        "seconds": [0.5] * count,
        "loss": [loss] * count,
        "lr": [0.001] * count,
    }


def note(seq: int, kind: str, **data: Any) -> dict[str, Any]:
    """Build the columns of one note."""
    return {"seq": [seq], "kind": [kind], "data": [data]}


def command(id_: str = "c1", created: float = 1.0) -> Command:
    """Build a pending command."""
    return Command(id_, "r", "set", "validate_every", 100, "ann", created, "pending", None)


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Open an empty store of each kind."""
    opened = open_store(tmp_path / "cutloss.sqlite3" if request.param == "file" else None)
    yield opened
    opened.close()


class TestRecords:
    """A record is known by (run, attempt, seq)."""

    def test_a_batch_sent_twice_is_stored_once(self, store: Store) -> None:
        """Sending a batch again stores nothing, and says the same seq."""
        sent = batch(steps=steps(1, 10))
        first, again = (store.add("ann", "r", sent, 5.0) for _ in range(2))
        assert (10, 0, 10) == (first.stored, first.duplicates, first.acknowledged_seq)
        assert (0, 10, 10) == (again.stored, again.duplicates, again.acknowledged_seq)
        assert 10 == store.step_count("r")

    def test_overlapping_batches_store_each_record_once(self, store: Store) -> None:
        """Of a batch that overlaps an earlier one only what is new is stored."""
        store.add("ann", "r", batch(steps=steps(1, 10)), 5.0)
        added = store.add("ann", "r", batch(steps=steps(6, 10)), 5.0)
        assert (5, 5) == (added.stored, added.duplicates)
        assert list(range(1, 16)) == store.recent_steps("r").step.tolist()

    def test_a_seq_twice_in_one_batch_is_stored_once(self, store: Store) -> None:
        """Of two records with one seq in a batch the first counts."""
        twice = {"seq": [7, 7], "step": [1, 2], "loss": [1.0, 2.0]}
        added = store.add("ann", "r", batch(steps=twice), 5.0)
        assert (1, 1) == (added.stored, added.duplicates)
        assert [1] == store.recent_steps("r").step.tolist()

    def test_late_batches_fill_their_place(self, store: Store) -> None:
        """Batches in the wrong order end in the right one, and the newest seq stays acknowledged."""
        store.add("ann", "r", batch(steps=steps(11, 10)), 5.0)
        late = store.add("ann", "r", batch(steps=steps(1, 10)), 6.0)
        assert 20 == late.acknowledged_seq
        assert list(range(1, 21)) == store.recent_steps("r").step.tolist()

    def test_equal_seqs_of_two_attempts_are_two_records(self, store: Store) -> None:
        """Each attempt counts its own seqs."""
        store.add("ann", "r", batch("first", 1000.0, steps=steps(1, 5)), 5.0)
        added = store.add("ann", "r", batch("second", 2000.0, steps=steps(1, 5)), 5.0)
        assert 5 == added.stored

    def test_a_seq_of_another_kind_is_a_duplicate(self, store: Store) -> None:
        """One seq is one record, whatever its kind."""
        store.add("ann", "r", batch(steps=steps(1, 3)), 5.0)
        added = store.add("ann", "r", batch(notes=note(2, "warning", text="x")), 5.0)
        assert (0, 1) == (added.stored, added.duplicates)

    def test_a_heartbeat_is_heard_and_changes_nothing(self, store: Store) -> None:
        """An empty batch of a known attempt moves the time of the last record, not the version."""
        before = store.add("ann", "r", batch(steps=steps(1, 3)), 5.0)
        after = store.add("ann", "r", batch(), 15.0)
        run = store.run("r")
        assert run is not None
        assert (before.version, 15.0, 3) == (after.version, run.last_record_at, after.acknowledged_seq)

    def test_nothing_is_acknowledged_before_the_first_record(self, store: Store) -> None:
        """A first heartbeat makes the run and acknowledges no seq."""
        added = store.add("ann", "r", batch(), 5.0)
        assert (None, 1) == (added.acknowledged_seq, added.version)

    def test_another_users_batch_is_refused_whole(self, store: Store) -> None:
        """A run takes records of its own user only."""
        store.add("ann", "r", batch(steps=steps(1, 3)), 5.0)
        with pytest.raises(ForeignRunError):
            store.add("bob", "r", batch("other", steps=steps(1, 9)), 6.0)
        assert (3, 1) == (store.step_count("r"), len(store.attempts("r")))

    def test_records_of_unknown_kinds_are_acknowledged(self, store: Store) -> None:
        """A newer client's kinds are not kept, counted once, and do not hold up its seqs."""
        newer = batch(gauges={"seq": [1, 2, 3], "value": [1, 2, 3]}, colour="red")
        for _ in range(2):
            added = store.add("ann", "r", newer, 5.0)
        run = store.run("r")
        assert run is not None
        assert 3 == added.acknowledged_seq
        assert {"unknown_fields": 1, "unknown_kinds": 1} == run.warnings

    def test_notes_of_an_unknown_kind_are_counted_and_not_kept(self, store: Store) -> None:
        """An unknown kind of note is a warning on the run."""
        store.add("ann", "r", batch(notes=note(1, "poem", text="x")), 5.0)
        run = store.run("r")
        assert run is not None
        assert ([], {"unknown_kinds": 1}) == (store.notes("r"), run.warnings)


class TestRuns:
    """A run is what its newest attempt and notes say."""

    def test_an_unknown_run_is_none(self, store: Store) -> None:
        """What was never reported is not there, and has no records."""
        assert store.run("r") is None
        assert ([], 0, 0) == (store.attempts("r"), store.step_count("r"), len(store.step_blocks("r").count))

    def test_the_newest_plan_holds(self, store: Store) -> None:
        """The plan is that of the newest attempt, also when an older one's comes late."""
        store.add("ann", "r", batch("b", 2000.0, notes=note(1, "plan", name="new", total_steps=9)), 5.0)
        store.add("ann", "r", batch("a", 1000.0, notes=note(1, "plan", name="old", replaces="q")), 6.0)
        run = store.run("r")
        assert run is not None
        assert ("new", {"name": "new", "total_steps": 9}, None) == (run.name, run.plan, run.replaces)

    def test_a_run_without_a_name_is_called_by_its_id(self, store: Store) -> None:
        """The name falls back to the id."""
        store.add("ann", "r", batch(notes=note(1, "plan", replaces="q")), 5.0)
        run = store.run("r")
        assert run is not None
        assert ("r", "q", 1000.0) == (run.name, run.replaces, run.created)

    def test_it_is_finished_until_an_attempt_starts_again(self, store: Store) -> None:
        """The newest attempt's finish note ends the run; a requeue opens it again."""
        store.add("ann", "r", batch("a", 1000.0, notes=note(1, "finish", reason="failed")), 5.0)
        ended = store.run("r")
        store.add("ann", "r", batch("b", 2000.0), 6.0)
        resumed = store.run("r")
        assert ended is not None
        assert resumed is not None
        assert ("failed", None) == (ended.finished, resumed.finished)

    def test_the_job_is_the_newest_attempts(self, store: Store) -> None:
        """A requeued run belongs to the job of its newest attempt."""
        store.add("ann", "r", batch("b", 2000.0, job={"cluster": "c", "id": "2"}), 5.0)
        store.add("ann", "r", batch("a", 1000.0, job={"cluster": "c", "id": "1"}), 6.0)
        run = store.run("r")
        assert run is not None
        assert JobKey("c", "2") == run.job

    def test_a_job_may_be_named_by_its_number(self, store: Store) -> None:
        """SLURM's ids are numbers to some clients; they are one name here."""
        store.add("ann", "r", batch(job={"cluster": "c", "id": 12}), 5.0)
        run = store.run("r")
        assert run is not None
        assert JobKey("c", "12") == run.job

    def test_a_job_named_later_is_taken(self, store: Store) -> None:
        """An attempt that did not know its job at first may name it."""
        store.add("ann", "r", batch(), 5.0)
        store.add("ann", "r", batch(job={"cluster": "c", "id": "1", "restart_count": 2}), 6.0)
        (attempt,) = store.attempts("r")
        run = store.run("r")
        assert run is not None
        assert {"cluster": "c", "id": "1", "restart_count": 2} == attempt.job
        assert JobKey("c", "1") == run.job

    @pytest.mark.parametrize("plan_first", [True, False])
    def test_steps_beyond_the_plan_are_stored_and_warned_about(
        self, store: Store, *, plan_first: bool
    ) -> None:
        """The warning counts steps beyond total_steps, whichever comes first, plan or steps."""
        plan, beyond = batch(notes=note(99, "plan", total_steps=4)), batch(steps=steps(1, 6))
        for sent in (plan, beyond) if plan_first else (beyond, plan):
            store.add("ann", "r", sent, 5.0)
        run = store.run("r")
        assert run is not None
        assert (6, {"steps_beyond_total": 2}) == (store.step_count("r"), run.warnings)

    def test_a_new_total_counts_the_warning_anew(self, store: Store) -> None:
        """A plan that reaches further takes the warning back."""
        store.add("ann", "r", batch(notes=note(99, "plan", total_steps=4), steps=steps(1, 6)), 5.0)
        store.add("ann", "r", batch(notes=note(100, "plan", total_steps=10)), 5.0)
        run = store.run("r")
        assert run is not None
        assert {} == run.warnings

    def test_runs_are_listed_by_when_they_were_heard_of(self, store: Store) -> None:
        """The list is in pages, by user, and searched by id and name without regard to case."""
        for number, user in enumerate(("ann", "bob", "ann")):
            plan = note(1, "plan", name=f"Alpha {number}" if number else "beta_100%")
            store.add(user, f"run-{number}", batch(notes=plan), 10.0 + number)
        cases: list[tuple[dict[str, Any], list[str]]] = [
            ({}, ["run-2", "run-1", "run-0"]),
            ({"user": "ann"}, ["run-2", "run-0"]),
            ({"limit": 1, "offset": 1}, ["run-1"]),
            ({"query": "alpha"}, ["run-2", "run-1"]),
            ({"query": "UN-1"}, ["run-1"]),
            ({"query": "0%"}, ["run-0"]),
        ]
        for wanted, expected in cases:
            assert expected == [run.id for run in store.runs(**wanted)], wanted

    def test_attempts_are_in_the_order_of_their_start(self, store: Store) -> None:
        """Each attempt says where it began, where it is and what was heard of it last."""
        store.add("ann", "r", batch("b", 2000.0, steps=steps(5, 2)), 5.0)
        store.add("ann", "r", batch("a", 1000.0), 6.0)
        expected = [
            Attempt("a", 1000.0, None, None, None, None, None),
            Attempt("b", 2000.0, None, 5, 6, 6, 2006.0, 5.0 - 2006.0),
        ]
        assert expected == store.attempts("r")


class TestResume:
    """After a resume the newest attempt wins for a repeated step; nothing is deleted."""

    @pytest.fixture
    def resumed(self, store: Store) -> Store:
        """Store steps 1–10 of one attempt, then 6–8 of the next, each with its events."""
        events = {"seq": [100], "step": [6], "started": [1.0], "seconds": [2.0]}
        for name, started, loss, kinds in (
            ("a", 1000.0, 1.0, steps(1, 10, loss=1.0)), ("b", 2000.0, 2.0, steps(6, 3, seq=1, loss=2.0)),
        ):  # fmt: skip
            validations = {**events, "loss": [loss], "metrics": [{"accuracy": loss}]}
            checkpoints = {**events, "seq": [101], "path": [f"/{name}.pt"]}
            sent = batch(name, started, steps=kinds, validations=validations, checkpoints=checkpoints)
            store.add("ann", "r", sent, 5.0)
        return store

    def test_blocks_show_the_newest_attempt(self, resumed: Store) -> None:
        """Repeated steps are the newest attempt's; those only an older one reached stay."""
        blocks = resumed.step_blocks("r")
        assert list(range(1, 11)) == blocks.first_step.tolist()
        assert [1.0] * 5 + [2.0] * 3 + [1.0] * 2 == blocks.loss_mean.tolist()

    def test_recent_steps_end_where_the_newest_attempt_is(self, resumed: Store) -> None:
        """What an older attempt reached beyond is not recent."""
        recent = resumed.recent_steps("r", limit=5)
        assert ([4, 5, 6, 7, 8], [1.0, 1.0, 2.0, 2.0, 2.0]) == (recent.step.tolist(), recent.loss.tolist())

    def test_validations_and_checkpoints_are_the_newest(self, resumed: Store) -> None:
        """A repeated validation or checkpoint is the newest attempt's."""
        (validation,), (checkpoint,) = resumed.validations("r"), resumed.checkpoints("r")
        assert ("b", 6, 2.0, {"accuracy": 2.0}) == (
            validation.attempt, validation.step, validation.loss, validation.metrics,
        )  # fmt: skip
        assert ("b", "/b.pt") == (checkpoint.attempt, checkpoint.path)

    def test_every_record_stays(self, resumed: Store) -> None:
        """Both attempts' records are counted."""
        assert 13 == resumed.step_count("r")

    def test_within_an_attempt_the_last_record_of_a_step_wins(self, store: Store) -> None:
        """A training that goes back in its own process shows what it did last, and where it is now."""
        store.add("ann", "r", batch(steps=steps(4, 3, seq=11, loss=2.0)), 5.0)
        store.add("ann", "r", batch(steps=steps(1, 10, seq=1, loss=1.0)), 5.0)
        blocks, recent, (attempt,) = store.step_blocks("r"), store.recent_steps("r"), store.attempts("r")
        assert [1.0] * 3 + [2.0] * 3 + [1.0] * 4 == blocks.loss_mean.tolist()
        assert ([1, 2, 3, 4, 5, 6], 6) == (recent.step.tolist(), attempt.last_step)


class TestEvents:
    """Spans, notes and losses come back as they were reported."""

    def test_losses_that_are_not_finite_stay_what_they_are(self, store: Store) -> None:
        """NaN and infinities are facts, and differ from a loss that was not reported."""
        wire = ["nan", "inf", "-inf", None, 1.0]
        columns = {"seq": [1, 2, 3, 4, 5], "step": [1, 2, 3, 4, 5], "loss": wire}
        validations = {**columns, "seq": [6, 7, 8, 9, 10], "started": [1.0] * 5}
        store.add("ann", "r", batch(steps=columns, validations=validations), 5.0)
        blocks = store.step_blocks("r")
        assert ([1, 1, 1, 0, 1], [0, 0, 0, 0, 1]) == (
            blocks.loss_count.tolist(),
            blocks.finite_count.tolist(),
        )
        found = [validation.loss for validation in store.validations("r")]
        np.testing.assert_equal([np.nan, np.inf, -np.inf, None, 1.0], found)
        np.testing.assert_equal([np.nan, np.inf, -np.inf, np.nan, 1.0], store.recent_steps("r").loss)

    def test_spans_add_up_over_attempts(self, store: Store) -> None:
        """The totals hold each span once; the list is in the order of their start, the last ones."""
        columns = {"seq": [1, 2], "phase": ["data", "idle"], "started": [10.0, 5.0], "seconds": [1.0, 2.0]}
        for name, started in (("a", 1000.0), ("b", 2000.0), ("b", 2000.0)):
            store.add("ann", "r", batch(name, started, spans=columns), 5.0)
        assert {"data": 2.0, "idle": 4.0} == store.span_totals("r")
        assert [Span("b", "data", 10.0, 1.0)] == store.spans("r", limit=1)
        assert [("a", "idle"), ("b", "idle"), ("a", "data"), ("b", "data")] == [
            (span.attempt, span.phase) for span in store.spans("r")
        ]

    def test_notes_come_newest_last(self, store: Store) -> None:
        """A limit keeps the newest notes, in the order of attempts and seqs."""
        store.add("ann", "r", batch("b", 2000.0, notes=note(1, "progress", done=3)), 5.0)
        store.add("ann", "r", batch("a", 1000.0, notes=note(1, "progress", done=1)), 5.0)
        store.add("ann", "r", batch("a", 1000.0, notes=note(2, "startup", seconds=9.0)), 5.0)
        assert [Note("b", 1, "progress", {"done": 3})] == store.notes("r", "progress", 1)
        assert ["a", "a", "b"] == [item.attempt for item in store.notes("r")]


class TestCommands:
    """A command is pending until a note answers it."""

    def test_a_note_answers_a_command(self, store: Store) -> None:
        """Done or refused, with the note's data as the answer; a second note changes nothing."""
        store.add("ann", "r", batch(), 5.0)
        store.add_command(command())
        pending = store.commands("r", "pending")
        answer = {"id": "c1", "status": "done", "step": 7, "path": "/x.pt"}
        store.add("ann", "r", batch(notes=note(1, "command", **answer)), 6.0)
        store.add("ann", "r", batch(notes=note(2, "command", id="c1", status="refused")), 7.0)
        (done,) = store.commands("r")
        assert [command()] == pending
        assert ("done", answer, []) == (done.state, done.answer, store.commands("r", "pending"))

    @pytest.mark.parametrize(
        "data", [{}, {"id": "c1"}, {"id": "c1", "status": ["done"]}, {"id": "c2", "status": "done"}]
    )
    def test_a_note_that_answers_nothing_is_only_kept(self, store: Store, data: dict[str, Any]) -> None:
        """A malformed or foreign answer leaves the command pending."""
        store.add_command(command())
        store.add("ann", "r", batch(notes=note(1, "command", **data)), 6.0)
        assert (["pending"], 1) == ([item.state for item in store.commands("r")], len(store.notes("r")))

    def test_a_command_of_another_run_is_not_answered(self, store: Store) -> None:
        """A note answers the commands of its own run only."""
        store.add_command(command())
        store.add("ann", "s", batch(notes=note(1, "command", id="c1", status="done")), 6.0)
        assert ["pending"] == [item.state for item in store.commands("r")]

    def test_a_command_with_a_known_id_is_not_given_twice(self, store: Store) -> None:
        """Asked again after a kill, it is still one command."""
        first, again = store.add_command(command()), store.add_command(command(created=9.0))
        assert (first, [first]) == (again, store.commands(state="pending"))


class TestJobs:
    """What the scheduler said last is kept with the time it said it."""

    def test_the_newest_answer_stays(self, store: Store) -> None:
        """An older answer that comes late changes nothing."""
        running, pending = JobFacts("1", "c", "RUNNING", gpus=8), JobFacts("1", "c", "PENDING")
        store.put_jobs([running], 20.0)
        store.put_jobs([pending], 10.0)
        assert (running, 20.0) == store.job(JobKey("c", "1"))
        assert store.job(JobKey("c", "2")) is None

    def test_jobs_are_tracked_until_they_end(self, store: Store) -> None:
        """Jobs of attempts and jobs put by hand are asked about until the scheduler says they ended."""
        store.add("ann", "r", batch(job={"cluster": "c", "id": "1"}), 5.0)
        store.put_jobs([JobFacts("2", "c", "PENDING")], 10.0)
        before = store.tracked_jobs()
        store.put_jobs([JobFacts("1", "c", "CANCELLED"), JobFacts("2", "c", "RUNNING")], 20.0)
        assert ([JobKey("c", "1"), JobKey("c", "2")], [JobKey("c", "2")]) == (before, store.tracked_jobs())


class TestService:
    """What the service keeps of its own."""

    def test_tokens_are_known_by_their_hash(self, store: Store) -> None:
        """A token comes back whole, an unknown one not at all."""
        token = Token("abc", "ann", "report", 3.0)
        store.add_token(token)
        assert (token, None) == (store.token("abc"), store.token("abd"))

    def test_the_audit_log_is_read_newest_first(self, store: Store) -> None:
        """Entries come in pages."""
        entries = [AuditEntry(float(at), "ann", "relaunch", "r", "done", {"at": at}) for at in range(3)]
        for entry in entries:
            store.add_audit(entry)
        assert (entries[::-1], [entries[1]]) == (store.audit(), store.audit(limit=1, offset=1))

    def test_a_document_replaces_the_last_of_its_kind(self, store: Store) -> None:
        """Each kind has one current document."""
        store.put_document("r", "scenario", {"a": 1}, 1.0)
        store.put_document("r", "scenario", {"a": 2}, 2.0)
        assert (({"a": 2}, 2.0), None) == (store.document("r", "scenario"), store.document("r", "verdict"))

    def test_a_history_keeps_every_value(self, store: Store) -> None:
        """The last values of a kind come back, the newest last."""
        for at in (1.0, 2.0, 3.0):
            store.append_history("r", "eta", at, {"at": at})
        assert [(2.0, {"at": 2.0}), (3.0, {"at": 3.0})] == store.history("r", "eta", limit=2)

    def test_a_replacement_comes_back_as_last_put(self, store: Store) -> None:
        """The active ones are those not in a final state; the newest begun comes first."""
        store.put_replacement("x", "r", "submitted", {"id": "x"}, 1.0)
        store.put_replacement("y", "r", "prepared", {"id": "y"}, 2.0)
        store.put_replacement("x", "r", "done", {"id": "x", "new": "7"}, 3.0)
        assert ({"id": "x", "new": "7"}, None) == (store.replacement("x"), store.replacement("z"))
        assert ["y", "x"] == [data["id"] for data in store.replacements("r")]
        assert (["y"], []) == (
            [d["id"] for d in store.replacements(active_only=True)],
            store.replacements("s"),
        )

    def test_a_spool_mark_comes_back_as_last_put(self, store: Store) -> None:
        """How far a file was read is kept by its path."""
        for position in (10, 20):
            store.put_spool_mark(SpoolMark("/a", 1, position, 0))
        assert (SpoolMark("/a", 1, 20, 0), None) == (store.spool_mark("/a"), store.spool_mark("/b"))

    def test_a_closed_store_refuses(self, store: Store) -> None:
        """After close nothing is read or written."""
        store.close()
        with pytest.raises(StoreClosedError):
            store.add("ann", "r", batch(), 5.0)
        with pytest.raises(StoreClosedError):
            store.run("r")


def test_what_was_stored_is_there_after_reopening(tmp_path: Path) -> None:
    """A file store keeps its records."""
    for _ in range(2):
        store = open_store(tmp_path / "s.sqlite3")
        store.add("ann", "r", batch(steps=steps(1, 3)), 5.0)
        counted = store.step_count("r")
        store.close()
    assert 3 == counted


def test_the_database_is_its_users_own(tmp_path: Path) -> None:
    """Tokens and commands lie in a file nobody else reads."""
    open_store(tmp_path / "s.sqlite3").close()
    assert 0o600 == (tmp_path / "s.sqlite3").stat().st_mode & 0o777


@pytest.mark.parametrize("statement", ["UPDATE audit SET user = 'bob'", "DELETE FROM audit"])
def test_the_audit_log_cannot_be_changed(tmp_path: Path, statement: str) -> None:
    """The database itself refuses to change or delete an entry."""
    store = open_store(tmp_path / "s.sqlite3")
    store.add_audit(AuditEntry(1.0, "ann", "cancel", "r", "done", {}))
    store.close()
    connection = sqlite3.connect(tmp_path / "s.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()

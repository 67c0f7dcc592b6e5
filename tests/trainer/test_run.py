"""The run as the training sees it: what it reports, and that it never gets in the way."""

import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cutloss
import pytest
from cutloss import run as run_module
from cutloss.reporter import Reporter
from cutloss.sender import Sender

Records = Callable[..., list[dict[str, Any]]]
Wait = Callable[[Callable[[], object], str], None]


class SlowScalar:
    """A tensor whose value comes only when the device has worked through its queue."""

    def __init__(self) -> None:
        self.read_in: str | None = None

    def __float__(self) -> float:
        self.read_in = threading.current_thread().name
        return 0.5


def notes(spooled: Records, kind: str) -> list[dict[str, Any]]:
    """Return the data of the notes of one kind."""
    return [record["data"] for record in spooled("note") if record["kind"] == kind]


def test_a_training_is_spooled_whole(spooled: Records) -> None:
    """Plan, start-up, steps, validation, checkpoint and end are there, numbered without a gap."""
    run = cutloss.init("topo", total_steps=4, validate_every=2, target_loss=0.34)
    for step in range(1, 5):
        run.step(step, loss=1.0 / step, lr=0.1)
    with run.validation(4) as validation:
        validation.loss, validation.metrics["accuracy"] = 0.3, 0.9
    with run.checkpoint(4, "last.pt"):
        pass
    run.finish()
    assert [1, 2, 3, 4] == [record["step"] for record in spooled("step")]
    assert [{"total_steps": 4, "validate_every": 2, "target_loss": 0.34, "name": "topo"}] == notes(
        spooled, "plan"
    )
    (validated,), (saved,) = spooled("validation"), spooled("checkpoint")
    assert (4, 0.3, {"accuracy": 0.9}) == (validated["step"], validated["loss"], validated["metrics"])
    assert str(Path("last.pt").absolute()) == saved["path"]
    assert [{"reason": "finished", "step": 4}] == notes(spooled, "finish")
    seqs = [record["seq"] for record in spooled()]
    assert list(range(1, len(seqs) + 1)) == seqs


def test_validation_and_checkpoint_are_no_part_of_the_next_step(
    spooled: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that the test moves, each step takes 2 s whatever comes between."""
    clock = [100.0]
    monkeypatch.setattr(run_module, "perf_counter", lambda: clock[0])
    monkeypatch.setattr("cutloss.phases.time.perf_counter", lambda: clock[0])
    run = cutloss.init("exact")

    def advance(seconds: float) -> None:
        clock[0] += seconds

    for step in range(1, 5):
        with run.phase("data"):
            advance(0.5)
        advance(1.5)
        run.step(step)
        with run.validation(step), run.phase("inner"):
            advance(30.0)
        with run.checkpoint(step, "p"):
            advance(7.0)
        with run.phase("export"):
            advance(11.0)
    run.finish()
    assert [None, 2.0, 2.0, 2.0] == [record["seconds"] for record in spooled("step")]
    assert [30.0] * 4 == [record["seconds"] for record in spooled("validation")]
    assert [7.0] * 4 == [record["seconds"] for record in spooled("checkpoint")]
    spans = {record["phase"]: record["seconds"] for record in spooled("span")}
    assert {"data": 2.0, "inner": 120.0, "export": 44.0} == spans


def test_a_loss_is_read_in_the_clients_thread() -> None:
    """Reading a CUDA tensor waits for the device: the training's thread never does."""
    loss = SlowScalar()
    run = cutloss.init("tensor")
    run.step(1, loss=loss)
    run.finish()
    assert "cutloss-reporter" == loss.read_in


def test_progress_of_a_validation_is_noted_and_ended(spooled: Records) -> None:
    """The page can show how far it is, and that it is over."""
    run = cutloss.init("progress", validation_batches=68)
    with run.validation(1) as validation:
        validation._noted -= 60
        validation.progress(17)
    run.finish()
    found = [(data["phase"], data.get("done"), data.get("of")) for data in notes(spooled, "progress")]
    assert [("validation", 0, 68), ("validation", 17, 68), (None, None, None)] == found


def test_a_validation_that_fails_is_time_spent_and_no_result(spooled: Records) -> None:
    """The error is the training's own and goes on; the stretch is kept as a span."""
    run = cutloss.init("fails")
    with pytest.raises(ZeroDivisionError), run.validation(1):
        raise ZeroDivisionError
    run.finish()
    assert ([], ["validation"]) == (spooled("validation"), [span["phase"] for span in spooled("span")])


def test_the_with_statement_tells_how_it_ended(spooled: Records) -> None:
    """No error: finished; an error: failed; an interrupt: stopped."""
    with cutloss.init("well") as run:
        run.step(1)
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), cutloss.init("badly"):
            raise error
    assert ["failed", "finished", "stopped"] == sorted(data["reason"] for data in notes(spooled, "finish"))


def test_wrong_arguments_are_warnings_and_no_errors(spooled: Records) -> None:
    """A misspelt or impossible argument does not cost the training its place in the queue."""
    run = cutloss.init("wrong", total_steps=0, validate_evry=5, lr_schedule="cosine", target_of="test")
    run.step("one", loss="high", lr=[], accuracy=3)  # type: ignore[arg-type]  # what a training may do
    run.step(2, loss=object(), lr=object())
    with run.checkpoint(None, object()):  # type: ignore[arg-type]  # same
        pass
    run.audit_result(parameters="all", random_parameters=None)  # type: ignore[arg-type]  # same
    run.finish()
    texts = [data["text"] for data in notes(spooled, "warning")]
    for field in ("total_steps", "validate_evry", "lr_schedule", "target_of"):
        assert any(text.startswith(f"{field} is ") for text in texts), field
    assert [(2, None, None)] == [(step["step"], step["loss"], step["lr"]) for step in spooled("step")]
    assert 0 == run.counters.errors


class HostileScalar:
    """A loss whose reading fails as nobody could foresee."""

    def __float__(self) -> float:
        raise LookupError("no such device")


def test_an_entry_that_cannot_be_read_costs_itself_alone(spooled: Records) -> None:
    """Steps around it arrive; the fault is counted and told."""
    run = cutloss.init("hostile")
    for step in range(1, 6):
        run.step(step, HostileScalar() if step == 3 else 1.0)
    run.finish()
    assert [1, 2, 4, 5] == [record["step"] for record in spooled("step")]
    assert (1, 1) == (run.counters.errors, notes(spooled, "warning")[-1]["errors"])


def test_a_checkpoint_may_have_no_path(spooled: Records) -> None:
    """A save of many files, or to a store, is timed all the same."""
    run = cutloss.init("pathless")
    with run.checkpoint(5):
        pass
    run.finish()
    assert [(5, None)] == [(record["step"], record["path"]) for record in spooled("checkpoint")]


@pytest.mark.parametrize("name", [None, 7, "", "x" * 500, object()])
def test_any_name_starts_a_run(spooled: Records, name: Any) -> None:
    """A run has an id whatever it is called."""
    run = cutloss.init(name)
    run.step(1)
    run.finish()
    assert 1 == len(spooled("step"))


def test_a_broken_start_is_a_run_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails in the client, the training gets a run it can call."""

    def broken(_environ: object) -> bool:
        raise MemoryError

    monkeypatch.setattr("cutloss.environment.is_off", broken)
    run = cutloss.init("broken")
    run.step(1, loss=1.0)
    run.finish()
    assert 1 == run.counters.errors


@pytest.mark.parametrize("variable", [("RANK", "1"), ("SLURM_PROCID", "7"), ("CUTLOSS", "off")])
def test_other_ranks_do_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]
) -> None:
    """No thread, no file, and every call works."""
    monkeypatch.setenv(*variable)
    before = set(threading.enumerate())
    run = cutloss.init("rank", total_steps=10)
    run.step(1, loss=1.0)
    with run.validation(1) as validation, run.checkpoint(1, "p"), run.phase("x"):
        validation.progress(1, 2)
        validation.loss = 1.0
    asked = (run.should_checkpoint(), run.should_stop(), run.setting("a", 5), run.id)
    assert (False, False, 5, "") == asked
    begun = set(threading.enumerate()) - before
    run.finish()
    assert (set(), False) == (begun, (home / ".cutloss").exists())


@pytest.mark.parametrize("refused", [Sender, Reporter])
def test_a_machine_without_threads_is_a_run_that_does_nothing(
    monkeypatch: pytest.MonkeyPatch, wait_for: Wait, home: Path, refused: type[threading.Thread]
) -> None:
    """Where one of its threads cannot be started, the other neither goes on alone nor tells of a run."""

    def refuse(_thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(refused, "start", refuse)
    run = cutloss.init("crowded")
    run.step(1, loss=1.0)
    assert not run.is_on
    ours = {"cutloss-reporter", "cutloss-sender"}
    wait_for(lambda: not ours & {one.name for one in threading.enumerate()}, "its end")
    run.finish()
    assert [] == list(home.rglob("*.jsonl"))


def test_nothing_is_held_after_the_end() -> None:
    """Calls after finish are no-ops, and finishing twice is one end."""
    run = cutloss.init("after")
    run.finish()
    run.step(1)
    run.finish()
    assert 0 == len(run._entries)


def test_a_million_steps_hold_a_bounded_number(monkeypatch: pytest.MonkeyPatch, spooled: Records) -> None:
    """Steps that come faster than they can be written are thinned, told, and nothing else is lost."""
    monkeypatch.setattr(run_module, "QUEUE_LIMIT", 1000)
    run = cutloss.init("flood")
    for step in range(1, 20_001):
        if step == 10:
            with run.validation(step) as validation:
                validation.loss = 1.0
        run.step(step)
    assert len(run._entries) <= 1001
    run.finish()
    warned = notes(spooled, "warning")
    kept = len(spooled("step"))
    assert 1 == len(spooled("validation"))
    assert (20_000, 20_000) == (kept + run.counters.thinned, kept + warned[-1]["thinned"])


def test_the_process_is_left_as_it_was() -> None:
    """No signal handler, no excepthook, no stream, no random number is touched."""
    random.seed(3)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)

    def state() -> list[object]:
        handlers = [signal.getsignal(number) for number in signals]
        return [*handlers, sys.excepthook, threading.excepthook, sys.stdout, sys.stderr, random.getstate()]

    before = state()
    run = cutloss.init("state")
    run.step(1)
    run.finish()
    assert before == state()


def test_a_checkpoint_that_was_asked_for_is_answered(spooled: Records, service: Any, wait_for: Wait) -> None:
    """The command comes in the answer to a post; its answer names step and path once the save has ended."""
    service.answer = lambda _: (200, {"commands": [{"id": "c1", "command": "checkpoint"}]})
    run = cutloss.init("asked")
    wait_for(run.should_checkpoint, "the command")
    run.step(1)
    with run.checkpoint(1, "/p/last.pt"):
        assert [] == notes(spooled, "command")
    run.finish()
    assert [{"id": "c1", "status": "done", "step": 1, "path": "/p/last.pt"}] == notes(spooled, "command")


def test_a_checkpoint_can_be_asked_for_by_file(spooled: Records, home: Path, wait_for: Wait) -> None:
    """Where no service can be reached, commands come as a file beside the spool."""
    run = cutloss.init("unreachable")
    folder = home / ".cutloss" / "spool" / run.id
    wait_for(folder.exists, "the spool's folder")
    (folder / f"{run.attempt}.commands.jsonl").write_text('{"id": "c1", "command": "checkpoint"}\n')
    wait_for(run.should_checkpoint, "the command")
    with pytest.raises(OSError, match="disk"), run.checkpoint(1, "p"):
        raise OSError("disk")
    run.finish()
    (answer,) = notes(spooled, "command")
    assert ("c1", "refused") == (answer["id"], answer["status"])


def test_a_cadence_set_from_outside_becomes_the_plans(spooled: Records, service: Any, wait_for: Wait) -> None:
    """The training gets the new value, the command its answer, and the plan is declared anew."""
    command = {"id": "s1", "command": "set", "name": "validate_every", "value": 100}
    service.answer = lambda _: (200, {"commands": [command]})
    run = cutloss.init("set", total_steps=10, validate_every=25)
    wait_for(lambda: run.setting("validate_every", 25) == 100, "the new value")
    run.finish()
    assert [25, 100] == [plan["validate_every"] for plan in notes(spooled, "plan")]
    assert [{"id": "s1", "status": "done"}] == notes(spooled, "command")


def test_a_relaunched_job_names_what_it_replaces(spooled: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lineage travels in the plan."""
    monkeypatch.setenv("CUTLOSS_REPLACES", "old-1")
    cutloss.init("new").finish()
    assert "old-1" == notes(spooled, "plan")[0]["replaces"]


class StuckScalar:
    """A tensor of a device that hangs until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.was_read = threading.Event()

    def __float__(self) -> float:
        self.release.wait(60)
        self.was_read.set()
        return 1.0


def test_a_hanging_device_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end waits its few seconds and no longer, even where the client's own thread is stuck."""
    monkeypatch.setattr("cutloss.pipeline.FLUSH_SECONDS", 0.2)
    loss = StuckScalar()
    run = cutloss.init("stuck")
    run.step(1, loss=loss)
    run.finish()
    assert not loss.was_read.is_set()
    loss.release.set()


def test_phases_timed_at_every_step_fill_no_memory_either(
    monkeypatch: pytest.MonkeyPatch, spooled: Records, wait_for: Wait
) -> None:
    """While the client's own thread hangs, as on a dead disk, spans are added up and steps thinned."""
    monkeypatch.setattr(run_module, "QUEUE_LIMIT", 1000)
    loss = StuckScalar()
    run = cutloss.init("hung")
    run.step(0, loss=loss)
    wait_for(lambda: not run._entries, "the thread to hang")
    most = 0
    for step in range(1, 5001):
        for phase in ("data", "forward"):
            run.emit({"k": "span", "phase": phase, "started": 1.0, "seconds": 0.25})
        run.step(step)
        most = max(most, len(run._entries))
    loss.release.set()
    run.finish()
    assert most < 1100
    assert 5001 == len(spooled("step")) + run.counters.thinned
    for phase in ("data", "forward"):
        assert 0.25 * 5000 == sum(span["seconds"] for span in spooled("span") if span["phase"] == phase)

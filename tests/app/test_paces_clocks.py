"""A run's time left, whatever its trainer's clock says."""

from typing import Any

import pytest

from app.paces import eta_query
from app.plans import Plans
from app.records import RecordBatch, checked
from app.snapshot import Snapshot, read_snapshot
from app.store import Store
from planner.eta import EtaQuery, eta
from planner.priors import Priors
from planner.remaining import remaining
from planner.situation import situation
from tests.app.clock import Clock
from tests.app.conftest import batch

PLAN = {"total_steps": 311, "validate_every": 25, "checkpoint_every": "never"}
AT = 1_000_000.0
"""When the last step ended, by the service's clock."""


def _report(store: Store, came: float, **parts: Any) -> None:
    store.add("ada", "one", checked(RecordBatch.model_validate(batch(**parts))), came)


def _trained(store: Store, behind: float, steps: int, every: int = 1, **parts: Any) -> None:
    """Report steps of 45 s, each n-th told a second later; validations of 1,200 s after each 25."""
    started = AT - behind - steps * 45.0 - (steps - 1) // 25 * 1_200.0 - 60.0
    note = [("startup", {"seconds": 60.0})]
    _report(store, started + behind, plan=PLAN, attempt_started=started, notes=note)
    for step in range(1, steps + 1):
        ended = started + 60.0 + step * 45.0 + (step - 1) // 25 * 1_200.0
        columns = {
            "seq": [step],
            "step": [step],
            "ended": [ended],
            "seconds": [45.0],
            "loss": [1.0 + 1 / step],
        }
        if step % every == 0:
            _report(store, ended + behind + 1.0, columns=columns, attempt_started=started)
        if step % 25 == 0 and step < steps:
            timed = {"seq": [5_000 + step], "step": [step], "started": [ended], "seconds": [1_200.0]}
            _report(store, ended + behind + 1_201.0, validations=timed, attempt_started=started)
    if parts:
        _report(store, AT + 1.0, attempt_started=started, **parts)


def _snapshot(store: Store) -> Snapshot:
    run = store.run("one")
    assert run is not None
    return read_snapshot(store, run)


def _query(store: Store, now: float) -> EtaQuery:
    return eta_query(_snapshot(store), now, Priors())


def _median(query: EtaQuery) -> float:
    left = eta(query).remaining_seconds
    assert left is not None
    return left.at(0.5) or 0.0


def _validating(started: float | bool | None, done: int = 0) -> list[tuple[str, dict[str, Any]]]:
    return [("progress", {"phase": "validation", "started": started, "done": done, "of": 68})]


@pytest.mark.parametrize("behind", [3_600.0, -3_600.0, 0.0])
def test_a_clock_that_is_wrong_is_no_silence(store: Store, behind: float) -> None:
    """268 steps of 45 s and 11 validations of 1,200 s are ahead, and nothing is late."""
    _trained(store, behind, 43)
    assert pytest.approx(268 * 45 + 11 * 1_200, rel=0.01) == _median(_query(store, AT + 1.0))
    assert pytest.approx(43 * 45 + 1_200 + 61, abs=2) == _query(store, AT + 1.0).elapsed_seconds


@pytest.mark.parametrize("behind", [3_600.0, -3_600.0, 0.0])
def test_a_clock_that_is_wrong_lengthens_no_validation(store: Store, behind: float) -> None:
    """17 of 68 batches in 300 s: 900 s of this validation are left, 11 of 1,200 s and 286 steps follow."""
    _trained(store, behind, 25, notes=_validating(AT - behind))
    _report(store, AT + 300.0, attempt_started=AT - behind - 1_185.0, notes=_validating(AT - behind, 17))
    query = _query(store, AT + 300.0)
    assert query.in_progress is not None
    assert pytest.approx(300.0, abs=2) == query.in_progress.elapsed_seconds
    assert pytest.approx(900 + 11 * 1_200 + 286 * 45, rel=0.01) == _median(query)


@pytest.mark.parametrize("behind", [3_600.0, -3_600.0])
def test_a_silence_is_one_by_any_clock(store: Store, behind: float) -> None:
    """A run whose last step came two hours ago has been silent for that long."""
    _trained(store, behind, 43)
    silence = _query(store, AT + 7_200.0).silence
    assert silence is not None
    assert pytest.approx(7_200.0, abs=2) == silence.seconds


@pytest.mark.parametrize("behind", [3_600.0, 0.0])
def test_a_spool_found_late_is_silent_since_it_was_written(store: Store, behind: float) -> None:
    """It comes with the time it was last written, and that is how long ago its last step was."""
    _trained(store, behind, 43)
    silence = _query(store, AT + 1e6).silence
    assert silence is not None
    assert pytest.approx(1e6, abs=2) == silence.seconds


@pytest.mark.parametrize("started", [0, -1e300, 17.5, AT - 9_000.0])
def test_what_began_before_the_last_step_began_after_it(store: Store, started: float) -> None:
    """A validation told of last cannot be older than the step told before it."""
    _trained(store, 0.0, 25, notes=_validating(started, 17))
    begun = _query(store, AT + 300.0).in_progress
    assert begun is not None
    assert (300.0, 17) == (begun.elapsed_seconds, begun.done)


@pytest.mark.parametrize("started", [True, None, float("nan"), "soon"])
def test_a_start_that_is_no_number_tells_nothing(store: Store, started: Any) -> None:
    """Such a note is not heeded; what is under way is told by the silence."""
    _trained(store, 0.0, 25, notes=_validating(started, 17))
    query = _query(store, AT + 300.0)
    assert query.in_progress is None
    assert query.silence is not None


@pytest.mark.parametrize("phase", ["data", "idle", "queue", "warming up", ["step"]])
def test_a_phase_nobody_counts_holds_no_end_fast(store: Store, phase: Any) -> None:
    """A run that said it waits for data and then nothing for a day is a day late."""
    _trained(store, 0.0, 43, notes=[("progress", {"phase": phase, "started": AT})])
    assert _median(_query(store, AT + 86_400.0)) > _median(_query(store, AT + 1.0)) + 10_000.0


def test_steps_without_an_end_are_no_silence(store: Store) -> None:
    """Where nothing tells when the last step ended, the validation before it does not either."""
    _trained(store, 0.0, 43)
    columns = {"seq": [1, 2], "step": [44, 45], "seconds": [45.0] * 2, "loss": [1.0] * 2}
    _report(store, AT + 90.0, attempt="second", attempt_started=AT, columns=columns)
    assert _query(store, AT + 90.0).silence is None


def test_a_log_of_every_tenth_step_counts_a_validation_once(store: Store) -> None:
    """At 70 the one due after 75 is under way: it is the first of the 10 ahead, and 9 follow it."""
    _trained(store, 0.0, 75, every=10, notes=_validating(AT, 0))
    _report(store, AT + 300.0, attempt_started=AT - 75 * 45.0 - 2_460.0, notes=_validating(AT, 17))
    query = _query(store, AT + 300.0)
    now = situation(query)
    assert now is not None
    assert (70, 10.0, 10.0) == (query.at_step, query.stride, now.stride)
    draws = remaining(now)
    assert 9.0 == draws.validation.ahead
    assert pytest.approx(900 + 9 * 1_200 + 241 * 45, rel=0.02) == _median(query)


def test_the_page_of_a_run_an_hour_behind_says_the_same(store: Store, plans: Plans, clock: Clock) -> None:
    """From what was stored to what is said: a view's ETA rests on the service's clock."""
    started = clock.now - 3_600.0 - 43 * 45.0 - 60.0
    steps = list(range(1, 44))
    columns = {
        "seq": steps, "step": steps, "ended": [started + 60.0 + 45.0 * step for step in steps],
        "seconds": [45.0] * 43, "loss": [1.0 + 1 / step for step in steps],
    }  # fmt: skip
    _report(
        store, clock.now, plan=PLAN | {"validate_every": "never"}, attempt_started=started, columns=columns
    )
    view = plans.view("one")
    assert view is not None
    assert view.eta.remaining_seconds is not None
    assert pytest.approx(268 * 45, rel=0.01) == view.eta.remaining_seconds.at(0.5)
    assert pytest.approx(43 * 45 + 60, abs=1) == view.elapsed_seconds

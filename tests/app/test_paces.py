"""From a run's records to the question of time, and to what a comparison assumes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.paces import (
    assumed_plan,
    begun_counts,
    begun_seconds,
    elapsed_seconds,
    eta_query,
    pace_durations,
    validations_left,
)
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.snapshot import Snapshot
from app.store.facts import Attempt, Checkpoint, Note, Run, StepBlocks, Validation
from planner.duration import Duration, exactly
from planner.eta import InProgress, Silence, eta
from planner.priors import Priors
from planner.quantiles import Quantiles
from planner.report import compare
from planner.scenario import CompareQuery, Scenario

NOW = 10_000.0


def _snapshot(plan: dict[str, Any], steps: int = 60, **parts: Any) -> Snapshot:
    at = np.arange(1, steps + 1)
    ones, loss, took = np.ones(steps, dtype=np.int64), at**-0.5, np.full(steps, 40.0)
    values: dict[str, Any] = {
        "run": Run("r", "r", "ada", 0.0, plan, 1, NOW, None, None, None, {}),
        "attempts": [Attempt("a", 1_000.0, None, 1, steps, steps, NOW)],
        "job": None,
        "job_seen_at": None,
        "blocks": StepBlocks(at, at, ones, ones, ones, *[loss] * 4, ones, *[took] * 4, took, took * np.nan),
        "validations": [],
        "checkpoints": [],
        "span_seconds": {},
        "startups": [],
        "progress": None,
        "audit": None,
        "warnings": [],
        "commands": [],
    }
    return Snapshot(**{**values, **parts})


def _progress(**data: Any) -> Note:
    return Note("a", 1, "progress", data)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (
            _progress(phase="validation", started=NOW - 300, done=17, of=68),
            InProgress("validation", 300.0, 17, 68),
        ),
        (_progress(phase="validation", started=NOW + 5, done=70, of=68), InProgress("validation", 0.0)),
        (_progress(phase=None, started=NOW), None),
        (_progress(phase="validation", started="soon"), None),
        (Note("an earlier attempt", 1, "progress", {"phase": "validation", "started": NOW}), None),
    ],
)
def test_progress_of_the_newest_attempt(note: Note, expected: InProgress | None) -> None:
    """What the newest attempt says is in progress counts, as far as it makes sense."""
    assert expected == eta_query(_snapshot({}, progress=note), NOW, Priors()).in_progress


def test_clock_starts_with_the_allocation() -> None:
    """Elapsed time counts from the job's start, to its end; without a job from the first attempt's start."""
    running = JobFacts("1", "c", "RUNNING", started=4_000.0)
    ended = JobFacts("1", "c", "COMPLETED", started=4_000.0, ended=5_000.0)
    found = [elapsed_seconds(_snapshot({}, job=job), NOW) for job in (running, ended, None)]
    assert [6_000.0, 1_000.0, 9_000.0] == found


def _restarted(**parts: Any) -> Snapshot:
    """Return a run of 200 steps of 40 s, stopped after step 60, saved at 50, started again 40 s ago."""
    attempts = [
        Attempt("a", 1_000.0, None, 1, 60, 60, 5_000.0),
        Attempt("b", NOW - 40, None, None, None, 0, None),
    ]
    plan = {"total_steps": 200, "validate_every": "never", "checkpoint_every": "never"}
    values: dict[str, Any] = {
        "attempts": attempts,
        "checkpoints": [Checkpoint("a", step, 0.0, 5.0, None) for step in (25, 50)],
        "startups": [Note("a", 1, "startup", {"seconds": 100.0})],
        "job": JobFacts("1", "c", "RUNNING", started=NOW - 40, time_limit_seconds=20_000.0),
    }
    return _snapshot(plan, 60, **{**values, **parts})


def _median(snapshot: Snapshot) -> float:
    remaining = eta(eta_query(snapshot, NOW, Priors())).remaining_seconds
    assert remaining is not None
    return remaining.at(0.5) or 0.0


def test_a_restart_is_estimated_before_its_first_step() -> None:
    """The rest of a usual start-up, then the steps since the last checkpoint, none of them progress."""
    query = eta_query(_restarted(), NOW, Priors())
    assert (50, 50, 100.0) == (query.at_step, query.resumed_at_step, query.startup_seconds)
    assert InProgress("startup", 40.0) == query.in_progress
    assert _median(_restarted()) == pytest.approx(60 + 150 * 40, rel=0.01)


def test_a_restart_in_the_same_allocation_has_only_its_own_start_up_behind_it() -> None:
    """Where the process before took hours of the allocation, the newest start-up is still 40 s old."""
    job = JobFacts("1", "c", "RUNNING", started=NOW - 9_000.0, time_limit_seconds=20_000.0)
    query = eta_query(_restarted(job=job), NOW, Priors())
    assert InProgress("startup", 40.0) == query.in_progress
    assert (9_000.0, 8_960.0) == (query.elapsed_seconds, query.before_seconds)
    assert _median(_restarted(job=job)) == pytest.approx(60 + 150 * 40, rel=0.01)


def test_a_process_of_an_earlier_allocation_does_not_begin_before_this_one() -> None:
    """Until a requeued job's process reports, its start-up is as old as its allocation."""
    silent = [Attempt("a", 1_000.0, None, None, None, 0, None)]
    before = Attempt("0", 500.0, None, 1, 60, 60, 900.0)
    timed = [Note("0", 1, "startup", {"seconds": 100.0})]
    query = eta_query(_restarted(attempts=[before, *silent], startups=timed), NOW, Priors())
    assert (InProgress("startup", 40.0), 0.0) == (query.in_progress, query.before_seconds)


def test_a_budget_of_time_is_the_process_s_own() -> None:
    """A trainer counts from its own start: the plan stays as declared, and what went before is told apart."""
    run = Run(
        "r", "r", "ada", 0.0, {"total_steps": 200, "max_seconds": 3_000.0}, 1, NOW, None, None, None, {}
    )
    job = JobFacts("1", "c", "RUNNING", started=NOW - 9_000.0)
    query = eta_query(_restarted(run=run, job=job), NOW, Priors())
    assert 3_000.0 == query.plan.max_seconds
    remaining = eta(query).remaining_seconds
    assert remaining is not None
    assert 2_960.0 == remaining.at(0.5)


def test_a_start_up_that_was_told_is_over() -> None:
    """Between its start-up and its first step a restarted run has only the steps ahead."""
    told = [Note("b", 2, "startup", {"seconds": 30.0}), Note("a", 1, "startup", {"seconds": 100.0})]
    assert _median(_restarted(startups=told)) == pytest.approx(150 * 40, rel=0.01)


def test_a_restart_without_a_reported_checkpoint_goes_on_where_it_was() -> None:
    """Where no checkpoint was reported nothing tells that steps are lost."""
    assert 60 == eta_query(_restarted(checkpoints=[]), NOW, Priors()).at_step


def test_a_requeued_job_waits_with_its_whole_limit_ahead() -> None:
    """Of an allocation that has not begun nothing has passed; its start-up is still to come."""
    job = JobFacts("1", "c", "PENDING", time_limit_seconds=20_000.0)
    first = [Attempt("a", 1_000.0, None, 1, 60, 60, 5_000.0)]
    snapshot = _restarted(job=job, attempts=first)
    query = eta_query(snapshot, NOW, Priors())
    assert (0.0, 50, InProgress("startup", 0.0)) == (query.elapsed_seconds, query.at_step, query.in_progress)
    assert _median(snapshot) == pytest.approx(100 + 150 * 40, rel=0.01)
    assert eta(query).finishes_within_limit == 1.0


def test_a_start_up_nobody_timed_is_a_usual_one() -> None:
    """A restart whose start-ups were never timed still has one ahead."""
    assert _median(_restarted(startups=[])) > 150 * 40 + 60


def test_undeclared_cadences_are_those_seen() -> None:
    """Where the plan is silent a comparison assumes the cadence seen; what was not seen is not expected."""
    validations = [Validation("a", step, 0.0, 10.0, 1.0, {}) for step in (20, 40, 60)]
    query = eta_query(_snapshot({"total_steps": 200}, validations=validations), NOW, Priors())
    plan = assumed_plan(query)
    assert (20, "never", 7) == (plan.validate_every, plan.checkpoint_every, validations_left(query))


def test_declared_plan_is_kept() -> None:
    """What is declared is assumed as declared, and counted from the plan."""
    checkpoints = [Checkpoint("a", 30, 0.0, 5.0, None)]
    declared = {"total_steps": 200, "validate_every": 25, "checkpoint_every": "never"}
    query = eta_query(_snapshot(declared, checkpoints=checkpoints), NOW, Priors())
    assert (25, "never", None) == (
        assumed_plan(query).validate_every, assumed_plan(query).checkpoint_every, validations_left(query),
    )  # fmt: skip


def test_paces_hold_the_truth(settings: Settings) -> None:
    """A measured pace is a range around the truth; an unseen event's is wide, an unknown start-up as set."""
    attempts = [Attempt("a", NOW - 60 * 40, None, 1, 60, 60, NOW)]
    snapshot = _snapshot({"total_steps": 200, "validate_every": 25}, attempts=attempts)
    paces = pace_durations(eta_query(snapshot, NOW, Priors()), settings)
    assert paces.step_seconds.low < 40.0 < paces.step_seconds.high < 48.0
    assert paces.validation_seconds.high > 3 * paces.validation_seconds.low
    assert Duration(10.0, 600.0) == paces.startup_seconds


def test_without_a_step_only_the_startup_is_known(settings: Settings) -> None:
    """Before its first step a run has no pace; its own start-up is expected again."""
    startup = [Note("a", 1, "startup", {"seconds": 60.0})]
    paces = pace_durations(eta_query(_snapshot({}, 0, startups=startup), NOW, Priors()), settings)
    assert (None, Duration(40.0, 90.0)) == (paces.step_seconds, paces.startup_seconds)


def _silent(at_step: int, seconds: float, **parts: Any) -> tuple[Snapshot, float]:
    """Return a run of 40 s a step, validated for 1,200 s every 20, that is silent since its last step."""
    validated = [step for step in (20, 40, 60) if step < at_step]
    clock = [1_000.0 + step * 40.0 + 1_200.0 * index for index, step in enumerate(validated)]
    validations = [
        Validation("a", step, at, 1_200.0, 1.0, {}) for step, at in zip(validated, clock, strict=True)
    ]
    ended = 1_000.0 + at_step * 40.0 + 1_200.0 * len(validated)
    plan = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}
    values: dict[str, Any] = {
        "attempts": [Attempt("a", 1_000.0, None, 1, at_step, at_step, ended)],
        "validations": validations,
        "run": Run("r", "r", "ada", 0.0, plan, 1, ended, None, None, None, {}),
    }
    return _snapshot(plan, at_step, **{**values, **parts}), ended + seconds


def _end(at_step: int, seconds: float) -> float:
    """Return the middle of the end, in seconds after the last step."""
    snapshot, now = _silent(at_step, seconds)
    remaining = eta(eta_query(snapshot, now, Priors())).remaining_seconds
    assert remaining is not None
    return seconds + (remaining.at(0.5) or 0.0)


def test_a_silence_moves_the_end_by_about_itself() -> None:
    """Steps that do not come cost the silence and a share of it for what is still to come, no multiple."""
    assert _end(50, 30.0) == pytest.approx(_end(50, 0.0), abs=5)
    for seconds in (600.0, 1_800.0, 7_200.0):
        assert 0.9 * seconds < _end(50, seconds) - _end(50, 0.0) < 1.4 * seconds


def test_a_silence_where_a_validation_is_due_is_that_validation() -> None:
    """So long as it usually takes, the end stays where it was; beyond, it moves by about the rest."""
    assert _end(60, 1_100.0) == pytest.approx(_end(60, 0.0), abs=30)
    assert 1_200.0 - 300.0 < _end(60, 2_400.0) - _end(60, 0.0) < 1.4 * 2_400.0 - 1_200.0


def test_a_run_that_is_over_is_not_silent() -> None:
    """Neither one that has finished nor one that waits for an allocation is at anything."""
    ended, now = _silent(50, 600.0, run=Run("r", "r", "ada", 0.0, {}, 1, NOW, "finished", None, None, {}))
    waiting, _ = _silent(50, 600.0, job=JobFacts("1", "c", "PENDING"))
    assert [None, None] == [eta_query(one, now, Priors()).silence for one in (ended, waiting)]


def test_reports_that_come_rarely_are_no_silence() -> None:
    """Where one step in ten is told, ten steps pass between two words."""
    at = np.arange(10, 61, 10)
    ones, took = np.ones(6, dtype=np.int64), np.full(6, 40.0)
    blocks = StepBlocks(at, at, ones, ones, ones, *[took] * 4, ones, *[took] * 4, took, took * np.nan)
    snapshot, now = _silent(60, 300.0, blocks=blocks)
    assert Silence(300.0, 400.0) == eta_query(snapshot, now, Priors()).silence


def test_batches_keep_their_rate_in_a_silence() -> None:
    """17 of 68 batches in 300 s are 1,200 s in all, however long the run says nothing after them."""
    snapshot, now = _silent(60, 1_000.0)
    told = now - 700.0
    note = _progress(phase="validation", started=told - 300.0, done=17, of=68)
    run = replace(snapshot.run, last_record_at=told)
    begun = eta_query(replace(snapshot, progress=note, run=run), now, Priors()).in_progress
    assert InProgress("validation", 1_000.0, 17, 68, 700.0) == begun


@pytest.mark.parametrize(
    ("at_step", "seconds"), [(50, 5.0), (50, 600.0), (60, 5.0), (60, 600.0), (60, 3_000.0)]
)
def test_a_comparison_ends_when_the_eta_says(at_step: int, seconds: float, settings: Settings) -> None:
    """Going on takes what the ETA says, whatever is in progress and however long the run is silent."""
    snapshot, now = _silent(at_step, seconds)
    query = eta_query(snapshot, now, Priors())
    question = CompareQuery(
        query.at_step,
        assumed_plan(query),
        pace_durations(query, settings),
        (Scenario("continue", "continue"),),
        begun_seconds=begun_seconds(query),
        begun_counts=begun_counts(query),
    )
    said, compared = eta(query).remaining_seconds, compare(question).outcomes[0].finish_seconds
    assert said is not None
    assert compared is not None
    assert compared.at(0.5) == pytest.approx(said.at(0.5), rel=0.005)


@pytest.mark.parametrize("hours", [6, 24])
def test_a_comparison_is_as_unsure_as_the_eta_of_a_silent_run(hours: int, settings: Settings) -> None:
    """Nobody knows how long a silence still lasts: the end is spread as the ETA is, and so the choice."""
    snapshot, now = _silent(50, hours * 3_600.0)
    query = eta_query(snapshot, now, Priors())
    said = eta(query).remaining_seconds
    assert said is not None
    at_three_quarters = exactly(said.at(0.75) or 0.0)
    fix = Scenario(
        "fix", "relaunch", resume_step=200, edit_seconds=at_three_quarters,
        test_seconds=exactly(0.0), queue_seconds=exactly(0.0),
    )  # fmt: skip
    question = CompareQuery(
        query.at_step,
        assumed_plan(query),
        replace(pace_durations(query, settings), startup_seconds=exactly(0.0)),
        (Scenario("continue", "continue"), fix),
        begun_seconds=begun_seconds(query),
        begun_counts=begun_counts(query),
        quantiles=said.levels,
    )
    goes_on = compare(question).outcomes[0]
    assert goes_on.finish_seconds is not None
    assert goes_on.finish_seconds.values == pytest.approx(said.values, rel=0.05)
    assert goes_on.probability_first == pytest.approx(0.75, abs=0.02)


def test_a_comparison_ends_with_the_budget_of_time(settings: Settings) -> None:
    """Where time is up before the steps are done, the ETA and going on end there both."""
    plan = {
        "total_steps": 200,
        "validate_every": "never",
        "checkpoint_every": "never",
        "max_seconds": 5_000.0,
    }
    run = Run("r", "r", "ada", 0.0, plan, 1, NOW, None, None, None, {})
    query = eta_query(_silent(50, 5.0, run=run, validations=[])[0], 1_000.0 + 2_000.0 + 5.0, Priors())
    question = CompareQuery(
        query.at_step,
        assumed_plan(query),
        pace_durations(query, settings),
        (Scenario("continue", "continue"),),
        elapsed_seconds=query.elapsed_seconds,
        begun_seconds=begun_seconds(query),
        begun_counts=begun_counts(query),
    )
    said, compared = eta(query).remaining_seconds, compare(question).outcomes[0].finish_seconds
    assert said is not None
    assert compared is not None
    assert [2_995.0, 2_995.0] == [said.at(0.5), pytest.approx(compared.at(0.5))]


def test_a_restart_takes_its_start_up_in_a_comparison_too() -> None:
    """What is left of a start-up is no step, and going on has to wait for it."""
    query = eta_query(_restarted(), NOW, Priors())
    left = begun_seconds(query)["startup"]
    assert isinstance(left, Quantiles)
    assert left.at(0.5) == pytest.approx(60.0, abs=10)


def test_what_is_not_in_progress_is_known() -> None:
    """Between two steps nothing is under way, and nothing is uncertain about that."""
    query = replace(eta_query(_silent(50, 5.0)[0], NOW, Priors()), silence=None)
    nothing = {"step": 0.0, "validation": 0.0, "checkpoint": 0.0, "startup": 0.0}
    assert [nothing, nothing] == [begun_seconds(query), begun_counts(query)]


def test_the_step_in_progress_is_the_last_one(settings: Settings) -> None:
    """Of one step left, which is under way, the end is as uncertain as that step and no more."""
    snapshot, now = _silent(199, 5.0)
    query = eta_query(snapshot, now, Priors())
    spread = replace(query, steps=replace(query.steps, seconds=np.geomspace(10.0, 160.0, 199)))
    question = CompareQuery(
        spread.at_step,
        replace(assumed_plan(spread), validate_every="never"),
        pace_durations(spread, settings),
        (Scenario("continue", "continue"),),
        begun_seconds={**begun_seconds(spread), "validation": 0.0},
        begun_counts={**begun_counts(spread), "validation": 0.0},
        quantiles=(0.1, 0.5, 0.9),
    )
    compared = compare(question).outcomes[0].finish_seconds
    left = begun_seconds(spread)["step"]
    assert isinstance(left, Quantiles)
    assert compared is not None
    assert compared.values == pytest.approx(np.interp((0.1, 0.5, 0.9), left.levels, left.values), rel=0.01)


@pytest.mark.parametrize("plan", [{}, {"total_steps": 60}, {"total_steps": 50}])
def test_a_pace_is_never_exact(plan: dict[str, Any], settings: Settings) -> None:
    """A run with no steps to go has the pace of one that is to do as many again, not one known for sure."""
    found, expected = (
        pace_durations(eta_query(_snapshot(one), NOW, Priors()), settings).step_seconds
        for one in (plan, {"total_steps": 120})
    )
    assert found is not None
    assert found == expected
    assert found.low < 40.0 < found.high


def test_before_the_first_step_nothing_is_begun() -> None:
    """A comparison at step 0 counts the whole start-up itself."""
    assert {} == begun_seconds(eta_query(_snapshot({"total_steps": 9}, 0), NOW, Priors()))

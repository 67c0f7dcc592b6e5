"""When a run will end: counts, sums, refusals, resumes, limits and the seed's own job."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from planner.eta import Eta, EtaQuery, InProgress, Priors, eta
from planner.plan import Plan
from planner.timings import Timings

SEED_PLAN = Plan(total_steps=311, validate_every=25, checkpoint_every="never")


def every_step(last: int, seconds: float) -> Timings:
    """Return the durations of steps 1 … last, all the same."""
    return Timings(np.arange(1.0, last + 1), np.full(last, seconds))


def events(steps: list[float], seconds: float) -> Timings:
    """Return events of one duration at the given steps."""
    return Timings(np.array(steps), np.full(len(steps), seconds))


SEED = EtaQuery(43, SEED_PLAN, steps=every_step(43, 45.0), validations=events([25.0], 1200.0))


def values(answer: Eta) -> list[float]:
    """Return the quantiles of the remaining seconds."""
    assert answer.remaining_seconds is not None
    return [value for value in answer.remaining_seconds.values if value is not None]


def median(query: EtaQuery) -> float:
    """Return the median of the remaining seconds."""
    return values(eta(query))[3]


def test_seed_job_counts_eleven_validations() -> None:
    """The worked example: 268 steps and 11 validations are left, 25,260 s."""
    answer = eta(SEED)
    assert (answer.steps_left, answer.validations_left, answer.checkpoints_left) == (268, 11, 0)
    assert answer.mean_seconds == pytest.approx(25_260, rel=0.005)
    assert median(SEED) == pytest.approx(25_260, rel=0.002)


def test_seed_job_with_its_start_up_and_clock_is_the_same() -> None:
    """The 105 s that nothing explains of the seed's 70 minutes are no lasting overhead."""
    whole = replace(SEED, startup_seconds=960.0, elapsed_seconds=4200.0)
    assert median(whole) == pytest.approx(25_260, rel=0.005)


def test_phase_means_add_up_to_the_mean() -> None:
    """The means by phase sum to the mean exactly."""
    phases = eta(SEED).by_phase
    assert phases is not None
    assert phases.step + phases.validation + phases.checkpoint + phases.startup == eta(SEED).mean_seconds


def test_unknown_end_is_refused() -> None:
    """A run whose end is not declared has no ETA, and says so."""
    assert eta(replace(SEED, plan=Plan())) == Eta("refused", "no_total_steps")


def test_no_step_seen_is_refused_with_its_counts() -> None:
    """Before the first step there is no pace to go by; what is due is known all the same."""
    answer = eta(EtaQuery(0, SEED_PLAN))
    assert (answer.reason, answer.steps_left, answer.validations_left) == ("no_steps", 311, 12)


def test_earlier_runs_answer_before_the_first_step() -> None:
    """The person's earlier runs of the name tell a pace, and the start-up is still to come."""
    priors = Priors(step_seconds=(44.0, 46.0), validation_seconds=(1200.0,))
    answer = eta(EtaQuery(0, SEED_PLAN, startup_seconds=960.0, priors=priors))
    assert answer.by_phase is not None
    assert answer.by_phase.startup == 960.0
    assert values(answer)[3] == pytest.approx(960 + 311 * 45 + 12 * 1200, rel=0.03)


def test_run_without_an_end_ends_at_its_limit() -> None:
    """A run that trains until it is stopped ends with its allocation, after some step."""
    query = replace(SEED, plan=Plan(validate_every=25), elapsed_seconds=4200.0, time_limit_seconds=86_400.0)
    answer = eta(query)
    assert values(answer) == [82_200.0] * 7
    assert answer.steps_left is None
    assert answer.step_at_limit is not None
    assert answer.step_at_limit.at(0.5) == pytest.approx(43 + 82_200 / (45 + 1200 / 25), rel=0.04)


def test_finished_run_has_nothing_left() -> None:
    """At its last step a run that does not validate there is done."""
    answer = eta(replace(SEED, at_step=311, steps=every_step(311, 45.0)))
    assert (answer.steps_left, values(answer), answer.mean_seconds) == (0, [0.0] * 7, 0.0)


def test_steps_beyond_the_plan_are_done() -> None:
    """A run that outran its plan has no negative steps left."""
    assert eta(replace(SEED, at_step=400)).steps_left == 0


def test_exact_durations_give_an_exact_median_and_a_tight_interval() -> None:
    """A thousand identical steps leave little doubt of as many more."""
    query = EtaQuery(1000, Plan(total_steps=2000), steps=every_step(1000, 2.0))
    found = values(eta(query))
    assert found[3] == pytest.approx(2000, rel=1e-3)
    assert found[5] - found[1] < 0.1 * found[3]


def test_undeclared_cadence_is_inferred() -> None:
    """Validations seen every 25 steps go on coming."""
    query = replace(SEED, plan=Plan(total_steps=311), validations=events([25.0], 1200.0))
    assert eta(query).validations_left == 11


def test_sparse_log_answers_the_same() -> None:
    """Logging every tenth step changes no pace."""
    sparse = replace(SEED, steps=Timings(np.arange(10.0, 41, 10), np.full(4, 45.0)))
    assert median(sparse) == pytest.approx(25_260, rel=0.005)


def test_lost_durations_answer_the_same() -> None:
    """NaN and 0 s are durations nobody measured."""
    seconds = np.full(43, 45.0)
    seconds[::3], seconds[1::5] = np.nan, 0.0
    lost = replace(SEED, steps=Timings(np.arange(1.0, 44), seconds))
    assert median(lost) == pytest.approx(25_260, rel=0.005)


def test_validation_in_progress_counts_what_is_left_of_it() -> None:
    """17 of 68 batches in 300 s leave 900 s of the one in progress, and ten more after it."""
    begun = InProgress("validation", 300.0, 17, 68)
    query = replace(SEED, at_step=50, steps=every_step(50, 45.0), in_progress=begun)
    assert eta(query).validations_left == 11
    assert median(query) == pytest.approx(261 * 45 + 900 + 10 * 1200, rel=0.005)


def test_elapsed_time_of_a_validation_counts_without_batches() -> None:
    """After 300 s of a 1200 s validation about 900 s are left of it."""
    query = replace(SEED, at_step=50, steps=every_step(50, 45.0), in_progress=InProgress("validation", 300.0))
    assert median(query) == pytest.approx(261 * 45 + 900 + 10 * 1200, rel=0.01)


def test_overdue_checkpoint_goes_on() -> None:
    """A checkpoint far beyond what one takes is not over at once: some share of its age remains."""
    saving = replace(
        SEED,
        plan=replace(SEED_PLAN, checkpoint_every=40),
        checkpoints=events([40.0], 20.0),
        in_progress=InProgress("checkpoint", 2000.0),
    )
    usual = replace(saving, in_progress=None)
    assert 100 < median(saving) - median(usual) < 1500


def test_eta_is_right_at_once_after_a_resume() -> None:
    """A resume at step 40 after a break at 60 answers from the attempt before; it compiles again."""
    before = every_step(60, 45.0)
    step, seconds = np.r_[before.step, 41.0, 42.0], np.r_[before.seconds, 300.0, 45.0]
    query = replace(SEED, at_step=42, resumed_at_step=40, steps=Timings(step, seconds), elapsed_seconds=400.0)
    assert eta(query).steps_left == 269
    assert median(query) == pytest.approx(269 * 45 + 11 * 1200, rel=0.01)


def test_eta_is_right_before_the_first_step_after_a_resume() -> None:
    """Right after a requeue no step of the new attempt is known, and none is needed."""
    query = replace(SEED, resumed_at_step=43, elapsed_seconds=0.0)
    assert median(query) == pytest.approx(25_260, rel=0.005)


def test_validation_nobody_timed_has_what_the_clock_leaves() -> None:
    """The clock tells what an untimed validation took: 1200 s of 3135."""
    untimed = replace(SEED, validations=events([25.0], np.nan), startup_seconds=0.0, elapsed_seconds=3135.0)
    free = replace(untimed, elapsed_seconds=1935.0)
    assert median(free) == pytest.approx(12_060, rel=0.01)
    assert 12_060 < median(untimed) < 12_060 + 11 * 1250


def test_no_validation_seen_is_wide() -> None:
    """Without one validation seen the interval is several times as wide as with one."""
    unseen = replace(SEED, validations=Timings())
    relative = [(values(a)[5] - values(a)[1]) / values(a)[3] for a in (eta(unseen), eta(SEED))]
    assert relative[0] > 2 * relative[1]


def test_limit_is_counted_from_the_allocation() -> None:
    """The seed's job does not end within 4 h, surely does within 24, and stops at the step it has reached."""
    short = eta(replace(SEED, elapsed_seconds=3135.0, startup_seconds=0.0, time_limit_seconds=14_400.0))
    ample = eta(replace(SEED, elapsed_seconds=3135.0, startup_seconds=0.0, time_limit_seconds=86_400.0))
    assert (short.finishes_within_limit, ample.finishes_within_limit) == (0.0, 1.0)
    assert short.step_at_limit is not None
    assert ample.step_at_limit is not None
    assert short.step_at_limit.at(0.5) == pytest.approx(160, abs=3)
    assert set(ample.step_at_limit.values) == {311.0}


def test_same_question_gives_the_same_answer() -> None:
    """Nothing is drawn at random."""
    assert eta(SEED) == eta(SEED)


HOSTILE = st.one_of(st.floats(), st.floats(0, 1e6), st.just(0.0), st.just(45.0))
COLUMN = hnp.arrays(np.float64, st.shared(st.integers(0, 40), key="n"), elements=HOSTILE)


@settings(max_examples=150, deadline=None)
@given(
    step=COLUMN,
    seconds=COLUMN,
    event_step=COLUMN,
    event_seconds=COLUMN,
    at_step=st.integers(0, 10**9),
    total=st.integers(1, 10**9),
    every=st.one_of(st.none(), st.integers(1, 10**9)),
    elapsed=st.one_of(st.none(), st.floats(0, 1e12)),
    done=st.one_of(st.none(), st.integers(0, 5)),
)
def test_hostile_input_gives_ordered_finite_quantiles_or_a_refusal(  # noqa: PLR0913, PLR0917 - one strategy an input
    step: np.ndarray, seconds: np.ndarray, event_step: np.ndarray, event_seconds: np.ndarray, at_step: int,
    total: int, every: int | None, elapsed: float | None, done: int | None,
) -> None:  # fmt: skip
    """Whatever the columns hold, nothing warns, and an answer is finite, ordered and not negative."""
    query = EtaQuery(
        at_step,
        Plan(total, every, validate_at_end=True, checkpoint_every=every),
        steps=Timings(step, seconds),
        validations=Timings(event_step, event_seconds),
        checkpoints=Timings(event_step, event_seconds),
        in_progress=InProgress("validation", 5.0, done, 5),
        elapsed_seconds=elapsed,
        time_limit_seconds=1e6,
    )
    answer = eta(query)
    if answer.status == "ok":
        found = values(answer)
        assert len(found) == 7
        assert np.all(np.isfinite(found))
        assert found == sorted(found)
        assert found[0] >= 0


BUDGET = replace(
    SEED, plan=replace(SEED_PLAN, max_seconds=14_400.0), startup_seconds=960.0, elapsed_seconds=4_200.0
)


def test_a_start_up_that_has_passed_is_not_ahead() -> None:
    """Before the first step, of 960 s of start-up those are left that the clock has not seen."""
    waiting = replace(SEED, at_step=0, validations=Timings(), startup_seconds=960.0)
    phases = [eta(replace(waiting, elapsed_seconds=passed)).by_phase for passed in (None, 300.0, 2_000.0)]
    assert [960.0, 660.0, 0.0] == [None if phase is None else phase.startup for phase in phases]


def test_a_budget_of_time_ends_a_run_before_its_steps() -> None:
    """With 10,200 s of its own budget left and 25,260 s of work, the budget decides."""
    answer = eta(BUDGET)
    assert values(answer) == [10_200.0] * 7
    assert answer.ends_by_budget == 1.0
    assert answer.mean_seconds == pytest.approx(10_200)
    assert answer.step_at_end is not None
    # 107 steps and four validations take 9,615 s; the validation after step 150 is not done in time.
    assert answer.step_at_end.at(0.5) == 150


def test_a_generous_budget_changes_nothing() -> None:
    """A run whose steps are done before ends by them."""
    roomy = replace(BUDGET, plan=replace(BUDGET.plan, max_seconds=200_000.0))
    plain = replace(BUDGET, plan=SEED_PLAN)
    assert values(eta(roomy)) == values(eta(plain))
    assert eta(roomy).ends_by_budget == 0.0
    assert eta(plain).ends_by_budget is None


def test_a_budget_alone_is_an_end() -> None:
    """A run that declares no steps but a budget ends with it, however long its allocation is."""
    timed = replace(
        BUDGET,
        plan=Plan(validate_every=25, checkpoint_every="never", max_seconds=14_400.0),
        time_limit_seconds=50_000.0,
    )
    answer = eta(timed)
    assert values(answer) == [10_200.0] * 7
    assert (1.0, 1.0) == (answer.finishes_within_limit, answer.ends_by_budget)
    assert answer.step_at_end == answer.step_at_limit


def test_an_allocation_shorter_than_the_budget_cuts_the_run() -> None:
    """The limit strikes first: the run does not end by itself."""
    cut = replace(BUDGET, time_limit_seconds=9_000.0)
    assert eta(cut).finishes_within_limit == 0.0
    timed = replace(cut, plan=Plan(validate_every=25, checkpoint_every="never", max_seconds=14_400.0))
    assert values(eta(timed)) == [4_800.0] * 7
    assert eta(timed).finishes_within_limit == 0.0


def test_a_budget_without_a_clock_is_left_out() -> None:
    """Where nobody knows how long it has run, nobody knows what is left of a budget."""
    assert eta(replace(BUDGET, elapsed_seconds=None)).ends_by_budget is None


def test_a_validation_in_progress_is_the_next_one_due() -> None:
    """Where every tenth step is logged, the one that runs after step 100 is that at 105: it counts once."""
    steps = Timings(np.arange(10.0, 101, 10), np.full(10, 10.0))
    plan = Plan(total_steps=420, validate_every=105, checkpoint_every="never")
    seen = events([-1.0], 1_000.0)
    query = EtaQuery(100, plan, steps=steps, validations=seen)
    busy = replace(query, in_progress=InProgress("validation", 400.0, 40, 100))
    idle, running = (eta(one).by_phase for one in (query, busy))
    assert idle is not None
    assert running is not None
    assert (idle.validation, running.validation) == (
        pytest.approx(4_000, rel=0.02),
        pytest.approx(3_600, rel=0.02),
    )


def test_a_validation_that_nothing_puts_here_is_one_more() -> None:
    """One that runs far from every step at which one is due comes on top of them."""
    busy = replace(SEED, in_progress=InProgress("validation", 600.0, 34, 68))
    idle, running = (eta(one).by_phase for one in (SEED, busy))
    assert idle is not None
    assert running is not None
    assert running.validation - idle.validation == pytest.approx(600, rel=0.05)


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_a_resume_at_another_pace_counts_as_soon_as_it_speaks(ratio: float) -> None:
    """Four steps after a resume, the first a slow one, their pace is that of all the 9,000 ahead."""
    before, own = np.full(3000, 10.0), np.full(4, 10.0 * ratio)
    own[0] *= 3
    step = np.r_[np.arange(1.0, 3001), np.arange(2981.0, 2985)]
    query = EtaQuery(
        2984,
        Plan(total_steps=12_000, validate_every="never", checkpoint_every="never"),
        startup_seconds=60.0,
        steps=Timings(step, np.r_[before, own]),
        resumed_at_step=2980,
        elapsed_seconds=60.0 + own.sum(),
    )
    assert median(query) == pytest.approx(9016 * 10.0 * ratio, rel=0.02)


def test_the_first_validation_tells_of_all_ahead_while_it_goes_on() -> None:
    """Half of its batches done in 10 min: twelve such are to come, as they are once it has ended."""
    plan = Plan(total_steps=311, validate_every=25, checkpoint_every="never")
    begun = EtaQuery(
        25, plan, steps=every_step(25, 45.0), in_progress=InProgress("validation", 600.0, 34, 68)
    )
    ended = replace(begun, in_progress=None, validations=events([25.0], 1200.0))
    assert median(begun) == pytest.approx(600.0 + median(ended), rel=0.07)


def test_a_silence_tells_nothing_of_the_validations_ahead() -> None:
    """It was heard of for 10 min; the hour since then is none of what a validation takes."""
    plan = Plan(total_steps=311, validate_every=25, checkpoint_every="never")
    begun = EtaQuery(25, plan, steps=every_step(25, 45.0), in_progress=InProgress("validation", 600.0))
    silent = replace(begun, in_progress=InProgress("validation", 4200.0, None, None, 3600.0))
    assert 0 < median(silent) - median(begun) < 0.4 * 4200.0

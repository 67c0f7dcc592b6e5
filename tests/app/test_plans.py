"""From the store to what is shown: views, kept and renewed."""

import itertools
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app import plans as plans_module
from app.api.presenting import points_of, run_detail
from app.hindsight import history_of
from app.plans import Plans
from app.records import RecordBatch, checked
from app.schemas.compare import RelaunchFields
from app.schemas.runs import PointsAnswer, RunDetail
from app.settings import Settings
from app.slurm.scheduler import JobFacts
from app.store import Store, open_store
from app.views import RunView
from planner.errors import InvalidInputError
from planner.report import compare
from planner.scenario import PlanOverrides
from tests.app.clock import Clock

PLAN = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}


def _view(plans: Plans, run: str = "one") -> RunView:
    view = plans.view(run)
    assert view is not None
    return view


def test_unknown_run_has_no_view(plans: Plans) -> None:
    """There is no view and no row of a run that is not there."""
    assert (None, None) == (plans.view("x"), plans.row("x"))


def test_view_is_kept_until_something_changes(plans: Plans, report: Any, clock: Clock) -> None:
    """The same view is given until a record comes or, while the run is alive, time has passed."""
    report("one", steps=50, plan=PLAN)
    first = _view(plans)
    assert first is _view(plans)
    clock.now += plans_module.REFRESH_SECONDS
    later = _view(plans)
    assert first is not later
    report("one", steps=60, plan=PLAN)
    assert (60, True) == (_view(plans).at_step, _view(plans).version != later.version)


def test_a_view_may_be_a_little_old_where_only_time_passed(plans: Plans, report: Any, clock: Clock) -> None:
    """A what-if is asked of the view its page shows: for a while, and only until something comes."""
    report("one", steps=50, plan=PLAN)
    first = _view(plans)
    clock.now += 3 * plans_module.REFRESH_SECONDS
    assert first is plans.view("one", within_seconds=60.0)
    clock.now += 2 * plans_module.REFRESH_SECONDS
    assert first is not plans.view("one", within_seconds=60.0)
    seen = _view(plans)
    report("one", steps=60, plan=PLAN)
    later = plans.view("one", within_seconds=60.0)
    assert later is not None
    assert (50, 60) == (seen.at_step, later.at_step)


def test_a_question_is_of_the_view_it_is_asked_of(plans: Plans, report: Any, clock: Clock) -> None:
    """Asked of the moment a view was made at, a question starts from what the view showed."""
    report("one", steps=50, plan=PLAN)
    view = _view(plans)
    clock.now += 600.0
    fields = RelaunchFields.model_validate(dict(view.scenario))
    asked = plans.question("one", fields, PlanOverrides(), view.target_loss, view.as_of)
    later = plans.question("one", fields, PlanOverrides(), view.target_loss)
    assert asked is not None
    assert later is not None
    assert view.elapsed_seconds == asked.elapsed_seconds
    assert (asked.elapsed_seconds or 0.0) < (later.elapsed_seconds or 0.0)


def test_a_what_if_gives_a_run_without_an_end_the_one_it_asks_about(plans: Plans, report: Any) -> None:
    """A run that declares no end is compared, to the one asked about, as if it had declared that one."""
    report("declared", steps=60, plan=PLAN)
    report("open", steps=60, plan={name: value for name, value in PLAN.items() if name != "total_steps"})
    fields = RelaunchFields.model_validate(_view(plans, "declared").scenario)
    asked, known = (
        plans.question(run, fields, ends, None)
        for run, ends in (("open", PlanOverrides(total_steps=200)), ("declared", PlanOverrides()))
    )
    assert asked is not None
    assert known is not None
    assert (known.plan, known.pace.step_seconds) == (asked.plan, asked.pace.step_seconds)
    assert asked.pace.step_seconds.low < 40.0 < asked.pace.step_seconds.high
    short = plans.question("open", fields, PlanOverrides(total_steps=59), None)
    assert short is not None
    with pytest.raises(InvalidInputError) as refused:
        compare(short)
    assert "/scenarios/0/plan/total_steps" == refused.value.pointer


def test_view_of_an_ended_run_is_kept_for_good(plans: Plans, report: Any, clock: Clock) -> None:
    """Time does not change what is known of a run that has ended."""
    report("one", steps=200, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    first = _view(plans)
    clock.now += 1e6
    assert first is _view(plans)


def test_scenario_and_job_renew_the_view(plans: Plans, store: Store, report: Any, clock: Clock) -> None:
    """What a person says of the relaunch, and what the scheduler says of the job, show at once."""
    report("one", steps=50, plan=PLAN, job={"cluster": "c", "id": "7"})
    assert _view(plans).scenario_is_default
    scenario = {
        "name": "fix", "action": "relaunch", "edit_seconds": 60, "test_seconds": 0, "queue_seconds": 0,
    }  # fmt: skip
    store.put_document("one", "scenario", scenario, clock.now)
    assert (False, 60) == (_view(plans).scenario_is_default, _view(plans).scenario["edit_seconds"])
    job = JobFacts(
        "7", "c", "RUNNING", started=clock.now - 2100, submitted=clock.now - 2400, time_limit_seconds=9000
    )
    store.put_jobs([job], clock.now)
    view = _view(plans)
    assert (2100.0, 9000, True) == (
        view.elapsed_seconds, view.time_limit_seconds, view.eta.finishes_within_limit is not None,
    )  # fmt: skip
    assert ("queue", 300.0) == (view.ledger[0].phase, view.ledger[0].spent_seconds)


def test_fit_is_made_again_only_for_news(plans: Plans, report: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A curve that has hardly grown is not fitted again; one that has, is."""
    fitted: list[int] = []
    original = plans_module.fit_run

    def counting(snapshot: Any, like: Any, previous: Any) -> Any:
        fits = original(snapshot, like, previous)
        fitted.append(fits is not previous)
        return fits

    monkeypatch.setattr(plans_module, "fit_run", counting)
    for steps in (1000, 1001, 1200):
        report("one", steps=steps, plan={**PLAN, "total_steps": 2000})
        _view(plans)
    assert [True, False, True] == fitted


def test_list_takes_a_bounded_time(plans: Plans, store: Store, report: Any) -> None:
    """Rows that cannot be computed in time show the bare facts, and the last view where there is one."""
    for run in ("a", "b"):
        report(run, steps=20, plan=PLAN)
    plans.view("a")
    rows = {row.run.id: row for row in plans.rows(store.runs("ada"), within_seconds=-1.0)}
    assert ("not_computed_yet", 20, None) == (
        rows["b"].reason,
        rows["b"].at_step,
        rows["b"].remaining_seconds,
    )
    assert (None, True) == (rows["a"].reason, rows["a"].remaining_seconds is not None)


def test_resume_goes_on_from_where_the_newest_attempt_is(plans: Plans, report: Any) -> None:
    """After a resume from an earlier step the run is where its newest attempt is."""
    report("one", steps=60, plan=PLAN, attempt_started=1_000.0)
    again = {
        "seq": [0, 1], "step": [41, 42], "ended": [5_000.0, 5_040.0], "seconds": [40.0, 40.0],
        "loss": [0.8, 0.8], "lr": [None, None],
    }  # fmt: skip
    report("one", attempt="second", attempt_started=4_900.0, columns=again)
    view = _view(plans)
    assert (42, 158) == (view.at_step, view.eta.steps_left)


def _steps_until(now: float, first: int, count: int) -> dict[str, list[Any]]:
    """Return steps of 40 s, the last one of them done now."""
    return {
        "seq": list(range(count)), "step": list(range(first, first + count)),
        "ended": [now - 40.0 * (count - 1 - n) for n in range(count)], "seconds": [40.0] * count,
        "loss": [0.3 + 3.0 * step**-0.5 for step in range(first, first + count)], "lr": [None] * count,
    }  # fmt: skip


@pytest.mark.parametrize("max_seconds", [None, 5_000.0])
def test_a_second_process_in_a_job_is_not_slowed_by_the_first(
    plans: Plans, report: Any, clock: Clock, max_seconds: float | None
) -> None:
    """500 steps of 40 s, saved at 450, then 50 more by a second process of the job: 500 left take 20,000 s.

    A budget is the second process's own: of 5,000 s its start-up and 50 steps took 2,060; a relaunch has all.
    """
    plan = {"total_steps": 1000, "validate_every": "never", "checkpoint_every": "never"}
    plan |= {} if max_seconds is None else {"max_seconds": max_seconds}
    job = {"cluster": "c", "id": "7", "restart_count": 0}
    again = clock.now - 50 * 40.0 - 60.0
    startup = [("startup", {"seconds": 60.0})]
    report(
        "one", plan=plan, job=job, attempt_started=again - 500 * 40.0 - 70.0, notes=list(startup),
        columns=_steps_until(again - 10.0, 1, 500),
    )  # fmt: skip
    report(
        "one", attempt="second", job=job, attempt_started=again, notes=list(startup),
        columns=_steps_until(clock.now, 451, 50),
    )  # fmt: skip
    view = _view(plans)
    going_on, relaunch = view.comparison.outcomes
    expected = 20_000.0 if max_seconds is None else 2_940.0
    assert pytest.approx(expected, rel=0.002) == view.eta.remaining_seconds.at(0.5)
    assert pytest.approx(expected, rel=0.005) == going_on.finish_seconds.at(0.5)
    assert pytest.approx(22_130.0, abs=1.0) == view.elapsed_seconds
    trained = sum(part.seconds for part in relaunch.composition if part.phase in {"startup", "step"})
    assert pytest.approx(40_060.0 if max_seconds is None else 5_000.0, rel=0.01) == trained


def test_earlier_run_gives_the_relaunch_its_curve(plans: Plans, report: Any, make_validations: Any) -> None:
    """The run named by ``like`` says how the fixed run would converge; without one it learns as it did."""
    report("good", steps=150, plan=PLAN, validations=make_validations(10, 150))
    for run, like in (("one", "good"), ("two", "nobody")):
        report(
            run, steps=100, plan={**PLAN, "like": like, "target_loss": 0.62},
            validations=make_validations(20, 100),
        )  # fmt: skip
    known, unknown = _view(plans, "one"), _view(plans, "two")
    assert (True, False) == (bool(known.relaunch_band), bool(unknown.relaunch_band))
    alike = [
        "learns_alike" in {reason.code for reason in view.comparison.verdict.reasons}
        for view in (known, unknown)
    ]
    assert ([False, True], "continue") == (alike, unknown.comparison.verdict.action)
    assert known.comparison.verdict.action in {"continue", "relaunch"}


def test_a_fix_of_which_nothing_is_known_gains_nothing_by_a_guess(
    plans: Plans, report: Any, make_validations: Any
) -> None:
    """Both options share the run's own curve draw by draw: the fix is never first by a luckier draw."""
    report("one", steps=100, plan={**PLAN, "target_loss": 0.62}, validations=make_validations(20, 100))
    going_on, fix = _view(plans).comparison.outcomes
    assert (1.0, 0.0) == (going_on.probability_first, fix.probability_first)
    assert going_on.probability_of_target == pytest.approx(fix.probability_of_target, abs=0.02)


def test_api_and_page_say_one_thing(plans: Plans, report: Any, make_validations: Any) -> None:
    """The badge of the view and of the row is the verdict's action, whatever the scenario is."""
    for run, plan, steps in (
        ("early", {**PLAN, "target_loss": 0.62}, 3),
        ("timed", PLAN, 100),
        ("aimed", {**PLAN, "target_loss": 0.62}, 100),
    ):
        report(run, steps=steps, plan=plan, validations=make_validations(20, steps))
        view, row = _view(plans, run), plans.row(run)
        assert row is not None
        assert view.comparison.verdict.action == view.badge == row.badge


def test_a_job_that_ended_leaves_nothing_to_decide(
    plans: Plans, store: Store, report: Any, clock: Clock
) -> None:
    """A run whose job ended without a word has neither a verdict nor a forecast to come."""
    report("one", steps=100, plan=PLAN, job={"cluster": "c", "id": "7"})
    clock.now += 10_000.0
    store.put_jobs([JobFacts("7", "c", "FAILED", started=1.0, ended=clock.now - 9_000)], clock.now)
    view = _view(plans)
    assert ("failed", None, (), None) == (
        view.state_word, view.comparison, view.band, plans.row("one").loss_at_end,
    )  # fmt: skip


def test_a_finished_run_does_not_idle_until_its_job_ends(
    plans: Plans, store: Store, report: Any, clock: Clock
) -> None:
    """Once a run has finished its time ends with the last thing it did, though its job's end is unknown."""
    job = JobFacts("7", "c", "RUNNING", started=clock.now - 8_100.0)
    report(
        "one", steps=200, plan=PLAN, job={"cluster": "c", "id": "7"},
        notes=[("finish", {"reason": "finished"})],
    )  # fmt: skip
    store.put_jobs([job], clock.now)
    ended = store.attempts("one")[-1].last_ended
    clock.now += 50_000.0
    view = _view(plans)
    assert (pytest.approx(ended - job.started), ()) == (view.elapsed_seconds, view.band)


def test_verdict_is_remembered(plans: Plans, store: Store, report: Any, clock: Clock) -> None:
    """What was advised is kept, once for each turn, and the view says since when it stands."""
    report("one", steps=50, plan=PLAN)
    first = _view(plans)
    clock.now += 100
    second = _view(plans)
    assert first.verdict_since == second.verdict_since == first.as_of
    assert [first.comparison.verdict.action] == [
        said["action"] for _, said in store.history("one", "verdict")
    ]


def test_replacing_run_is_named(plans: Plans, report: Any, clock: Clock) -> None:
    """A run that was relaunched names the run in its place."""
    report("one", steps=50, plan=PLAN)
    report("two", steps=1, plan={**PLAN, "replaces": "one"})
    clock.now += plans_module.REFRESH_SECONDS
    assert "two" == _view(plans).replaced_by


def test_target_that_was_reached_is_none_any_more(plans: Plans, report: Any) -> None:
    """Once the target is reached only time is compared: nothing contradicts itself."""
    report("one", steps=150, plan={"total_steps": 200, "target_loss": 0.9, "target_of": "train"})
    verdict = _view(plans).comparison.verdict
    assert "continue" == verdict.action
    told = {reason.code: reason.parameters for reason in verdict.reasons}
    assert {"loss": 0.9} == told["target_reached"]


def test_earlier_runs_say_what_was_not_done_yet(plans: Plans, report: Any, make_validations: Any) -> None:
    """Before its first validation a run expects what validations took in earlier runs of its name."""
    report(
        "old", steps=100, plan={**PLAN, "name": "same"}, attempt_started=1_000.0,
        validations=make_validations(20, 100, seconds=600.0),
    )  # fmt: skip
    report("new", steps=15, plan={**PLAN, "name": "same"})
    report("other", steps=15, plan={**PLAN, "name": "else"})
    known, unknown = _view(plans, "new").eta, _view(plans, "other").eta
    assert 10 == known.validations_left
    assert pytest.approx(6000.0, rel=0.2) == known.by_phase.validation
    assert unknown.by_phase.validation < 4000.0


@pytest.mark.parametrize("beyond", [200, 210])
def test_steps_beyond_the_plan(plans: Plans, report: Any, beyond: int) -> None:
    """A run at or beyond its declared end is shown, with nothing left to do or to decide."""
    report("one", steps=beyond, plan=PLAN)
    view = _view(plans)
    assert (beyond, 0, None) == (view.at_step, view.eta.steps_left, view.comparison)


@pytest.mark.parametrize("loss", [-1.0, 0.0])
def test_a_target_no_forecast_comes_down_to_is_left_out_in_words(
    plans: Plans, report: Any, loss: float
) -> None:
    """The run has its verdict, by time alone, which says so; a what-if that leaves the target has it, too."""
    report("one", steps=20, plan={**PLAN, "target_loss": loss, "target_of": "train"})
    view = _view(plans)
    told = {reason.code: reason.parameters for reason in view.comparison.verdict.reasons}
    assert ("continue", {"loss": loss}) == (view.comparison.verdict.action, told["target_left_out"])
    fields = RelaunchFields.model_validate(view.scenario)
    question = plans.question("one", fields, PlanOverrides(), loss, view.as_of)
    assert question is not None
    assert (None, loss) == (question.target, question.left_out.loss)
    assert {reason.code for reason in compare(question).verdict.reasons} == set(told)


def test_a_target_typed_into_a_what_if_goes_before_one_left_out(plans: Plans, report: Any) -> None:
    """The declared target is left out; one that a person types counts, and is refused where it cannot."""
    report("one", steps=20, plan={**PLAN, "target_loss": -1.0, "target_of": "train"})
    view = _view(plans)
    fields = RelaunchFields.model_validate(view.scenario)
    question = plans.question("one", fields, PlanOverrides(), 0.4, view.as_of)
    assert (0.4, None) == (question.target.loss, question.left_out)
    typed = plans.question("one", fields, PlanOverrides(), -2.0, view.as_of)
    with pytest.raises(InvalidInputError, match=r"/target/loss is -2.0; expected a positive loss"):
        compare(typed)


def test_what_contradicts_itself_keeps_no_run_from_view(
    plans: Plans, store: Store, report: Any, clock: Clock
) -> None:
    """A stored fix that resumes behind the run's end leaves it without a verdict, not without a page."""
    scenario = {
        "name": "fix", "action": "relaunch", "edit_seconds": 60, "test_seconds": 0, "queue_seconds": 0,
        "resume_step": 500,
    }  # fmt: skip
    report("one", steps=20, plan=PLAN)
    store.put_document("one", "scenario", scenario, clock.now)
    view = _view(plans)
    assert (20, None, "ok") == (view.at_step, view.comparison, view.eta.status)


LOSSES = st.sampled_from([None, "nan", "inf", "-inf", 0.0, -3.0, 1e-40, 1e300, 0.5, 1.0, 2.0])
SECONDS = st.sampled_from([None, 0.0, 1e-12, 1.0, 40.0, 1e9])
STEPS = st.sampled_from([0, 1, 2, 3, 5, 10, 11, 50, 2**41])
PLANS = st.fixed_dictionaries(
    {},
    optional={
        "total_steps": st.sampled_from([1, 10, 200, 2**50]),
        "validate_every": st.sampled_from([1, 7, "never", 2**40]),
        "validate_at_end": st.booleans(),
        "checkpoint_every": st.sampled_from([1, 50, "never"]),
        "target_loss": st.sampled_from([0.0, -1.0, 0.5, 1e308, 1e-300]),
        "target_of": st.sampled_from(["train", "val"]),
        "lr_schedule": st.sampled_from([[], [[0, 1e-3], [100, 0.0]], [[5, 1.0]], [[2, 3.0], [9, 1.0]]]),
        "like": st.sampled_from(["nobody", "odd"]),
        "max_seconds": st.sampled_from([1e-9, 60.0, 1e9]),
        "early_stopping": st.sampled_from(
            [
                {"patience": 1},
                {"patience": 2**50},
                {"patience": 2, "min_delta": 1e300, "monitor": "acc", "mode": "max"},
            ]
        ),
    },
)
ANYTHING = st.sampled_from([None, 0, -1, 1, 68, 1e9, "x", True])
NOTES = st.lists(
    st.one_of(
        st.tuples(st.just("startup"), st.fixed_dictionaries({"seconds": ANYTHING})),
        st.tuples(
            st.just("progress"),
            st.fixed_dictionaries({"phase": ANYTHING, "started": ANYTHING, "done": ANYTHING, "of": ANYTHING}),
        ),
        st.tuples(st.just("finish"), st.fixed_dictionaries({}, optional={"reason": ANYTHING})),
    ),
    max_size=3,
)


@given(
    steps=st.lists(st.tuples(STEPS, LOSSES, SECONDS), max_size=30),
    events=st.lists(st.tuples(STEPS, LOSSES, SECONDS), max_size=8),
    plan=PLANS,
    notes=NOTES,
    limit=st.sampled_from([None, 0, 1, 3600, 86_400, 10**9]),
)
@examples(max_examples=60, deadline=None, derandomize=True)
def test_whatever_was_stored_can_be_shown(steps: Any, events: Any, plan: Any, notes: Any, limit: Any) -> None:
    """Nothing a reporter may send keeps its run from being shown."""
    store, now = open_store(None), time.time()
    settings = Settings(scheduler="none", user="ada")
    body = {
        "v": 1, "attempt": "a", "attempt_started": now, "job": {"cluster": "c", "id": "7"},
        "steps": _columns(steps, 0, ended=None), "validations": _columns(events, 1_000, started=now),
        "checkpoints": _columns([(step, None, took) for step, _, took in events], 5_000, started=now),
        "notes": {
            "seq": [2_000 + n for n in range(len(notes) + 1)],
            "kind": ["plan", *(kind for kind, _ in notes)], "data": [plan, *(data for _, data in notes)],
        },
    }  # fmt: skip
    store.add("ada", "odd", checked(RecordBatch.model_validate(body)), now)
    store.put_jobs([JobFacts("7", "c", "RUNNING", started=now - 3000, time_limit_seconds=limit)], now)
    view = Plans(store, settings).view("odd")
    assert view is not None
    RunDetail.model_validate(run_detail(view))
    PointsAnswer.model_validate(points_of(view))
    store.close()


def _columns(rows: list[tuple[Any, Any, Any]], first_seq: int, **same: Any) -> dict[str, list[Any]]:
    step, loss, seconds = ([row[n] for row in rows] for n in range(3))
    seq = [first_seq + n for n in range(len(rows))]
    return {
        "seq": seq,
        "step": step,
        **({} if set(loss) <= {None} else {"loss": loss}),
        "seconds": seconds,
        **{k: [v] * len(rows) for k, v in same.items()},
    }


def test_how_sure_a_verdict_was_is_kept_as_it_moves(
    plans: Plans, store: Store, report: Any, clock: Clock
) -> None:
    """A probability is kept when it has moved, once a minute at most; the turns of the advice stay apart."""
    for steps, later in ((50, 0.0), (60, 10.0), (61, 100.0), (150, 100.0)):
        clock.now += later
        report("one", steps=steps, plan=PLAN)
        store.put_document(
            "one", "scenario",
            {"name": "fix", "action": "relaunch", "edit_seconds": [10, 20_000], "test_seconds": 0,
             "queue_seconds": 0, "plan": {"total_steps": 30 + steps // 2}}, clock.now,
        )  # fmt: skip
        view = _view(plans)
    kept = [data["probability"] for _, data in store.history("one", "sureness")]
    assert 2 <= len(kept) <= 3
    assert all(abs(a - b) >= 0.03 for a, b in itertools.pairwise(kept))
    told = history_of(store, view)
    assert len(kept) == len(told.sureness) > len(told.verdict) - 1


def test_prices_of_the_service_are_weighed_from_the_start(
    store: Store, settings: Settings, report: Any, clock: Clock
) -> None:
    """Where the service knows what a GPU-hour costs, each option's cost is told without anybody typing it."""
    priced = settings.model_copy(update={"gpu_hour_price": 2.0, "watts_per_gpu": 500.0, "currency": "EUR"})
    report("one", steps=50, plan=PLAN, job={"cluster": "c", "id": "7"})
    store.put_jobs([JobFacts("7", "c", "RUNNING", started=clock.now - 2100, gpus=8)], clock.now)
    view = _view(Plans(store, priced, clock))
    going_on = view.comparison.outcomes[0]
    hours, cost, kwh = (getattr(going_on, name).at(0.5) for name in ("gpu_hours", "cost", "kwh"))
    assert (pytest.approx(2.0 * hours), pytest.approx(0.5 * hours)) == (cost, kwh)
    assert (8, "EUR") == (view.economics.gpus, view.economics.currency)
    assert _view(Plans(store, settings, clock)).comparison.outcomes[0].cost is None

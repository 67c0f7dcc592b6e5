"""What has to hold of every comparison, on random ones."""

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.duration import Duration, exactly
from planner.errors import InvalidInputError
from planner.loss_path import Milestone, MilestoneCurve
from planner.plan import Plan
from planner.quantiles import Quantiles
from planner.report import Comparison, compare
from planner.scenario import (
    CompareQuery,
    Criterion,
    Economics,
    Objective,
    PaceDurations,
    PlanOverrides,
    Scenario,
    Target,
)

SECONDS = st.one_of(st.sampled_from([0.0, 1e-300, 1e-6, 1.0, 600.0, 1e10]), st.floats(0, 1e5))
DURATIONS = st.builds(lambda a, b: Duration(min(a, b), max(a, b)), SECONDS, SECONDS) | SECONDS.map(exactly)
MAYBE = st.none() | DURATIONS
CADENCE = st.none() | st.just("never") | st.sampled_from([1, 7, 25, 10**12])
PACES = st.builds(PaceDurations, MAYBE, MAYBE, MAYBE, MAYBE)
LOSSES = st.sampled_from([1e-30, 1e-3, 0.3, 0.34, 1.0, 1e30])


@st.composite
def curves(draw: st.DrawFn) -> MilestoneCurve:
    """Draw milestones, extreme losses among them."""
    steps = sorted(draw(st.sets(st.sampled_from([0, 1, 40, 50, 150, 311, 10**9]), min_size=1, max_size=4)))
    known = []
    for step in steps:
        high = draw(LOSSES)
        low = draw(st.none() | st.just(0.0) | st.just(high) | st.just(high / 2))
        known.append(Milestone(step, low, high))
    return MilestoneCurve(tuple(known))


@st.composite
def relaunches(draw: st.DrawFn, name: str) -> Scenario:
    """Draw a relaunch."""
    return Scenario(
        name,
        "relaunch",
        draw(st.none() | curves()),
        draw(st.none() | st.builds(PlanOverrides, st.sampled_from([None, 1, 150, 10**12]), CADENCE)),
        draw(st.none() | PACES),
        draw(st.sampled_from([None, None, 0, 5])),
        draw(DURATIONS),
        draw(DURATIONS),
        draw(DURATIONS),
        draw(st.sampled_from([None, 0, 1, "latest"])),
        draw(st.sampled_from([None, "now", "at_relaunch"])),
        draw(st.sampled_from([None, 1.0, 0.5, 1e-9])),
    )


@st.composite
def questions(draw: st.DrawFn) -> CompareQuery:
    """Draw a question that is allowed, however odd."""
    total = draw(st.sampled_from([None, 43, 311, 10**12]))
    going = Scenario("continue", "continue", draw(st.none() | curves()))
    rarer = replace(going, name="rarer", plan=PlanOverrides(validate_every=100))
    others = [draw(relaunches("fix")), draw(relaunches("again")), Scenario("stop", "stop"), rarer]
    return CompareQuery(
        at_step=draw(st.sampled_from([0, 40, 43])),
        plan=Plan(total, draw(CADENCE), draw(st.booleans()), draw(CADENCE)),
        pace=draw(PACES),
        scenarios=(going, *draw(st.lists(st.sampled_from(others), unique_by=lambda s: s.name))),
        target=draw(st.none() | st.builds(Target, LOSSES, st.sampled_from(["val", "train"]))),
        elapsed_seconds=draw(st.none() | SECONDS),
        economics=draw(st.none() | st.just(Economics(8, 2.1, "EUR", 500, 50, 60))),
        objective=draw(st.none() | st.just(Objective(1, 1))),
        attention_seconds=draw(st.none() | SECONDS),
        experiments=draw(st.none() | st.just(10)),
        criteria=draw(st.none() | st.just((Criterion("fair", {"continue": 1.0}, 0.1),))),
        quantiles=(0.1, 0.5, 0.9),
    )


def answered(query: CompareQuery) -> Comparison | None:
    """Return the answer, ``None`` where the random question contradicts itself."""
    try:
        return compare(query)
    except InvalidInputError:
        return None


def numbers(answer: object) -> list[float]:
    """Return every number of the outcomes and quantiles in an answer."""
    if isinstance(answer, Quantiles):
        return [value for value in answer.values if value is not None]
    if isinstance(answer, float):
        return [answer]
    return []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(questions())
def test_no_question_breaks_the_planner(query: CompareQuery) -> None:
    """Any question that is allowed is answered with finite numbers or None, without a warning."""
    comparison = answered(query)
    if comparison is None:
        return
    for outcome in comparison.outcomes:
        values = [getattr(outcome, name) for name in outcome.__dataclass_fields__]
        assert all(math.isfinite(number) for value in values for number in numbers(value))
        if outcome.status == "refused":
            assert outcome.reason
    verdict = comparison.verdict
    assert verdict.reasons or verdict.action != "wait"
    first = [
        outcome.probability_first for outcome in comparison.outcomes if outcome.probability_first is not None
    ]
    assert not first or math.isclose(sum(first), 1.0)


STEADY = CompareQuery(
    at_step=43,
    plan=Plan(total_steps=311, validate_every=25, checkpoint_every="never"),
    pace=PaceDurations(Duration(40, 50), Duration(1000, 1400), None, Duration(500, 1000)),
    scenarios=(
        Scenario("continue", "continue"),
        Scenario(
            "fix",
            "relaunch",
            plan=PlanOverrides(total_steps=150),
            edit_seconds=Duration(1200, 4800),
            test_seconds=Duration(600, 1200),
            queue_seconds=Duration(60, 3600),
            success_probability=0.8,
        ),
    ),
)


def with_edit(low: float, high: float) -> CompareQuery:
    """Return the steady question with another edit."""
    fix = replace(STEADY.scenarios[1], edit_seconds=Duration(low, high))
    return replace(STEADY, scenarios=(STEADY.scenarios[0], fix))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(60, 9000), st.floats(1.0, 4.0), st.floats(1.001, 2.0))
def test_longer_edit_never_favours_relaunching(low: float, spread: float, factor: float) -> None:
    """A longer edit lowers the chance that the relaunch is first and its saving, and never turns to it."""
    short, long = (
        compare(with_edit(low, low * spread)),
        compare(with_edit(low * factor, low * spread * factor)),
    )
    assert (long.outcomes[1].probability_first or 0) <= (short.outcomes[1].probability_first or 0)
    for a, b in zip(numbers(short.verdict.saving_seconds), numbers(long.verdict.saving_seconds), strict=True):
        assert b <= a
    assert not (short.verdict.scenario == "continue" and long.verdict.scenario == "fix")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(600, 12000), st.floats(1.0, 5.0), st.floats(0.998, 1.002))
def test_tiny_change_never_flips_a_sure_verdict(low: float, spread: float, factor: float) -> None:
    """An input changed by 0.2 % does not flip a verdict given at over 80 %."""
    before = compare(with_edit(low, low * spread)).verdict
    after = compare(with_edit(low * factor, low * factor * spread)).verdict
    if (before.probability or 0) > 0.8:
        assert before.scenario == after.scenario


FALLING = MilestoneCurve((Milestone(50, 1.2, 1.5), Milestone(200, 0.45, 0.6), Milestone(311, 0.28, 0.45)))
QUICKER = MilestoneCurve((Milestone(25, 0.36, 0.5), Milestone(100, 0.34, 0.42), Milestone(250, 0.25, 0.36)))
AIMED = replace(
    STEADY,
    target=Target(0.4, "val"),
    scenarios=(
        replace(STEADY.scenarios[0], curve=FALLING),
        replace(STEADY.scenarios[1], plan=None, curve=QUICKER),
    ),
)


def scaled(duration: Duration | None, factor: float) -> Duration:
    """Return a duration whose ends are so many times as long."""
    assert duration is not None
    return Duration(duration.low * factor, duration.high * factor)


def with_scaled(query: CompareQuery, part: str, factor: float) -> CompareQuery:
    """Return a question with one of its inputs so many times as large."""
    going_on, fix = query.scenarios
    if part == "loss":
        assert query.target is not None
        return replace(query, target=replace(query.target, loss=query.target.loss * factor))
    if part in {"step_seconds", "validation_seconds", "startup_seconds"}:
        changed = {part: scaled(getattr(query.pace, part), factor)}
        return replace(query, pace=replace(query.pace, **changed))
    if part == "success_probability":
        chance = min((fix.success_probability or 1.0) * factor, 1.0)
        return replace(query, scenarios=(going_on, replace(fix, success_probability=chance)))
    changed = {part: scaled(getattr(fix, part), factor)}
    return replace(query, scenarios=(going_on, replace(fix, **changed)))


INPUTS = (
    "loss", "step_seconds", "validation_seconds", "startup_seconds", "success_probability",
    "edit_seconds", "test_seconds", "queue_seconds",
)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from(INPUTS),
    st.sampled_from(INPUTS),
    st.floats(0.3, 4.0),
    st.floats(0.998, 1.002),
    st.booleans(),
)
def test_no_tiny_change_of_any_input_flips_a_sure_verdict(
    moved: str, nudged: str, far: float, factor: float, is_aimed: bool
) -> None:
    """Wherever the inputs are, one of them changed by 0.2 % does not flip a verdict given at over 80 %."""
    query = AIMED if is_aimed else STEADY
    if not is_aimed and "loss" in {moved, nudged}:
        return
    here = with_scaled(query, moved, far)
    before = compare(here).verdict
    if (before.probability or 0) > 0.8:
        assert before.scenario == compare(with_scaled(here, nudged, factor)).verdict.scenario


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.sampled_from(["edit_seconds", "test_seconds", "queue_seconds"]), st.floats(1.001, 3.0), st.booleans()
)
def test_a_longer_fix_never_favours_relaunching_to_a_target(part: str, factor: float, is_short: bool) -> None:
    """A longer edit, test or queue never makes relaunching likelier to be first, with little time or much."""
    query = replace(AIMED, attention_seconds=4_000.0 if is_short else None)
    short, long = compare(query), compare(with_scaled(query, part, factor))
    assert (long.outcomes[1].probability_first or 0) <= (short.outcomes[1].probability_first or 0)
    assert not (short.verdict.action == "continue" and long.verdict.action == "relaunch")


def test_rare_long_draws_do_not_turn_a_sure_verdict() -> None:
    """A fix that is first in over 80 % of the draws is advised although its rare long draws cost more."""
    query = with_edit(1, 20000)
    fix = replace(query.scenarios[1], success_probability=None)
    comparison = compare(replace(query, scenarios=(query.scenarios[0], fix)))
    going, fixed = comparison.outcomes
    assert going.regret_seconds is not None
    assert fixed.regret_seconds is not None
    assert fixed.regret_seconds > going.regret_seconds
    assert ("fix", True) == (comparison.verdict.scenario, (fixed.probability_first or 0) > 0.8)


def test_changing_one_fix_leaves_the_other_scenarios_as_they_were() -> None:
    """Two fixes that share an edit stay where they are when one of them gets an edit of its own."""
    both = with_edit(1200, 4800)
    second = replace(both.scenarios[1], name="second", queue_seconds=Duration(60, 3000))
    slower = replace(second, edit_seconds=Duration(2400, 9600))
    shared = compare(replace(both, scenarios=(*both.scenarios, second))).outcomes
    apart = compare(replace(both, scenarios=(*both.scenarios, slower))).outcomes
    assert [one.finish_seconds for one in shared[:2]] == [one.finish_seconds for one in apart[:2]]
    assert shared[2].finish_seconds != apart[2].finish_seconds

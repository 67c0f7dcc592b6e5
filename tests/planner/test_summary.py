"""The comparison as a table."""

from planner.duration import exactly
from planner.plan import Plan
from planner.report import compare
from planner.scenario import CompareQuery, Criterion, Economics, PaceDurations, PlanOverrides, Scenario
from planner.summary import summarise

SEED = CompareQuery(
    elapsed_seconds=4200,
    at_step=43,
    plan=Plan(total_steps=311, validate_every=25, checkpoint_every="never"),
    pace=PaceDurations(exactly(45), exactly(1200), None, exactly(0)),
    scenarios=(
        Scenario("continue", "continue"),
        Scenario(
            "fix",
            "relaunch",
            plan=PlanOverrides(total_steps=150),
            edit_seconds=exactly(2400),
            test_seconds=exactly(900),
            queue_seconds=exactly(600),
        ),
    ),
    economics=Economics(gpus=8),
    criteria=(Criterion("reproducible", {"continue": 0.0, "fix": 1.0}),),
)
ROWS = {row.name: row for row in summarise(SEED, compare(SEED))}


def test_seed_table_marks_the_best_of_each_row() -> None:
    """The fix is best in time, GPU-hours and reproducibility, continuing in effort."""
    best = {name: row.best for name, row in ROWS.items()}
    assert {
        "finish": ("fix",),
        "total": ("fix",),
        "attention": ("continue",),
        "gpu_hours": ("fix",),
        "reproducible": ("fix",),
    } == best


def test_rows_of_which_nothing_is_known_are_left_out() -> None:
    """Without a target or a price there is no row for reaching it or for the cost."""
    assert not {"reach", "loss", "cost", "kg_co2"} & set(ROWS)


def test_own_criterion_carries_its_weight() -> None:
    """A person's own criterion says what it weighs; a measured row has no weight."""
    assert 0.0 == ROWS["reproducible"].weight
    assert ROWS["finish"].weight is None

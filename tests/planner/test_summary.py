"""The comparison as a table."""

from dataclasses import replace

from planner.report import compare
from planner.scenario import Criterion, Economics
from planner.summary import summarise
from tests.planner import seed

SEED = replace(
    seed.SEED,
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

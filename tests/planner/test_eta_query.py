"""Questions that contradict themselves are refused by name."""

import pytest

from planner.errors import InvalidInputError
from planner.eta_query import EtaQuery, InProgress, Silence
from planner.plan import Plan


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"at_step": -1}, "/at_step"),
        ({"plan": Plan(total_steps=10**16)}, "/plan/total_steps"),
        ({"resumed_at_step": 44}, "/resumed_at_step"),
        ({"elapsed_seconds": -1.0}, "/elapsed_seconds"),
        ({"before_seconds": -1.0}, "/before_seconds"),
        ({"startup_seconds": float("nan")}, "/startup_seconds"),
        ({"time_limit_seconds": float("inf")}, "/time_limit_seconds"),
        ({"in_progress": InProgress("validation", -1.0)}, "/in_progress/elapsed_seconds"),
        ({"time_limit_seconds": 0.0}, "/time_limit_seconds"),
        ({"silence": Silence(-1.0)}, "/silence/seconds"),
        ({"silence": Silence(1.0, float("nan"))}, "/silence/usual_seconds"),
        ({"in_progress": InProgress("validation", 1.0, 1, 2, 1.5)}, "/in_progress/silent_seconds"),
        ({"in_progress": InProgress("validation", 1.0, 3, 2)}, "/in_progress/done"),
        ({"in_progress": InProgress("validation", 1.0, -3, 2)}, "/in_progress/done"),
        ({"levels": (0.5, 1.0)}, "/quantiles/1"),
    ],
)
def test_contradiction_names_its_field(changes: dict[str, object], pointer: str) -> None:
    """The error points at the field that cannot be right."""
    with pytest.raises(InvalidInputError) as refusal:
        EtaQuery(**{"at_step": 43, "plan": Plan(total_steps=311), **changes})  # type: ignore[arg-type]  # each row changes one field
    assert pointer == refusal.value.pointer


@pytest.mark.parametrize(
    ("elapsed", "before", "expected"),
    [(None, 0.0, None), (900.0, 0.0, 900.0), (900.0, 600.0, 300.0), (1.0, 2.0, 0.0)],
)
def test_a_process_is_as_old_as_its_allocation_but_for_what_went_before(
    elapsed: float | None, before: float, expected: float | None
) -> None:
    """What passed in the allocation before the newest process is none of its time; clocks may differ."""
    query = EtaQuery(43, Plan(), elapsed_seconds=elapsed, before_seconds=before)
    assert expected == query.process_seconds

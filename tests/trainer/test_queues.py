"""The bounded queue: steps may be thinned, nothing else."""

import pytest
from cutloss.queues import RecordQueue, StepEntry, without_every_second


def step(number: int, seconds: float = 1.0) -> StepEntry:
    """Return a step's entry."""
    return (number, float(number), number - seconds, None, None)


def test_entries_come_out_as_they_went_in() -> None:
    """Oldest first, and no more than asked for."""
    queue = RecordQueue()
    queue.entries.extend(step(number) for number in range(5))
    assert [0, 1, 2] == [entry[0] for entry in queue.take(3) if isinstance(entry, tuple)]
    assert 2 == len(queue.take(100))
    assert [] == queue.take(100)


def test_thinning_gives_up_every_second_step_of_the_older_half() -> None:
    """The newer half stays whole, the older keeps its shape, and the number given up is told once."""
    queue = RecordQueue()
    queue.entries.extend(step(number) for number in range(1, 9))
    queue.thin()
    assert [2, 4, 5, 6, 7, 8] == [entry[0] for entry in queue.take(100) if isinstance(entry, tuple)]
    assert [2, 0] == [queue.take_thinned(), queue.take_thinned()]


def test_thinning_gives_up_nothing_but_steps() -> None:
    """Validations, checkpoints and notes stay, in their order."""
    kinds = ["validation", "checkpoint", "note", "validation"]
    entries = [entry for kind in kinds for entry in (step(1), {"k": kind}, step(2))]
    assert kinds == [entry["k"] for entry in without_every_second(entries) if isinstance(entry, dict)]


def test_thinning_adds_up_the_spans_of_each_phase() -> None:
    """They are no steps given up, none of their time is lost, and those still held are not changed."""
    spans = [
        {"k": "span", "phase": phase, "started": float(number), "seconds": 0.5}
        for number in range(4)
        for phase in ("data", "forward")
    ]
    queue = RecordQueue()
    queue.entries.extend([*spans, *(step(number) for number in range(8))])
    queue.thin()
    added = [entry for entry in queue.take(100) if isinstance(entry, dict)]
    assert [("data", 0.0, 2.0), ("forward", 0.0, 2.0)] == [
        (span["phase"], span["started"], span["seconds"]) for span in added
    ]
    assert (0, 0.5) == (queue.take_thinned(), spans[0]["seconds"])


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_seconds_of_a_step_given_up_are_kept(count: int) -> None:
    """Time is never lost: it goes to the step that follows."""
    kept = without_every_second([step(number, 2.0) for number in range(count)])
    assert 2.0 * count == sum(entry[1] - entry[2] for entry in kept if isinstance(entry, tuple))

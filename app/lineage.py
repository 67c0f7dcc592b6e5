"""Which run replaced which: a run's line of origin, and of those that came after it."""

from app.store import Store
from app.store.facts import Run

FURTHEST = 10
"""So many runs are followed back, and as many on."""


def lineage(store: Store, run: Run) -> list[Run]:
    """Return the runs that led to a run, itself, and those that replaced it, the oldest first.

    Only runs of the same user count, and a circle of names ends where it closes.
    """
    line = [run]
    for _ in range(FURTHEST):
        before = store.run(line[0].replaces) if line[0].replaces else None
        if before is None or before.user != run.user or before in line:
            break
        line.insert(0, before)
    for _ in range(FURTHEST):
        after = store.run_replacing(line[-1].id, run.user)
        if after is None or after in line:
            break
        line.append(after)
    return line

"""Snapshots: what a stored plan says, whatever an older service took."""

import sqlite3
import time
from typing import Any

import orjson
import pytest


def store_plan(service: Any, run: str, **fields: Any) -> None:
    """Put fields into a stored plan, as a service did that did not know them."""
    with sqlite3.connect(service.settings.state / "cutloss.sqlite3") as connection:
        plan = orjson.loads(connection.execute("SELECT plan FROM runs WHERE id = ?", (run,)).fetchone()[0])
        changed = orjson.dumps({**plan, **fields})
        connection.execute("UPDATE runs SET plan = ?, version = version + 1 WHERE id = ?", (changed, run))
    connection.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"early_stopping": "yes"},
        {"early_stopping": {"patience": 0}},
        {"early_stopping": {"patience": 2, "mode": "up"}},
        {"early_stopping": []},
        {"max_seconds": -5},
        {"max_seconds": "an hour"},
        {"lr_schedule": "cosine"},
        {"lr_schedule": [[0, 0.1], [0]]},
        {"lr_schedule": [[9, -0.1], [3, 0.1]]},
    ],
    ids=repr,
)
async def test_an_odd_stored_plan_leaves_every_page_readable(service: Any, fields: dict[str, Any]) -> None:
    """What cannot be is as if undeclared: neither the list nor the run's own answers fail."""
    await service.report("odd", steps=100, plan={"total_steps": 400, "validate_every": "never"})
    store_plan(service, "odd", **fields)
    listed = await service.get("/runs")
    assert ["odd"] == [run["id"] for run in listed.json()["runs"]]
    answers = [(await service.get(f"/runs/odd{path}")).status_code for path in ("", "/eta", "/forecast")]
    assert [200, 200, 200] == answers
    eta = (await service.get("/runs/odd/eta")).json()
    assert (300, None, None) == (eta["steps_left"], eta["early_stopping"], eta["ends_by_budget"])


def steps(first: int, last: int, lost_from: int, began: float) -> dict[str, Any]:
    """Return a process that made steps of 2 s, and whose loss is lost from one of them on."""
    made = list(range(first, last + 1))
    losses = ["nan" if step >= lost_from else 0.3 + 3.0 * step**-0.5 for step in made]
    ended = [began + 60.0 + 2.0 * (n + 1) for n in range(len(made))]
    columns = {
        "seq": list(range(1_000, 1_000 + len(made))), "step": made, "ended": ended, "loss": losses,
        "seconds": [2.0] * len(made), "lr": [None] * len(made),
    }  # fmt: skip
    return {"attempt": f"from-{first}", "attempt_started": began, "columns": columns}


async def test_what_a_resumed_run_gave_up_says_nothing_of_how_it_stands(service: Any) -> None:
    """Its loss was lost at step 700; resumed before that it is sound, wherever it had come before."""
    now = time.time()
    plan = {"total_steps": 2000, "validate_every": "never"}
    await service.report("back", plan=plan, **steps(1, 730, 700, now - 1_700.0))
    before = (await service.get("/runs/back")).json()
    await service.report("back", **steps(501, 520, 700, now - 101.0))
    after = (await service.get("/runs/back")).json()
    assert [("diverged", 730), ("live", 520)] == [(one["state"], one["at_step"]) for one in (before, after)]
    assert 0.43 < after["loss_now"] < 0.45
    assert "stop" != (await service.get("/runs/back/verdict")).json()["verdict"]["action"]

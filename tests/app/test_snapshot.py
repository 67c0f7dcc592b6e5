"""Snapshots: what a stored plan says, whatever an older service took."""

import sqlite3
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

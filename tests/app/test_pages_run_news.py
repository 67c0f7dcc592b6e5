"""What an open page of a run is told, and when."""

import time
from typing import Any

import pytest
from starlette.requests import Request

from app.auth import Caller
from app.pages.run_news import AGAIN, AT_ONCE, SLOW_SECONDS, RunNews
from app.pages.visit import Visit
from app.words import Words

PLAN = {"total_steps": 2_000, "validate_every": 500, "validate_at_end": True}


class Watch:
    """A clock that the tests move."""

    now = 100.0

    def __call__(self) -> float:
        """Return its seconds."""
        return self.now


@pytest.fixture
def watch() -> Watch:
    """Return a clock that stands still."""
    return Watch()


async def opened(service: Any, watch: Watch) -> RunNews:
    """Return what the open page of the run ``a`` is told, which has been told all of it."""
    await service.report("a", steps=40, plan=PLAN)
    state = service.app.state
    scope = {
        "type": "http",
        "method": "GET",
        "app": service.app,
        "path": "/runs/a",
        "query_string": b"",
        "headers": [],
    }
    visit = Visit(Request(scope), Words("en", time.time()), Caller("ada", "read"))
    news = RunNews(visit, state.actions, state.plans, "a", watch)
    news.look()
    return news


def changed(before: Any, after: Any) -> set[str]:
    """Return which parts differ."""
    return {name for name in after if before.get(name) != after[name]}


def more(steps: int) -> dict[str, Any]:
    """Return one more step as columns."""
    return {
        "seq": [steps],
        "step": [steps],
        "ended": [time.time()],
        "seconds": [40.0],
        "loss": [0.5],
        "lr": [None],
    }


async def test_numbers_are_told_at_once_and_the_rest_soon(service: Any, watch: Watch) -> None:
    """A step changes the numbers at the next look; the version stays that of the parts left out."""
    news = await opened(service, watch)
    before = news.look()
    await service.report("a", columns=more(41))
    soon = news.look()
    assert "soon" == soon[AGAIN]
    assert before["version"] == soon["version"]
    assert "head" in changed(before, soon) <= {*AT_ONCE, AGAIN}


async def test_the_rest_follows(service: Any, watch: Watch) -> None:
    """After some seconds everything is told, under its own version, and nothing is left for later."""
    news = await opened(service, watch)
    before = news.look()
    await service.report("a", columns=more(41))
    news.look()
    watch.now += SLOW_SECONDS
    later = news.look()
    assert {"version", "pace", "ledger"} <= changed(before, later)
    assert "" == later.get(AGAIN, "")


async def test_nothing_is_left_out_where_nothing_changed(service: Any, watch: Watch) -> None:
    """A second look at the same state asks for no third."""
    news = await opened(service, watch)
    assert "" == news.look()[AGAIN]


async def test_a_turn_is_told_as_a_whole(service: Any, watch: Watch) -> None:
    """A run that ends is shown as ended in every part at once."""
    news = await opened(service, watch)
    before = news.look()
    await service.report("a", notes=[("finish", {"reason": "finished"})])
    after = news.look()
    assert {"version", "verdict"} <= changed(before, after)
    assert "" == after.get(AGAIN, "")

"""Telling watchers what has changed."""

import asyncio
import threading
from typing import Any

import pytest

from app.live import Live, NoPlaceError, _Watcher
from tests.waiting import PATIENCE_SECONDS

LOGIN = "/?token=login-token-of-the-tests"


async def _next(stream: object) -> str:
    return await asyncio.wait_for(anext(stream), PATIENCE_SECONDS)  # type: ignore[call-overload]  # an async iterator


async def _watched(live: Live, count: int) -> None:
    while live.watched < count:  # noqa: ASYNC110 - a subscription tells nobody that it began
        await asyncio.sleep(0)


async def test_many_changes_are_told_once() -> None:
    """A run that changes many times is told once, in the order of its first change."""
    live = Live(coalesce_seconds=0.01)
    stream = live.subscribe()
    first = asyncio.ensure_future(_next(stream))
    await _watched(live, 1)
    for run in ("a", "b", "a", "a"):
        live.publish(run)
    assert ["a", "b"] == [await first, await _next(stream)]
    await stream.aclose()


async def test_watching_one_run() -> None:
    """Who watches one run hears of no other."""
    live = Live(coalesce_seconds=0)
    stream = live.subscribe("b")
    first = asyncio.ensure_future(_next(stream))
    await _watched(live, 1)
    live.publish("a")
    live.publish("b")
    assert "b" == await first
    await stream.aclose()


async def test_changes_come_from_any_thread() -> None:
    """A change may be told by a thread: the poller's, the spools', a replacement's."""
    live = Live(coalesce_seconds=0)
    stream = live.subscribe()
    first = asyncio.ensure_future(_next(stream))
    await _watched(live, 1)
    thread = threading.Thread(target=live.publish, args=("a",))
    thread.start()
    assert "a" == await first
    thread.join()
    await stream.aclose()


async def test_a_watcher_that_leaves_is_forgotten() -> None:
    """Nothing is kept for a connection that was closed."""
    live = Live(coalesce_seconds=0)
    stream = live.subscribe()
    waiting = asyncio.ensure_future(_next(stream))
    await _watched(live, 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await stream.aclose()
    assert 0 == live.watched


def test_a_loop_that_ended_is_no_obstacle() -> None:
    """A watcher whose event loop has ended is told in vain, and nobody is harmed."""
    loop = asyncio.new_event_loop()
    watcher = _Watcher(None, loop)
    loop.close()
    live = Live()
    live._watchers.add(watcher)
    live.publish("a")
    assert {} == watcher._changed


async def test_places_are_bounded() -> None:
    """Each watcher is an open file; a further one is let in when another has left."""
    live = Live(most_watchers=1)
    with live.place(), pytest.raises(NoPlaceError), live.place():
        pass
    with live.place():
        pass


async def test_every_stream_ends_with_the_service() -> None:
    """A watcher that waits is let go, whatever it waits for."""
    live = Live(coalesce_seconds=0)
    stream = live.subscribe("r")
    waiting = asyncio.ensure_future(_next(stream))
    await _watched(live, 1)
    live.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_page_too_many_is_told_so(service: Any) -> None:
    """It is shown all the same, and told that it is not kept up to date."""
    service.app.state.live = Live(most_watchers=0)
    shown = await service.client.get(LOGIN, follow_redirects=True)
    assert (200, 503) == (shown.status_code, (await service.client.get("/live")).status_code)


async def test_there_is_no_stream_of_what_is_not_there(service: Any) -> None:
    """A stream of another user's run is 404 before it begins."""
    await service.report("theirs", user="eve", steps=3)
    await service.client.get(LOGIN)
    assert 404 == (await service.client.get("/runs/theirs/live")).status_code

"""The threads that compute."""

import asyncio
import threading

import pytest

from app.pool import Pool
from tests.waiting import PATIENCE_SECONDS


async def test_work_leaves_the_event_loop_free() -> None:
    """While work is done in the pool, the event loop answers others."""
    pool, free = Pool(1), threading.Event()
    working = asyncio.ensure_future(pool.run(lambda: free.wait(PATIENCE_SECONDS)))
    await asyncio.sleep(0)
    free.set()
    assert await working
    pool.close()


async def test_errors_reach_the_caller() -> None:
    """What the work raises, its caller gets."""
    pool = Pool(1)

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await pool.run(fail)
    pool.close()

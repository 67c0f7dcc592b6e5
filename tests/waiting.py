"""Waiting for what comes about in its own time: long enough for a busy machine, no longer than needed."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.02


def until(condition: Callable[[], T], what: str = "the condition") -> T:
    """Wait until a condition holds, and return what it then gave."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(PAUSE_SECONDS)
    return found


async def until_async(condition: Callable[[], T], what: str = "the condition") -> T:
    """Wait until a condition holds while the event loop goes on, and return what it then gave."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(PAUSE_SECONDS)
    return found

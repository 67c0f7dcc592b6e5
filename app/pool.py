"""The threads that compute: the planner's work stays off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Pool:
    """A few threads for the planner, so that the many for files and sockets stay free.

    Args:
        threads: how many; more than the machine has cores only makes each answer later.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="planner")

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Let what runs end, and drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)

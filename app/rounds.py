"""Doing something again and again in a thread of its own, until it is told to end."""

import threading
from collections.abc import Callable

import structlog

logger = structlog.get_logger()


class Rounds:
    """Calls a function again and again, with a pause after each call.

    Args:
        name: the thread's.
        turn: called once a round.
        pause: asked after each round, also one that failed, for the seconds until the next.
        survives: kinds of errors that end a round and not the rounds; they are logged and counted.
        event: what such an error is logged as.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], object],
        pause: Callable[[], float],
        *,
        survives: tuple[type[Exception], ...] = (),
        event: str = "round_failed",
    ) -> None:
        self._turn = turn
        self._pause = pause
        self._survives = survives
        self._event = event
        self._first_pause = 0.0
        self._failures = 0
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def is_ending(self) -> bool:
        """Whether the rounds are to end: a long one looks, and leaves off."""
        return self._ending.is_set()

    @property
    def failures(self) -> int:
        """How many rounds failed and were survived."""
        return self._failures

    def start(self, *, after_seconds: float = 0.0) -> None:
        """Begin, once; the first round comes after so many seconds."""
        self._first_pause = after_seconds
        self._thread.start()

    def wake(self) -> None:
        """Have the next round come without a pause; asked during a round, it comes right after it."""
        self._woken.set()

    def rest(self, seconds: float) -> None:
        """Wait in the middle of a round, at most as long as the rounds go on."""
        self._ending.wait(seconds)

    def close(self) -> None:
        """End after the round that is under way; what was never started is never started."""
        self._ending.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        self._ending.wait(self._first_pause)
        while not self._ending.is_set():
            try:
                self._turn()
            except self._survives as error:
                self._failures += 1
                logger.warning(self._event, error=repr(error))
            self._woken.wait(self._pause())
            self._woken.clear()

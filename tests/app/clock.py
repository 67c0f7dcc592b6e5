"""A clock that stands still until it is moved."""

import time


class Clock:
    """Epoch seconds that pass only when a test has them pass."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Return the epoch seconds."""
        return self.now

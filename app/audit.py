"""The append-only log of who did what."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from app.store import Store
from app.store.facts import AuditEntry

logger = structlog.get_logger()


class Audit:
    """Writes an entry for each action, done or refused.

    Args:
        store: where entries are kept; there is no way to change or remove one.
        clock: returns epoch seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def record(self, user: str, action: str, subject: str, outcome: str, detail: Mapping[str, Any]) -> None:
        """Append one entry."""
        self._store.add_audit(AuditEntry(self._clock(), user, action, subject, outcome, detail))
        logger.info("action", user=user, action=action, subject=subject, outcome=outcome)

    @contextmanager
    def action(self, user: str, action: str, subject: str, **detail: Any) -> Iterator[None]:  # noqa: ANN401 - JSON
        """Record an action as accepted when the block ends, as refused with its reason when it raises."""
        outcome = "refused"
        try:
            yield
            outcome = "accepted"
        finally:
            error = sys.exception()
            reason = {} if error is None else {"reason": str(error) or type(error).__name__}
            self.record(user, action, subject, outcome, {**detail, **reason})

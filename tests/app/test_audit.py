"""The append-only log."""

import pytest

from app.audit import Audit
from app.store import Store


def test_accepted_and_refused(store: Store) -> None:
    """An action is recorded with who, when, what and whether; a refusal also with its reason."""
    audit = Audit(store, lambda: 7.0)
    with audit.action("ada", "command", "one", command="stop"):
        pass
    with pytest.raises(ValueError, match="too late"), audit.action("ada", "rollback", "one"):
        raise ValueError("too late")
    refused, accepted = store.audit()
    assert (7.0, "ada", "command", "one", "accepted", {"command": "stop"}) == (
        accepted.at, accepted.user, accepted.action, accepted.subject, accepted.outcome, accepted.detail,
    )  # fmt: skip
    assert ("refused", {"reason": "too late"}) == (refused.outcome, refused.detail)

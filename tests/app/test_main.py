"""The application: in which order it ends."""

from typing import Any

import pytest

from app.job_extras import ExtrasBook
from app.main import create_app
from app.queue_book import QueueBook
from app.settings import Settings
from app.store import Store


async def test_whoever_looks_at_jobs_ends_before_the_store(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that is under way at the end writes what it found; only then the store is closed."""
    ended: list[str] = []

    def note(kind: type[Any]) -> None:
        close = kind.close

        def closing(self: Any) -> None:
            ended.append(kind.__name__)
            close(self)

        monkeypatch.setattr(kind, "close", closing)

    for kind in (Store, QueueBook, ExtrasBook):
        note(kind)
    app = create_app(settings.model_copy(update={"scheduler": "local"}))
    async with app.router.lifespan_context(app):
        assert app.state.queues is not None
    assert ["QueueBook", "ExtrasBook", "Store"] == ended


async def test_a_service_that_is_tried_out_acknowledges_no_spool(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the spools of this user like any other, and may be gone tomorrow with all it has read."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        assert not app.state.spools._may_acknowledge()
        monkeypatch.setattr(Settings, "is_at_home", True)
        assert app.state.spools._may_acknowledge()

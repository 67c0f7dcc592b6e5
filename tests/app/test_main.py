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

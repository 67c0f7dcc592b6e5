"""A running service for the tests of its parts: the real application on a real store."""

import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from app.auth import issue
from app.main import create_app
from app.plans import Plans
from app.records import RecordBatch, checked
from app.settings import Settings
from app.store import Store, open_store
from app.store.facts import Scope
from tests.app.clock import Clock
from tests.waiting import PATIENCE_SECONDS

NOTE_SEQS = itertools.count(10_000_000)
LOGIN_TOKEN = "login-token-of-the-tests"
NEVER_SECONDS = 1e7


@dataclass(frozen=True)
class Service:
    """An application and a client of it."""

    app: FastAPI
    client: httpx.AsyncClient
    settings: Settings

    def headers(self, scope: Scope = "operate", user: str = "ada") -> dict[str, str]:
        """Return the headers of a call with a fresh token."""
        return {"Authorization": f"Bearer {issue(self.app.state.store, user, scope, time.time())}"}

    async def get(self, path: str, user: str = "ada") -> httpx.Response:
        """Read something of the API."""
        return await self.client.get(f"/api/v1{path}", headers=self.headers("read", user))

    async def post(self, path: str, body: Any, user: str = "ada", **headers: str) -> httpx.Response:
        """Send JSON to the API; names in ``headers`` are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**self.headers("operate", user), **named}
        return await self.client.post(f"/api/v1{path}", headers=sent, json=body)

    async def report(self, run: str, user: str = "ada", **parts: Any) -> None:
        """Report a batch of records of a run."""
        answer = await self.post(f"/runs/{run}/records", batch(**parts), user)
        assert 200 == answer.status_code, answer.text


def batch(steps: int = 0, plan: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """Return a batch: so many steps on a power law down to a loss of 0.3, a plan, and what is given."""
    now = time.time()
    seconds = parts.pop("step_seconds", 40.0)
    columns = {
        "seq": list(range(steps)),
        "step": list(range(1, steps + 1)),
        "ended": [now - seconds * (steps - step) for step in range(1, steps + 1)],
        "seconds": [seconds] * steps,
        "loss": [0.3 + 3.0 * step**-0.5 for step in range(1, steps + 1)],
        "lr": [None] * steps,
    }
    notes = [("plan", plan)] if plan is not None else []
    notes += parts.pop("notes", [])
    return {
        "v": 1,
        "attempt": "first",
        "attempt_started": now - seconds * steps - 60.0,
        "steps": parts.pop("columns", columns),
        "notes": {
            "seq": [next(NOTE_SEQS) for _ in notes],
            "kind": [kind for kind, _ in notes],
            "data": [data for _, data in notes],
        },
        **parts,
    }


def validations(every: int, last: int, seconds: float = 120.0) -> dict[str, Any]:
    """Return validations on a power law down to a loss of 0.4."""
    steps = list(range(every, last + 1, every))
    return {
        "seq": [20_000_000 + step for step in steps],
        "step": steps,
        "started": [time.time() - 10.0] * len(steps),
        "seconds": [seconds] * len(steps),
        "loss": [0.4 + 3.0 * step**-0.5 for step in steps],
        "metrics": [{}] * len(steps),
    }


@pytest.fixture
def make_validations() -> Callable[..., dict[str, Any]]:
    """Return the maker of validations."""
    return validations


@pytest.fixture
def make_batch() -> Callable[..., dict[str, Any]]:
    """Return the maker of batches."""
    return batch


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that touch nothing outside the test's folder."""
    return Settings(
        state=tmp_path / "state",
        spool=(tmp_path / "spool",),
        credentials=tmp_path / "credentials.json",
        supervise=tmp_path / "supervise",
        scheduler="none",
        user="ada",
    )


@pytest.fixture(scope="module", autouse=True)
def _plain_tracebacks() -> Iterator[None]:
    """Log as the service does: tracebacks with every local variable in a frame take a minute to write."""
    before = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before[:-1], plain])
    yield
    structlog.configure(processors=before)


@pytest.fixture(scope="module", autouse=True)
def _all_lines_computed() -> Iterator[None]:
    """Let a list take its time: what a page shows must not hang on how quick the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.pages.runs.FIRST_SECONDS", PATIENCE_SECONDS)
        patch.setattr("app.pages.streams.LIST_SECONDS", PATIENCE_SECONDS)
        patch.setattr(Plans.rows, "__defaults__", (PATIENCE_SECONDS, 0.0))
        yield


@pytest.fixture
async def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """Yield the running application and a client of it."""
    # A view is made anew every so many seconds of the clock: two answers of one moment would differ.
    monkeypatch.setattr("app.plans.REFRESH_SECONDS", NEVER_SECONDS)
    app = create_app(settings, login_token=LOGIN_TOKEN)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client,
    ):
        yield Service(app, client, settings)


@pytest.fixture
def store() -> Iterator[Store]:
    """Yield a store in memory."""
    opened = open_store(None)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def plans(store: Store, settings: Settings, clock: Clock) -> Plans:
    """Return plans of the store."""
    return Plans(store, settings, clock)


@pytest.fixture
def report(store: Store, clock: Clock) -> Callable[..., None]:
    """Return what stores a batch of a run, as it comes from a reporter."""

    def add(run: str, **parts: Any) -> None:
        store.add("ada", run, checked(RecordBatch.model_validate(batch(**parts))), clock.now)

    return add

"""The poller is woken for processes heard of for the first time."""

from types import SimpleNamespace
from typing import Any

import pytest

from app import newcomers as newcomers_module
from app.newcomers import Newcomers
from app.records import RecordBatch
from app.store import Store


@pytest.fixture
def woken() -> list[int]:
    """Return what grows by one for each waking."""
    return []


@pytest.fixture
def newcomers(store: Store, woken: list[int]) -> Newcomers:
    """Return newcomers that note each waking."""
    return Newcomers(store, lambda: woken.append(1))


def test_each_process_of_a_job_wakes_once(newcomers: Newcomers, woken: list[int]) -> None:
    """The first report of a process in a job wakes the poller; later ones do not, nor does one without."""
    for attempt, in_job in (("a", True), ("a", True), ("b", False), ("c", True)):
        newcomers.heard(attempt, in_job=in_job)
    assert 2 == len(woken)


def test_runs_of_spools(newcomers: Newcomers, woken: list[int], store: Store) -> None:
    """A run's newest process counts; a run that is not there is none."""
    body = {"v": 1, "attempt": "a", "attempt_started": 1.0, "job": {"cluster": "c", "id": "7"}}
    store.add("ada", "one", RecordBatch.model_validate(body), 2.0)
    for run in ("one", "one", "none"):
        newcomers.heard_of_run(run)
    assert 1 == len(woken)


def test_memory_is_bounded(newcomers: Newcomers, woken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many processes report, a bounded number is remembered; a forgotten one wakes anew."""
    monkeypatch.setattr(newcomers_module, "KEPT", 2)
    for attempt in ("a", "b", "c", "c", "a"):
        newcomers.heard(attempt, in_job=True)
    assert 4 == len(woken)


async def test_a_reported_job_is_asked_about_at_once(service: Any) -> None:
    """A job's first batch wakes the service's poller, the next one does not."""
    calls: list[int] = []
    service.app.state.poller = SimpleNamespace(wake=lambda: calls.append(1), stop=lambda: None)
    for _ in range(2):
        await service.report("one", steps=3, job={"cluster": "c", "id": "4711"})
    assert 1 == len(calls)

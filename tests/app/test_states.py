"""How a run stands."""

import math

import numpy as np
import pytest

from app.slurm.scheduler import JobFacts
from app.states import badge_of, has_diverged, has_settled, is_queued, state_word, word_without_losses
from app.store.facts import Attempt, Run, StepBlocks

NOW = 1_000.0


def _run(last: float = NOW, finished: str | None = None) -> Run:
    return Run("r", "r", "ada", 0.0, {}, 1, last, finished, None, None, {})


def _blocks(*losses: float) -> StepBlocks:
    values = np.array(losses, dtype=float)
    steps, ones = np.arange(len(losses)), np.ones(len(losses), dtype=np.int64)
    finite = np.isfinite(values).astype(np.int64)
    return StepBlocks(steps, steps, ones, ones, finite, *[values] * 4, ones, *[values] * 6)


def _job(state: str) -> JobFacts:
    return JobFacts("1", "c", state)


@pytest.mark.parametrize(
    ("run", "job", "word"),
    [
        (_run(), None, "live"),
        (_run(NOW - 61), None, "offline"),
        (_run(NOW - 61), _job("RUNNING"), "stale"),
        (_run(NOW - 61), _job("PENDING"), "queued"),
        (_run(NOW - 61), _job("CANCELLED"), "stopped"),
        (_run(NOW - 61), _job("COMPLETED"), "finished"),
        (_run(NOW - 61), _job("OUT_OF_MEMORY"), "failed"),
        (_run(finished="failed"), _job("RUNNING"), "failed"),
        (_run(finished="finished"), None, "finished"),
        (_run(finished="some new word"), None, "failed"),
    ],
)
def test_state_word(run: Run, job: JobFacts | None, word: str) -> None:
    """A run's own word comes first, then whether records arrive, then what its job does."""
    assert word == state_word(run, job, NOW - 90, _blocks(1.0), NOW, 60.0)


@pytest.mark.parametrize(
    ("state", "seen_at", "word"),
    [
        ("FAILED", NOW - 1, "failed"),
        ("CANCELLED", NOW - 1, "stopped"),
        ("COMPLETED", NOW - 1, "finished"),
        ("OUT_OF_MEMORY", NOW - 1, "failed"),
        ("TIMEOUT", NOW - 1, "failed"),
        ("FAILED", NOW - 3, "live"),
        ("FAILED", NOW - 2, "live"),
        ("FAILED", None, "live"),
        ("RUNNING", NOW - 1, "live"),
        ("COMPLETING", NOW - 1, "live"),
        ("REQUEUED", NOW - 1, "live"),
        ("PREEMPTED", NOW - 1, "live"),
        ("NODE_FAIL", NOW - 1, "live"),
    ],
)
def test_a_job_seen_to_have_ended_ends_its_run_at_once(state: str, seen_at: float | None, word: str) -> None:
    """Unless a record came since, or SLURM may start the job anew: then silence has to tell."""
    job = _job(state)
    assert word == state_word(_run(NOW - 2), job, seen_at, _blocks(1.0), NOW, 60.0)
    assert word == word_without_losses(_run(NOW - 2), job, seen_at, NOW, 60.0)


@pytest.mark.parametrize(
    ("run", "job", "word"),
    [
        (_run(), _job("RUNNING"), "diverged"),
        (_run(NOW - 61), None, "diverged"),
        (_run(NOW - 61), _job("CANCELLED"), "stopped"),
        (_run(NOW - 61), _job("FAILED"), "failed"),
        (_run(finished="finished"), None, "finished"),
    ],
)
def test_a_lost_loss_is_news_of_a_run_that_goes_on(run: Run, job: JobFacts | None, word: str) -> None:
    """Once the run or its job has ended, that is how it stands: there is nothing left to stop."""
    assert word == state_word(run, job, NOW - 90, _blocks(1.0, *[math.nan] * 5), NOW, 60.0)


def test_divergence_is_lasting() -> None:
    """A run has diverged when its newest losses are all no numbers; a single one is an accident."""
    assert [True, False, False, False] == [
        has_diverged(_blocks(1.0, np.nan, np.inf, np.nan)),
        has_diverged(_blocks(1.0, np.nan, 1.0, np.nan)),
        has_diverged(_blocks(np.nan, 1.0)),
        has_diverged(_blocks()),
    ]


@pytest.mark.parametrize(
    ("state", "action", "within", "badge"),
    [
        ("finished", "relaunch", 0.0, "done"),
        ("queued", None, None, "queued"),
        ("diverged", None, None, "stop"),
        ("live", "stop", None, "stop"),
        ("live", "relaunch", 0.2, "misses_limit"),
        ("live", "relaunch", 0.9, "relaunch"),
        ("live", "wait", None, "wait"),
        ("offline", "continue", None, "check"),
        ("live", "continue", 0.99, "continue"),
        ("live", None, None, "wait"),
    ],
)
def test_badge_is_the_most_urgent(state: str, action: str, within: float, badge: str) -> None:
    """Of all that could be said of a run, the badge says the most urgent."""
    assert badge == badge_of(state, action, within, ())


def test_an_unlikely_target_asks_for_a_look() -> None:
    """A run that will hardly reach its target is not going well, even where going on is the best there is."""
    reaches = (None, 0.9, 0.2, 0.05)
    assert ["continue", "continue", "continue", "check"] == [
        badge_of("live", "continue", 0.99, (), reach) for reach in reaches
    ]


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], False),
        ([(1, 4)], False),
        ([(1, 5)], True),
        ([(1, 100), (None, None)], False),
        ([(1, 100), (101, 104)], False),
        ([(1, 100), (101, 105)], True),
    ],
)
def test_a_process_has_settled_after_its_first_steps(
    attempts: list[tuple[int | None, int | None]], expected: bool
) -> None:
    """Five steps of its own, however many an earlier process has made."""
    made = [Attempt("a", 0.0, None, first, last, None, None) for first, last in attempts]
    assert expected == has_settled(made)


def test_warnings_ask_for_a_look() -> None:
    """A run with counted oddities is to be looked at."""
    assert "check" == badge_of("live", "continue", None, ["steps_beyond_total"])


@pytest.mark.parametrize(
    ("run", "job", "seen_at", "expected"),
    [
        (_run(NOW - 20), _job("PENDING"), NOW, True),
        (_run(NOW - 5), _job("PENDING"), NOW, False),
        (_run(NOW - 20), _job("RUNNING"), NOW, False),
        (_run(NOW - 20), _job("PENDING"), None, False),
        (_run(NOW - 20, finished="finished"), _job("PENDING"), NOW, False),
        (_run(NOW - 20), None, None, False),
    ],
)
def test_a_job_seen_to_wait_is_queued_at_once(
    run: Run, job: JobFacts | None, seen_at: float | None, expected: bool
) -> None:
    """A run is queued as soon as its job was seen to wait after its last record, a late poll apart."""
    assert expected == is_queued(run, job, seen_at)

"""Each rule of alerts, with known truth: when its episode begins, what keeps it going, when it ends."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.alerts.broken_loss import loss_breaks
from app.alerts.ending import run_ends
from app.alerts.facts import Facts, Finding, Pulse, Tempo
from app.alerts.missed_limit import misses_limit
from app.alerts.overfitting import overfits
from app.alerts.reached_target import target_reached
from app.alerts.rising_loss import loss_rises
from app.alerts.silence import falls_silent
from app.alerts.slow_steps import steps_slow
from app.alerts.verdict_change import verdict_changes
from app.schemas.alerts import AlertSettings
from app.slurm.scheduler import JobFacts
from app.store.facts import JobKey, Run, StepBlocks, Validation

NOW = 1_000_000.0
CHOSEN = AlertSettings()
RUN = Run("r", "name", "ada", NOW - 9_000, {}, 3, NOW, None, JobKey("demo", "77"), None, {})


def blocks(losses: Iterable[float], seconds: Iterable[float] | None = None) -> StepBlocks:
    """Return a curve of single records, a step a second unless told otherwise."""
    told = np.array(list(losses), dtype=float)
    spent = np.ones(len(told)) if seconds is None else np.array(list(seconds), dtype=float)
    n, steps, ones = len(told), np.arange(1, len(told) + 1), np.ones(len(told), dtype=np.int64)
    finite = np.isfinite(told)
    mean = np.where(finite, told, np.nan)
    empty = np.full(n, np.nan)
    return StepBlocks(
        first_step=steps, last_step=steps, count=ones, loss_count=ones, finite_count=finite.astype(np.int64),
        loss_mean=mean, loss_deviation=empty, loss_min=mean, loss_max=mean, seconds_count=ones,
        seconds_mean=spent, seconds_deviation=empty, seconds_min=spent, seconds_max=spent,
        ended=NOW - spent[::-1].cumsum()[::-1] + spent, lr=empty,
    )  # fmt: skip


def facts(**told: Any) -> Facts:
    """Return facts of a run that goes well, but for what is told."""
    well: dict[str, Any] = {
        "now": NOW, "action": None, "sure": None, "saving_seconds": None, "verdict_since": None,
        "within_limit": None, "remaining_seconds": None, "limit_at": None, "blocks": blocks([1.0] * 50),
        "last_val": None, "validations": (), "is_overfitting": False,
        "loss_now": None, "target_loss": None, "target_of": "train", "at_step": 50,
    }  # fmt: skip
    return Facts(**{**well, **told})


def keys(
    rule: Callable[[Any, AlertSettings, str | None], Finding | None], seen: Iterable[Any]
) -> list[str | None]:
    """Return the key of the episode after each look."""
    key, told = None, []
    for one in seen:
        finding = rule(one, CHOSEN, key)
        key = finding.key if finding else None
        told.append(key)
    return told


def test_only_a_verdict_that_calls_is_told() -> None:
    """Waiting and going on are no news at first; relaunching is, and going on after that."""
    course = ["wait", "continue", "relaunch", "relaunch", "wait", "relaunch", "continue", "stop", None]
    told = keys(verdict_changes, [facts(action=action, sure=0.9) for action in course])
    assert [
        None, None, "relaunch", "relaunch", "relaunch", "relaunch", "continue", "stop", "stop",
    ] == told  # fmt: skip


def test_a_verdict_tells_since_when_and_how_sure() -> None:
    """What the text is made of is the verdict's own."""
    found = verdict_changes(
        facts(action="relaunch", sure=0.92, saving_seconds=60.0, verdict_since=5.0), CHOSEN, None
    )
    assert Finding(
        "relaunch", {"action": "relaunch", "sure": 0.92, "saving_seconds": 60.0, "was": None}, 5.0
    ) == (found)


def test_a_limit_is_missed_until_it_clearly_fits_again() -> None:
    """Below the chosen chance an episode begins; it ends 15 % above it, and not knowing changes nothing."""
    course = [0.8, 0.5, 0.49, 0.6, None, 0.64, 0.66, 0.6, 0.2]
    told = keys(misses_limit, [facts(within_limit=chance) for chance in course])
    missed = "missed"
    assert [None, None, missed, missed, missed, missed, None, None, missed] == told


def test_the_chance_to_be_told_of_can_be_chosen() -> None:
    """Who wants to hear of a limit at a chance of 90 % hears of it."""
    early = AlertSettings(limit_probability=0.9)
    assert None is not misses_limit(facts(within_limit=0.85), early, None)
    assert None is misses_limit(facts(within_limit=0.85), CHOSEN, None)


def test_a_loss_that_is_no_number_any_more() -> None:
    """Three records that are not finite begin an episode at their first step; it is an alarm."""
    nan = math.nan
    course = [[1.0] * 9, [1.0] * 9 + [nan], [1.0] * 9 + [nan] * 3, [1.0] * 9 + [nan] * 5,
              [1.0] * 9 + [nan] * 5 + [1.0], [1.0] * 9 + [nan] * 5 + [1.0, math.inf, nan, nan]]  # fmt: skip
    told = keys(loss_breaks, [facts(blocks=blocks(losses)) for losses in course])
    assert [None, None, "train-10", "train-10", None, "train-16"] == told
    found = loss_breaks(facts(blocks=blocks(course[2])), CHOSEN, None)
    assert found is not None
    assert (True, {"of": "train", "step": 10}) == (found.is_alarm, found.data)
    assert found.since == pytest.approx(NOW - 2)


def test_a_validation_that_is_not_finite() -> None:
    """A validation of NaN is an alarm, though the training loss is well."""
    good = Validation("a", 20, NOW - 60, 10.0, 1.5, {})
    bad = replace(good, step=40, loss=math.nan)
    told = keys(loss_breaks, [facts(last_val=one) for one in (None, good, bad, bad, good)])
    assert [None, None, "val-40", "val-40", None] == told


def test_a_rising_loss_is_one_episode() -> None:
    """A loss that rises, pauses and rises on is told once; when it has come down it may be told again."""
    rng = np.random.default_rng(1)
    noise = 1 + 0.01 * rng.normal(size=900)
    down, up = np.linspace(4, 2, 500), np.linspace(2, 2.6, 200)
    again = np.linspace(2.6, 1.9, 200)
    whole = np.concatenate([down, up, again]) * noise
    told = keys(loss_rises, [facts(blocks=blocks(whole[:n])) for n in range(300, 901, 20)])
    began = [now for before, now in zip([None, *told], told, strict=False) if now and now != before]
    assert 1 == len(began)
    assert None is told[-1]


def test_a_validation_loss_that_turns_up_is_one_episode() -> None:
    """It is told once, also where the warning comes and goes; only a validation below the best ends it."""
    told = [2.0, 1.5, 1.6, 1.7, 1.8, math.nan, 1.55, 1.4, 1.6, 1.7]
    warned = [False, False, False, True, True, True, False, False, False, True]
    validations = [Validation("a", 10 * n, NOW, 1.0, loss, {}) for n, loss in enumerate(told, 1)]
    course = [
        facts(validations=validations[:n], is_overfitting=is_warned) for n, is_warned in enumerate(warned, 1)
    ]
    first, second = "best-20", "best-80"
    expected = [None, None, None, first, first, first, first, None, None, second]
    assert expected == keys(overfits, course)
    found = overfits(course[5], CHOSEN, None)
    assert found is not None
    assert {"best": 1.5, "best_step": 20, "now": 1.8, "step": 50} == found.data


def test_without_a_validation_nothing_overfits() -> None:
    """A validation whose loss is unknown, or no number, says nothing of it."""
    unknown = [Validation("a", 10, NOW, 1.0, loss, {}) for loss in (None, math.nan)]
    told = keys(overfits, [facts(is_overfitting=True), facts(validations=unknown, is_overfitting=True)])
    assert [None, None] == told


def test_slow_steps_are_one_episode() -> None:
    """Steps half as long again begin an episode; it ends when they are quick again."""
    rng = np.random.default_rng(2)
    seconds = 10 * np.exp(rng.normal(0, 0.05, 500))
    seconds[200:300] *= 1.5
    told = keys(steps_slow, [facts(blocks=blocks([1.0] * n, seconds[:n])) for n in range(100, 501, 10)])
    changes = [now for before, now in zip([None, *told], told, strict=False) if now != before]
    assert 2 == len(changes)
    assert None is changes[1]
    first = told.index(changes[0]) * 10 + 100
    assert 200 < first <= 230


def test_how_much_slower_can_be_chosen() -> None:
    """Who wants to hear of a tenth hears of it, the others do not."""
    seconds = np.concatenate([np.full(200, 10.0), np.full(60, 11.5)])
    slower = facts(blocks=blocks([1.0] * 260, seconds))
    assert None is steps_slow(slower, CHOSEN, None)
    found = steps_slow(slower, AlertSettings(slower_percent=10), None)
    assert found is not None
    assert (10.0, 11.5) == (found.data["usual_seconds"], found.data["now_seconds"])


def test_a_target_is_told_once() -> None:
    """At its target a run is told of, and not again when it leaves it and comes back; another target is."""
    course = [(1.0, 0.5), (0.49, 0.5), (0.6, 0.5), (0.5, 0.5), (0.5, 0.4), (0.4, 0.4)]
    told = keys(target_reached, [facts(loss_now=loss, target_loss=target) for loss, target in course])
    assert [None, "train-0.5", "train-0.5", "train-0.5", None, "train-0.4"] == told


def test_a_target_of_the_validation_loss() -> None:
    """A target of the validation loss is reached by a validation, at its time."""
    val = Validation("a", 20, NOW - 60, 10.0, 0.3, {})
    known = {"target_loss": 0.4, "target_of": "val", "loss_now": 0.1}
    assert None is target_reached(facts(**known), CHOSEN, None)
    found = target_reached(facts(**known, validations=[val]), CHOSEN, None)
    assert found is not None
    assert (0.3, NOW - 50) == (found.data["loss"], found.since)
    unknown = [replace(val, loss=loss) for loss in (math.nan, -math.inf, None)]
    assert None is target_reached(facts(**known, validations=unknown), CHOSEN, None)


def test_a_target_met_within_a_late_batch_is_told() -> None:
    """Of validations that come at once the first at the target is told, though the last is worse again."""
    course = ((100, 0.45), (200, 0.38), (300, 0.36), (400, 0.43))
    told = [Validation("a", step, NOW - 1_000 + step, 10.0, loss, {}) for step, loss in course]
    late = facts(target_loss=0.4, target_of="val", validations=told, last_val=told[-1], at_step=410)
    found = target_reached(late, CHOSEN, None)
    data = {"of": "val", "loss": 0.38, "target": 0.4, "step": 200}
    assert Finding("val-0.4", data, NOW - 790) == found
    before = facts(target_loss=0.4, target_of="val", validations=told[:1], last_val=told[0])
    assert [None, "val-0.4", "val-0.4"] == keys(target_reached, [before, late, before])


def tempo(**told: Any) -> Tempo:
    """Return the tempo of a run with a record each ten seconds, the last one just now."""
    usual: dict[str, Any] = {
        "last_active": NOW, "usual_seconds": 10.0, "longest_seconds": 12.0,
        "is_timed": frozenset({"checkpoint"}), "at_step": 50, "total_steps": 100,
    }  # fmt: skip
    return Tempo(**{**usual, **told})


def pulse(silent: float = 0.0, **told: Any) -> Pulse:
    """Return the bare facts of a run whose last record came so many seconds ago; its process beats on."""
    job = JobFacts("77", "demo", "RUNNING")
    bare: dict[str, Any] = {
        "now": NOW + silent, "run": replace(RUN, last_record_at=NOW + silent), "job": job, "tempo": tempo(),
        "changed": None, "phase": None, "stale_after_seconds": 60.0,
        "listening_since": 0.0,
    }  # fmt: skip
    return Pulse(**{**bare, **told})


def test_silence_is_so_many_times_the_usual_interval() -> None:
    """Ten times ten seconds without a record begin an episode, which ends with the next record."""
    course = [pulse(0), pulse(99), pulse(101), pulse(500), pulse(501, tempo=tempo(last_active=NOW + 500))]
    key = f"{NOW:.0f}"
    assert [None, None, key, key, None] == keys(falls_silent, course)
    found = falls_silent(pulse(101), CHOSEN, None)
    assert found is not None
    assert NOW + 100 == found.since
    assert None is falls_silent(pulse(150), AlertSettings(silence_factor=20), None)


@pytest.mark.parametrize(
    "excuse",
    [
        {"tempo": tempo(longest_seconds=400.0)},
        {"tempo": tempo(usual_seconds=None)},
        {"tempo": None},
        {"phase": "validation"},
        {"job": JobFacts("77", "demo", "PENDING")},
        {"job": JobFacts("77", "demo", "COMPLETED")},
        {"run": replace(RUN, finished="finished")},
        {"changed": NOW + 450},
        {"listening_since": NOW + 450},
    ],
)
def test_what_is_no_silence(excuse: dict[str, Any]) -> None:
    """A run may have paused as long, validate for the first time, wait, have ended, or not be heard yet."""
    assert None is not falls_silent(pulse(500), CHOSEN, None)
    assert None is falls_silent(pulse(500, **excuse), CHOSEN, None)


def test_a_phase_whose_length_is_known_is_no_excuse() -> None:
    """A checkpoint that takes far longer than any before is silence; so is any phase without heartbeats."""
    assert None is not falls_silent(pulse(500, phase="checkpoint"), CHOSEN, None)
    dead = pulse(500, phase="validation", run=RUN)
    assert None is not falls_silent(dead, CHOSEN, None)


def test_a_clock_that_is_ahead_hides_no_silence() -> None:
    """Records dated in the future count as of when they arrived."""
    ahead = tempo(last_active=NOW + 10_000)
    assert None is not falls_silent(pulse(500, tempo=ahead, run=RUN), CHOSEN, None)


@pytest.mark.parametrize(
    ("finished", "job_state", "word", "is_alarm"),
    [
        ("finished", "RUNNING", "finished", False),
        ("failed", "RUNNING", "failed", True),
        ("stopped", "RUNNING", "stopped", False),
        (None, "TIMEOUT", "failed", True),
        (None, "CANCELLED", "stopped", False),
        (None, "COMPLETED", "finished", False),
    ],
)
def test_every_end_is_told(finished: str | None, job_state: str, word: str, is_alarm: bool) -> None:
    """A run ends by its own word, or by its job's where it left none; a failure is an alarm."""
    run = replace(RUN, finished=finished, last_record_at=NOW)
    found = run_ends(pulse(120, run=run, job=JobFacts("77", "demo", job_state)), CHOSEN, None)
    assert found is not None
    assert (word, is_alarm) == (found.data["word"], found.is_alarm)


def test_an_end_is_told_once_and_a_requeue_may_end_again() -> None:
    """What was called failed and turns out finished is one end; a job that runs again begins anew."""
    ended = replace(RUN, last_record_at=NOW)
    over = JobFacts("77", "demo", "FAILED")
    course = [
        pulse(0), pulse(30, run=ended, job=over), pulse(120, run=ended, job=over),
        pulse(130, run=replace(ended, finished="finished"), job=over), pulse(140),
        pulse(300, run=replace(ended, finished="finished")),
    ]  # fmt: skip
    assert [None, None, "failed-77", "failed-77", None, "finished-77"] == keys(run_ends, course)

"""A process start that brought another pace."""

import numpy as np
import pytest

from planner.restart import differs, lately, since_restart
from planner.timings import Durations


def _steps(*paces: tuple[int, float], noise: float = 0.05) -> Durations:
    """Return the durations of processes, each of so many steps at a pace."""
    rng = np.random.default_rng(7)
    seconds = np.concatenate([pace * np.exp(noise * rng.standard_normal(count)) for count, pace in paces])
    steps = np.arange(1.0, len(seconds) + 1)
    return Durations(steps, seconds, np.ones(len(seconds)))


@pytest.mark.parametrize("pace", [1.0, 4.0])
def test_half_and_double_are_known_after_three_steps(pace: float) -> None:
    """A pace far from all there was is another one as soon as it speaks; two steps may be chance."""
    assert 1000 == since_restart(_steps((1000, 2.0), (3, pace)), [0, 1000])
    assert 0 == since_restart(_steps((1000, 2.0), (2, pace)), [0, 1000])


def test_the_same_pace_goes_on() -> None:
    """Of twenty restarts on a node like the one before none counts as a change."""
    for count in range(3, 400, 20):
        assert 0 == since_restart(_steps((1000, 2.0), (count, 2.01)), [0, 1000])


def test_the_newest_change_counts() -> None:
    """A restart that went on as the one before leaves the change at the one before."""
    assert 300 == since_restart(_steps((300, 2.0), (300, 1.0), (50, 1.0)), [0, 300, 600])
    assert 600 == since_restart(_steps((300, 2.0), (300, 1.0), (50, 2.0)), [0, 300, 600])


def test_one_process_has_no_restart() -> None:
    """Whatever its pace does, nothing began anew."""
    assert [0, 0] == [since_restart(_steps((100, 2.0), (100, 1.0)), starts) for starts in ([0], [])]


def test_what_strayed_before_may_stray_again() -> None:
    """Bursts of double the time are as long as what is new; one stall in it is none of its pace."""
    bursts = np.log(np.where(np.arange(1000) % 100 < 20, 2.0, 1.0))
    assert not differs(bursts, np.log(np.full(10, 2.0)))
    assert differs(bursts, np.log(np.full(10, 4.0)))
    assert not differs(np.zeros(100), np.log(np.array([1.0, 40.0, 1.0])))


def _validations(*seconds: float) -> Durations:
    """Return validations after every tenth step."""
    return Durations(10.0 * np.arange(1, len(seconds) + 1), np.array(seconds), np.ones(len(seconds)))


def test_events_of_another_pace_leave_those_before_out() -> None:
    """Two validations of half the time measure those ahead; one may be chance, equal ones add up."""
    before, halves = [600.0, 610.0, 590.0, 605.0], [300.0, 306.0]
    own = np.arange(6) >= 4
    assert halves == lately(_validations(*before, *halves), own).seconds.tolist()
    assert 5 == len(lately(_validations(*before, 300.0), own[:5]))
    assert 6 == len(lately(_validations(*before, 601.0, 598.0), own))
    assert 6 == len(lately(_validations(*[0.0] * 6), own))

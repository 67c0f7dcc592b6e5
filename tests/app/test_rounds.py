"""A function is called again and again, until its rounds are closed."""

import threading
from collections.abc import Callable

import pytest

from app.rounds import Rounds

PATIENCE_SECONDS = 30.0
FOR_EVER = 3_600.0


class Turns:
    """A turn that counts its calls, and tells when there were so many."""

    def __init__(self, wanted: int, act: Callable[[int], None] = lambda _count: None) -> None:
        self.count = 0
        self._wanted = wanted
        self._act = act
        self._enough = threading.Event()

    def __call__(self) -> None:
        """Count one."""
        self.count += 1
        if self.count >= self._wanted:
            self._enough.set()
        self._act(self.count)

    def wait(self) -> bool:
        """Wait until there were as many as wanted, and tell whether there were."""
        return self._enough.wait(PATIENCE_SECONDS)


def test_the_pause_is_asked_for_after_each_round() -> None:
    """Rounds follow one another, each pause as the owner wants it then; closed, the thread has ended."""
    turns, asked = Turns(3), []

    def pause() -> float:
        asked.append(turns.count)
        return 0.0 if turns.count < 3 else FOR_EVER

    rounds = Rounds("test", turns, pause)
    rounds.start()
    assert turns.wait()
    rounds.close()
    assert (3, [1, 2], False) == (turns.count, asked[:2], rounds.is_alive)


def test_an_error_of_a_kind_that_is_survived(capsys: pytest.CaptureFixture[str]) -> None:
    """It is logged and counted, and the next round comes after the pause that is asked for then."""

    def fail_at_first(count: int) -> None:
        if count < 3:
            raise OSError("no such disk")

    turns, asked = Turns(3, fail_at_first), []

    def pause() -> float:
        asked.append(turns.count)
        return 0.0

    rounds = Rounds("test", turns, pause, survives=(OSError,), event="disk_not_read")
    rounds.start()
    assert turns.wait()
    rounds.close()
    logged = capsys.readouterr().out
    assert (2, [1, 2]) == (rounds.failures, asked[:2])
    assert (2, 2) == (logged.count("disk_not_read"), logged.count("no such disk"))


def test_an_error_of_another_kind_ends_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is not hidden: it ends the thread the way any thread ends of one."""
    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_type))

    def fail(_count: int) -> None:
        raise ZeroDivisionError

    turns = Turns(1, fail)
    rounds = Rounds("test", turns, lambda: 0.0, survives=(OSError,))
    rounds.start()
    assert turns.wait()
    rounds.close()
    assert ([ZeroDivisionError], 1, 0) == (raised, turns.count, rounds.failures)


def test_who_is_woken_does_not_finish_the_pause() -> None:
    """A wake during a pause ends it; one during a round, or before the start, has one more round follow."""
    go_on = threading.Event()

    def wait_in_the_second(count: int) -> None:
        if count == 2:
            second.set()
            go_on.wait(PATIENCE_SECONDS)

    second = threading.Event()
    turns = Turns(3, wait_in_the_second)
    rounds = Rounds("test", turns, lambda: FOR_EVER)
    rounds.wake()
    rounds.start()
    assert second.wait(PATIENCE_SECONDS)
    rounds.wake()
    go_on.set()
    assert turns.wait()
    rounds.close()
    assert 3 == turns.count


def test_closing_ends_a_pause_and_a_rest() -> None:
    """Neither the pause before the first round nor one in the middle of a round holds up the end."""
    resting = threading.Event()
    turns = Turns(1)
    never = Rounds("never", turns, lambda: 0.0)
    never.start(after_seconds=FOR_EVER)
    never.close()
    assert (0, False) == (turns.count, never.is_alive)

    def turn() -> None:
        resting.set()
        long.rest(FOR_EVER)

    long = Rounds("long", turn, lambda: FOR_EVER)
    long.start()
    assert resting.wait(PATIENCE_SECONDS)
    assert not long.is_ending
    long.close()
    assert (True, False) == (long.is_ending, long.is_alive)


def test_what_was_never_started_closes_at_once() -> None:
    """A part that is made and not started is closed like any other."""
    rounds = Rounds("test", Turns(1), lambda: 0.0)
    rounds.close()
    assert not rounds.is_alive

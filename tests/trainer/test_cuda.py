"""Times of the GPU: told by events, read once they have passed, and never waited for."""

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import cutloss
import pytest
from cutloss.cuda import MOST_PENDING

torch = pytest.importorskip("torch", reason="the GPU's own test needs torch")
Records = Callable[..., list[dict[str, Any]]]
HAS_GPU = torch.cuda.is_available()


class FakeEvent:
    """An event of a GPU that is far behind, until the test lets it catch up."""

    has_caught_up = False
    clock_ms = 0.0
    recorded_in: ClassVar[list[str]] = []
    queried_in: ClassVar[list[str]] = []

    def __init__(self, *, enable_timing: bool) -> None:
        assert enable_timing
        self.at: float | None = None

    def record(self) -> None:
        """Take its place in the stream."""
        self.at = FakeEvent.clock_ms
        self.recorded_in.append(threading.current_thread().name)

    def query(self) -> bool:
        """Tell whether the GPU has passed it."""
        self.queried_in.append(threading.current_thread().name)
        return self.at is not None and FakeEvent.has_caught_up

    def elapsed_time(self, end: "FakeEvent") -> float:
        """Return the milliseconds to a later event."""
        assert FakeEvent.has_caught_up, "an event that has not passed has no time"
        assert self.at is not None
        assert end.at is not None
        return end.at - self.at

    def synchronize(self) -> None:
        """Wait for the GPU: the client never does."""
        raise AssertionError("the client waited for the GPU")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> type[FakeEvent]:
    """Put a GPU in place of torch's own; return its events."""
    FakeEvent.has_caught_up, FakeEvent.clock_ms = False, 0.0
    FakeEvent.recorded_in, FakeEvent.queried_in = [], []
    cuda = SimpleNamespace(
        Event=FakeEvent, is_initialized=lambda: True, is_current_stream_capturing=lambda: False
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))  # type: ignore[arg-type]  # a stand-in
    return FakeEvent


def told(spooled: Records) -> dict[str, float]:
    """Return the seconds of each phase in the spool."""
    return {record["phase"]: record["seconds"] for record in spooled("span")}


def test_a_phase_may_be_timed_by_the_gpu(gpu: type[FakeEvent], spooled: Records) -> None:
    """The host's own moment in it says nothing; the time is told when the GPU comes so far."""
    run = cutloss.init("gpu")
    for step in range(1, 4):
        with run.phase("forward", cuda=True):
            gpu.clock_ms += 250.0
        run.step(step)
    assert 3 == len(run._gpu_times._pending)
    gpu.has_caught_up = True
    run.finish()
    assert {"forward": 0.75} == told(spooled)
    assert {"MainThread"} == set(gpu.recorded_in)


def test_the_gpu_is_asked_in_the_trainings_thread_only(
    gpu: type[FakeEvent], spooled: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not while it captures a graph: a question then, from whichever thread, makes the graph invalid."""
    stand_in: Any = sys.modules["torch"]
    run = cutloss.init("gpu")
    with run.phase("forward", cuda=True):
        gpu.clock_ms += 250.0
    asked = list(gpu.queried_in)
    monkeypatch.setattr(stand_in.cuda, "is_current_stream_capturing", lambda: True)
    for _ in range(3):
        with run.phase("optimizer", cuda=True):
            gpu.clock_ms += 250.0
    assert asked == gpu.queried_in
    monkeypatch.setattr(stand_in.cuda, "is_current_stream_capturing", lambda: False)
    gpu.has_caught_up = True

    def elsewhere() -> None:
        with run.phase("data", cuda=True):
            gpu.clock_ms += 250e3

    other = threading.Thread(target=elsewhere)
    other.start()
    other.join()
    with run.phase("backward", cuda=True):
        gpu.clock_ms += 500.0
    run.finish()
    seconds = told(spooled)
    assert (0.25, 0.5) == (seconds["forward"], seconds["backward"])
    assert max(seconds["data"], seconds["optimizer"]) < 0.25
    assert {"MainThread"} == set(gpu.queried_in) == set(gpu.recorded_in)


def test_what_waits_for_the_gpu_is_bounded(gpu: type[FakeEvent], spooled: Records) -> None:
    """The oldest stretches are told by the clock, and none is lost."""
    run = cutloss.init("gpu")
    for _ in range(MOST_PENDING + 10):
        with run.phase("forward", cuda=True):
            gpu.clock_ms += 1000.0
    assert MOST_PENDING == len(run._gpu_times._pending)
    gpu.has_caught_up = True
    run.finish()
    assert MOST_PENDING <= told(spooled)["forward"] < MOST_PENDING + 10


def test_a_gpu_that_never_comes_so_far_leaves_the_clocks_time(gpu: type[FakeEvent], spooled: Records) -> None:
    """At the end nothing is waited for either."""
    run = cutloss.init("gpu")
    with run.phase("forward", cuda=True):
        gpu.clock_ms += 250e3
    run.finish()
    assert 0 < told(spooled)["forward"] < 100


@pytest.mark.parametrize("state", ["no torch", "not in use", "captured", "failing"])
def test_without_a_gpu_the_clocks_time_stands(
    gpu: type[FakeEvent], spooled: Records, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Nothing is raised, and nothing is missing."""
    stand_in: Any = sys.modules["torch"]

    def fail(**_options: bool) -> FakeEvent:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    if state == "no torch":
        monkeypatch.delitem(sys.modules, "torch")
    elif state == "not in use":
        stand_in.cuda.is_initialized = lambda: False
    elif state == "captured":
        stand_in.cuda.is_current_stream_capturing = lambda: True
    else:
        stand_in.cuda.Event = fail
    run = cutloss.init("gpu")
    with run.phase("forward", cuda=True):
        gpu.clock_ms += 250e3
    run.finish()
    assert 0 < told(spooled)["forward"] < 100


class Watched:
    """A tensor on a GPU: whoever touches it from the training's thread has the training wait."""

    touched_in: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        """Note who looks at it."""
        if name != "__class__":
            Watched.touched_in.add(threading.current_thread().name)
        raise AttributeError(name)

    def __float__(self) -> float:
        """Wait for the GPU."""
        Watched.touched_in.add(threading.current_thread().name)
        return 1.5


def test_a_loss_is_not_touched_by_the_trainings_thread(spooled: Records) -> None:
    """Neither its value nor any attribute: nothing that could synchronise."""
    Watched.touched_in = set()
    run = cutloss.init("watched")
    for step in range(1, 20):
        run.step(step, loss=Watched(), lr=Watched())
    with run.validation(19) as validation:
        validation.loss = Watched()
    run.finish()
    assert {"cutloss-reporter"} == Watched.touched_in
    assert [1.5] * 19 == [record["loss"] for record in spooled("step")]


needs_gpu = pytest.mark.skipif(not HAS_GPU, reason="torch.cuda is not available on this machine")


@needs_gpu
def test_a_step_does_not_synchronise_a_real_gpu() -> None:
    """PyTorch itself would raise at the first call that waits."""
    run = cutloss.init("real")
    losses = [torch.zeros((), device="cuda") + step for step in range(100)]
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step, loss in enumerate(losses, 1):
            with run.phase("forward", cuda=True):
                loss.add_(0)
            run.step(step, loss=loss)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    run.finish()


@needs_gpu
def test_reporting_changes_a_real_step_by_less_than_a_thousandth() -> None:
    """Rounds with and without it in turns, so that the GPU's clock falls on both; the median of the pairs."""
    weights = torch.randn(4096, 4096, device="cuda", dtype=torch.bfloat16)
    run = cutloss.init("real")
    pairs = [[_round(weights, report) for report in (None, run)] for _ in range(11)]
    run.finish()
    changes = sorted(reported / bare - 1 for bare, reported in pairs[1:])
    assert changes[len(changes) // 2] < 0.001, changes


def _round(weights: Any, run: cutloss.Run | None) -> float:
    """Return the milliseconds of fifty steps on the GPU's own clock."""
    began, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    began.record()
    for step in range(1, 51):
        values = weights
        for _ in range(60):
            values = torch.tanh(values @ weights)
        loss = values.float().mean()
        if run is not None:
            run.step(step, loss=loss)
    ended.record()
    ended.synchronize()
    elapsed: float = began.elapsed_time(ended)
    return elapsed

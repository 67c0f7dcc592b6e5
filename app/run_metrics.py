"""What the service knows of each live run and of the scheduler, for Prometheus."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.slurm.poller import PollerFigures
from app.sweep import SweepFigures
from app.views import RunRow

MOST_RUNS = 200
"""Each run is a label: a time series database pays for every one it has ever seen."""
LIVE = frozenset({"live", "stale", "queued", "diverged"})
NUMBERS: Mapping[str, tuple[str, Callable[[RunRow], float | None]]] = {
    "step": ("Completed steps.", lambda row: row.at_step),
    "total_steps": ("Declared steps.", lambda row: row.total_steps),
    "loss": ("Smoothed training loss.", lambda row: row.loss_now),
    "within_limit_probability": (
        "Probability that the run ends within its job's time limit.",
        lambda row: row.finishes_within_limit,
    ),
    "early_stop_probability": (
        "Probability that early stopping ends the run before its steps do.",
        lambda row: row.early_stop_probability,
    ),
    "requeues": ("Median of the further allocations it needs to end.", lambda row: row.requeues),
    "act_before_timestamp_seconds": (
        "When a checkpoint must start to be complete at the job's time limit.",
        lambda row: row.act_before,
    ),
    "last_record_timestamp_seconds": ("When it was last heard of.", lambda row: row.run.last_record_at),
}
ACTIONS = ("continue", "relaunch", "stop", "wait")


def run_metrics(rows: Sequence[RunRow], poller: PollerFigures | None, sweep: SweepFigures | None) -> bytes:
    """Return the numbers of live runs, and of what keeps them fresh, in Prometheus' text format.

    Args:
        rows: the runs, the one heard of last first; of those that go on the first ``MOST_RUNS`` are told.
        poller: how polling the scheduler goes; ``None`` where there is none.
        sweep: how looking at runs goes.
    """
    registry = CollectorRegistry()
    registry.register(_Told([*_of_runs(rows), *_of_poller(poller), *_of_sweep(sweep)]))
    return generate_latest(registry)


class _Told(Collector):
    """Metrics that were made already: each answer has its own."""

    def __init__(self, told: Sequence[Metric]) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._told


def _of_runs(rows: Sequence[RunRow]) -> Iterator[Metric]:
    live = [row for row in rows if row.state_word in LIVE][:MOST_RUNS]
    yield _remaining(live)
    for name, (text, value) in NUMBERS.items():
        gauge = GaugeMetricFamily(f"cutloss_run_{name}", text, labels=("run",))
        for row in live:
            if (known := value(row)) is not None:
                gauge.add_metric((row.run.id,), known)
        yield gauge
    yield _verdicts(live)


def _remaining(live: Sequence[RunRow]) -> Metric:
    gauge = GaugeMetricFamily(
        "cutloss_run_remaining_seconds",
        "Seconds to the end if the run continues.",
        labels=("run", "quantile"),
    )
    for row in live:
        for level, seconds in (row.remaining_seconds.to_map() if row.remaining_seconds else {}).items():
            if seconds is not None:
                gauge.add_metric((row.run.id, level), seconds)
    return gauge


def _verdicts(live: Sequence[RunRow]) -> Metric:
    gauge = GaugeMetricFamily(
        "cutloss_run_verdict", "1 for the action advised, 0 for the others.", labels=("run", "action")
    )
    for row in live:
        for action in ACTIONS if row.verdict is not None else ():
            is_advised = row.verdict is not None and row.verdict.action == action
            gauge.add_metric((row.run.id, action), float(is_advised))
    return gauge


def _of_poller(figures: PollerFigures | None) -> Iterator[Metric]:
    if figures is None:
        return
    yield CounterMetricFamily("cutloss_scheduler_calls", "Calls to the scheduler.", value=figures.calls)
    yield CounterMetricFamily(
        "cutloss_scheduler_failures", "Rounds the scheduler did not answer.", value=figures.failures
    )
    yield GaugeMetricFamily(
        "cutloss_scheduler_calls_last_hour", "Calls of the last hour.", value=figures.calls_last_hour
    )
    yield GaugeMetricFamily(
        "cutloss_scheduler_calls_per_hour",
        "The budget: beyond it only the longest pause is taken.",
        value=figures.calls_per_hour,
    )
    yield CounterMetricFamily(
        "cutloss_scheduler_spared",
        "Rounds without a call, for every job's trainer had reported.",
        value=figures.spared,
    )
    yield GaugeMetricFamily(
        "cutloss_scheduler_pause_seconds", "Pause between two rounds.", value=figures.interval_seconds
    )
    if figures.last_answer is not None:
        yield GaugeMetricFamily(
            "cutloss_scheduler_last_answer_timestamp_seconds", "When it last answered.", figures.last_answer
        )


def _of_sweep(figures: SweepFigures | None) -> Iterator[Metric]:
    if figures is None:
        return
    yield CounterMetricFamily("cutloss_sweep_looks", "Runs looked at unasked.", value=figures.looked_at)
    yield CounterMetricFamily("cutloss_sweep_failures", "Runs that could not be.", value=figures.failures)

"""The clock since the process's start against what was measured: start-up, idle time, untimed events."""

import math
from dataclasses import dataclass

import numpy as np

from planner import points
from planner.eta_table import TABLE
from planner.step_level import StepLevel
from planner.timings import SHORTEST_SECONDS, FloatArray


@dataclass(frozen=True, slots=True)
class Clock:
    """What the clock of this attempt says.

    Attributes:
        elapsed_seconds: since this attempt's start.
        startup_seconds: this attempt's start-up, where known.
        timed_seconds: measured steps and events of this attempt, and what is in progress.
        timed_steps: steps behind them.
        timed_entries: log entries behind those.
        steps: steps this attempt has completed.
        untimed_events: events of this attempt whose duration nobody measured.
    """

    elapsed_seconds: float
    startup_seconds: float | None
    timed_seconds: float
    timed_steps: float
    timed_entries: int
    steps: float
    untimed_events: int

    def unexplained_seconds(self, step_seconds: float) -> float:
        """Return the seconds no measurement accounts for; steps not measured count as usual ones.

        They took no more than the clock leaves: the first ones are often timed as part of the start-up.
        """
        spare = self.elapsed_seconds - (self.startup_seconds or 0.0) - self.timed_seconds
        lost = max(self.steps - self.timed_steps, 0.0) * step_seconds
        return spare - min(lost, max(spare, 0.0))

    def event_room(self, step_seconds: float) -> float:
        """Return the most an untimed event can have taken, inf where none was left untimed."""
        if not self.untimed_events:
            return np.inf
        return max(self.unexplained_seconds(step_seconds), 0.0) / self.untimed_events

    def overhead(self, step_seconds: float) -> FloatArray | float:
        """Draw the seconds ahead that no measurement will account for, for every second of steps ahead.

        Negative where logged intervals overlap, so that they add up to more than the clock.
        """
        steps_seconds = self.steps * step_seconds
        if self.untimed_events or steps_seconds <= 0:
            return 0.0
        share = self.unexplained_seconds(step_seconds) / steps_seconds
        # The first and the last logged interval may each be cut short or run over.
        interval = 1 / max(self.timed_entries, 1)
        if share < 0:
            noise = TABLE.overlap_noise + TABLE.cut_interval * interval
            return min(share + noise, 0.0) if self._overlaps(share) else 0.0
        share = min(share - TABLE.unexplained_noise - interval, TABLE.most_overhead)
        if share <= 0:
            return 0.0
        recurs = points.uniform(6) < self._recurring(share, share * steps_seconds)
        return np.asarray(recurs * share * np.exp(TABLE.unexplained_spread * points.normal(7)))

    def _recurring(self, share: float, seconds: float) -> float:
        """Return the probability that unexplained time recurs (data, logging, idling) rather than came once.

        By Bayes' rule, from how long a start-up or another single delay is and how large a lasting overhead.
        """
        known = self.startup_seconds is not None
        once = TABLE.delay_seconds if known else TABLE.startup_seconds
        prior = TABLE.overhead_odds if known else TABLE.overhead_odds_unknown
        single = max(math.log(seconds / once), 0.0) / TABLE.startup_spread
        lasting = math.log(share / TABLE.overhead_share) / TABLE.overhead_spread
        ratio = TABLE.startup_spread / TABLE.overhead_spread * math.exp((single**2 - lasting**2) / 2)
        return 1 - 1 / (1 + prior * ratio)

    def _overlaps(self, share: float) -> bool:
        """Whether measured steps can have overlapped; where few were measured, other attempts are in it."""
        return share > -TABLE.most_overlap and self.timed_steps > self.steps / 2

    def step_level(self) -> StepLevel | None:
        """Return the pace that the clock alone tells, where no step was measured."""
        usual_startup = 0.0 if self.startup_seconds is not None else TABLE.startup_seconds
        spent = self.unexplained_seconds(0.0)
        spent -= min(usual_startup, spent / 2)
        if self.steps < 1 or spent < self.steps * SHORTEST_SECONDS:
            return None
        seconds = spent / self.steps
        error = TABLE.clock_spread * float(np.sqrt(self.steps))
        return StepLevel(seconds, seconds, self.steps, self.steps, error, 0.0, 0, 0.0, None)

"""Scalars of the ETA that are learned or judged, not derived.

``step_floor``, ``step_drift``, ``step_wander`` and ``event_floor`` come from
``python tests/bench/tune_eta.py --curves ../shared/curves`` (out of fold, over repositories it had not seen:
pinball 0.012, 80 % intervals cover 80 %). ``event_drift``, ``regime_patience`` and the shares with their
spread were judged over simulated jobs of three worlds of sizes (``tests/bench/jobs.py``), to hold in each of
them. The others were judged from public logs and moved the back-test little when halved or doubled.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EtaTable:
    """Scalars of the ETA; spreads are relative (of the logarithm).

    Attributes:
        step_floor: of the mean step ahead, however much was seen.
        step_drift: of a horizon as long as what was seen.
        step_wander: weight of the wandering seen so far.
        step_reach: power of the horizon, in times of what was seen, by which that variance grows.
        step_freedom: tail weight (Student's degrees of freedom) of the mean step ahead.
        step_prior: of single blocks, before they were seen to vary.
        step_recency: later blocks count by their rank to this power.
        fewest_stretches: so many stretches as long as the horizon must have been seen to go by them.
        trend_share: of a steady trend's slope that goes on.
        trend_reach: as far ahead as so many times what was seen.
        stall_times: steps above so many medians are stalls.
        regime_patience: how many times its age a regime is expected to last.
        event_floor: of the mean event ahead, however many were seen.
        event_drift: of as many events ahead as were seen.
        event_prior: of a single event, before they were seen to vary.
        event_recency: later events count by their rank to this power.
        slow_first: a first event so many times slower than the rest is left out.
        coarse_pull: differences between long blocks that the estimate from short ones is worth.
        batch_share: of a step's time that a validation batch takes.
        batch_share_spread: of that share between programs.
        validation_share: of the time between two validations that one takes, where nothing is known.
        checkpoint_share: the same of a checkpoint.
        share_spread: of those shares between programs.
        unknown_cadence: steps that stand in for a cadence nobody declared.
        earlier_spread: between runs of one name.
        startup_seconds: of a start-up nobody timed.
        delay_seconds: of another single delay nobody timed.
        startup_spread: of both.
        restart_spread: between two start-ups of one run.
        overhead_share: of a lasting overhead, seconds for every second of steps.
        overhead_spread: of that share between programs.
        overhead_odds: of a lasting overhead against a single delay, before looking at the clock.
        overhead_odds_unknown: the same where the start-up is not known either.
        batches_to_trust: batches done after which their rate counts half.
        overdue_share: of its age that something overdue goes on for.
        overdue_below: probability under which something that still goes on is overdue.
        overlap_noise: share of the clock by which measurements may exceed it by chance.
        unexplained_noise: share of the clock that bookkeeping may miss by chance.
        cut_interval: logged intervals that bookkeeping may miss by chance.
        unexplained_spread: of what the clock leaves unexplained, from seen to ahead.
        most_overhead: unexplained seconds ahead for every second of steps, at most.
        most_overlap: share by which logged intervals can add up to more than the clock; beyond it, they
            belong to another attempt.
        clock_spread: of a pace that only the clock tells.
    """

    step_floor: float = 0.004
    step_drift: float = 0.02
    step_wander: float = 0.3
    step_reach: float = 0.5
    step_freedom: float = 3.0
    step_prior: float = 0.01
    step_recency: float = 2.0
    fewest_stretches: float = 3.0
    trend_share: float = 0.7
    trend_reach: float = 1.0
    stall_times: float = 5.0
    regime_patience: float = 80.0
    event_floor: float = 0.008
    event_drift: float = 0.07
    event_prior: float = 0.05
    event_recency: float = 0.5
    slow_first: float = 1.25
    coarse_pull: float = 4.0
    batch_share: float = 0.38
    batch_share_spread: float = 0.4
    validation_share: float = 0.15
    checkpoint_share: float = 0.03
    share_spread: float = 1.3
    unknown_cadence: int = 100
    earlier_spread: float = 0.15
    startup_seconds: float = 300.0
    delay_seconds: float = 60.0
    startup_spread: float = 1.3
    restart_spread: float = 0.3
    overhead_share: float = 0.2
    overhead_spread: float = 1.2
    overhead_odds: float = 0.7
    overhead_odds_unknown: float = 0.2
    batches_to_trust: float = 2.0
    overdue_share: float = 0.3
    overdue_below: float = 0.02
    overlap_noise: float = 0.003
    unexplained_noise: float = 0.03
    cut_interval: float = 0.1
    unexplained_spread: float = 0.3
    most_overhead: float = 1.0
    most_overlap: float = 0.3
    clock_spread: float = 0.1


TABLE = EtaTable()

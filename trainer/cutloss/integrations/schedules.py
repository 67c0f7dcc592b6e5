"""The learning rate that a scheduler is going to set, without disturbing the scheduler."""

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

from cutloss.counters import Counters
from cutloss.plan import sampled_schedule
from cutloss.reporter import guarded

MOST_TRIED = 50_000
"""Steps that a scheduler without a formula is run ahead: about half a second."""


def planned_rates(scheduler: Any, total_steps: int | None, every: int = 1) -> list[list[float]] | None:  # noqa: ANN401 - a torch scheduler
    """Return ``[step, rate]`` pairs over a whole run, ``None`` where they cannot be known.

    Args:
        scheduler: of torch, at its beginning or resumed.
        total_steps: optimizer steps of the run.
        every: optimizer steps between two steps of the scheduler; more than 1 where it counts epochs.
    """
    if scheduler is None or not total_steps:
        return None
    return guarded(lambda: _planned(scheduler, total_steps, every), Counters()) or None


def _planned(scheduler: Any, total_steps: int, every: int) -> list[list[float]] | None:  # noqa: ANN401 - same
    scheduler = getattr(scheduler, "scheduler", scheduler)  # Accelerate wraps it
    rate = _by_formula(scheduler) or _by_trial(scheduler, math.ceil(total_steps / every))
    return sampled_schedule(lambda step: rate(step // every), total_steps) if rate else None


def _by_formula(scheduler: Any) -> Callable[[int], float] | None:  # noqa: ANN401 - same
    lambdas, rates = getattr(scheduler, "lr_lambdas", None), getattr(scheduler, "base_lrs", None)
    if not lambdas or not rates or type(scheduler).__name__ != "LambdaLR":
        return None
    return lambda count: float(rates[0] * lambdas[0](count))


def _by_trial(scheduler: Any, count: int) -> Callable[[int], float] | None:  # noqa: ANN401 - same
    """Run a copy of a scheduler ahead, on an optimizer of its own that has nothing to optimize."""
    import torch  # noqa: PLC0415 - only a training that has torch comes here

    if count > MOST_TRIED or getattr(scheduler, "last_epoch", None) != 0 or hasattr(scheduler, "patience"):
        return None
    real = scheduler.optimizer
    stand_in = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    kept = {name: value for name, value in real.param_groups[0].items() if name != "params"}
    stand_in.param_groups[0].update(copy.deepcopy(kept))
    stand_in.param_groups.extend(
        {**copy.deepcopy({k: v for k, v in group.items() if k != "params"}), "params": []}
        for group in real.param_groups[1:]
    )
    twin = copy.deepcopy(scheduler, {id(real): stand_in})
    rates = [float(stand_in.param_groups[0]["lr"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would warn of steps without gradients
        for _ in range(count):
            stand_in.step()
            twin.step()
            rates.append(float(stand_in.param_groups[0]["lr"]))
    return lambda index: rates[min(index, len(rates) - 1)]

"""How often to save a checkpoint, so that least time is lost to saving and to repeating."""

import math

from planner.errors import InvalidInputError


def best_checkpoint_seconds(save_seconds: float, interruption_seconds: float) -> float:
    """Return the seconds of work between two checkpoints that lose least.

    J. T. Daly (2006), "A higher order estimate of the optimum checkpoint interval for restart dumps",
    equation 37; its first term is J. W. Young's (1974).

    Args:
        save_seconds: one checkpoint.
        interruption_seconds: mean time between interruptions: failures, preemptions, the time limit.

    Raises:
        InvalidInputError: a duration is not positive and finite.
    """
    for name, value in (("save_seconds", save_seconds), ("interruption_seconds", interruption_seconds)):
        if not 0 < value < math.inf:
            raise InvalidInputError(f"/{name}", value, "a positive number of seconds")
    ratio = save_seconds / (2 * interruption_seconds)
    if ratio >= 1:
        return interruption_seconds
    young = math.sqrt(2 * save_seconds * interruption_seconds)
    return young * (1 + math.sqrt(ratio) / 3 + ratio / 9) - save_seconds


def lost_share(interval_seconds: float, save_seconds: float, interruption_seconds: float) -> float:
    """Return the share of the time lost to saving and to repeating, to first order (Young 1974).

    Args:
        interval_seconds: work between two checkpoints.
        save_seconds: one checkpoint.
        interruption_seconds: mean time between interruptions.
    """
    return save_seconds / interval_seconds + interval_seconds / (2 * interruption_seconds)

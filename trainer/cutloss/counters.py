"""What went wrong quietly: the client counts and reports it, the training never hears of it."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the process started.

    Attributes:
        thinned: steps given up because they came faster than they could be written.
        invalid: entries that held no usable step.
        spool_failures: failed writes to the spool; their records are held and tried again.
        post_failures: posts that found no service, or one that failed.
        set_aside: records that the service refused for good.
        errors: faults of the client itself.
    """

    thinned: int = 0
    invalid: int = 0
    spool_failures: int = 0
    post_failures: int = 0
    set_aside: int = 0
    errors: int = 0

    def nonzero(self) -> dict[str, int]:
        """Return the counts that are not zero."""
        return {name: count for name, count in asdict(self).items() if count}

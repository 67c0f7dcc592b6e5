"""What went wrong quietly: the client counts and reports it, the training never hears of it."""


class Counters:
    """Counts since the process started.

    No dataclass: the module that makes one brings 3 MB into a training that may not have it.

    Attributes:
        thinned: steps given up because they came faster than they could be written.
        invalid: entries that held no usable step.
        spool_failures: failed writes to the spool; their records are held and tried again.
        post_failures: posts that found no service, or one that failed.
        set_aside: records that the service refused for good.
        errors: faults of the client itself.
    """

    __slots__ = ("errors", "invalid", "post_failures", "set_aside", "spool_failures", "thinned")

    def __init__(self) -> None:
        self.thinned = 0
        self.invalid = 0
        self.spool_failures = 0
        self.post_failures = 0
        self.set_aside = 0
        self.errors = 0

    def nonzero(self) -> dict[str, int]:
        """Return the counts that are not zero."""
        counts: dict[str, int] = {name: getattr(self, name) for name in self.__slots__}
        return {name: count for name, count in counts.items() if count}

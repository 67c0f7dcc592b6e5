"""Report a training run to cutlossd, never in its way."""

from cutloss.run import Run, init

__all__ = ["Run", "init"]

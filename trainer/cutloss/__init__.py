"""Report a training run to cutlossd, never in its way."""
